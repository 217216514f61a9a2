package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/runtime/server/client"
	"github.com/quaestor-run/quaestor/runtime/server/servertest"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/storetest"
)

func setup(t *testing.T) (*server.Server, store.Store) {
	t.Helper()
	kept := storetest.New(t)
	s, err := server.New(server.Options{Store: kept, Engine: &servertest.Engine{}, Documents: servertest.Ingester{Store: kept}})
	if err != nil {
		t.Fatal(err)
	}
	return s, kept
}

func connect(t *testing.T, url, key string) *client.API {
	t.Helper()
	api, err := client.Connect(url, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	return api
}

func file(name, content string) client.File {
	return client.File{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }}
}

func TestCalls(t *testing.T) {
	t.Parallel()
	s, kept := setup(t)
	listening := httptest.NewServer(s)
	defer listening.Close()
	secret, key := server.NewKey("acme", "ann", time.Now())
	if err := kept.CreateKey(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	api := connect(t, listening.URL+"/", secret)
	documents, err := api.Upload(t.Context(), "c1", file("2024/a.md", "one two"), file("b.md", "three"))
	if err != nil || len(documents) != 2 || documents[0].URI != "2024/a.md" || documents[0].Words != 2 {
		t.Fatalf("documents %+v, %v", documents, err)
	}
	created, err := api.CreateResearchWithResponse(t.Context(), &client.CreateResearchParams{IdempotencyKey: new("k")}, client.ResearchRequest{
		Topic: "heat pumps", Sources: client.Sources{Documents: []string{"c1"}}, MaxIterations: new(0), Budget: client.Budget{USD: "2.50"},
	})
	if err := client.Check(created, err); err != nil {
		t.Fatal(err)
	}
	run, err := api.GetResearchWithResponse(t.Context(), created.JSON202.ID)
	if err := client.Check(run, err); err != nil {
		t.Fatal(err)
	}
	if run.JSON200.Topic != "heat pumps" || run.JSON200.Budget.USD != "2.5" || run.JSON200.Status != client.StatusRunning {
		t.Errorf("run %+v", run.JSON200)
	}
	list, err := api.ListResearchWithResponse(t.Context(), &client.ListResearchParams{})
	if err := client.Check(list, err); err != nil || len(list.JSON200.Runs) != 1 {
		t.Errorf("runs %v, %v", list, err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	listening := httptest.NewServer(s)
	defer listening.Close()
	api := connect(t, listening.URL, "")
	created, err := api.CreateResearchWithResponse(t.Context(), nil, client.ResearchRequest{Topic: "x", MaxIterations: new(9)})
	var problem *client.Problem
	if err := client.Check(created, err); !errors.As(err, &problem) || problem.Status != 422 || problem.Errors[0].Field != "/max_iterations" {
		t.Errorf("error %v", err)
	} else if want := "/max_iterations: must be at most 3 (422)"; err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	if _, err := api.Upload(t.Context(), "c1", file("empty.md", "")); err == nil || !strings.Contains(err.Error(), "empty.md") {
		t.Errorf("an unreadable upload gave %v", err)
	}
	gone := client.File{Name: "gone.md", Open: func() (io.ReadCloser, error) { return nil, errors.New("no such file") }}
	if _, err := api.Upload(t.Context(), "c1", gone); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a lost file gave %v", err)
	}
	for _, err := range api.Events(t.Context(), "r_none", 0) {
		if !errors.As(err, &problem) || problem.Status != 404 {
			t.Errorf("events of no run gave %v", err)
		}
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "bad gateway", http.StatusBadGateway) }))
	defer proxy.Close()
	health, err := connect(t, proxy.URL, "").GetHealthWithResponse(t.Context())
	if err := client.Check(health, err); err == nil || !strings.Contains(err.Error(), "502") {
		t.Errorf("a proxy's error gave %v", err)
	}
}

func tell(t *testing.T, kept store.Store, kinds ...string) {
	t.Helper()
	var events []store.Event
	for _, kind := range kinds {
		events = append(events, store.Event{Key: kind, Type: kind, Data: []byte(`{}`)})
	}
	if err := kept.UpdateRun(t.Context(), "r_1", store.RunUpdate{Events: events}); err != nil {
		t.Fatal(err)
	}
}

// The stream goes on where it was when the server is started again.
func TestEventsSurviveARestart(t *testing.T) {
	t.Parallel()
	s, kept := setup(t)
	if _, _, err := kept.CreateRun(t.Context(), store.Run{ID: "r_1", Client: "local", Request: []byte(`{}`), Phase: "plan"}); err != nil {
		t.Fatal(err)
	}
	tell(t, kept, "a", "b")
	addr, stop := serve(t, s, "127.0.0.1:0")
	var got []string
	for event, err := range connect(t, "http://"+addr, "").Events(t.Context(), "r_1", 1) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d %s %s", event.ID, event.Type, event.Data))
		switch event.Type {
		case "b":
			stop()
			tell(t, kept, "c")
			_, stop = serve(t, s, addr)
		case "c":
			status := store.StatusCompleted
			if err := kept.UpdateRun(t.Context(), "r_1", store.RunUpdate{Status: &status}); err != nil {
				t.Fatal(err)
			}
		}
	}
	stop()
	if want := `2 b {}, 3 c {}, 0 end {"status":"completed"}`; strings.Join(got, ", ") != want {
		t.Errorf("events %q, want %q", strings.Join(got, ", "), want)
	}
}

func serve(t *testing.T, s *server.Server, addr string) (string, func()) {
	t.Helper()
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, listener) }()
	return listener.Addr().String(), func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestEventsEndWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	refused := 0
	for _, err := range connect(t, "http://127.0.0.1:1", "").Events(ctx, "r_1", 0) {
		if refused++; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	}
	if refused != 1 {
		t.Errorf("%d errors, want one", refused)
	}
}
