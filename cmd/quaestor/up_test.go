//go:build !slim && unix

package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/server/client"
)

func TestUpAnswersEverywhere(t *testing.T) {
	t.Parallel()
	ui := freeAddress(t)
	server := up(t, t.TempDir(), nil, "--temporal-ui", ui)
	says(t, server.stderr.String(), "http://"+server.addr, "http://"+server.addr+"/docs", "http://"+ui, "Ctrl-C")
	for path, want := range map[string]string{
		"/healthz": "ok", "/readyz": "ready", "/openapi.json": `"openapi"`, "/docs": "<html", "/metrics": "go_goroutines",
	} {
		says(t, strings.ToLower(server.fetch(t, path)), want)
	}
	response, err := http.Get("http://" + ui)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("the Temporal UI answers %s", response.Status)
	}
	server.interrupt(t)
	if code := server.wait(t); code != 0 {
		t.Errorf("exit code %d after Ctrl-C: %s", code, server.stderr)
	}
}

// TestARunGoesOnAfterCtrlC follows a run with one reader across a drain and a
// restart.
func TestARunGoesOnAfterCtrlC(t *testing.T) {
	t.Parallel()
	server := up(t, t.TempDir(), []string{modelLatency + "=300ms"})
	id := server.research(t, sampleRun)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	gathering, ended := make(chan struct{}), make(chan error, 1)
	go func() { // the client connects again with the last id that it has
		last := int64(0)
		for event, err := range server.Events(ctx, id, 0) {
			switch {
			case err != nil:
				ended <- err
				return
			case event.Type == client.EventEnd:
				ended <- nil
				return
			case event.ID != last+1:
				ended <- errors.New("an event is missing or was told twice")
				return
			}
			if last = event.ID; event.Type == "agent.finished" && strings.Contains(string(event.Data), "gatherer · question 1") {
				close(gathering)
			}
		}
	}()
	select {
	case <-gathering:
	case err := <-ended:
		t.Fatalf("the run ended before it gathered: %v", err)
	}
	server.interrupt(t)
	draining := time.Now()
	if code := server.wait(t); code != 0 {
		t.Errorf("exit code %d after Ctrl-C: %s", code, server.stderr)
	}
	t.Logf("drained in %.1f s", time.Since(draining).Seconds())
	server.restart(t)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	run := server.status(t, id)
	if run.Status != client.StatusCompleted {
		t.Errorf("the run is %s: %s", run.Status, run.Error)
	}
	if lost := run.Usage.Attempts - run.Usage.Calls; lost != 0 {
		t.Errorf("the drain gave up %d calls", lost)
	}
}

func TestIdempotencyOutlivesTheServer(t *testing.T) {
	t.Parallel()
	server := up(t, t.TempDir(), nil)
	key := "the same"
	create := func(request client.ResearchRequest) *client.CreateResearchResponse {
		t.Helper()
		answer, err := server.CreateResearchWithResponse(t.Context(), &client.CreateResearchParams{IdempotencyKey: &key}, request)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	first := create(sampleRun)
	server.kill(t) // the run may not even have begun
	server.restart(t)
	if again := create(sampleRun); again.JSON202 == nil || again.JSON202.ID != first.JSON202.ID {
		t.Errorf("first %s, again %s", first.Body, again.Body)
	}
	other := sampleRun
	other.Topic = "Another topic"
	if conflict := create(other); conflict.StatusCode() != http.StatusConflict {
		t.Errorf("another request under the same key: %d, %s", conflict.StatusCode(), conflict.Body)
	}
	server.finish(t, first.JSON202.ID)
	if run := server.status(t, first.JSON202.ID); run.Status != client.StatusCompleted {
		t.Errorf("the run is %s: %s", run.Status, run.Error)
	}
}

func TestCancellationKeepsWhatWasGathered(t *testing.T) {
	t.Parallel()
	server := up(t, t.TempDir(), []string{modelLatency + "=2s"})
	id := server.research(t, sampleRun)
	var asked, ended time.Time
	server.follow(t, id, 0, func(event client.Event) error {
		switch {
		case event.Type == "agent.finished" && strings.Contains(string(event.Data), "gatherer") && asked.IsZero():
			asked = time.Now() // models are in the middle of their answers
			answer, err := server.CancelResearchWithResponse(t.Context(), id)
			return client.Check(answer, err)
		case event.Type == client.EventEnd:
			ended = time.Now()
		}
		return nil
	})
	if took := ended.Sub(asked); took > 2*time.Second {
		t.Errorf("it took %v", took)
	} else {
		t.Logf("cancelled in %v", took)
	}
	if run := server.status(t, id); run.Status != client.StatusCancelled {
		t.Errorf("the run is %s: %s", run.Status, run.Error)
	}
	evidence, err := server.GetEvidenceWithResponse(t.Context(), id)
	if err := client.Check(evidence, err); err != nil || len(evidence.JSON200.Evidence) == 0 {
		t.Errorf("evidence %s, error %v", evidence.Body, err)
	}
}
