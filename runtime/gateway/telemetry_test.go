package gateway_test

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/providertest"
)

func TestEveryAttemptIsTold(t *testing.T) {
	t.Parallel()
	spans, reader := tracetest.NewSpanRecorder(), metric.NewManualReader()
	f := setup(t, func(_ context.Context, call int, _ provider.Request) (provider.Response, error) {
		if call == 0 {
			return provider.Response{}, providertest.Fail(provider.ClassThrottled)
		}
		answer := providertest.Text("ok")
		answer.Usage = provider.Tokens{Input: 11, Output: 3, CacheRead: 5}
		return answer, nil
	}, func(o *gateway.Options) {
		o.Tracer = trace.NewTracerProvider(trace.WithSpanProcessor(spans))
		o.Meter = metric.NewMeterProvider(metric.WithReader(reader))
	})
	if _, err := f.Invoke(t.Context(), call("k")); err != nil {
		t.Fatal(err)
	}
	ended := spans.Ended()
	if len(ended) != 2 {
		t.Fatalf("%d spans", len(ended))
	}
	failed, answered := attributes(ended[0]), attributes(ended[1])
	if ended[0].Name() != "chat small" || ended[0].Status().Code != codes.Error || failed["error.type"] != "throttled" {
		t.Errorf("the failed attempt: %s %v", ended[0].Name(), failed)
	}
	for name, want := range map[string]any{
		"gen_ai.operation.name": "chat", "gen_ai.request.model": "small", "gen_ai.agent.name": "writer", "gen_ai.usage.input_tokens": int64(16),
		"gen_ai.usage.output_tokens": int64(3), "gen_ai.response.id": "req-1", "quaestor.call": "k", "quaestor.attempt": int64(2),
	} {
		if answered[name] != want {
			t.Errorf("%s is %v, want %v", name, answered[name], want)
		}
	}
	streamed := call("streamed")
	streamed.Emit = func(provider.Delta) error { return nil }
	if _, err := f.Invoke(t.Context(), streamed); err != nil {
		t.Fatal(err)
	}
	var told metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &told); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, m := range told.ScopeMetrics[0].Metrics {
		names[m.Name] = true
	}
	for _, want := range []string{"gen_ai.client.operation.duration", "gen_ai.client.token.usage", "gen_ai.client.operation.time_to_first_chunk", "quaestor.model.cost", "quaestor.model.circuit"} {
		if !names[want] {
			t.Errorf("no metric %s among %v", want, names)
		}
	}
}

func attributes(span trace.ReadOnlySpan) map[string]any {
	values := map[string]any{}
	for _, a := range span.Attributes() {
		values[string(a.Key)] = a.Value.AsInterface()
	}
	return values
}
