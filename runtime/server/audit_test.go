package server_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/runtime/store"
)

func TestGetAudit(t *testing.T) {
	t.Parallel()
	fails := map[string]error{}
	w := setup(t, func(o *server.Options) {
		o.Audit = func(_ context.Context, out io.Writer, run string) error {
			if err := fails[run]; err != nil {
				return err
			}
			if _, err := io.WriteString(out, "the pack of "+run); err != nil || run != "r_half" {
				return err
			}
			if _, err := io.WriteString(out, strings.Repeat("x", 1<<20)); err != nil {
				return err
			}
			return errors.New("the store went away")
		}
	})
	fails["r_lost"] = errors.New("the store went away")
	for id, status := range map[string]store.Status{
		"r_1": store.StatusCompleted, "r_failed": store.StatusFailed, "r_lost": store.StatusPartial, "r_half": store.StatusPartial, "r_open": store.StatusRunning,
	} {
		w.addRun(store.Run{ID: id, Status: status})
	}
	for _, id := range []string{"r_1", "r_failed"} {
		got := w.call("GET", "/v1/research/"+id+"/audit", "").want(200)
		if string(got.body) != "the pack of "+id || got.header.Get("Content-Type") != "application/zip" ||
			!strings.Contains(got.header.Get("Content-Disposition"), id+".audit.zip") {
			t.Errorf("got %q, %v", got.body, got.header)
		}
	}
	w.call("GET", "/v1/research/r_open/audit", "").wantProblem(409, "conflict")
	w.call("GET", "/v1/research/r_none/audit", "").wantProblem(404, "not-found")
	w.call("GET", "/v1/research/r_lost/audit", "").wantProblem(500, "internal")
	answer, err := http.Get(w.url + "/v1/research/r_half/audit")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.ReadAll(answer.Body); err == nil {
		t.Error("half a pack ends like a whole one")
	}
}

func TestAPackIsForThoseWhoSeeTheRun(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *server.Options) {
		o.Audit = func(_ context.Context, out io.Writer, _ string) error {
			_, err := io.WriteString(out, "pack")
			return err
		}
	})
	w.addRun(store.Run{ID: "r_1", Client: "acme", Status: store.StatusCompleted})
	acme, other := w.addKey("acme", "a"), w.addKey("other", "o")
	acme.call("GET", "/v1/research/r_1/audit", "").want(200)
	other.call("GET", "/v1/research/r_1/audit", "").wantProblem(404, "not-found")
	w.call("GET", "/v1/research/r_1/audit", "").wantProblem(401, "unauthenticated")
}
