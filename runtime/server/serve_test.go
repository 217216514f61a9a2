package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/workflows"
)

// serve serves the world on an address of its own until stop.
func (w *world) serve(addr string) (stop func() error) {
	w.t.Helper()
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		w.t.Fatal(err)
	}
	w.url = "http://" + listener.Addr().String()
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.server.Serve(ctx, listener) }()
	stop = func() error {
		cancel()
		select {
		case err := <-ended:
			return err
		case <-time.After(time.Minute):
			return errors.New("the server did not end")
		}
	}
	w.t.Cleanup(func() { cancel() })
	return stop
}

func TestServeDrains(t *testing.T) {
	t.Parallel()
	w := setup(t)
	stop := w.serve("127.0.0.1:0")
	w.addRun(store.Run{ID: "r_1", Phase: workflows.PhaseGather})
	w.tell("r_1", "a")
	next := w.stream("/v1/research/r_1/events")
	wantNext(t, next, `id: 1|event: a|data: {"of":"a"}`)
	begin := time.Now()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("draining took %v while a stream was open", took)
	}
	wantNext(t, next, "") // told to connect again, without an end
	if response, err := http.Get(w.url + "/healthz"); err == nil {
		response.Body.Close()
		t.Error("it still serves")
	}
}

func TestServeRefusesOtherAddressesWithoutKeys(t *testing.T) {
	t.Parallel()
	w := setup(t)
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.server.Serve(t.Context(), listener); err == nil || !strings.Contains(err.Error(), "key") {
		t.Fatalf("serving on %s without keys: %v", listener.Addr(), err)
	}
	if _, err := net.DialTimeout("tcp", listener.Addr().String(), time.Second); err == nil {
		t.Error("the listener is still open")
	}
	w.addKey("acme", "ann")
	stop := w.serve("0.0.0.0:0")
	w.call("GET", "/healthz", "").want(200)
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// A process may end between writing a run down and starting its workflow, and
// the machine before what Temporal was told is on its disk.
func TestServeStartsForgottenRuns(t *testing.T) {
	t.Parallel()
	w := setup(t)
	request, err := json.Marshal(workflows.ResearchRequest{Topic: "forgotten", MaxIterations: 2})
	if err != nil {
		t.Fatal(err)
	}
	w.addRun(store.Run{ID: "r_forgotten", Request: request})
	w.addRun(store.Run{ID: "r_broken", Request: []byte(`"no request"`)})
	w.addRun(store.Run{ID: "r_begun", Phase: workflows.PhasePlan, Request: request})
	w.addRun(store.Run{ID: "r_waits", Status: store.StatusAwaitingReview, Phase: workflows.PhaseReview, Request: request})
	w.addRun(store.Run{ID: "r_ended", Status: store.StatusFailed})
	stop := w.serve("127.0.0.1:0")
	for begin := time.Now(); w.engine.Starts() < 3 && time.Since(begin) < time.Minute; {
		time.Sleep(5 * time.Millisecond)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	started := w.engine.Started()
	for _, id := range []string{"r_forgotten", "r_begun", "r_waits"} {
		if started[id].Topic != "forgotten" || started[id].MaxIterations != 2 {
			t.Errorf("%s was started with %+v", id, started[id])
		}
	}
	if len(started) != 3 {
		t.Errorf("started %+v", started)
	}
}

func TestSlowReaderDoesNotHoldTheServer(t *testing.T) {
	t.Parallel()
	w := setup(t)
	stop := w.serve("127.0.0.1:0")
	w.addRun(store.Run{ID: "r_1"})
	connection, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := connection.Write([]byte("GET /v1/research/r_1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	big, err := json.Marshal(strings.Repeat("x", 500_000))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 { // 20 MB that nobody reads
		w.update("r_1", store.RunUpdate{Events: []store.Event{{Key: string(rune('a' + i)), Type: "big", Data: big}}})
	}
	w.call("GET", "/v1/research/r_1", "").want(200)
	begin := time.Now()
	if err := stop(); err != nil || time.Since(begin) > 15*time.Second {
		t.Errorf("ending took %v: %v", time.Since(begin), err)
	}
}

// Streams and uploads go on for longer than requests may take to arrive and
// answers to be taken.
func TestStreamsAndUploadsOutliveTimeouts(t *testing.T) {
	t.Parallel()
	w := setup(t)
	hasty := httptest.NewUnstartedServer(w.server)
	hasty.Config.ReadTimeout, hasty.Config.WriteTimeout = 500*time.Millisecond, 500*time.Millisecond
	hasty.Start()
	t.Cleanup(hasty.Close)
	w.url = hasty.URL
	w.addRun(store.Run{ID: "r_1"})
	next := w.stream("/v1/research/r_1/events")

	body, writer := io.Pipe()
	form := multipart.NewWriter(writer)
	go func() {
		part, err := form.CreateFormFile("file", "slow.md")
		for range 10 {
			time.Sleep(120 * time.Millisecond)
			if err == nil {
				_, err = io.WriteString(part, "word ")
			}
		}
		writer.CloseWithError(errors.Join(err, form.Close()))
	}()
	response, err := http.Post(w.url+"/v1/documents", form.FormDataContentType(), body)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		t.Errorf("a slow upload got %d", response.StatusCode)
	}
	w.tell("r_1", "a")
	wantNext(t, next, `id: 1|event: a|data: {"of":"a"}`)
}
