package storetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/store"
)

var runChecks = []check{
	{"runs/keep every field", testRunFields},
	{"runs/keep zero values", testRunZero},
	{"runs/are created once", testCreateOnce},
	{"runs/are created once by many at once", testCreateConcurrently},
	{"runs/are listed by page", testRunPages},
	{"runs/are filtered", testRunFilters},
	{"runs/are changed where set", testUpdateRun},
	{"runs/keep a final status", testFinalStatus},
	{"runs/are not found", func(t *testing.T, s store.Store) {
		_, err := s.Run(t.Context(), "nobody")
		wantError(t, err, store.ErrNotFound, "nobody")
		err = s.UpdateRun(t.Context(), "nobody", store.RunUpdate{Done: pointer(1)})
		wantError(t, err, store.ErrNotFound, "nobody")
		_, err = s.Runs(t.Context(), store.RunFilter{Cursor: "!"})
		wantError(t, err, store.ErrCursor, "!")
		_, err = s.Runs(t.Context(), store.RunFilter{Cursor: "bm90aGluZw"})
		wantError(t, err, store.ErrCursor)
		if _, _, err := s.CreateRun(t.Context(), store.Run{Topic: "no id"}); err == nil {
			t.Error("a run without an id was created")
		}
	}},
}

func fullRun() store.Run {
	return store.Run{
		ID: "r_ü", Client: "ACME – Zürich", Topic: strange, Request: json.RawMessage(`{"topic": "\u0000 ü",  "n": 1}`),
		RequestDigest: "digest", IdempotencyKey: strange, Schedule: "nightly", Status: store.StatusAwaitingReview, Phase: "review",
		Iteration: 2, Plan: json.RawMessage(`[1, 2]`), Done: 3, Total: 7, Error: strange,
		Created: moment(0), Updated: moment(1), Finished: moment(2),
	}
}

func testRunFields(t *testing.T, s store.Store) {
	want := fullRun()
	stored := createRun(t, s, want)
	for name, got := range map[string]store.Run{"created": stored, "read": readRun(t, s, want.ID)} {
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
		}
	}
	nul := want
	nul.ID, nul.IdempotencyKey, nul.Topic = "nul", "", "a\x00b\xffc"
	if got := createRun(t, s, nul).Topic; got != "a\uFFFDb\uFFFDc" {
		t.Errorf("topic %q: what no text column takes was not replaced", got)
	}
}

