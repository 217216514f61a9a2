package writer

import (
	"strings"

	"github.com/quaestor-run/quaestor/agents/prose"
)

// lead introduces a theme by what it rests on, in the words of what the theme
// asks.
func (m material) lead(theme string, computed, quoted []item) string {
	tables := ""
	if n := m.tablesOf(computed); n > 0 {
		tables = prose.WordCount(n, "table")
	}
	texts := ""
	if n := sources(quoted); n > 0 {
		texts = prose.WordCount(n, "source")
	}
	if tables == "" && texts == "" {
		return ""
	}
	switch m.facetOf(theme) {
	case prose.Development:
		return clauses("Changes over time can be counted in ", tables, "are described by ", texts)
	case prose.Distribution:
		return clauses("Where activity is concentrated can be counted in ", tables, "is touched on by ", texts)
	case prose.Effects:
		return clauses("Effects can be counted in ", tables, "are reported by ", texts)
	case prose.Harms:
		return clauses("Risks and harms are recorded in ", tables, "are named by ", texts)
	case prose.Contrary:
		return clauses("Null, mixed or contrary results can be counted in ", tables, "are reported by ", texts)
	case prose.Limits:
		return clauses("Limits of the evidence can be counted in ", tables, "are named by ", texts)
	}
	return clauses("This question can be followed in ", tables, "is addressed by ", texts)
}

// clauses joins what tables and texts do with a common subject, leaving out
// whichever there is none of.
func clauses(subjectAndFirst, tables, second, texts string) string {
	switch {
	case tables == "":
		subject := subjectAndFirst
		for _, verb := range []string{" can be ", " are recorded "} {
			subject, _, _ = strings.Cut(subject, verb)
		}
		return subject + " " + second + texts + "."
	case texts == "":
		return subjectAndFirst + tables + "."
	}
	return subjectAndFirst + tables + " and " + second + texts + "."
}

// facetOf is what the question of a theme asks for; a theme that is the user's
// own question asks for itself.
func (m material) facetOf(theme string) prose.Facet {
	for _, q := range m.in.Plan.Value.Questions {
		if q.Theme == theme && prose.Similarity(q.Theme, q.Text) < 0.9 {
			return prose.QuestionFacet(q.Text)
		}
	}
	return prose.General
}
