package activity

import (
	"context"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/reviewer"
	"github.com/quaestor-run/quaestor/workflows"
)

// Gaps are what a report does not answer.
type Gaps struct {
	Unanswered   []string `json:"unanswered,omitempty"`   // planned, and without findings
	Perspectives []string `json:"perspectives,omitempty"` // that the reviewer misses
}

// gaps holds a draft against its plan and its last review.
func (a *Activities) gaps(ctx context.Context, in workflows.Publication, draft agents.Draft) (Gaps, error) {
	var gaps Gaps
	if in.Plan != "" {
		plan, err := load[agents.Plan](ctx, a.Store, in.Plan)
		if err != nil {
			return gaps, err
		}
		gaps.Unanswered = reviewer.Unanswered(plan, draft)
	}
	if in.Review != "" {
		review, err := load[agents.Review](ctx, a.Store, in.Review)
		if err != nil {
			return gaps, err
		}
		gaps.Perspectives = review.Missing
	}
	return gaps, nil
}

// name says them in the limitations of a draft, so far as they do not say it yet.
func (g Gaps) name(draft agents.Draft) agents.Draft {
	at := slices.IndexFunc(draft.Sections, func(s agents.Section) bool { return s.Kind == agents.SectionLimitations })
	if at < 0 {
		return draft
	}
	draft.Sections = slices.Clone(draft.Sections)
	limitations := &draft.Sections[at]
	limitations.Paragraphs = slices.Clip(limitations.Paragraphs)
	appendMissing(limitations, "No findings were made on what was planned: ", g.Unanswered)
	appendMissing(limitations, "The review found these perspectives missing: ", g.Perspectives)
	return draft
}

// appendMissing adds one sentence that names what a section does not name yet.
func appendMissing(section *agents.Section, opening string, missing []string) {
	var said strings.Builder
	for _, p := range section.Paragraphs {
		for _, s := range p.Sentences {
			said.WriteString(strings.ToLower(s.Text) + "\n")
		}
	}
	var list []string
	for _, text := range missing {
		text = strings.TrimRight(strings.TrimSpace(text), ".")
		if text != "" && !strings.Contains(said.String(), strings.ToLower(strings.TrimRight(text, "?"))) {
			list = append(list, "“"+text+"”")
		}
	}
	if len(list) > 0 {
		section.Paragraphs = append(section.Paragraphs, agents.Paragraph{Sentences: []agents.Statement{{
			Text: opening + strings.Join(list, "; ") + ".", Evidence: []string{},
		}}})
	}
}
