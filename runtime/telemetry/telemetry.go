// Package telemetry makes what tells of a process: a structured logger, a
// tracer provider and a meter provider with a Prometheus page. It is made once
// by the runtime and handed to those who need a part of it; it sets nothing
// global.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
)

const scopeName = "github.com/quaestor-run/quaestor"

// The formats of log lines.
const (
	FormatConsole = "console"
	FormatJSON    = "json"
)

// Options of New. The zero value logs from info on to standard error, for a
// person to read, collects metrics and traces nothing.
type Options struct {
	LogLevel  string    // debug, info, warn or error; empty is info
	LogFormat string    // FormatConsole or FormatJSON; empty is FormatConsole
	Output    io.Writer // of log lines; nil is standard error
	// OTLPEndpoint is the URL of an OpenTelemetry collector that takes traces
	// over HTTP, such as http://localhost:4318. Without a path, /v1/traces is
	// meant. Empty, with no SpanExporter either, turns tracing off.
	OTLPEndpoint string
	// SpanExporter gets the spans in place of OTLPEndpoint.
	SpanExporter   sdktrace.SpanExporter
	ServiceVersion string
}

// Telemetry is the telemetry of a process.
type Telemetry struct {
	logger   *zap.Logger
	tracers  trace.TracerProvider
	tracing  *sdktrace.TracerProvider // nil when nothing takes the spans
	meters   *sdkmetric.MeterProvider
	registry *prometheus.Registry
}

// New makes the telemetry of a process. The caller shuts it down.
func New(opts Options) (*Telemetry, error) {
	if opts.Output == nil {
		opts.Output = os.Stderr
	}
	logger, err := newLogger(opts)
	if err != nil {
		return nil, err
	}
	service := resource.NewSchemaless(semconv.ServiceName("quaestor"), semconv.ServiceVersion(opts.ServiceVersion))
	t := &Telemetry{logger: logger, registry: prometheus.NewRegistry(), tracers: noop.NewTracerProvider()}
	if t.meters, err = newMeters(t.registry, service); err != nil {
		return nil, err
	}
	exporter, err := newExporter(opts)
	if err != nil {
		return nil, err
	}
	if exporter != nil {
		t.tracing = sdktrace.NewTracerProvider(sdktrace.WithResource(service), sdktrace.WithBatcher(quietExporter{exporter, logger}))
		t.tracers = t.tracing
	}
	return t, nil
}

// Logger is the logger of the process.
func (t *Telemetry) Logger() *zap.Logger { return t.logger }

// Tracer makes the spans of this program's own parts.
func (t *Telemetry) Tracer() trace.Tracer { return t.tracers.Tracer(scopeName) }

// TracerProvider is for libraries and parts that name their own scope. It does
// nothing when tracing is off.
func (t *Telemetry) TracerProvider() trace.TracerProvider { return t.tracers }

// MeterProvider collects metrics for MetricsHandler.
func (t *Telemetry) MeterProvider() metric.MeterProvider { return t.meters }

// MetricsHandler serves all metrics in Prometheus' text format.
func (t *Telemetry) MetricsHandler() http.Handler {
	return promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{ErrorLog: zap.NewStdLog(t.logger.Named("metrics"))})
}

// Shutdown sends the spans that wait and ends the collection of metrics.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	var errs []error
	if t.tracing != nil {
		errs = append(errs, t.tracing.Shutdown(ctx))
	}
	errs = append(errs, t.meters.Shutdown(ctx))
	_ = t.logger.Sync() // a terminal cannot be synced, and says so
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("shutting telemetry down: %w", err)
	}
	return nil
}

func newExporter(opts Options) (sdktrace.SpanExporter, error) {
	if opts.SpanExporter != nil || opts.OTLPEndpoint == "" {
		return opts.SpanExporter, nil
	}
	endpoint, err := url.Parse(opts.OTLPEndpoint)
	if err != nil || endpoint.Host == "" || endpoint.Scheme != "http" && endpoint.Scheme != "https" {
		return nil, fmt.Errorf("the OTLP endpoint %q is not a URL like http://localhost:4318", opts.OTLPEndpoint)
	}
	if endpoint.Path == "" || endpoint.Path == "/" {
		endpoint.Path = "/v1/traces"
	}
	exporter, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpointURL(endpoint.String()))
	if err != nil {
		return nil, fmt.Errorf("exporting traces to %s: %w", endpoint.Redacted(), err)
	}
	return exporter, nil
}

// quietExporter logs what the exporter cannot send. The SDK would give it to
// a global handler.
type quietExporter struct {
	sdktrace.SpanExporter
	logger *zap.Logger
}

// ExportSpans implements sdktrace.SpanExporter.
func (e quietExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.logger.Warn("Spans could not be exported.", zap.Int("spans", len(spans)), zap.Error(err))
	}
	return nil
}

func newMeters(registry *prometheus.Registry, service *resource.Resource) (*sdkmetric.MeterProvider, error) {
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	reader, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo())
	if err != nil {
		return nil, fmt.Errorf("making the Prometheus page: %w", err)
	}
	views := []sdkmetric.View{
		buckets("gen_ai.client.operation.duration", durationBuckets()),
		buckets("gen_ai.client.operation.time_to_first_chunk", firstBuckets()),
		buckets("gen_ai.client.token.usage", tokenBuckets()),
		buckets("temporal_*", latencyBuckets()),
	}
	return sdkmetric.NewMeterProvider(sdkmetric.WithResource(service), sdkmetric.WithReader(reader), sdkmetric.WithView(views...)), nil
}

func buckets(name string, bounds []float64) sdkmetric.View {
	return sdkmetric.NewView(
		sdkmetric.Instrument{Name: name, Kind: sdkmetric.InstrumentKindHistogram},
		sdkmetric.Stream{Aggregation: sdkmetric.AggregationExplicitBucketHistogram{Boundaries: bounds}},
	)
}

// durationBuckets are the seconds that OpenTelemetry's GenAI conventions ask
// for, 10 ms doubled up to 82 s.
func durationBuckets() []float64 {
	return []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}
}

// firstBuckets are seconds until the first piece of a streamed answer.
func firstBuckets() []float64 {
	return []float64{0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
}

// tokenBuckets are the powers of four that the same conventions ask for.
func tokenBuckets() []float64 {
	return []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}
}

// latencyBuckets are seconds for Temporal's client and worker.
func latencyBuckets() []float64 {
	return []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300}
}
