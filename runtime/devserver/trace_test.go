//go:build !slim && unix

package devserver_test

import (
	"context"
	"io"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/quaestor-run/quaestor/runtime/telemetry"
)

// The spans of a request, its workflow, its activity and what the activity
// calls are one trace, each the child of the one before.
func TestSpansConnectFromTheCallerToWhatAnActivityCalls(t *testing.T) {
	t.Parallel()
	server, _ := setup(t)
	spans := new(keptSpans)
	traces, err := telemetry.New(telemetry.Options{SpanExporter: spans, Output: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	options := client.Options{HostPort: server.HostPort()}
	if err := traces.TemporalOptions(&options); err != nil {
		t.Fatal(err)
	}
	c, err := client.Dial(options)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	w := worker.New(c, queue+"-trace", worker.Options{})
	w.RegisterWorkflowWithOptions(inARow, workflow.RegisterOptions{Name: "InARow"})
	w.RegisterActivityWithOptions(func(ctx context.Context, n int) (int, error) {
		_, span := traces.Tracer().Start(ctx, "chat model")
		defer span.End()
		return n, nil
	}, activity.RegisterOptions{Name: "Echo"})
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, request := traces.Tracer().Start(t.Context(), "POST /v1/research")
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "traced", TaskQueue: queue + "-trace"}, "InARow", 1)
	request.End()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Get(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	w.Stop()
	if err := traces.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	parent := trace.SpanID{}
	for _, name := range []string{"POST /v1/research", "StartWorkflow:InARow", "RunWorkflow:InARow", "StartActivity:Echo", "RunActivity:Echo", "chat model"} {
		span := spans.named(t, name)
		if span.SpanContext.TraceID() != request.SpanContext().TraceID() || span.Parent.SpanID() != parent {
			t.Errorf("%s: its parent is %s, not the span before, %s", name, span.Parent.SpanID(), parent)
		}
		parent = span.SpanContext.SpanID()
	}
}

type keptSpans struct{ spans tracetest.SpanStubs }

func (k *keptSpans) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	k.spans = append(k.spans, tracetest.SpanStubsFromReadOnlySpans(spans)...)
	return nil
}

func (k *keptSpans) Shutdown(context.Context) error { return nil }

func (k *keptSpans) named(t *testing.T, name string) tracetest.SpanStub {
	t.Helper()
	for _, span := range k.spans {
		if span.Name == name {
			return span
		}
	}
	t.Fatalf("no span %q in %d spans", name, len(k.spans))
	return tracetest.SpanStub{}
}
