// Package server is the HTTP API. openapi.yaml is the contract; the types and
// the dispatch in package api are generated from it, and every request is
// checked against it before a handler sees it.
//
// The package knows workflows only through the [Engine] it is given.
package server

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/server/access"
	"github.com/quaestor-run/quaestor/runtime/server/api"
	"github.com/quaestor-run/quaestor/runtime/server/modelapi"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools/documents"
	"github.com/quaestor-run/quaestor/workflows"
)

//go:embed openapi.yaml
var specification []byte

// Options compose a server. Store is required.
type Options struct {
	Store  store.Store // when it is a store.Watcher, event streams wake at once
	Engine Engine      // nil: the server is for models only, and starts no work

	Models      modelapi.Models                                                                           // nil: there is no API for models
	Summaries   Summaries                                                                                 // nil: no texts are summarised
	Ledger      ledger.Ledger                                                                             // nil: there are no accounts to be seen
	Search      documents.Searcher                                                                        // nil: documents are not searched
	Documents   Ingester                                                                                  // nil: uploads are refused
	Usage       func(ctx context.Context, run string) (agents.Usage, error)                               // nil: none is reported
	RenderDraft func(ctx context.Context, draft agents.Draft, evidence []agents.Evidence) (string, error) // to Markdown, for reviewers; nil: plainly
	Metrics     http.Handler                                                                              // nil: /metrics is not found
	// RenderReport makes the forms of a published report that are not kept, "pdf" and "docx"; the latter with its tracked
	// changes when asked. Nil: they are not to be had.
	RenderReport func(ctx context.Context, run, form string, changes bool) ([]byte, error)
	// Audit writes everything a run stands on as an archive. What it gives before the first byte is answered as an
	// error. Nil: there are no audit packs.
	Audit func(ctx context.Context, w io.Writer, run string) error
	// RenderChart draws a figure of a published report as "svg" or "png"; [store.ErrNotFound] where there is none of the
	// number. Nil: they are not to be had.
	RenderChart func(ctx context.Context, run string, number int, form string) ([]byte, error)

	Templates      map[string]string // the templates a request may choose: their styles of citation, empty for none
	Logger         *zap.Logger
	TracerProvider trace.TracerProvider
	Defaults       Defaults
	Limits         Limits
	ReadTimeout    time.Duration // for a request to arrive, a sixth of it for its header; 0 is a minute
	AnswerTimeout  time.Duration // for store and Temporal to give what an answer needs; 0 is 25 s
	DrainTimeout   time.Duration // for requests to end when the server does; 0 is 10 s
	Version        string        // as /healthz tells it
	Now            func() time.Time
	KeyLife        time.Duration // how long a key is believed without asking the store; 0 is access.Life, below 0 not at all
}

// Ingester reads a document and keeps it in a corpus. A document that cannot
// be read comes back with Unread set, with or without an error; any other error
// is one of the reader or the store.
type Ingester interface {
	Ingest(ctx context.Context, corpus, uri string, content io.Reader) (store.Document, error)
	// Remove takes a document with its parts out of a corpus, or gives an error
	// that wraps [store.ErrNotFound].
	Remove(ctx context.Context, corpus, id string) error
}

// Defaults stand in for what a research request leaves out.
type Defaults struct {
	Sources       []string // while the default corpus is empty
	Budget        workflows.Budget
	Timeout       time.Duration // deadline after the start; 0 is none
	Language      string        // empty is "en"
	Unsupported   string        // empty leaves it to the run's settings
	CitationStyle string        // empty is plain
	Template      string        // of reports; empty is none
	Iterations    *int          // rounds of refinement, 0 to 3; nil is 3
	Corpus        string        // for uploads that name none; empty is "default"
}

// Limits bound what one request may ask for.
type Limits struct {
	Body  int64 // bytes of a JSON body; 0 is 1 MiB
	File  int64 // bytes of one uploaded file; 0 is 64 MiB
	Files int   // in one upload; 0 is 100
}

// Server serves the API. Make one with [New].
type Server struct {
	store        store.Store
	engine       Engine
	documents    Ingester
	search       documents.Searcher
	usage        func(context.Context, string) (agents.Usage, error)
	renderDraft  func(context.Context, agents.Draft, []agents.Evidence) (string, error)
	renderReport func(context.Context, string, string, bool) ([]byte, error)
	audit        func(context.Context, io.Writer, string) error
	renderChart  func(context.Context, string, int, string) ([]byte, error)
	metrics      http.Handler
	log          *zap.Logger
	tracer       trace.Tracer
	tracing      bool
	defaults     Defaults
	templates    map[string]string
	limits       Limits
	version      string
	drain        time.Duration
	read         time.Duration
	answer       time.Duration
	now          func() time.Time

	spec        *openapi3.T
	specJSON    []byte
	mux         *http.ServeMux
	crossOrigin *http.CrossOriginProtection
	access      *access.Access
	models      *modelapi.API // nil without models
	ledger      ledger.Ledger // nil without accounts
	summaries   Summaries     // nil without models
}

