package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/runtime/store"
)

func TestErrorsAreProblems(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.call("GET", "/nothing", "").wantProblem(404, "not-found")
	w.call("GET", "/v1/nothing", "").wantProblem(404, "not-found")
	w.call("DELETE", "/v1/research", "").wantProblem(405, "method-not-allowed")
	if allow := w.call("PUT", "/v1/schedules/x", "{}").want(405).header.Values("Allow"); strings.Join(allow, " ") != "GET PATCH DELETE" {
		t.Errorf("Allow %v", allow)
	}
	w.call("GET", "/v1/research", "", withHeader("Accept", "application/xml")).wantProblem(406, "not-acceptable")
	w.call("GET", "/v1/research", "", withHeader("Accept", "application/json;q=0, */*;q=0")).wantProblem(406, "not-acceptable")
	w.call("GET", "/v1/research", "", withHeader("Accept", "application/xml, application/*;q=0.1")).want(200)
	w.call("POST", "/v1/research", "topic=x", withHeader("Content-Type", "application/x-www-form-urlencoded")).wantProblem(415, "unsupported-media-type")
	w.call("POST", "/v1/research", `{"topic":"x"}`, func(r *http.Request) { r.Header.Del("Content-Type") }).wantProblem(415, "unsupported-media-type")
	w.call("POST", "/v1/research", `{"topic":"`+strings.Repeat("a", 1<<20)+`"}`).wantProblem(413, "too-large")
	if p := w.call("POST", "/v1/research", `{"topic": nope}`).wantProblem(400, "malformed"); !strings.Contains(p.Detail, "byte 12") {
		t.Errorf("%q does not say where", p.Detail)
	}
	w.call("POST", "/v1/research", `{"topic":"x"} {}`).wantProblem(400, "malformed")
	w.call("POST", "/v1/research", "", withHeader("Content-Type", "application/json")).wantProblem(400, "malformed")
	w.call("POST", "/v1/research", `{"topic":"x"}`, withHeader("Content-Type", "application/json; charset=utf-8")).want(202)
	w.call("GET", "/v1/research/a%00b", "").wantField(400, "malformed", "path", "id")
	w.call("GET", "/v1/research?schedule=%ff", "").wantField(400, "malformed", "query", "schedule")
	w.call("POST", "/v1/research", `{"topic":"x"}`, withHeader("Idempotency-Key", "\xff")).wantField(400, "malformed", "header", "Idempotency-Key")
	w.call("POST", "/v1/research", `{"topic":"x"}`, withHeader("Idempotency-Key", strings.Repeat("k", 201))).
		wantField(400, "malformed", "header", "Idempotency-Key")
}

func TestProblemsNameTheRequest(t *testing.T) {
	t.Parallel()
	w := setup(t)
	p := w.call("GET", "/v1/research/r_x", "", withHeader("X-Request-Id", "mine-1")).wantProblem(404, "not-found")
	if p.RequestID != "mine-1" || p.Instance != "/v1/research/r_x" {
		t.Errorf("problem %+v", p)
	}
	for _, id := range []string{"", "a b", "x\ty", strings.Repeat("a", 65), "<script>"} {
		got := w.call("GET", "/healthz", "", withHeader("X-Request-Id", id)).header.Get("X-Request-Id")
		if !regexp.MustCompile(`^[a-z2-7]{12}$`).MatchString(got) {
			t.Errorf("request id %q became %q, want one of the server's own", id, got)
		}
	}
}

func TestFaultsAreLoggedAndNotTold(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.InfoLevel)
	var usage func() (agents.Usage, error)
	w := setup(t, func(o *server.Options) {
		o.Logger = zap.New(core)
		o.Usage = func(context.Context, string) (agents.Usage, error) { return usage() }
	})
	w.addRun(store.Run{ID: "r_1"})
	for name, fault := range map[string]func() (agents.Usage, error){
		"error": func() (agents.Usage, error) { return agents.Usage{}, errors.New("password hunter2") },
		"panic": func() (agents.Usage, error) { panic("password hunter2") },
	} {
		usage = fault
		p := w.call("GET", "/v1/research/r_1", "").wantProblem(500, "internal")
		if strings.Contains(fmt.Sprint(p), "hunter2") {
			t.Errorf("%s: the caller is told %q", name, p.Detail)
		}
		found := false
		for _, entry := range logs.TakeAll() {
			fields := entry.ContextMap()
			if entry.Level == zap.ErrorLevel && fields["request"] == p.RequestID && strings.Contains(fmt.Sprint(fields), "hunter2") {
				found = true
			}
		}
		if !found {
			t.Errorf("%s: the log does not know request %s", name, p.RequestID)
		}
	}
}

