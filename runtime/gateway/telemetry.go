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

// instruments tell of every physical attempt, in OpenTelemetry's GenAI names.
type instruments struct {
	tracer     trace.Tracer
	duration   genaiconv.ClientOperationDuration
	first      genaiconv.ClientOperationTimeToFirstChunk
	tokens     genaiconv.ClientTokenUsage
	cost       metric.Float64Counter
	overages   metric.Int64Counter
	hits       metric.Int64Counter
	injections metric.Int64Counter
	sets       map[string]modelSets // by model
}

// modelSets are the attributes of a model's measurements, made once.
type modelSets struct {
	model, request, input, output attribute.Set
}

func newTelemetry(o Options, circuits map[string]map[string]*circuit) (instruments, error) {
	if o.Tracer == nil {
		o.Tracer = tracenoop.NewTracerProvider()
	}
	if o.Meter == nil {
		o.Meter = metricnoop.NewMeterProvider()
	}
	meter := o.Meter.Meter(scopeName)
	t := instruments{tracer: o.Tracer.Tracer(scopeName), sets: map[string]modelSets{}}
	counter := func(name, unit, description string) (metric.Int64Counter, error) {
		return meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	}
	var errs [8]error
	t.duration, errs[0] = genaiconv.NewClientOperationDuration(meter)
	t.first, errs[1] = genaiconv.NewClientOperationTimeToFirstChunk(meter)
	t.tokens, errs[2] = genaiconv.NewClientTokenUsage(meter)
	t.cost, errs[3] = meter.Float64Counter("quaestor.model.cost", metric.WithUnit("{USD}"), metric.WithDescription("What model calls cost."))
	t.overages, errs[4] = counter("quaestor.model.overages", "{attempt}", "Attempts that consumed more than their hold.")
	t.hits, errs[5] = counter("quaestor.cache.hits", "{call}", "Calls that were answered from a client's cache.")
	t.injections, errs[6] = counter("quaestor.injections", "{call}", "Calls whose input looks like a prompt injection.")
	_, errs[7] = meter.Int64ObservableGauge("quaestor.model.circuit", metric.WithUnit("{state}"),
		metric.WithDescription("Circuit of a model in a region: 0 closed, 1 half-open, 2 open."),
		metric.WithInt64Callback(func(_ context.Context, observer metric.Int64Observer) error {
			now := o.Now()
			for model, regions := range circuits {
				for region, circuit := range regions {
					observer.Observe(circuit.state(now), metric.WithAttributes(semconv.GenAIRequestModel(model), attribute.String("quaestor.region", region)))
				}
			}
			return nil
		}))
	for name, model := range o.Catalog {
		t.sets[name] = setsOf(name, model)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return instruments{}, fmt.Errorf("making the gateway's metrics: %w", err)
	}
	return t, nil
}

func setsOf(name string, model Model) modelSets {
	operation := genaiconv.OperationNameChat
	if model.Embedding {
		operation = genaiconv.OperationNameEmbeddings
	}
	common := []attribute.KeyValue{
		attribute.String("gen_ai.operation.name", string(operation)),
		attribute.String("gen_ai.provider.name", string(providerName(model.Provider))), semconv.GenAIRequestModel(name),
	}
	kind := func(of genaiconv.TokenTypeAttr) attribute.Set {
		return attribute.NewSet(append([]attribute.KeyValue{attribute.String("gen_ai.token.type", string(of))}, common...)...)
	}
	return modelSets{
		model: attribute.NewSet(semconv.GenAIRequestModel(name)), request: attribute.NewSet(common...),
		input: kind(genaiconv.TokenTypeInput), output: kind(genaiconv.TokenTypeOutput),
	}
}

// begin opens the span of an attempt; finish ends it.
func (o instruments) begin(ctx context.Context, t *trip, request provider.Request, attempt ledger.Attempt) (context.Context, func(exchanged)) {
	started := time.Now()
	operation := semconv.GenAIOperationNameChat
	if t.texts != nil {
		operation = semconv.GenAIOperationNameEmbeddings
	}
	ctx, span := o.tracer.Start(ctx, operation.Value.AsString()+" "+t.leg.name, trace.WithSpanKind(trace.SpanKindClient))
	if span.IsRecording() {
		span.SetAttributes(
			operation, semconv.GenAIProviderNameKey.String(string(providerName(t.leg.model.Provider))),
			semconv.GenAIRequestModel(t.leg.name), semconv.GenAIRequestMaxTokens(request.MaxTokens),
			semconv.GenAIAgentName(t.call.Agent), semconv.GenAIAgentVersion(t.call.AgentVersion),
			attribute.String("quaestor.run", t.call.Run), attribute.String("quaestor.call", t.call.Key),
			attribute.Int("quaestor.attempt", attempt.Ordinal), attribute.String("quaestor.region", request.Region),
		)
	}
	sets := o.sets[t.leg.name]
	return ctx, func(made exchanged) {
		defer span.End()
		if made.response.FirstToken > 0 {
			o.first.RecordSet(ctx, made.response.FirstToken.Seconds(), sets.request)
		}
		if made.failed != nil {
			class := string(made.failed.Class)
			span.SetStatus(codes.Error, class)
			span.SetAttributes(semconv.ErrorTypeKey.String(class))
			o.duration.RecordSet(ctx, time.Since(started).Seconds(), attribute.NewSet(append(sets.request.ToSlice(), semconv.ErrorTypeKey.String(class))...))
			return
		}
		o.duration.RecordSet(ctx, time.Since(started).Seconds(), sets.request)
		o.answered(ctx, span, sets, made)
	}
}

func (o instruments) answered(ctx context.Context, span trace.Span, sets modelSets, made exchanged) {
	u := made.usage
	input := u.InputTokens + u.CacheReadTokens + u.CacheWriteTokens
	if span.IsRecording() {
		span.SetAttributes(
			semconv.GenAIResponseID(made.response.RequestID), semconv.GenAIResponseFinishReasons(string(made.response.StopReason)),
			semconv.GenAIUsageInputTokens(int(input)), semconv.GenAIUsageOutputTokens(int(u.OutputTokens)),
			semconv.GenAIUsageCacheReadInputTokens(int(u.CacheReadTokens)), semconv.GenAIUsageCacheCreationInputTokens(int(u.CacheWriteTokens)),
		)
	}
	o.tokens.RecordSet(ctx, input, sets.input)
	o.tokens.RecordSet(ctx, u.OutputTokens, sets.output)
	o.cost.Add(ctx, float64(u.NanoUSD)/1e9, metric.WithAttributeSet(sets.model))
}

func (o instruments) overage(ctx context.Context, t *trip) {
	o.overages.Add(ctx, 1, metric.WithAttributeSet(o.sets[t.leg.name].model))
}

func (o instruments) cacheHit(ctx context.Context, model string) {
	o.hits.Add(ctx, 1, metric.WithAttributeSet(o.sets[model].model))
}

func (o instruments) injection(ctx context.Context, refused bool) {
	o.injections.Add(ctx, 1, metric.WithAttributes(attribute.Bool("quaestor.refused", refused)))
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
