package storetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools"
)

var findingChecks = []check{
	{"evidence/is kept once, in order", testEvidence},
	{"evidence/is put by many at once", testEvidenceConcurrently},
	{"claims/are replaced", testClaims},
	{"drafts/are kept by round", testDrafts},
	{"report/is replaced", testReport},
	{"findings/belong to a run", func(t *testing.T, s store.Store) {
		ctx := t.Context()
		for name, err := range map[string]error{
			"evidence": s.PutEvidence(ctx, "nobody", []agents.Evidence{{ID: "e"}}),
			"claims":   s.PutClaims(ctx, "nobody", []agents.Claim{{ID: "c"}}),
			"draft":    s.PutDraft(ctx, store.DraftRecord{Run: "nobody"}),
			"report":   s.PutReport(ctx, "nobody", store.Report{}),
			"review":   s.OpenReview(ctx, store.Review{ID: "v", Run: "nobody"}),
		} {
			t.Run(name, func(t *testing.T) { wantError(t, err, store.ErrNotFound, "nobody") })
		}
		_, err := s.Report(ctx, "nobody")
		wantError(t, err, store.ErrNotFound, "nobody")
	}},
}

func testEvidence(t *testing.T, s store.Store) {
	createRun(t, s, store.Run{ID: "r"})
	createRun(t, s, store.Run{ID: "other"})
	full := agents.Evidence{ID: "e_z", Heading: strange, Citation: tools.Citation{
		SHA256: "ab", URI: "file:///ü", Title: strange, Page: 3, Year: 2024, Start: 5, End: 9, Quote: "nul \x00 line\n",
		Computation: &tools.Computation{Tool: "trend", Input: json.RawMessage(`{"x":[1,2]}`), Result: json.RawMessage(`{"p":0.01}`)},
	}}
	want := []agents.Evidence{full}
	for n := range 20 { // more than one statement's worth, and a remainder
		want = append(want, agents.Evidence{ID: fmt.Sprintf("e_%02d", 99-n)})
	}
	must(t, s.PutEvidence(t.Context(), "r", want[:12]))
	must(t, s.PutEvidence(t.Context(), "r", want[:12])) // a retry
	changed := full
	changed.Quote = "other words"
	must(t, s.PutEvidence(t.Context(), "r", append([]agents.Evidence{changed}, want[10:]...)))
	must(t, s.PutEvidence(t.Context(), "r", nil))
	must(t, s.PutEvidence(t.Context(), "other", []agents.Evidence{{ID: "e_z"}}))
	got, err := s.Evidence(t.Context(), "r")
	must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
	none, err := s.Evidence(t.Context(), "nobody")
	if err != nil || len(none) != 0 {
		t.Errorf("evidence of no run: %v, %v", none, err)
	}
}

// testEvidenceConcurrently puts the same evidence in opposite orders: the
// backend must not give a deadlock to its caller.
func testEvidenceConcurrently(t *testing.T, s store.Store) {
	createRun(t, s, store.Run{ID: "r"})
	var up []agents.Evidence
	for n := range 40 {
		up = append(up, agents.Evidence{ID: fmt.Sprint("e_", n)})
	}
	down := slices.Clone(up)
	slices.Reverse(down)
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			evidence := up
			if n%2 == 1 {
				evidence = down
			}
			if err := s.PutEvidence(t.Context(), "r", evidence); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	got, err := s.Evidence(t.Context(), "r")
	must(t, err)
	if len(got) != len(up) {
		t.Errorf("%d pieces of evidence, want %d", len(got), len(up))
	}
}

func testClaims(t *testing.T, s store.Store) {
	createRun(t, s, store.Run{ID: "r"})
	want := []agents.Claim{
		{ID: "c_2", Section: strange, Text: strange, Evidence: []string{"e_1", "e_2"}, Status: agents.ClaimSupported},
		{ID: "c_1", Status: agents.ClaimUnsupported},
	}
	for _, claims := range [][]agents.Claim{{{ID: "c_0"}}, want} {
		must(t, s.PutClaims(t.Context(), "r", claims))
		got, err := s.Claims(t.Context(), "r")
		must(t, err)
		if !reflect.DeepEqual(got, claims) {
			t.Errorf("got %+v, want %+v", got, claims)
		}
	}
	must(t, s.PutClaims(t.Context(), "r", nil))
	for _, run := range []string{"r", "nobody"} {
		if got, err := s.Claims(t.Context(), run); err != nil || len(got) != 0 {
			t.Errorf("claims of %s: %v, %v, want none", run, got, err)
		}
	}
}

func testDrafts(t *testing.T, s store.Store) {
	createRun(t, s, store.Run{ID: "r"})
	want := []store.DraftRecord{
		{Run: "r", Round: 0, Ref: "sha256:0", Digest: "d0", Created: moment(0)},
		{
			Run: "r", Round: 1, Ref: "sha256:1", Digest: "d1", Created: moment(1),
			Changes: []agents.Change{{Kind: "replaced", Section: strange, Before: "a", After: "b"}},
		},
	}
	must(t, s.PutDraft(t.Context(), want[1]))
	must(t, s.PutDraft(t.Context(), store.DraftRecord{Run: "r", Ref: "sha256:f", Digest: "first try"}))
	must(t, s.PutDraft(t.Context(), want[0]))
	got, err := s.Drafts(t.Context(), "r")
	must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func testReport(t *testing.T, s store.Store) {
	createRun(t, s, store.Run{ID: "r"})
	_, err := s.Report(t.Context(), "r")
	wantError(t, err, store.ErrNotFound, "r")
	for n := range 2 {
		want := store.Report{Digest: fmt.Sprint(n), Markdown: "sha256:1", HTML: "sha256:2", JSON: "sha256:3", Created: moment(n)}
		must(t, s.PutReport(t.Context(), "r", want))
		got, err := s.Report(t.Context(), "r")
		must(t, err)
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}