func TestAccessLogAndTrace(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.InfoLevel)
	spans := tracetest.NewSpanRecorder()
	w := setup(t, func(o *server.Options) {
		o.Logger = zap.New(core)
		o.TracerProvider = trace.NewTracerProvider(trace.WithSpanProcessor(spans))
	})
	w.addRun(store.Run{ID: "r_1", Client: "acme"})
	parent := withHeader("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	w.addKey("acme", "ann").call("GET", "/v1/research/r_1", "", parent, withHeader("X-Request-Id", "mine-1")).want(200)
	lines := logs.FilterMessage("request").All()
	if len(lines) != 1 {
		t.Fatalf("%d access lines", len(lines))
	}
	fields := lines[0].ContextMap()
	for name, want := range map[string]any{"request": "mine-1", "client": "acme", "run": "r_1", "method": "GET", "path": "/v1/research/r_1", "status": int64(200)} {
		if fields[name] != want {
			t.Errorf("%s is %v, want %v", name, fields[name], want)
		}
	}
	ended := spans.Ended()
	if len(ended) != 1 || ended[0].Name() != "GET /v1/research/{id}" || ended[0].SpanContext().TraceID().String() != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("spans %v", ended)
	}
}

func TestServerTellsOfItself(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var health struct{ Status, Version string }
	w.call("GET", "/healthz", "").want(200).into(&health)
	if health.Status != "ok" || health.Version != "test" {
		t.Errorf("health %+v", health)
	}
	w.call("GET", "/readyz", "").want(200)
	w.engine.Fail(errors.New("connection refused"))
	w.call("GET", "/readyz", "").wantField(503, "unavailable", "component", "temporal")
	w.engine.Fail(nil)
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	w.call("GET", "/healthz", "").want(200)
	w.call("GET", "/readyz", "").wantField(503, "unavailable", "component", "store")
	w.call("GET", "/healthz", "", withHeader("Host", "evil.example")).wantProblem(403, "forbidden")
}

func TestReadinessNamesTheStore(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *server.Options) { o.Store = lame{o.Store} })
	w.call("GET", "/readyz", "").wantField(503, "unavailable", "component", "store")
}

type lame struct{ store.Store }

func (lame) Ping(context.Context) error { return errors.New("disk gone") }

func TestMetrics(t *testing.T) {
	t.Parallel()
	w := setup(t)
	if got := w.call("GET", "/metrics", "").want(200); string(got.body) != "up 1\n" {
		t.Errorf("metrics %q", got.body)
	}
	w = setup(t, func(o *server.Options) { o.Metrics = nil })
	w.call("GET", "/metrics", "").wantProblem(404, "not-found")
}

func TestSpecificationIsServed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, path := range []string{"/openapi.json", "/openapi.yaml"} {
		got := w.call("GET", path, "").want(200)
		spec, err := openapi3.NewLoader().LoadFromData(got.body)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if err := spec.Validate(t.Context()); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if path == "/openapi.json" && !json.Valid(got.body) {
			t.Error("/openapi.json is not JSON")
		}
		if strings.Contains(string(got.body), "x-go-") {
			t.Errorf("%s speaks of Go types", path)
		}
	}
}

func TestDocsLoadNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	w := setup(t)
	if at := w.call("GET", "/docs", "").want(301).header.Get("Location"); at != "/docs/" {
		t.Errorf("/docs leads to %q", at)
	}
	page := w.call("GET", "/docs/", "").want(200)
	if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "http") {
		t.Errorf("policy %q", policy)
	}
	links := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(string(page.body), -1)
	if len(links) == 0 {
		t.Fatalf("the page loads nothing: %s", page.body)
	}
	for _, link := range links {
		path := link[1]
		if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
			t.Errorf("the page loads %q", path)
			continue
		}
		if got := w.call("GET", path, "").want(200); len(got.body) == 0 {
			t.Errorf("%s is empty", path)
		}
	}
	if !strings.Contains(string(page.body), "/openapi.json") {
		t.Error("the page does not know the specification")
	}
}

func TestNewNeedsStoreAndEngine(t *testing.T) {
	t.Parallel()
	if _, err := server.New(server.Options{}); err == nil || !strings.Contains(err.Error(), "required") {
		t.Errorf("got %v", err)
	}
}