func testRunZero(t *testing.T, s store.Store) {
	before := time.Now().Add(-time.Millisecond)
	got := createRun(t, s, store.Run{ID: "r"})
	if got.Created.Before(before) || got.Created.After(time.Now()) || !got.Updated.Equal(got.Created) {
		t.Errorf("created %v, updated %v, want now", got.Created, got.Updated)
	}
	got.Created, got.Updated = time.Time{}, time.Time{}
	if want := (store.Run{ID: "r", Status: store.StatusRunning}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func testCreateOnce(t *testing.T, s store.Store) {
	first := createRun(t, s, store.Run{ID: "r1", Client: "a", IdempotencyKey: "k", RequestDigest: "d", Topic: "first"})
	createRun(t, s, store.Run{ID: "r2", Client: "b", IdempotencyKey: "k", RequestDigest: "other"}) // another client's key
	createRun(t, s, store.Run{ID: "r3", Client: "a", RequestDigest: "d"})                          // no key
	createRun(t, s, store.Run{ID: "r4", Client: "a", RequestDigest: "d"})
	for name, again := range map[string]store.Run{
		"same id":          {ID: "r1", RequestDigest: "d", Topic: "again"},
		"same key":         {ID: "r9", Client: "a", IdempotencyKey: "k", RequestDigest: "d", Topic: "again"},
		"same id and key":  {ID: "r1", Client: "a", IdempotencyKey: "k", RequestDigest: "d", Topic: "again"},
		"same id, new key": {ID: "r1", Client: "a", IdempotencyKey: "l", RequestDigest: "d", Topic: "again"},
	} {
		got, created, err := s.CreateRun(t.Context(), again)
		if err != nil || created || !reflect.DeepEqual(got, first) {
			t.Errorf("%s: got %+v, created %v, error %v", name, got, created, err)
		}
	}
	for name, other := range map[string]store.Run{
		"id":  {ID: "r1", RequestDigest: "e"},
		"key": {ID: "r9", Client: "a", IdempotencyKey: "k", RequestDigest: "e"},
	} {
		_, created, err := s.CreateRun(t.Context(), other)
		wantError(t, err, store.ErrConflict, "r1", name)
		if created {
			t.Errorf("%s: created", name)
		}
	}
	_, err := s.Run(t.Context(), "r9")
	wantError(t, err, store.ErrNotFound)
}

func testCreateConcurrently(t *testing.T, s store.Store) {
	const callers, keys = 16, 5
	var created atomic.Int64
	var ids [keys]sync.Map
	var group sync.WaitGroup
	for caller := range callers {
		group.Go(func() {
			for key := range keys {
				run, fresh, err := s.CreateRun(t.Context(), store.Run{
					ID: fmt.Sprintf("r-%d-%d", caller, key), Client: "c", IdempotencyKey: fmt.Sprint(key), RequestDigest: "d",
				})
				if err != nil {
					t.Error(err)
					return
				}
				if fresh {
					created.Add(1)
				}
				ids[key].Store(run.ID, true)
			}
		})
	}
	group.Wait()
	if created.Load() != keys {
		t.Errorf("%d runs created, want %d", created.Load(), keys)
	}
	for key := range keys {
		different := 0
		ids[key].Range(func(any, any) bool { different++; return true })
		if different != 1 {
			t.Errorf("key %d was given %d different runs", key, different)
		}
	}
}

func testRunPages(t *testing.T, s store.Store) {
	var want []string
	for n := range 25 {
		id := fmt.Sprintf("r%02d", n)
		createRun(t, s, store.Run{ID: id, Created: moment(n / 3)}) // three share a time
		want = append(want, id)
	}
	slices.Reverse(want)
	var got []string
	filter := store.RunFilter{Limit: 4}
	for page := 0; ; page++ {
		runs, err := s.Runs(t.Context(), filter)
		must(t, err)
		for _, run := range runs.Runs {
			got = append(got, run.ID)
		}
		if runs.Next == "" {
			break
		}
		createRun(t, s, store.Run{ID: fmt.Sprintf("new%d", page), Created: moment(50 + page)}) // while somebody pages
		filter.Cursor = runs.Next
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages give\n%v, want\n%v", got, want)
	}
	for limit, want := range map[int]int{0: 31, 500: 31, -1: 31, 1: 1} {
		page, err := s.Runs(t.Context(), store.RunFilter{Limit: limit})
		must(t, err)
		if len(page.Runs) != want {
			t.Errorf("limit %d gives %d runs, want %d", limit, len(page.Runs), want)
		}
	}
}

func testRunFilters(t *testing.T, s store.Store) {
	createRun(t, s, store.Run{ID: "1", Client: "a", Created: moment(1)})
	createRun(t, s, store.Run{ID: "2", Client: "a", Status: store.StatusFailed, Created: moment(2)})
	createRun(t, s, store.Run{ID: "3", Client: "b", Schedule: "s", Created: moment(3)})
	createRun(t, s, store.Run{ID: "4", Client: "a", Schedule: "s", Created: moment(4)})
	for _, test := range []struct {
		filter store.RunFilter
		want   []string
	}{
		{store.RunFilter{}, []string{"4", "3", "2", "1"}},
		{store.RunFilter{Client: "a"}, []string{"4", "2", "1"}},
		{store.RunFilter{Status: store.StatusFailed}, []string{"2"}},
		{store.RunFilter{Schedule: "s"}, []string{"4", "3"}},
		{store.RunFilter{Client: "a", Status: store.StatusRunning, Schedule: "s"}, []string{"4"}},
		{store.RunFilter{Client: "nobody"}, nil},
	} {
		page, err := s.Runs(t.Context(), test.filter)
		must(t, err)
		var got []string
		for _, run := range page.Runs {
			got = append(got, run.ID)
		}
		if !slices.Equal(got, test.want) || page.Next != "" {
			t.Errorf("%+v: got %v and next %q, want %v", test.filter, got, page.Next, test.want)
		}
	}
}

func testUpdateRun(t *testing.T, s store.Store) {
	want := createRun(t, s, store.Run{ID: "r", Phase: "plan", Plan: json.RawMessage(`{"a":1}`), Total: 9, Created: moment(0)})
	createRun(t, s, store.Run{ID: "neighbour", Phase: "plan", Created: moment(0)})
	update := func(u store.RunUpdate) store.Run {
		t.Helper()
		must(t, s.UpdateRun(t.Context(), "r", u))
		got := readRun(t, s, "r")
		if !got.Updated.After(moment(0)) {
			t.Errorf("updated %v, want now", got.Updated)
		}
		want.Updated = got.Updated
		return got
	}
	if got := update(store.RunUpdate{}); !reflect.DeepEqual(got, want) {
		t.Errorf("nothing set: got %+v, want %+v", got, want)
	}
	want.Phase, want.Done = "gather", 4
	if got := update(store.RunUpdate{Phase: pointer("gather"), Done: pointer(4)}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	want.Status, want.Iteration, want.Plan, want.Total, want.Error = store.StatusAwaitingReview, 2, json.RawMessage(`[]`), 0, strange
	got := update(store.RunUpdate{
		Status: pointer(store.StatusAwaitingReview), Iteration: pointer(2), Plan: json.RawMessage(`[]`), Total: pointer(0), Error: pointer(strange),
	})
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if phase := readRun(t, s, "neighbour").Phase; phase != "plan" {
		t.Errorf("another run is in phase %q", phase)
	}
}

func testFinalStatus(t *testing.T, s store.Store) {
	createRun(t, s, store.Run{ID: "r"})
	must(t, s.UpdateRun(t.Context(), "r", store.RunUpdate{
		Status: pointer(store.StatusCancelled), Error: pointer("asked to"),
		Events: []store.Event{{Key: "cancelled"}},
	}))
	final := readRun(t, s, "r")
	if final.Status != store.StatusCancelled || time.Since(final.Finished) > time.Minute {
		t.Fatalf("status %q, finished %v", final.Status, final.Finished)
	}
	must(t, s.UpdateRun(t.Context(), "r", store.RunUpdate{
		Status: pointer(store.StatusFailed), Error: pointer("too late"),
		Events: []store.Event{{Key: "cancelled"}, {Key: "late"}},
	}))
	must(t, s.UpdateRun(t.Context(), "r", store.RunUpdate{Status: pointer(store.StatusRunning)}))
	got := readRun(t, s, "r")
	if got.Status != final.Status || got.Error != final.Error || !got.Finished.Equal(final.Finished) {
		t.Errorf("status %q (%s), finished %v, want %q (%s), %v", got.Status, got.Error, got.Finished, final.Status, final.Error, final.Finished)
	}
	events, err := s.Events(t.Context(), "r", 0, 0)
	must(t, err)
	if len(events) != 2 || events[1].Key != "late" {
		t.Errorf("events %v, want one more", events)
	}
}
