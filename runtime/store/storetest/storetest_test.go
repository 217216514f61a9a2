package storetest_test

import (
	"testing"

	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/storetest"
)

func TestNew(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	run, created, err := s.CreateRun(t.Context(), store.Run{ID: "r", Topic: "ticks"})
	if err != nil || !created {
		t.Fatalf("created %v: %v", created, err)
	}
	phase := "plan"
	if err := s.UpdateRun(t.Context(), run.ID, store.RunUpdate{Phase: &phase, Events: []store.Event{{Key: "a", Type: "phase"}, {Key: "a"}, {Key: "b"}}}); err != nil {
		t.Fatal(err)
	}
	events, err := s.Events(t.Context(), run.ID, 0, 0)
	if err != nil || len(events) != 2 || events[1].Seq != 2 {
		t.Fatalf("events %v: %v", events, err)
	}
	if _, ok := s.(store.Watcher); !ok {
		t.Fatal("no watcher")
	}
}
