package storetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/store"
)

var eventChecks = []check{
	{"events/keep every field", testEventFields},
	{"events/are told once", testEventsOnce},
	{"events/of many writers have no gaps", func(t *testing.T, s store.Store) { testGapless(t, s) }},
	{"events/are never skipped by a follower", testFollower},
	{"events/wake those who watch", testWatch},
	{"events/need a key", func(t *testing.T, s store.Store) {
		createRun(t, s, store.Run{ID: "r"})
		if err := s.UpdateRun(t.Context(), "r", store.RunUpdate{Events: []store.Event{{Type: "phase"}}}); err == nil {
			t.Error("an event without a key was taken")
		}
	}},
}

func testEventFields(t *testing.T, s store.Store) {
	createRun(t, s, store.Run{ID: "r"})
	must(t, s.UpdateRun(t.Context(), "r", store.RunUpdate{Events: []store.Event{
		{Seq: 99, Key: strange, Type: "phase", Time: moment(1), Data: json.RawMessage(`{"ü": "\u0000"}`)},
		{Key: "bare"},
	}}))
	events, err := s.Events(t.Context(), "r", 0, 0)
	must(t, err)
	if len(events) != 2 || time.Since(events[1].Time) > time.Minute {
		t.Fatalf("events %+v", events)
	}
	events[1].Time = time.Time{}
	want := []store.Event{
		{Seq: 1, Key: strange, Type: "phase", Time: moment(1), Data: json.RawMessage(`{"ü": "\u0000"}`)},
		{Seq: 2, Key: "bare"},
	}
	if !reflect.DeepEqual(events, want) {
		t.Errorf("got %+v, want %+v", events, want)
	}
	none, err := s.Events(t.Context(), "nobody", 0, 0)
	if err != nil || len(none) != 0 {
		t.Errorf("events of no run: %v, %v", none, err)
	}
}

func testEventsOnce(t *testing.T, s store.Store) {
	for _, run := range []string{"r", "other"} {
		createRun(t, s, store.Run{ID: run})
		for range 2 { // as a retried activity does
			must(t, s.UpdateRun(t.Context(), run, store.RunUpdate{Events: []store.Event{{Key: "a"}, {Key: "b"}, {Key: "a"}}}))
		}
		must(t, s.UpdateRun(t.Context(), run, store.RunUpdate{Events: []store.Event{{Key: "b"}, {Key: "c"}}}))
	}
	for _, test := range []struct {
		after int64
		limit int
		want  string
	}{{0, 0, "1a 2b 3c "}, {1, 0, "2b 3c "}, {1, 1, "2b "}, {3, 0, ""}} {
		events, err := s.Events(t.Context(), "other", test.after, test.limit)
		must(t, err)
		got := ""
		for _, e := range events {
			got += fmt.Sprintf("%d%s ", e.Seq, e.Key)
		}
		if got != test.want {
			t.Errorf("after %d, at most %d: %q, want %q", test.after, test.limit, got, test.want)
		}
	}
}

// testGapless writes to one run through each of the stores at the same time.
func testGapless(t *testing.T, stores ...store.Store) {
	const writers, updates = 8, 10
	createRun(t, stores[0], store.Run{ID: "r"})
	var group sync.WaitGroup
	for writer := range writers {
		group.Go(func() {
			for n := range updates {
				err := stores[writer%len(stores)].UpdateRun(t.Context(), "r", store.RunUpdate{Events: []store.Event{
					{Key: fmt.Sprintf("%d-%d", writer, n)}, {Key: fmt.Sprintf("shared-%d", n)},
				}})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	events, err := stores[0].Events(t.Context(), "r", 0, 1000)
	must(t, err)
	if want := writers*updates + updates; len(events) != want {
		t.Fatalf("%d events, want %d", len(events), want)
	}
	next := map[string]int{}
	for i, e := range events {
		if e.Seq != int64(i+1) {
			t.Fatalf("event %d has number %d", i, e.Seq)
		}
		var writer string
		var n int
		if c, err := fmt.Sscanf(e.Key, "%1s-%d", &writer, &n); err == nil && c == 2 {
			if next[writer] != n {
				t.Errorf("writer %s: event %d came before event %d", writer, n, next[writer])
			}
			next[writer] = n + 1
		}
	}
}

// testFollower reads while others write: an event must not appear below a
// number that was seen.
func testFollower(t *testing.T, s store.Store) {
	const writers, updates = 4, 20
	createRun(t, s, store.Run{ID: "r"})
	var group sync.WaitGroup
	for writer := range writers {
		group.Go(func() {
			for n := range updates {
				if err := s.UpdateRun(t.Context(), "r", store.RunUpdate{Events: []store.Event{{Key: fmt.Sprintf("%d-%d", writer, n)}}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wake, stop := s.(store.Watcher).Watch("r")
	defer stop()
	var seen int64
	for seen < writers*updates {
		events, err := s.Events(t.Context(), "r", seen, 7)
		must(t, err)
		for _, e := range events {
			if e.Seq != seen+1 {
				t.Fatalf("event %d after event %d", e.Seq, seen)
			}
			seen = e.Seq
		}
		if len(events) == 0 {
			select {
			case <-wake:
			case <-time.After(20 * time.Second):
				t.Fatalf("no wake-up after event %d", seen)
			}
		}
	}
	group.Wait()
}

func testWatch(t *testing.T, s store.Store) {
	createRun(t, s, store.Run{ID: "r"})
	createRun(t, s, store.Run{ID: "other"})
	watcher, ok := s.(store.Watcher)
	if !ok {
		t.Fatalf("%T does not implement store.Watcher", s)
	}
	first, stopFirst := watcher.Watch("r")
	second, stopSecond := watcher.Watch("r")
	defer stopSecond()
	woken := func(wake <-chan struct{}) bool {
		select {
		case <-wake:
			return true
		default:
			return false
		}
	}
	must(t, s.UpdateRun(t.Context(), "other", store.RunUpdate{Done: pointer(1)}))
	if woken(first) {
		t.Error("woken by another run")
	}
	for range 3 {
		must(t, s.UpdateRun(t.Context(), "r", store.RunUpdate{Done: pointer(1)}))
	}
	if !woken(first) || !woken(second) {
		t.Error("not woken by an update")
	}
	if woken(first) {
		t.Error("woken twice, nothing happened in between")
	}
	stopFirst()
	stopFirst()
	must(t, s.UpdateRun(t.Context(), "r", store.RunUpdate{Done: pointer(2)}))
	if woken(first) || !woken(second) {
		t.Error("stopping one watcher stopped the wrong one")
	}
}
