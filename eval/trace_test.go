//go:build !slim

package eval_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime"
	"github.com/quaestor-run/quaestor/runtime/server/client"
)

// collector takes in traces as an OpenTelemetry collector does.
type collector struct {
	mu    sync.Mutex
	spans map[string]*tracepb.Span // by id
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var request v1.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &request)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range request.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				c.spans[string(span.GetSpanId())] = span
			}
		}
	}
}

// ancestry names a span and what it is part of, outermost first.
func (c *collector) ancestry(span *tracepb.Span) string {
	name := span.GetName()
	for parent := c.spans[string(span.GetParentSpanId())]; parent != nil; parent = c.spans[string(parent.GetParentSpanId())] {
		name = parent.GetName() + " > " + name
	}
	return name
}

// TestATraceLeadsFromTheRequestToTheModel follows one run through API,
// workflow, child workflow, activity and gateway.
func TestATraceLeadsFromTheRequestToTheModel(t *testing.T) {
	t.Parallel()
	c := &collector{spans: map[string]*tracepb.Span{}}
	backend := httptest.NewServer(c)
	defer backend.Close()

	config, err := configs.Load("", func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	config.Data, config.Server.Addr, config.Temporal.UIAddr = t.TempDir(), "127.0.0.1:0", ""
	config.Telemetry.LogLevel, config.Telemetry.OTLPEndpoint = "error", backend.URL
	r, err := runtime.New(t.Context(), runtime.Options{Config: config, Embedded: true, LogOutput: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	api, err := client.Connect(r.URL(), "", nil)
	if err == nil {
		_, _, err = runResearch(t.Context(), api)
	}
	if closing := r.Close(); err != nil || closing != nil { // flushes what was traced
		t.Fatal(err, closing)
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	paths := map[string]bool{}
	for _, span := range c.spans {
		paths[c.ancestry(span)] = true
	}
	for path := range paths {
		if strings.HasPrefix(path, "POST /v1/research > StartWorkflow:Research > RunWorkflow:Research > StartChildWorkflow:Agent > RunWorkflow:Agent > ") &&
			strings.HasSuffix(path, "> RunActivity:InvokeModel > chat offline") {
			return
		}
	}
	t.Errorf("no span leads from the API to the model; there are %d kinds:", len(paths))
	for path := range paths {
		t.Log(path)
	}
}
