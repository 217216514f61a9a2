package storetest

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/store"
)

var summaryChecks = []check{
	{"summaries/are created once", testSummaries},
	{"summaries/end once", testSummaryEnds},
}

func testSummaries(t *testing.T, s store.Store) {
	ctx := t.Context()
	first := store.Summary{
		ID: "s_1", Client: "acme", Status: store.StatusRunning, Request: json.RawMessage(`{"words":5}`), Created: moment(0),
	}
	stored, created, err := s.CreateSummary(ctx, first)
	must(t, err)
	if !created || !reflect.DeepEqual(stored, first) {
		t.Errorf("stored %+v, %v", stored, created)
	}
	stored, created, err = s.CreateSummary(ctx, store.Summary{ID: "s_1", Client: "zoo", Request: json.RawMessage(`{}`)})
	must(t, err)
	if created || !reflect.DeepEqual(stored, first) {
		t.Errorf("stored %+v, %v", stored, created)
	}
	if got, err := s.Summary(ctx, "s_1"); err != nil || !reflect.DeepEqual(got, first) {
		t.Errorf("read %+v, %v", got, err)
	}
	_, err = s.Summary(ctx, "nobody")
	wantError(t, err, store.ErrNotFound, "nobody")
	if pending, err := s.PendingSummaries(ctx, 0); err != nil || len(pending) != 1 || pending[0].ID != "s_1" {
		t.Errorf("pending %+v, %v", pending, err)
	}
}

func testSummaryEnds(t *testing.T, s store.Store) {
	ctx := t.Context()
	_, _, err := s.CreateSummary(ctx, store.Summary{ID: "s_1", Status: store.StatusRunning, Request: json.RawMessage(`{}`), Created: moment(0)})
	must(t, err)
	must(t, s.UpdateSummary(ctx, "s_1", store.SummaryUpdate{Total: pointer(7)}))
	must(t, s.UpdateSummary(ctx, "s_1", store.SummaryUpdate{Done: pointer(3)}))
	if pending, err := s.PendingSummaries(ctx, 0); err != nil || len(pending) != 0 {
		t.Errorf("pending %+v, %v", pending, err)
	}
	must(t, s.UpdateSummary(ctx, "s_1", store.SummaryUpdate{
		Status: pointer(store.StatusCompleted), Result: json.RawMessage(`{"summary":"x"}`), Done: pointer(7), Finished: moment(5),
	}))
	must(t, s.UpdateSummary(ctx, "s_1", store.SummaryUpdate{Status: pointer(store.StatusFailed), Error: pointer(strange), Finished: moment(9)}))
	want := store.Summary{
		ID: "s_1", Status: store.StatusCompleted, Request: json.RawMessage(`{}`), Result: json.RawMessage(`{"summary":"x"}`),
		Done: 7, Total: 7, Created: moment(0), Finished: moment(5),
	}
	if got, err := s.Summary(ctx, "s_1"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	wantError(t, s.UpdateSummary(ctx, "nobody", store.SummaryUpdate{Done: pointer(1)}), store.ErrNotFound, "nobody")
}
