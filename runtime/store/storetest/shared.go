package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/store"
)

var sharedChecks = map[string]func(*testing.T, opener){
	"restart/keeps everything":         testRestart,
	"restart/closed is closed":         testClosed,
	"shared/two stores at once":        testTwoStores,
	"shared/many open a new database":  testOpenAtOnce,
	"shared/cancelled callers go away": testCancelled,
}

// opener opens a store on the one database of a test.
type opener func() (store.Store, error)

func reopen(t *testing.T, open opener) store.Store {
	t.Helper()
	s, err := open()
	must(t, err)
	return s
}

func testRestart(t *testing.T, open opener) {
	s := reopen(t, open)
	run := createRun(t, s, fullRun())
	ref, err := s.PutBlob(t.Context(), []byte("kept"))
	must(t, err)
	must(t, s.PutEvidence(t.Context(), run.ID, []agents.Evidence{{ID: "e"}}))
	must(t, s.UpdateRun(t.Context(), run.ID, store.RunUpdate{Events: []store.Event{{Key: "before"}}}))
	run = readRun(t, s, run.ID)
	must(t, s.Close())

	s = reopen(t, open)
	defer s.Close()
	if got := readRun(t, s, run.ID); !reflect.DeepEqual(got, run) {
		t.Errorf("got %+v, want %+v", got, run)
	}
	if data, err := s.Blob(t.Context(), ref); err != nil || !bytes.Equal(data, []byte("kept")) {
		t.Errorf("blob %q, %v", data, err)
	}
	must(t, s.UpdateRun(t.Context(), run.ID, store.RunUpdate{Events: []store.Event{{Key: "before"}, {Key: "after"}}}))
	events, err := s.Events(t.Context(), run.ID, 0, 0)
	must(t, err)
	if len(events) != 2 || events[1].Key != "after" || events[1].Seq != 2 {
		t.Errorf("events %+v", events)
	}
}

func testClosed(t *testing.T, open opener) {
	s := reopen(t, open)
	createRun(t, s, store.Run{ID: "r"})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			var err error
			for err == nil {
				err = s.UpdateRun(t.Context(), "r", store.RunUpdate{Done: pointer(1)})
			}
		})
	}
	must(t, s.UpdateRun(t.Context(), "r", store.RunUpdate{Done: pointer(2)}))
	must(t, s.Close())
	group.Wait() // nobody hangs
	if err := s.Ping(t.Context()); err == nil {
		t.Error("a closed store answers")
	}
}

func testTwoStores(t *testing.T, open opener) {
	a, b := reopen(t, open), reopen(t, open)
	defer a.Close()
	defer b.Close()
	testGapless(t, a, b)
	must(t, a.UpdateRun(t.Context(), "r", store.RunUpdate{Status: pointer(store.StatusCompleted)}))
	must(t, b.UpdateRun(t.Context(), "r", store.RunUpdate{Status: pointer(store.StatusFailed)}))
	if got := readRun(t, b, "r").Status; got != store.StatusCompleted {
		t.Errorf("status %q, want the first", got)
	}
	_, created, err := b.CreateRun(t.Context(), store.Run{ID: "r"})
	if err != nil || created {
		t.Errorf("created again: %v, %v", created, err)
	}
}

func testOpenAtOnce(t *testing.T, open opener) {
	var group sync.WaitGroup
	for n := range 6 {
		group.Go(func() {
			s, err := open()
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if _, _, err := s.CreateRun(t.Context(), store.Run{ID: fmt.Sprint(n)}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	s := reopen(t, open)
	defer s.Close()
	if page, err := s.Runs(t.Context(), store.RunFilter{}); err != nil || len(page.Runs) != 6 {
		t.Errorf("%d runs, %v, want 6", len(page.Runs), err)
	}
}

// testCancelled cancels callers in the middle: each gets its own error, and
// what was written stays whole.
func testCancelled(t *testing.T, open opener) {
	s := reopen(t, open)
	defer s.Close()
	createRun(t, s, store.Run{ID: "r"})
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			for m := range 10 {
				ctx, cancel := context.WithCancel(t.Context())
				if n%2 == 0 {
					go cancel()
				}
				err := s.UpdateRun(ctx, "r", store.RunUpdate{Events: []store.Event{{Key: fmt.Sprint(n, m, "a")}, {Key: fmt.Sprint(n, m, "b")}}})
				cancel()
				if err != nil && (n%2 == 1 || !errors.Is(err, context.Canceled)) {
					t.Errorf("writer %d: %v", n, err)
				}
			}
		})
	}
	group.Wait()
	events, err := s.Events(t.Context(), "r", 0, 1000)
	must(t, err)
	if len(events) < 80 || len(events)%2 != 0 {
		t.Errorf("%d events, want pairs, and those of 4 writers at least", len(events))
	}
}
