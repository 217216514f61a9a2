package workflows_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.temporal.io/sdk/temporal"

	"github.com/quaestor-run/quaestor/agents/writer"
	"github.com/quaestor-run/quaestor/workflows"
)

// long makes a world in which reports are too long for one call: their first
// draft has two parts of findings, and a refinement one section.
func long(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.settings.WriterOutput = 4000
	w.outline = func(in workflows.OutlineRequest) workflows.ReportOutline {
		if in.Draft != "" {
			return workflows.ReportOutline{Parts: []workflows.ReportPart{{Headings: []string{"Fares"}, Evidence: "evidence", Previous: "sections", Review: "issues"}}}
		}
		return workflows.ReportOutline{Parts: []workflows.ReportPart{
			{Headings: []string{"Fares", "Tolls"}, Analysis: "analysis 1", Evidence: "evidence 1"},
			{Headings: []string{"Delays"}, Analysis: "analysis 2", Evidence: "evidence 2"},
		}}
	}
	return w
}

// inputs notes what the writer is given, by label.
func (w *world) inputs(t *testing.T) map[string]writer.Input {
	t.Helper()
	given := map[string]writer.Input{}
	invoke := w.invoke
	w.invoke = func(ctx context.Context, call workflows.ModelCall) (workflows.ModelReply, error) {
		if call.Agent == "writer" {
			var in writer.Input
			if err := json.Unmarshal(call.Input, &in); err != nil {
				return workflows.ModelReply{}, err
			}
			w.locked(func() { given[call.Label] = in })
		}
		return invoke(ctx, call)
	}
	return given
}

func TestALongReportIsWrittenSectionBySection(t *testing.T) {
	t.Parallel()
	w := long(t)
	w.accept = func(round int) bool { return round == 1 }
	given := w.inputs(t)
	result, err := w.run(t, workflows.ResearchRequest{Topic: "a topic", MaxIterations: 3})
	if err != nil || result.Status != "completed" {
		t.Fatalf("result %+v, error %v", result, err)
	}
	const (
		one   = "writer · part 1 of 3: Fares, Tolls"
		two   = "writer · part 2 of 3: Delays"
		three = "writer · part 3 of 3: summary to limitations"
		again = "writer · refinement 1 · part 1 of 1: Fares"
	)
	if len(given) != 4 {
		t.Fatalf("the writer was called for %v", given)
	}
	if in := given[two]; in.Part == nil || !slices.Equal(in.Part.Headings, []string{"Delays"}) || len(in.Analyses) != 1 || in.Analyses[0].Ref != "analysis 2" || in.Evidence.Ref != "evidence 2" || in.Written != nil {
		t.Errorf("part 2 got %+v", in)
	}
	findings := "[out:" + one + "; out:" + two + "]"
	if in := given[three]; in.Part == nil || len(in.Part.Headings) != 0 || in.Written == nil || in.Written.Ref != findings || len(in.Analyses) != questions || in.Evidence.Ref != "evidence" {
		t.Errorf("the last part got %+v", in)
	}
	draft := "[" + findings + "; out:" + three + "]"
	if in := given[again]; in.Previous == nil || in.Previous.Ref != "sections" || in.Review == nil || in.Review.Ref != "issues" || len(in.Analyses) != 0 {
		t.Errorf("the refinement got %+v", in)
	}
	if want := "[out:" + again + "]" + draft; w.published[0].Draft != want {
		t.Errorf("published %s, want %s", w.published[0].Draft, want)
	}
	if len(w.outlined) != 2 || w.outlined[0].Output != 4000 || len(w.outlined[0].Analyses) != questions || w.outlined[1].Draft != draft {
		t.Errorf("outlines asked for: %+v", w.outlined)
	}
	done, total := 0, 0
	for _, record := range w.records {
		if record.Done != nil {
			done = *record.Done
		}
		if record.Total != nil {
			total = *record.Total
		}
	}
	if done == 0 || done > total {
		t.Errorf("%d of %d steps done", done, total)
	}
}

func TestAShortReportIsWrittenInOneCall(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*world){
		"it fits":          func(w *world) { w.settings.WriterOutput = 4000 },
		"no limit":         func(*world) {},
		"an instant model": func(w *world) { w.settings.WriterOutput, w.settings.Instant = 4000, map[string]bool{"writer": true} },
	} {
		w := newWorld(t)
		change(w)
		if _, err := w.run(t, workflows.ResearchRequest{Topic: "a topic"}); err != nil || w.published[0].Draft != "out:writer · first draft" {
			t.Errorf("%s: published %+v, %v", name, w.published, err)
		}
		if asked := len(w.outlined); asked > 0 != (name == "it fits") {
			t.Errorf("%s: asked %d times for an outline", name, asked)
		}
	}
}

func TestABudgetThatEndsBetweenPartsEndsInAPartialReport(t *testing.T) {
	t.Parallel()
	w := long(t)
	w.invoke = budgetEnds("writer · part 2")
	result, err := w.run(t, workflows.ResearchRequest{Topic: "a topic"})
	if err != nil || result.Status != "partial" || w.published[0].Draft != "partial draft" {
		t.Errorf("result %+v, error %v, published %+v", result, err, w.published)
	}
}

func TestAPartThatFailsEndsTheRun(t *testing.T) {
	t.Parallel()
	w := long(t)
	w.invoke = func(_ context.Context, call workflows.ModelCall) (workflows.ModelReply, error) {
		if strings.HasPrefix(call.Label, "writer · part 1") {
			return workflows.ModelReply{}, temporal.NewNonRetryableApplicationError("no valid output", workflows.ErrorInvalidOutput, nil)
		}
		return workflows.ModelReply{Output: fmt.Sprintf("out:%s", call.Label)}, nil
	}
	if _, err := w.run(t, workflows.ResearchRequest{Topic: "a topic"}); err == nil {
		t.Error("the run did not fail")
	}
	if _, status, reason := w.phases(); status != "failed" || reason != "no valid output" {
		t.Errorf("status %q, reason %q", status, reason)
	}
}
