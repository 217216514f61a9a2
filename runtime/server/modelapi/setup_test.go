package modelapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/server/access"
	"github.com/quaestor-run/quaestor/runtime/server/modelapi"
	"github.com/quaestor-run/quaestor/runtime/server/modelapi/modelapitest"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/storetest"
)

// now is the time of every test.
var now = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// world is the model API over scripted models, and a key for it.
type world struct {
	t      *testing.T
	models *modelapitest.Models
	store  store.Store
	api    *modelapi.API
	server *httptest.Server
	key    string
	keyID  string
}

func setup(t *testing.T, change ...func(*modelapi.Options)) *world {
	t.Helper()
	w := &world{t: t, models: &modelapitest.Models{}, store: storetest.New(t)}
	callers := access.New(w.store, -1, func() time.Time { return now })
	options := modelapi.Options{
		Models: w.models, Claims: w.store, Check: callers.Check, Now: func() time.Time { return now },
		Authenticate: func(r *http.Request) (access.Caller, error) {
			return callers.Authenticate(r.Context(), r.Header.Get("Authorization"))
		},
	}
	for _, f := range change {
		f(&options)
	}
	var err error
	if w.api, err = modelapi.New(options); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for pattern, handler := range w.api.Handlers() {
		mux.HandleFunc(pattern, handler)
	}
	w.server = httptest.NewServer(mux)
	t.Cleanup(w.server.Close)
	w.key, w.keyID = w.addKey("acme")
	return w
}

func (w *world) addKey(client string) (secret, id string) {
	w.t.Helper()
	secret, key := access.NewKey(client, "", "", now)
	if err := w.store.CreateKey(w.t.Context(), key); err != nil {
		w.t.Fatal(err)
	}
	return secret, key.ID
}

// answer is a response that was read.
type answer struct {
	t       *testing.T
	status  int
	header  http.Header
	trailer http.Header
	body    string
}

type change func(*http.Request)

func with(name, value string) change {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func (w *world) request(ctx context.Context, method, path string, body io.Reader, changes ...change) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, w.server.URL+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.key)
	r.Header.Set("Content-Type", "application/json")
	for _, change := range changes {
		change(r)
	}
	return r
}

func (w *world) call(method, path, body string, changes ...change) answer {
	w.t.Helper()
	response, err := http.DefaultTransport.RoundTrip(w.request(w.t.Context(), method, path, strings.NewReader(body), changes...))
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{w.t, response.StatusCode, response.Header, response.Trailer, string(text)}
}

func (w *world) chat(body string, changes ...change) answer {
	w.t.Helper()
	return w.call(http.MethodPost, "/v1/chat/completions", body, changes...)
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
	if err := json.Unmarshal([]byte(a.body), value); err != nil {
		a.t.Fatalf("reading %s: %v", a.body, err)
	}
}

type apiError struct {
	Error struct {
		Message string
		Type    string
		Param   *string
		Code    *string
	}
}

// wantError checks an error as OpenAI has it.
func (a answer) wantError(status int, kind, param, code string) string {
	a.t.Helper()
	a.want(status)
	if media := a.header.Get("Content-Type"); media != "application/json" {
		a.t.Errorf("an error as %q", media)
	}
	return wantBody(a.t, a.body, kind, param, code)
}

func wantBody(t *testing.T, body, kind, param, code string) string {
	t.Helper()
	var e apiError
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatalf("%s is no error: %v", body, err)
	}
	text := func(p *string) string {
		if p == nil {
			return ""
		}
		return *p
	}
	if e.Error.Message == "" || e.Error.Type != kind || text(e.Error.Param) != param || code != "*" && text(e.Error.Code) != code {
		t.Errorf("error %s, want type %s, param %q, code %q", body, kind, param, code)
	}
	return e.Error.Message
}

// events reads server-sent events one by one. Next gives "" at the end.
type events struct {
	response *http.Response
	lines    *bufio.Reader
}

func (w *world) open(ctx context.Context, body string, changes ...change) *events {
	w.t.Helper()
	response, err := http.DefaultTransport.RoundTrip(w.request(ctx, http.MethodPost, "/v1/chat/completions", strings.NewReader(body), changes...))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		text, _ := io.ReadAll(response.Body)
		w.t.Fatalf("status %d, %s: %s", response.StatusCode, response.Header.Get("Content-Type"), text)
	}
	return &events{response, bufio.NewReader(response.Body)}
}

func (e *events) next() (string, error) {
	var text strings.Builder
	for {
		line, err := e.lines.ReadString('\n')
		if err != nil {
			return text.String() + line, err
		}
		if line == "\n" {
			return text.String(), nil
		}
		text.WriteString(strings.TrimSuffix(line, "\n"))
	}
}

// all reads to the end.
func (e *events) all() (list []string, err error) {
	for {
		event, err := e.next()
		if event != "" {
			list = append(list, event)
		}
		if err != nil {
			return list, err
		}
	}
}

// eventually waits for something that happens elsewhere.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for begin := time.Now(); !happened(); time.Sleep(2 * time.Millisecond) {
		if time.Since(begin) > time.Minute {
			t.Fatalf("%s did not happen", what)
		}
	}
}
