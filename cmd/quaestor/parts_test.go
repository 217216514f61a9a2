//go:build !slim && unix

package main

import (
	"testing"

	"github.com/quaestor-run/quaestor/runtime/devserver"
	"github.com/quaestor-run/quaestor/runtime/server/client"
	"github.com/quaestor-run/quaestor/runtime/store/postgrestest"
)

// TestThePartsRunApart runs API and two workers as processes of their own, on a
// Temporal and a PostgreSQL that others brought, and kills one of the workers.
func TestThePartsRunApart(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t)
	temporal, err := devserver.Start(t.Context(), devserver.Options{Namespace: "elsewhere"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(temporal.Stop)
	environment := []string{
		"TEMPORAL_ADDRESS=" + temporal.HostPort(), "TEMPORAL_NAMESPACE=elsewhere", "QUAESTOR_DATABASE_URL=" + database,
	}
	part := func(args ...string) *process {
		p := command(t, environment, append(args, "--data", t.TempDir())...)
		p.start(t)
		return p
	}
	setup := part("setup")
	if code := setup.wait(t); code != 0 {
		t.Fatalf("setup: exit code %d: %s", code, setup.stderr)
	}
	says(t, setup.stdout.String(), "elsewhere")

	server := &instance{addr: freeAddress(t)}
	if server.API, err = client.Connect("http://"+server.addr, "", nil); err != nil {
		t.Fatal(err)
	}
	server.process = part("api", "--addr", server.addr)
	server.await(t, "Ready.")
	id := server.research(t, sampleRun) // waits for a worker
	environment = append(environment, modelLatency+"=300ms")
	one, other := part("worker"), part("worker")
	one.await(t, "Ready.")
	other.await(t, "Ready.")
	killed := false
	server.follow(t, id, 0, func(event client.Event) error {
		if event.Type == "plan" {
			one.kill(t)
			killed = true
		}
		return nil
	})
	if run := server.status(t, id); run.Status != client.StatusCompleted || !killed {
		t.Errorf("the run is %s: %s", run.Status, run.Error)
	}
	for name, p := range map[string]*process{"worker": other, "API": server.process} {
		p.interrupt(t)
		if code := p.wait(t); code != 0 {
			t.Errorf("%s: exit code %d after Ctrl-C: %s", name, code, p.stderr)
		}
	}
}
