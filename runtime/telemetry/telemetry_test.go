package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/semconv/v1.41.0/genaiconv"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/runtime/telemetry"
)

func setup(t *testing.T, opts telemetry.Options) (*telemetry.Telemetry, *bytes.Buffer) {
	t.Helper()
	out := new(bytes.Buffer)
	opts.Output = out
	made, err := telemetry.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := made.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return made, out
}

func TestLogLinesAreStructured(t *testing.T) {
	t.Parallel()
	made, out := setup(t, telemetry.Options{LogFormat: telemetry.FormatJSON, LogLevel: "warn"})
	made.Logger().Info("not shown")
	made.Logger().Named("gateway").Warn("A call was throttled.", zap.String("run", "r_1"), zap.Duration("wait", time.Second))
	var line struct {
		Level, Logger, Msg, Run, Wait string
		Time                          time.Time
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	if line.Level != "warn" || line.Logger != "gateway" || line.Run != "r_1" || line.Wait != "1s" || time.Since(line.Time) > time.Minute {
		t.Errorf("got %q", out)
	}
}

func TestConsoleLinesAreForPeople(t *testing.T) {
	t.Parallel()
	made, out := setup(t, telemetry.Options{})
	made.Logger().Debug("not shown")
	made.Logger().Info("Ready.", zap.String("address", "127.0.0.1:8080"))
	if got := out.String(); !strings.Contains(got, "INFO  Ready.") || !strings.Contains(got, "127.0.0.1:8080") || strings.Count(got, "\n") != 1 {
		t.Errorf("got %q", got)
	}
}

func TestSecretsDoNotReachTheLog(t *testing.T) {
	t.Parallel()
	for name, secret := range map[string]string{
		"own key":         "qk_0123456789abcdefABCDEF",
		"openai key":      "sk-proj-0123456789abcdef0123",
		"aws key":         "AKIAIOSFODNN7EXAMPLE",
		"bearer":          "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x-y_z",
		"password in url": "postgres://quaestor:hunter2hunter2@db:5432/quaestor",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, format := range []string{telemetry.FormatJSON, telemetry.FormatConsole} {
				made, out := setup(t, telemetry.Options{LogFormat: format})
				made.Logger().Error("failed with "+secret, zap.Error(fmt.Errorf("sending: %w", errors.New(secret))), zap.Strings("headers", []string{secret}))
				for _, part := range strings.FieldsFunc(secret, func(r rune) bool { return strings.ContainsRune(" :/@", r) }) {
					if len(part) >= 14 && strings.Contains(out.String(), part) {
						t.Errorf("%s: %q is in %q", format, part, out)
					}
				}
				if strings.Count(out.String(), "[secret]") != 3 || format == telemetry.FormatJSON && !json.Valid(out.Bytes()) {
					t.Errorf("%s: got %q", format, out)
				}
			}
		})
	}
}

func TestOrdinaryTextIsLeftAlone(t *testing.T) {
	t.Parallel()
	made, out := setup(t, telemetry.Options{})
	text := "http://127.0.0.1:8080/v1/research at 12:30, task-force mail a:b@c, bearer of news, disk-usage-of-the-volume"
	made.Logger().Info(text)
	if !strings.Contains(out.String(), text) {
		t.Errorf("got %q", out)
	}
}

func TestNewRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for want, opts := range map[string]telemetry.Options{
		`log level "loud"`:                {LogLevel: "loud"},
		`log level "fatal"`:               {LogLevel: "fatal"},
		`log format "xml"`:                {LogFormat: "xml"},
		`OTLP endpoint "collector:4318"`:  {OTLPEndpoint: "collector:4318"},
		`OTLP endpoint "ftp://collector"`: {OTLPEndpoint: "ftp://collector"},
		`OTLP endpoint "http://"`:         {OTLPEndpoint: "http://"},
	} {
		if _, err := telemetry.New(opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", opts, err)
		}
	}
}

