package writer_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/writer"
)

// analyses have n findings on each of some themes, and one that both tell.
func analyses(n int, themes ...string) []agents.Analysis {
	var list []agents.Analysis
	for _, theme := range themes {
		a := agents.Analysis{Question: theme}
		for i := range n {
			a.Findings = append(a.Findings, agents.Finding{
				Statement: fmt.Sprintf("The %s of line %d were counted in a year and found to be higher than before by experts.", theme, i), Theme: theme,
				Evidence: []string{fmt.Sprintf("e_%s%d", theme, i)},
			})
		}
		list = append(list, a)
	}
	list[len(list)-1].Findings = append(list[len(list)-1].Findings, list[0].Findings[0])
	return list
}

func TestOutlineGivesEachFindingToOnePart(t *testing.T) {
	t.Parallel()
	plan := agents.Plan{Structure: []string{"Tolls", "Fares", "Delays", "Tolls"}}
	list := analyses(12, "Fares", "Delays", "Tolls", "Unplanned")
	if got := writer.Outline(plan, list, 100_000); len(got) != 0 {
		t.Errorf("a report that fits has %d parts", len(got))
	}
	portions := writer.Outline(plan, list, 4000)
	if len(portions) < 4 {
		t.Fatalf("%d parts", len(portions))
	}
	seen, order := map[string]int{}, []string{}
	for _, p := range portions {
		for _, f := range p.Findings {
			seen[f.Statement]++
			if !slices.Contains(p.Headings, f.Theme) {
				t.Errorf("a finding on %s is in the part of %q", f.Theme, p.Headings)
			}
		}
		order = append(order, p.Headings...)
	}
	if len(seen) != 48 {
		t.Errorf("%d findings, want 48", len(seen))
	}
	for statement, times := range seen {
		if times != 1 {
			t.Errorf("%q is in %d parts", statement, times)
		}
	}
	if got := slices.Compact(order); !slices.Equal(got, []string{"Tolls", "Fares", "Delays", "Unplanned"}) {
		t.Errorf("order of the themes %q", got)
	}
}

func part(title string, sections ...agents.Section) agents.Draft {
	return agents.Draft{Title: title, Sections: sections}
}

func sectionOf(kind agents.SectionKind, heading string, texts ...string) agents.Section {
	s := agents.Section{Kind: kind, Heading: heading, Paragraphs: []agents.Paragraph{{}}}
	for _, text := range texts {
		s.Paragraphs[0].Sentences = append(s.Paragraphs[0].Sentences, agents.Statement{Text: text, Evidence: []string{"e_1"}})
	}
	return s
}

func TestAssemblePutsEverySectionInOnce(t *testing.T) {
	t.Parallel()
	fares := sectionOf(agents.SectionFindings, "Fares", "Fares rose.", "Fares fell in May.")
	fares.Charts = []agents.Chart{{Title: "Fares"}}
	more := sectionOf(agents.SectionFindings, "Fares", "Fares rose.", "Fares were flat in June.")
	more.Charts = []agents.Chart{{Title: "Fares"}, {Title: "Fares in June"}}
	got := writer.Assemble(agents.Plan{Structure: []string{"Tolls", "Fares"}}, []agents.Draft{
		part("", fares), part("", more, sectionOf(agents.SectionFindings, "Tolls", "Tolls rose.")),
		part("The report", sectionOf(agents.SectionLimitations, "Limits", "x."), sectionOf(agents.SectionSummary, "Summary", "Fares rose."), sectionOf(agents.SectionFindings, "Fares", "Stray.")),
	})
	var headings []string
	for _, s := range got.Sections {
		headings = append(headings, s.Heading)
	}
	if !slices.Equal(headings, []string{"Summary", "Tolls", "Fares", "Limits"}) || got.Title != "The report" {
		t.Errorf("headings %q, title %q", headings, got.Title)
	}
	if texts := sentences(got, "Fares"); !slices.Equal(texts, []string{"Fares rose.", "Fares fell in May.", "Fares were flat in June."}) || len(got.Sections[2].Charts) != 2 {
		t.Errorf("sentences %q, charts %v", texts, got.Sections[2].Charts)
	}
}

