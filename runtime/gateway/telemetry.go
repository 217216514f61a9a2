package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/semconv/v1.41.0/genaiconv"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

const scopeName = "github.com/quaestor-run/quaestor/runtime/gateway"

// telemetry tells of every physical attempt, in OpenTelemetry's GenAI names.
type telemetry struct {
	tracer   trace.Tracer
	duration genaiconv.ClientOperationDuration
	tokens   genaiconv.ClientTokenUsage
	cost     metric.Float64Counter
	overages metric.Int64Counter
}

func newTelemetry(tracers trace.TracerProvider, meters metric.MeterProvider) (telemetry, error) {
	if tracers == nil {
		tracers = tracenoop.NewTracerProvider()
	}
	if meters == nil {
		meters = metricnoop.NewMeterProvider()
	}
	meter := meters.Meter(scopeName)
	t := telemetry{tracer: tracers.Tracer(scopeName)}
	var errs [4]error
	t.duration, errs[0] = genaiconv.NewClientOperationDuration(meter)
	t.tokens, errs[1] = genaiconv.NewClientTokenUsage(meter)
	t.cost, errs[2] = meter.Float64Counter("quaestor.model.cost", metric.WithUnit("{USD}"), metric.WithDescription("What model calls cost."))
	t.overages, errs[3] = meter.Int64Counter("quaestor.model.overages", metric.WithUnit("{attempt}"), metric.WithDescription("Attempts that consumed more than their hold."))
	if err := errors.Join(errs[:]...); err != nil {
		return telemetry{}, fmt.Errorf("making the gateway's metrics: %w", err)
	}
	return t, nil
}

// begin opens the span of an attempt; finish ends it.
func (o telemetry) begin(ctx context.Context, t *trip, request provider.Request, attempt ledger.Attempt) (context.Context, func(provider.Response, ledger.Usage, error)) {
	started := time.Now()
	ctx, span := o.tracer.Start(ctx, "chat "+t.name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		semconv.GenAIOperationNameChat, semconv.GenAIProviderNameKey.String(string(providerName(t.model.Provider))),
		semconv.GenAIRequestModel(t.name), semconv.GenAIRequestMaxTokens(request.MaxTokens),
		semconv.GenAIAgentName(t.call.Agent), semconv.GenAIAgentVersion(t.call.AgentVersion),
		attribute.String("quaestor.run", t.call.Run), attribute.String("quaestor.call", t.call.Key),
		attribute.Int("quaestor.attempt", attempt.Ordinal),
	))
	return ctx, func(response provider.Response, u ledger.Usage, err error) {
		defer span.End()
		model := []attribute.KeyValue{o.duration.AttrRequestModel(t.name)}
		if err != nil {
			class := string(asProviderError(err, t.model.Provider).Class)
			span.SetStatus(codes.Error, class)
			span.SetAttributes(semconv.ErrorTypeKey.String(class))
			model = append(model, o.duration.AttrErrorType(genaiconv.ErrorTypeAttr(class)))
		}
		o.duration.Record(ctx, time.Since(started).Seconds(), genaiconv.OperationNameChat, providerName(t.model.Provider), model...)
		if err != nil {
			return
		}
		input := u.InputTokens + u.CacheReadTokens + u.CacheWriteTokens
		span.SetAttributes(
			semconv.GenAIResponseID(response.RequestID), semconv.GenAIResponseFinishReasons(string(response.StopReason)),
			semconv.GenAIUsageInputTokens(int(input)), semconv.GenAIUsageOutputTokens(int(u.OutputTokens)),
			semconv.GenAIUsageCacheReadInputTokens(int(u.CacheReadTokens)), semconv.GenAIUsageCacheCreationInputTokens(int(u.CacheWriteTokens)),
		)
		o.tokens.Record(ctx, input, genaiconv.OperationNameChat, providerName(t.model.Provider), genaiconv.TokenTypeInput, model...)
		o.tokens.Record(ctx, u.OutputTokens, genaiconv.OperationNameChat, providerName(t.model.Provider), genaiconv.TokenTypeOutput, model...)
		o.cost.Add(ctx, float64(u.NanoUSD)/1e9, metric.WithAttributes(semconv.GenAIRequestModel(t.name)))
	}
}

func (o telemetry) overage(ctx context.Context, t *trip) {
	o.overages.Add(ctx, 1, metric.WithAttributes(semconv.GenAIRequestModel(t.name)))
}

func providerName(name string) genaiconv.ProviderNameAttr {
	switch name {
	case "bedrock":
		return genaiconv.ProviderNameAWSBedrock
	case "openai":
		return genaiconv.ProviderNameOpenAI
	}
	return genaiconv.ProviderNameAttr(name)
}
