package reviewer

import (
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
)

// Unanswered lists what was planned and has no findings in a draft: questions, in
// their own words or by the theme by which the limitations name them, and themes
// that no question was asked of.
func Unanswered(plan agents.Plan, draft agents.Draft) []string {
	var missing []string
	themes := map[string]bool{}
	for _, q := range plan.Questions {
		themes[q.Theme] = true
		if answered(draft, q) {
			continue
		}
		name := prose.Inner(q.Text)
		if named(draft, q) && !named(draft, agents.Question{Text: q.Text, Theme: q.Text}) {
			name = q.Theme
		}
		if !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
	}
	for _, theme := range plan.Structure {
		if !themes[theme] && !answered(draft, agents.Question{Theme: theme}) {
			missing = append(missing, theme)
		}
	}
	return missing
}

// answered says that a draft has findings under the theme of a question, or, for
// one that asks for advice, recommendations that cite.
func answered(draft agents.Draft, q agents.Question) bool {
	for _, s := range draft.Sections {
		switch {
		case s.Kind == agents.SectionFindings && s.Heading == q.Theme,
			s.Kind == agents.SectionRecommendations && prose.QuestionFacet(q.Text) == prose.Advice && cites(s):
			return true
		}
	}
	return false
}

// named says that the limitations of a draft name a question or its theme.
func named(draft agents.Draft, q agents.Question) bool {
	for section, s := range draft.Statements() {
		if section.Kind == agents.SectionLimitations && (strings.Contains(s.Text, prose.Inner(q.Text)) || strings.Contains(s.Text, prose.Quote(q.Theme))) {
			return true
		}
	}
	return false
}