// New makes a server, or says what is missing.
func New(options Options) (*Server, error) {
	if options.Store == nil {
		return nil, errors.New("making an API server: a store is required")
	}
	s := &Server{
		store: options.Store, engine: options.Engine, ledger: options.Ledger, summaries: options.Summaries, documents: options.Documents, search: options.Search, usage: options.Usage,
		renderDraft: options.RenderDraft, renderReport: options.RenderReport, renderChart: options.RenderChart, audit: options.Audit, metrics: options.Metrics, log: options.Logger,
		templates: options.Templates, defaults: options.Defaults, limits: options.Limits, drain: options.DrainTimeout, read: options.ReadTimeout, answer: options.AnswerTimeout, version: options.Version, now: options.Now,
		crossOrigin: http.NewCrossOriginProtection(),
	}
	s.fillIn(options.TracerProvider)
	s.access = access.New(s.store, options.KeyLife, s.now)
	if err := s.serveModels(options); err != nil {
		return nil, err
	}
	spec, err := loadSpec()
	if err != nil {
		return nil, err
	}
	s.spec = spec
	if s.specJSON, err = spec.MarshalJSON(); err != nil {
		return nil, fmt.Errorf("encoding openapi.yaml as JSON: %w", err)
	}
	if err := s.route(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) fillIn(tracers trace.TracerProvider) {
	if tracers == nil {
		tracers = noop.NewTracerProvider()
	}
	_, off := tracers.(noop.TracerProvider)
	s.tracing = !off
	s.tracer = tracers.Tracer("github.com/quaestor-run/quaestor/runtime/server")
	if s.log == nil {
		s.log = zap.NewNop()
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.usage == nil {
		s.usage = func(context.Context, string) (agents.Usage, error) { return agents.Usage{}, nil }
	}
	if s.renderDraft == nil {
		s.renderDraft = plainDraft
	}
	if s.defaults.Iterations == nil {
		s.defaults.Iterations = new(workflows.DefaultRounds)
	}
	s.read = positive(s.read, readPatience)
	s.answer = positive(s.answer, answerPatience)
	if s.drain == 0 {
		s.drain = 10 * time.Second
	}
	s.limits.Body = positive(s.limits.Body, 1<<20)
	s.limits.File = positive(s.limits.File, 64<<20)
	s.limits.Files = positive(s.limits.Files, 100)
	if s.defaults.Language == "" {
		s.defaults.Language = "en"
	}
	if s.defaults.Corpus == "" {
		s.defaults.Corpus = "default"
	}
}

func positive[N ~int | ~int64](n, otherwise N) N {
	if n > 0 {
		return n
	}
	return otherwise
}

func loadSpec() (*openapi3.T, error) {
	spec, err := openapi3.NewLoader().LoadFromData(specification)
	if err != nil {
		return nil, fmt.Errorf("reading openapi.yaml: %w", err)
	}
	return spec, nil
}

// route registers every operation of the specification, and its documentation.
func (s *Server) route() error {
	router := &guarded{ServeMux: http.NewServeMux(), server: s}
	malformed := func(w http.ResponseWriter, r *http.Request, err error) {
		p := newProblem(http.StatusBadRequest, "%v.", err)
		s.fail(w, r, p)
	}
	strict := api.NewStrictHandlerWithOptions(operations{s}, nil, api.StrictHTTPServerOptions{
		RequestErrorHandlerFunc: malformed, ResponseErrorHandlerFunc: s.fail,
	})
	api.HandlerWithOptions(strict, api.StdHTTPServerOptions{BaseRouter: router, ErrorHandlerFunc: malformed})
	s.mux = router.ServeMux
	if s.models != nil {
		for pattern, handler := range s.models.Handlers() {
			s.mux.HandleFunc(pattern, s.traced(pattern, handler))
		}
	}
	s.mux.Handle("GET /docs/", docs())
	s.mux.Handle("GET /docs", http.RedirectHandler("/docs/", http.StatusMovedPermanently))
	return errors.Join(router.errs...)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	exchange := &exchange{id: requestID(r), writer: &recorder{ResponseWriter: w}}
	w = exchange.writer
	w.Header().Set("X-Request-Id", exchange.id)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, exchange))
	exchange.request = r
	defer s.logAccess(exchange, r, s.now())
	defer s.recoverPanic(w, r)
	if err := s.guardLocal(r); err != nil {
		s.fail(w, r, err)
		return
	}
	handler, pattern := s.mux.Handler(r)
	switch {
	case pattern == "":
		s.fail(w, r, s.unrouted(r))
	case strings.Contains(pattern, "{"): // it also reads the path's values
		s.mux.ServeHTTP(w, r)
	default:
		handler.ServeHTTP(w, r)
	}
}

// recoverPanic makes a panic a problem, or cuts the connection when a part of
// the answer was sent.
func (s *Server) recoverPanic(w http.ResponseWriter, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler { //nolint:errorlint // net/http compares it in the same way
		panic(cause)
	}
	exchange := exchangeOf(r.Context())
	s.log.Error("panic while serving a request", append(exchange.fields(),
		zap.Any("panic", cause), zap.ByteString("stack", debug.Stack()))...)
	if exchange.begun() {
		panic(http.ErrAbortHandler)
	}
	s.fail(w, r, fmt.Errorf("panic: %v", cause))
}

// unrouted is a 405 where another method would do, else a 404.
func (s *Server) unrouted(r *http.Request) error {
	p := newProblem(http.StatusNotFound, "There is nothing at %q; /docs lists what there is.", r.URL.Path)
	probe := r.Clone(r.Context())
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe.Method = method
		if _, pattern := s.mux.Handler(probe); pattern == "" {
			continue
		}
		if p.status == http.StatusNotFound {
			p = newProblem(http.StatusMethodNotAllowed, "%s is not for %s; see the Allow header.", r.URL.Path, r.Method)
			p.header = http.Header{}
		}
		p.header.Add("Allow", method)
	}
	return p
}
