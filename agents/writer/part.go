package writer

import (
	"errors"
	"fmt"
	"slices"

	"github.com/quaestor-run/quaestor/agents"
)

// Part is the part of a long report that one call writes: sections of findings,
// or, without headings, all that stands around them. With a previous draft it
// is the sections of that draft that are refined.
type Part struct {
	Number   int      `json:"number"` // from 1
	Of       int      `json:"of"`
	Headings []string `json:"headings,omitempty"`
}

// frame says that the part is what stands around the findings.
func (p Part) frame() bool { return len(p.Headings) == 0 }

// writePart writes a part without a model.
func writePart(in Input) agents.Draft {
	if in.Previous != nil {
		return keepSections(refine(in), func(s agents.Section) bool { return slices.Contains(in.Part.Headings, s.Heading) })
	}
	draft := Compose(in)
	if in.Part.frame() {
		return keepSections(draft, func(s agents.Section) bool { return s.Kind != agents.SectionFindings })
	}
	draft = keepSections(draft, func(s agents.Section) bool {
		return s.Kind == agents.SectionFindings && slices.Contains(in.Part.Headings, s.Heading)
	})
	for _, theme := range in.Part.Headings {
		if !hasHeading(draft, theme) {
			draft.Sections = append(draft.Sections, statements(in, theme))
		}
	}
	return draft
}

// statements is a section of what the analysts stated under a theme.
func statements(in Input, theme string) agents.Section {
	section := agents.Section{Kind: agents.SectionFindings, Heading: theme, Paragraphs: []agents.Paragraph{{}}}
	for _, analysis := range in.Analyses {
		for _, f := range analysis.Value.Findings {
			if f.Theme == theme {
				section.Paragraphs[0].Sentences = append(section.Paragraphs[0].Sentences, agents.Statement{Text: f.Statement, Evidence: f.Evidence})
			}
		}
	}
	return section
}

func keepSections(draft agents.Draft, wanted func(agents.Section) bool) agents.Draft {
	draft.Sections = slices.DeleteFunc(slices.Clone(draft.Sections), func(s agents.Section) bool { return !wanted(s) })
	return draft
}

func hasHeading(draft agents.Draft, heading string) bool {
	return slices.ContainsFunc(draft.Sections, func(s agents.Section) bool { return s.Heading == heading })
}

// checkPart wants exactly the sections of a part, each once.
func checkPart(in Input, out agents.Draft) error {
	var errs []error
	seen := map[string]bool{}
	for i, s := range out.Sections {
		at := fmt.Sprintf("sections[%d]", i)
		switch {
		case in.Part.frame() && s.Kind == agents.SectionFindings:
			errs = append(errs, fmt.Errorf("%s.kind: the findings are written already; leave them out", at))
		case !in.Part.frame() && !slices.Contains(in.Part.Headings, s.Heading):
			errs = append(errs, fmt.Errorf("%s.heading: %q is not of this part; write the sections %q and no other", at, s.Heading, in.Part.Headings))
		case in.Previous == nil && !in.Part.frame() && s.Kind != agents.SectionFindings:
			errs = append(errs, fmt.Errorf("%s.kind: this part has sections of kind %q only", at, agents.SectionFindings))
		case seen[s.Heading]:
			errs = append(errs, fmt.Errorf("%s.heading: %q is there twice; write one section", at, s.Heading))
		}
		seen[s.Heading] = true
	}
	for _, heading := range in.Part.Headings {
		if !seen[heading] {
			errs = append(errs, fmt.Errorf("sections: %q is missing", heading))
		}
	}
	return errors.Join(errs...)
}
