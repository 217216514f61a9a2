package audit_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/audit"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/workflows"
)

func TestThePackOfAWholeRunVerifies(t *testing.T) {
	t.Parallel()
	pack := whole(t)
	result := verify(t, pack)
	if !result.Verified || result.Run != runID || result.Topic != topic {
		t.Fatalf("not verified:\n%s", told(result))
	}
	t.Logf("%d bytes\n%s", len(pack), told(result))
	members := unpack(t, pack)
	if m := read[audit.Manifest](t, members, "manifest.json"); m.Root != result.Root || len(m.Files) != len(members)-1 {
		t.Errorf("root %s of %d files, verified %s of %d", m.Root, len(m.Files), result.Root, len(members)-1)
	}
	if calls := read[[]audit.Call](t, members, "calls.json"); len(calls) < 10 || calls[0].Attempts[0].NanoUSD == 0 || calls[0].Answer == "" {
		t.Errorf("calls %+v", calls)
	}
	if called := read[[]audit.ToolCall](t, members, "tools.json"); len(called) < 5 || called[0].Result == "" || len(called[0].Call) == 0 {
		t.Errorf("tool calls %+v", called)
	}
	if c := read[[]audit.Computation](t, members, "computations.json"); len(c) == 0 {
		t.Error("no computation is in the pack: the test does not test them")
	}
	originals := 0
	for _, s := range read[[]audit.Source](t, members, "sources.json") {
		if s.Document == "" || s.Kept.IsZero() {
			t.Errorf("source %+v", s)
		}
		if s.Original != "" {
			originals++
			find(t, members, s.Original)
		}
	}
	if originals != 1 {
		t.Errorf("%d originals; only that of the HTML is another than its snapshot", originals)
	}
}

func TestTheSameRunGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	i := research(t, workflows.ResearchRequest{Topic: topic, Review: workflows.ReviewNone})
	if one, other := write(t, i), write(t, i); !bytes.Equal(one, other) {
		t.Error("two packs of one run differ")
	}
}

func TestAnApprovedRunVerifies(t *testing.T) {
	t.Parallel()
	request := ordinary()
	request.Review, request.CitationStyle = workflows.ReviewRequired, "apa"
	pack := write(t, research(t, request))
	if result := verify(t, pack); !result.Verified {
		t.Fatalf("not verified:\n%s", told(result))
	}
	other := "sha256:" + strings.Repeat("0", 64)
	for name, test := range map[string]struct {
		change func(members []member)
		what   string
	}{
		"a decision on another draft": {func(m []member) {
			reviews := read[[]audit.Review](t, m, "reviews.json")
			reviews[0].Decision.Digest = other
			find(t, m, "reviews.json").data = encode(t, reviews)
		}, "the decision names draft"},
		"a review of another draft": {func(m []member) {
			reviews := read[[]audit.Review](t, m, "reviews.json")
			reviews[0].Digest, reviews[0].Decision.Digest = other, other
			find(t, m, "reviews.json").data = encode(t, reviews)
		}, "which does not exist"},
		"a rejection made an approval of nobody": {func(m []member) {
			for _, name := range []string{"reviews.json", "events.json"} {
				f := find(t, m, name)
				f.data = bytes.ReplaceAll(f.data, []byte(`"approve"`), []byte(`"changes"`))
			}
		}, "nobody approved draft"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			members := unpack(t, pack)
			test.change(members)
			result := verify(t, repack(t, seal(t, members)))
			if !slices.ContainsFunc(result.Problems, func(p audit.Problem) bool {
				return p.Check == "decisions" && strings.Contains(p.What, test.what)
			}) {
				t.Errorf("it does not say %q:\n%s", test.what, told(result))
			}
		})
	}
}

// Runs that ended otherwise have packs too.
func TestPacksOfRunsThatDidNotComplete(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		tokens int64
		says   string
	}{
		"partial, without a draft of the writer": {20_000, "citations followed"},
		"partial, with a draft":                  {90_000, "citations followed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := ordinary()
			request.Budget.Tokens = test.tokens
			i := research(t, request)
			run, err := i.store.Run(t.Context(), runID)
			must(t, err)
			result := verify(t, write(t, i))
			if !result.Verified || run.Status != store.StatusPartial || !strings.Contains(told(result), test.says) {
				t.Errorf("the run is %s:\n%s", run.Status, told(result))
			}
		})
	}
}

func TestARunWithoutAReportVerifies(t *testing.T) {
	t.Parallel()
	i := research(t, ordinary())
	const failed = "r_failed"
	_, _, err := i.store.CreateRun(t.Context(), store.Run{
		ID: failed, Topic: "Why?", RequestDigest: "d", Request: []byte(`{"topic":"Why?"}`), Status: store.StatusFailed,
	})
	must(t, err)
	var out bytes.Buffer
	_, err = i.archive().Write(t.Context(), &out, failed)
	must(t, err)
	if result := verify(t, out.Bytes()); !result.Verified || !strings.Contains(told(result), "published no report") {
		t.Errorf("not verified:\n%s", told(result))
	}
}

func TestOnlyRunsThatHaveEndedArePacked(t *testing.T) {
	t.Parallel()
	i := research(t, ordinary())
	_, _, err := i.store.CreateRun(t.Context(), store.Run{ID: "r_open", RequestDigest: "d", Request: []byte(`{}`), Status: store.StatusRunning})
	must(t, err)
	var out bytes.Buffer
	if _, err := i.archive().Write(t.Context(), &out, "r_open"); !errors.Is(err, audit.ErrUnfinished) || out.Len() > 0 {
		t.Errorf("%v after %d bytes", err, out.Len())
	}
	if _, err := i.archive().Write(t.Context(), &out, "r_none"); !errors.Is(err, store.ErrNotFound) || out.Len() > 0 {
		t.Errorf("%v after %d bytes", err, out.Len())
	}
}
