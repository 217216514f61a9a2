package activity_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/workflows"
)

func stored[T any](t *testing.T, s store.Blobs, ref string) (value T) {
	t.Helper()
	raw, err := s.Blob(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestAnOutlineKeepsWhatEachCallGets(t *testing.T) {
	t.Parallel()
	l := setup(t)
	var evidence []agents.Evidence
	var analysis agents.Analysis
	for i := range 40 {
		id := fmt.Sprintf("e_%d", i)
		evidence = append(evidence, agents.Evidence{ID: id, Citation: tools.Citation{Quote: "q"}})
		analysis.Findings = append(analysis.Findings, agents.Finding{Statement: fmt.Sprintf("Statement %d says something else.", i), Theme: fmt.Sprintf("Theme %d", i/10), Evidence: []string{id}})
	}
	in := workflows.OutlineRequest{Plan: put(t, l, agents.Plan{Structure: []string{"Theme 0"}}), Analyses: []string{put(t, l, analysis)}, Evidence: put(t, l, evidence), Output: 4000}
	outline, err := do[workflows.ReportOutline](t, l, workflows.OutlineName, in)
	if err != nil || len(outline.Parts) < 2 {
		t.Fatalf("outline %+v, %v", outline, err)
	}
	findings, cited := 0, 0
	var parts []string
	for _, part := range outline.Parts {
		a := stored[agents.Analysis](t, l.store, part.Analysis)
		findings += len(a.Findings)
		cited += len(stored[[]agents.Evidence](t, l.store, part.Evidence))
		d := agents.Draft{}
		for _, heading := range part.Headings {
			d.Sections = append(d.Sections, agents.Section{Kind: agents.SectionFindings, Heading: heading, Paragraphs: []agents.Paragraph{{Sentences: []agents.Statement{{Text: "On " + heading + " in " + part.Analysis, Evidence: []string{}}}}}})
		}
		parts = append(parts, put(t, l, d))
	}
	if findings != 40 || cited != 40 {
		t.Errorf("%d findings and %d pieces of evidence are in the parts, want 40 of each", findings, cited)
	}
	written, err := do[string](t, l, workflows.AssembleName, workflows.Assembly{Plan: in.Plan, Parts: parts, Findings: true})
	if err != nil {
		t.Fatal(err)
	}
	if d := stored[agents.Draft](t, l.store, written); len(d.Sections) != 4 {
		t.Errorf("the findings are %+v", d)
	}
	in.Output = 100_000
	if outline, err := do[workflows.ReportOutline](t, l, workflows.OutlineName, in); err != nil || len(outline.Parts) != 0 {
		t.Errorf("a short report has the parts %+v, %v", outline, err)
	}
}
