package audit_test

import (
	"bytes"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/audit"
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
	if called := read[[]audit.ToolCall](t, members, "tools.json"); len(called) < 5 || called[0].Result == "" || len(called[0].Arguments) == 0 {
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
	result := verify(t, write(t, research(t, request)))
	if !result.Verified {
		t.Errorf("not verified:\n%s", told(result))
	}
}