func TestMetricsPageHasGenAINames(t *testing.T) {
	t.Parallel()
	made, _ := setup(t, telemetry.Options{ServiceVersion: "1.2.3"})
	meter := made.MeterProvider().Meter("test")
	tokens, err := genaiconv.NewClientTokenUsage(meter)
	if err != nil {
		t.Fatal(err)
	}
	duration, err := genaiconv.NewClientOperationDuration(meter)
	if err != nil {
		t.Fatal(err)
	}
	tokens.Record(t.Context(), 5000, genaiconv.OperationNameChat, "offline", genaiconv.TokenTypeInput, tokens.AttrRequestModel("m"))
	duration.Record(t.Context(), 0.3, genaiconv.OperationNameChat, "offline", duration.AttrRequestModel("m"))
	page := metricsPage(t, made)
	for _, want := range []string{
		`gen_ai_client_token_usage_bucket{gen_ai_operation_name="chat",gen_ai_provider_name="offline",gen_ai_request_model="m",gen_ai_token_type="input",le="4096"} 0`,
		`gen_ai_token_type="input",le="16384"} 1`,
		`gen_ai_client_operation_duration_seconds_bucket{gen_ai_operation_name="chat",gen_ai_provider_name="offline",gen_ai_request_model="m",le="0.32"} 1`,
		`service_name="quaestor",service_version="1.2.3"`,
		"go_goroutines ",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in\n%s", want, page)
		}
	}
}

func metricsPage(t *testing.T, made *telemetry.Telemetry) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	made.MetricsHandler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	return recorder.Body.String()
}

func TestTemporalOptionsLogAndMeasure(t *testing.T) {
	t.Parallel()
	made, out := setup(t, telemetry.Options{LogFormat: telemetry.FormatJSON})
	var options client.Options
	if err := made.TemporalOptions(&options); err != nil {
		t.Fatal(err)
	}
	if len(options.Interceptors) != 0 {
		t.Error("without tracing, histories would carry trace headers")
	}
	log.With(options.Logger, "WorkflowID", "w_1").Warn("Activity error.", "Attempt", 2, "Error", errors.New("no"))
	for _, want := range []string{`"logger":"temporal"`, `"WorkflowID":"w_1"`, `"Attempt":2`, `"Error":"no"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in %s", want, out)
		}
	}
	options.MetricsHandler.WithTags(map[string]string{"task_queue": "q"}).Counter("temporal_request").Inc(3)
	options.MetricsHandler.Timer("temporal_request_latency").Record(30 * time.Millisecond)
	page := metricsPage(t, made)
	for _, want := range []string{`temporal_request_total{task_queue="q"} 3`, `temporal_request_latency_seconds_bucket{le="0.05"} 1`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in\n%s", want, page)
		}
	}
}

func TestSpansAreConnectedAndExportedAtShutdown(t *testing.T) {
	t.Parallel()
	exporter := new(kept)
	made, err := telemetry.New(telemetry.Options{SpanExporter: exporter, Output: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	ctx, outer := made.Tracer().Start(t.Context(), "outer")
	_, inner := made.TracerProvider().Tracer("library").Start(ctx, "inner")
	inner.End()
	outer.End()
	if err := made.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(exporter.spans) != 2 || exporter.spans[0].Parent.SpanID() != exporter.spans[1].SpanContext.SpanID() {
		t.Errorf("got %+v", exporter.spans)
	}
}

// kept keeps what it was given, also after its shutdown.
type kept struct{ spans tracetest.SpanStubs }

func (k *kept) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	k.spans = append(k.spans, tracetest.SpanStubsFromReadOnlySpans(spans)...)
	return nil
}

func (k *kept) Shutdown(context.Context) error { return nil }

func TestSpansGoToTheCollector(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/v1/traces" && r.Header.Get("Content-Type") == "application/x-protobuf" {
			requests.Add(1)
		}
	}))
	t.Cleanup(collector.Close)
	made, err := telemetry.New(telemetry.Options{OTLPEndpoint: collector.URL, Output: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	_, span := made.Tracer().Start(t.Context(), "sent")
	span.End()
	if err := made.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if requests.Load() != 1 {
		t.Errorf("the collector got %d requests", requests.Load())
	}
}

func TestACollectorThatRefusesIsLogged(t *testing.T) {
	t.Parallel()
	collector := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(collector.Close)
	out := new(bytes.Buffer)
	made, err := telemetry.New(telemetry.Options{OTLPEndpoint: collector.URL, Output: out})
	if err != nil {
		t.Fatal(err)
	}
	_, span := made.Tracer().Start(t.Context(), "lost")
	span.End()
	if err := made.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "Spans could not be exported.") {
		t.Errorf("got %q", out)
	}
}

func ExampleNew() {
	made, err := telemetry.New(telemetry.Options{LogFormat: telemetry.FormatJSON, LogLevel: "error", Output: os.Stdout})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = made.Shutdown(context.Background()) }()
	made.Logger().Info("Below the level.")
	fmt.Println("logged nothing")
	// Output: logged nothing
}
