package activity

import (
	"context"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/reviewer"
	"github.com/quaestor-run/quaestor/workflows"
)

// nameMissing says in the limitations of a draft what was planned and has no
// findings, and what the reviewer misses, so far as they do not say it yet.
func (a *Activities) nameMissing(ctx context.Context, in workflows.Publication, draft *agents.Draft) error {
	at := slices.IndexFunc(draft.Sections, func(s agents.Section) bool { return s.Kind == agents.SectionLimitations })
	if at < 0 {
		return nil
	}
	limitations := &draft.Sections[at]
	if in.Plan != "" {
		plan, err := load[agents.Plan](ctx, a.Store, in.Plan)
		if err != nil {
			return err
		}
		appendMissing(limitations, "No findings were made on what was planned: ", reviewer.Unanswered(plan, *draft))
	}
	if in.Review != "" {
		review, err := load[agents.Review](ctx, a.Store, in.Review)
		if err != nil {
			return err
		}
		appendMissing(limitations, "The review found these perspectives missing: ", review.Missing)
	}
	return nil
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
