package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	ledgersqlite "github.com/quaestor-run/quaestor/runtime/ledger/sqlite"
	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/runtime/server/access"
	"github.com/quaestor-run/quaestor/runtime/server/modelapi/modelapitest"
	"github.com/quaestor-run/quaestor/runtime/server/servertest"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/storetest"
)

// now is the time of every test.
var now = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// world is a server and what it works with.
type world struct {
	t      *testing.T
	store  store.Store
	engine *servertest.Engine
	models *modelapitest.Models
	ledger ledger.Ledger
	server *server.Server
	url    string
	key    string
}

func setup(t *testing.T, change ...func(*server.Options)) *world {
	t.Helper()
	w := &world{t: t, store: storetest.New(t), engine: &servertest.Engine{}}
	w.models = &modelapitest.Models{}
	w.ledger = newLedger(t)
	options := server.Options{
		Models: w.models, Ledger: w.ledger, Store: w.store, Engine: w.engine, Documents: servertest.Ingester{Store: w.store},
		Now: func() time.Time { return now }, KeyLife: -1, Version: "test",
		Usage: func(context.Context, string) (agents.Usage, error) {
			return agents.Usage{InputTokens: 1200, OutputTokens: 340, CostNanoUSD: 12_345_678, Calls: 3, Attempts: 4}, nil
		},
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			fmt.Fprintln(w, "up 1")
		}),
	}
	for _, f := range change {
		f(&options)
	}
	var err error
	if w.server, err = server.New(options); err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(w.server)
	t.Cleanup(listening.Close)
	w.url = listening.URL
	return w
}

func newLedger(t *testing.T) ledger.Ledger {
	t.Helper()
	book, err := ledgersqlite.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := book.Close(); err != nil {
			t.Errorf("closing the ledger: %v", err)
		}
	})
	return book
}

// addAdmin makes the key of an admin and gives a world that uses it.
func (w *world) addAdmin() *world {
	w.t.Helper()
	secret, key := access.NewKey("house", "root", store.RoleAdmin, now)
	if err := w.store.CreateKey(w.t.Context(), key); err != nil {
		w.t.Fatal(err)
	}
	other := *w
	other.key = secret
	return &other
}

// addKey makes a key and gives a world that uses it.
func (w *world) addKey(client, name string) *world {
	w.t.Helper()
	secret, key := server.NewKey(client, name, now)
	if err := w.store.CreateKey(w.t.Context(), key); err != nil {
		w.t.Fatal(err)
	}
	other := *w
	other.key = secret
	return &other
}

// addRun puts a run into the store.
func (w *world) addRun(run store.Run) store.Run {
	w.t.Helper()
	if run.Request == nil {
		run.Request = json.RawMessage(`{"topic":"heat pumps","max_iterations":3,"review":"none","budget":{"tokens":5000,"nano_usd":4500000000}}`)
	}
	if run.Client == "" {
		run.Client = server.LocalClient
	}
	if run.Topic == "" {
		run.Topic = "heat pumps"
	}
	stored, _, err := w.store.CreateRun(w.t.Context(), run)
	if err != nil {
		w.t.Fatal(err)
	}
	return stored
}

func (w *world) update(run string, update store.RunUpdate) {
	w.t.Helper()
	if err := w.store.UpdateRun(w.t.Context(), run, update); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) blob(text string) string {
	w.t.Helper()
	ref, err := w.store.PutBlob(w.t.Context(), []byte(text))
	if err != nil {
		w.t.Fatal(err)
	}
	return ref
}

// answer is a response that was read.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

func withHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set(name, value)
		if name == "Host" {
			r.Host = value
		}
	}
}

// call sends a request and checks that the answer is as the specification says.
func (w *world) call(method, path, body string, change ...func(*http.Request)) answer {
	w.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, reader)
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if w.key != "" {
		r.Header.Set("Authorization", "Bearer "+w.key)
	}
	for _, f := range change {
		f(r)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	conforms(w.t, r, response, text)
	return answer{w.t, response.StatusCode, response.Header, text}
}

func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

func (a answer) into(value any) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, value); err != nil {
		a.t.Fatalf("reading %s: %v", a.body, err)
	}
}

type problem struct {
	Type, Title, Detail, Instance string
	Status                        int
	RequestID                     string `json:"request_id"`
	Errors                        []struct{ In, Field, Message string }
}

// wantProblem checks the kind of an error and gives it.
func (a answer) wantProblem(status int, name string) problem {
	a.t.Helper()
	a.want(status)
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		a.t.Fatalf("Content-Type %q, want a problem: %s", got, a.body)
	}
	var p problem
	a.into(&p)
	if p.Type != "urn:quaestor:problem:"+name || p.Status != status || p.Detail == "" || p.Title == "" || p.RequestID == "" {
		a.t.Fatalf("problem %+v, want %s with status %d", p, name, status)
	}
	return p
}

// wantField checks that exactly one field is blamed.
func (a answer) wantField(status int, name, in, field string) {
	a.t.Helper()
	p := a.wantProblem(status, name)
	if len(p.Errors) != 1 || p.Errors[0].In != in || p.Errors[0].Field != field || p.Errors[0].Message == "" {
		a.t.Fatalf("errors %+v, want one at %s %q", p.Errors, in, field)
	}
}

// specification reads openapi.yaml once.
var specification = sync.OnceValues(func() (*openapi3.T, error) {
	text, err := os.ReadFile("openapi.yaml")
	if err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(text)
})

var routing = sync.OnceValues(func() (routers.Router, error) {
	spec, err := specification()
	if err != nil {
		return nil, err
	}
	return legacy.NewRouter(spec)
})

// exercised counts calls by operation and status, for TestEveryOperation.
var exercised sync.Map

// conforms validates a response against the specification.
func conforms(t *testing.T, r *http.Request, response *http.Response, body []byte) {
	t.Helper()
	router, err := routing()
	if err != nil {
		t.Fatal(err)
	}
	bare := r.Clone(r.Context())
	bare.URL.Scheme, bare.URL.Host = "", ""
	route, path, err := router.FindRoute(bare)
	if err != nil {
		return // not an operation: the docs, a 404, a 405
	}
	exercised.Store(route.Operation.OperationID, true)
	err = openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: path, Route: route},
		Status:                 response.StatusCode, Header: response.Header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true, ExcludeResponseBody: textual(response)},
	})
	if err != nil {
		t.Errorf("%s %s answered %d against the specification: %v\n%s", r.Method, r.URL.Path, response.StatusCode, err, body)
	}
	declared(t, route, response)
}

// textual says that the validator knows no schema for the body's media type.
func textual(response *http.Response) bool {
	media := response.Header.Get("Content-Type")
	return !strings.HasPrefix(media, "application/json") && !strings.HasPrefix(media, "application/problem+json")
}

func declared(t *testing.T, route *routers.Route, response *http.Response) {
	t.Helper()
	media := response.Header.Get("Content-Type")
	known := route.Operation.Responses.Status(response.StatusCode)
	if known == nil {
		known = route.Operation.Responses.Default()
	}
	if len(known.Value.Content) > 0 && known.Value.Content.Get(media) == nil {
		t.Errorf("%s answered %d as %q, which the specification does not list", route.Operation.OperationID, response.StatusCode, media)
	}
}

// eventually waits for something that happens elsewhere.
func eventually(t *testing.T, happened func() bool) {
	t.Helper()
	for begin := time.Now(); !happened(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begin) > time.Minute {
			t.Fatal("it did not happen")
		}
	}
}