func TestOnlySectionsThatAReviewNamesAreRefined(t *testing.T) {
	t.Parallel()
	filler := strings.Repeat("So it was seen on most of the lines in that year. ", 20)
	draft := part("t", sectionOf(agents.SectionFindings, "Fares", "Fares rose.", filler), sectionOf(agents.SectionFindings, "Tolls", "Tolls rose.", filler),
		sectionOf(agents.SectionFindings, "Delays", filler), sectionOf(agents.SectionLimitations, "Limits", filler))
	review := agents.Review{Issues: []agents.Issue{
		{Kind: "grammar", Sentence: "Tolls rose.", Problem: "p"}, {Kind: "missing", Section: "Beds", Problem: "planned, not answered"},
	}}
	if got := writer.OutlineRefinement(draft, review, false, 100_000); len(got) != 0 {
		t.Errorf("a draft that fits has %d parts", len(got))
	}
	got := writer.OutlineRefinement(draft, review, false, 700)
	if len(got) != 2 || !slices.Equal(got[0].Headings, []string{"Tolls"}) || len(got[0].Issues) != 1 || !slices.Equal(got[1].Headings, []string{"Limits"}) || len(got[1].Issues) != 1 {
		t.Fatalf("got %+v", got)
	}
	if all := writer.OutlineRefinement(draft, review, true, 700); len(all) != 4 {
		t.Errorf("comments concern %d parts, want all 4", len(all))
	}
	mended := writer.Replace(draft, []agents.Draft{part("", sectionOf(agents.SectionAnalysis, "Tolls", "Tolls fell."), sectionOf(agents.SectionFindings, "Stray", "x."))})
	if texts := sentences(mended, ""); len(mended.Sections) != 4 || !slices.Contains(texts, "Tolls fell.") || slices.Contains(texts, "Tolls rose.") || mended.Sections[1].Kind != agents.SectionFindings || !slices.Contains(texts, "Fares rose.") {
		t.Errorf("mended: %+v", mended)
	}
}

// A part without a model has its sections and no others, and passes its check.
func TestPartsAreWrittenAndChecked(t *testing.T) {
	t.Parallel()
	in := input()
	in.Part = &writer.Part{Number: 1, Of: 2, Headings: []string{"Reported effects", "Development over time"}}
	findings := write(t, in)
	if len(findings.Sections) != 2 || findings.Sections[0].Kind != agents.SectionFindings || findings.Sections[1].Kind != agents.SectionFindings {
		t.Errorf("the part has %+v", findings.Sections)
	}
	in.Part = &writer.Part{Number: 2, Of: 2}
	written := hold(findings)
	in.Written = &written
	frame := write(t, in)
	if slices.ContainsFunc(frame.Sections, func(s agents.Section) bool { return s.Kind == agents.SectionFindings }) || len(frame.Sections) != 6 {
		t.Errorf("the frame has %+v", frame.Sections)
	}
	definition, err := writer.New().Define()
	if err != nil {
		t.Fatal(err)
	}
	refused := func(in writer.Input, out agents.Draft, want string) {
		t.Helper()
		raw, _ := json.Marshal(in)
		text, _ := json.Marshal(out)
		if _, err := definition.Accept(raw, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	refused(in, part("t", append(frame.Sections, findings.Sections...)...), "the findings are written already")
	refused(in, part("t", frame.Sections[1:]...), `there is none of kind "summary"`)
	in.Part, in.Written = &writer.Part{Number: 1, Of: 2, Headings: []string{"Reported effects", "Development over time"}}, nil
	refused(in, part("t", findings.Sections[0]), "is missing")
	refused(in, part("t", findings.Sections[0], findings.Sections[0], findings.Sections[1]), "is there twice")
	refused(in, part("t", append(findings.Sections, frame.Sections[0])...), "is not of this part")
}
