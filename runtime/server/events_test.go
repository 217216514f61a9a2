package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/runtime/store"
)

// stream opens an event stream and gives a function that reads the next event,
// as its lines joined by "|"; empty when the stream has ended.
func (w *world) stream(path string, change ...func(*http.Request)) func() string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	w.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range change {
		f(r)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		body, err := io.ReadAll(response.Body)
		w.t.Fatalf("stream answered %d %s: %s, %v", response.StatusCode, response.Header.Get("Content-Type"), body, err)
	}
	lines := bufio.NewScanner(response.Body)
	return func() string {
		var event []string
		for lines.Scan() {
			switch line := lines.Text(); {
			case line != "":
				event = append(event, line)
			case strings.HasPrefix(event[0], "retry:"), strings.HasPrefix(event[0], ":"):
				event = nil
			default:
				return strings.Join(event, "|")
			}
		}
		if err := lines.Err(); err != nil {
			return err.Error()
		}
		return ""
	}
}

func wantNext(t *testing.T, next func() string, want string) {
	t.Helper()
	if got := next(); got != want {
		t.Fatalf("next event %q, want %q", got, want)
	}
}

func (w *world) tell(run string, kinds ...string) {
	w.t.Helper()
	var events []store.Event
	for _, kind := range kinds {
		events = append(events, store.Event{Key: kind, Type: kind, Data: json.RawMessage(`{ "of":` + "\n" + `"` + kind + `" }`)})
	}
	w.update(run, store.RunUpdate{Events: events})
}

func TestStreamEvents(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.addRun(store.Run{ID: "r_1"})
	w.tell("r_1", "a", "b")
	next := w.stream("/v1/research/r_1/events")
	wantNext(t, next, `id: 1|event: a|data: {"of":"a"}`)
	wantNext(t, next, `id: 2|event: b|data: {"of":"b"}`)
	begin := time.Now()
	for i := range 10 {
		kind := fmt.Sprintf("c%d", i)
		w.tell("r_1", kind)
		wantNext(t, next, fmt.Sprintf(`id: %d|event: %s|data: {"of":%q}`, 3+i, kind, kind))
	}
	if took := time.Since(begin); took > 3*time.Second { // polling takes five
		t.Errorf("ten events of this process took %v, want each to wake the stream", took)
	}
	status := store.StatusCompleted
	w.update("r_1", store.RunUpdate{Status: &status, Events: []store.Event{{Key: "z", Type: "run.finished"}}})
	wantNext(t, next, `id: 13|event: run.finished|data: {}`)
	wantNext(t, next, `event: end|data: {"status":"completed"}`)
	wantNext(t, next, "")
}

// deaf hides that a store wakes its followers, as one of another process would.
type deaf struct{ store.Store }

func TestStreamEventsOfOtherProcesses(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *server.Options) { o.Store = deaf{o.Store} })
	w.addRun(store.Run{ID: "r_1"})
	next := w.stream("/v1/research/r_1/events")
	w.tell("r_1", "a")
	wantNext(t, next, `id: 1|event: a|data: {"of":"a"}`)
}

func TestStreamEventsResumes(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.addRun(store.Run{ID: "r_1"})
	var kinds []string
	for i := range 250 {
		kinds = append(kinds, fmt.Sprintf("k%d", i+1))
	}
	w.tell("r_1", kinds...)
	status := store.StatusFailed
	w.update("r_1", store.RunUpdate{Status: &status})
	for name, test := range map[string]struct{ query, header string }{
		"header": {"", "248"}, "query": {"?last_event_id=248", ""}, "header before query": {"?last_event_id=3", "248"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := *w
			w.t = t
			next := w.stream("/v1/research/r_1/events"+test.query, func(r *http.Request) {
				if test.header != "" {
					r.Header.Set("Last-Event-ID", test.header)
				}
			})
			wantNext(t, next, `id: 249|event: k249|data: {"of":"k249"}`)
			wantNext(t, next, `id: 250|event: k250|data: {"of":"k250"}`)
			wantNext(t, next, `event: end|data: {"status":"failed"}`)
			wantNext(t, next, "")
		})
	}
	all := w.stream("/v1/research/r_1/events")
	for i := range 250 {
		if got := all(); !strings.HasPrefix(got, fmt.Sprintf("id: %d|", i+1)) {
			t.Fatalf("event %d is %q", i+1, got)
		}
	}
}

func TestStreamEventsRefuses(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.addRun(store.Run{ID: "r_1", Status: store.StatusCompleted})
	w.call("GET", "/v1/research/r_2/events", "").wantProblem(404, "not-found")
	w.call("GET", "/v1/research/r_1/events", "", withHeader("Last-Event-ID", "x")).wantField(400, "malformed", "header", "Last-Event-ID")
	w.call("GET", "/v1/research/r_1/events?last_event_id=-1", "").wantField(400, "malformed", "query", "last_event_id")
	w.call("GET", "/v1/research/r_1/events", "").want(200) // and conforms
}
