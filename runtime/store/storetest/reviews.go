package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/store"
)

var reviewChecks = []check{
	{"reviews/open once and keep every field", testOpenReview},
	{"reviews/are decided once", testDecideReview},
	{"reviews/are decided by one of many", testDecideConcurrently},
	{"reviews/are listed", testListReviews},
	{"reviews/are not found", func(t *testing.T, s store.Store) {
		_, err := s.Review(t.Context(), "nobody")
		wantError(t, err, store.ErrNotFound, "nobody")
		err = s.DecideReview(t.Context(), "nobody", store.Decision{Decision: "approve"})
		wantError(t, err, store.ErrNotFound, "nobody")
	}},
}

func openReview(t *testing.T, s store.Store, id, client string, second int) store.Review {
	t.Helper()
	review := store.Review{ID: id, Run: "r", Client: client, Topic: strange, Digest: "d1", Created: moment(second), Due: moment(second + 1)}
	must(t, s.OpenReview(t.Context(), review))
	return review
}

func testOpenReview(t *testing.T, s store.Store) {
	createRun(t, s, store.Run{ID: "r"})
	want := openReview(t, s, "v", "acme", 0)
	must(t, s.OpenReview(t.Context(), store.Review{ID: "v", Run: "r", Digest: "d2"})) // a retry changes nothing
	got, err := s.Review(t.Context(), "v")
	must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func testDecideReview(t *testing.T, s store.Store) {
	createRun(t, s, store.Run{ID: "r"})
	want := openReview(t, s, "v", "acme", 0)
	decide := func(decision, digest, by string) error {
		return s.DecideReview(t.Context(), "v", store.Decision{Decision: decision, Digest: digest, Comments: strange, By: by, Role: "editor", At: moment(9)})
	}
	wantError(t, decide("approve", "stale", "ann"), store.ErrConflict, "stale", "d1")
	if err := decide("", "d1", "ann"); err == nil {
		t.Error("an empty decision was taken")
	}
	must(t, decide("approve", "d1", "ann"))
	must(t, decide("approve", "d1", "bob"))
	wantError(t, decide("reject", "d1", "bob"), store.ErrConflict, "ann", "approve")
	wantError(t, decide("expired", "", ""), store.ErrConflict)
	must(t, s.OpenReview(t.Context(), want)) // a retry does not open it again
	want.Decision = &store.Decision{Decision: "approve", Digest: "d1", Comments: strange, By: "ann", Role: "editor", At: moment(9)}
	got, err := s.Review(t.Context(), "v")
	must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	openReview(t, s, "w", "acme", 0)
	must(t, s.DecideReview(t.Context(), "w", store.Decision{Decision: "expired"}))
}

func testDecideConcurrently(t *testing.T, s store.Store) {
	createRun(t, s, store.Run{ID: "r"})
	openReview(t, s, "v", "acme", 0)
	var taken atomic.Int64
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			err := s.DecideReview(t.Context(), "v", store.Decision{Decision: fmt.Sprint("decision ", n), Digest: "d1"})
			if err == nil {
				taken.Add(1)
			} else if !errors.Is(err, store.ErrConflict) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if taken.Load() != 1 {
		t.Errorf("%d decisions were taken, want 1", taken.Load())
	}
}

func testListReviews(t *testing.T, s store.Store) {
	createRun(t, s, store.Run{ID: "r"})
	for n := range 4 {
		openReview(t, s, fmt.Sprint("v", n), []string{"a", "b"}[n%2], n)
	}
	must(t, s.DecideReview(t.Context(), "v2", store.Decision{Decision: "reject", Digest: "d1"}))
	for _, test := range []struct {
		filter store.ReviewFilter
		want   []string
	}{
		{store.ReviewFilter{}, []string{"v3", "v2", "v1", "v0"}},
		{store.ReviewFilter{Open: true}, []string{"v3", "v1", "v0"}},
		{store.ReviewFilter{Client: "a"}, []string{"v2", "v0"}},
		{store.ReviewFilter{Client: "a", Open: true}, []string{"v0"}},
		{store.ReviewFilter{Limit: 2}, []string{"v3", "v2"}},
	} {
		reviews, err := s.Reviews(t.Context(), test.filter)
		must(t, err)
		var got []string
		for _, review := range reviews {
			got = append(got, review.ID)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%+v: got %v, want %v", test.filter, got, test.want)
		}
	}
}
