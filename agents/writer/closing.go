package writer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
)

// recommendations quotes what the sources recommend, and suggests how the
// evidence could be made better. The two are kept apart.
func (m material) recommendations(theme string) agents.Section {
	section := agents.Section{Kind: agents.SectionRecommendations, Heading: "Recommendations"}
	_, quoted := m.under(theme)
	if theme != "" && len(quoted) > 0 {
		section.Paragraphs = append(section.Paragraphs,
			paragraph(agents.Statement{Text: "The sources themselves recommend or require the following.", Evidence: cited(quoted, maxLeadEvidence)}))
		section.Paragraphs = append(section.Paragraphs, m.quotedParagraphs(quoted)...)
	} else {
		section.Paragraphs = append(section.Paragraphs, paragraph(plain("No recommendation of the sources could be quoted on this topic.")))
	}
	if steps := m.nextSteps(); len(steps) > 0 {
		section.Paragraphs = append(section.Paragraphs,
			paragraph(plain("The following steps are suggestions of method that follow from the gaps of this report; they are not findings.")),
			agents.Paragraph{List: true, Sentences: steps})
	}
	return section
}

// nextSteps suggests what would close the gaps.
func (m material) nextSteps() []agents.Statement {
	var steps []agents.Statement
	for _, it := range m.computedItems() {
		if it.Chart != nil && it.Chart.Note != "" {
			table := prose.Quote(prose.TableName(m.evidence[it.Evidence[0]].Title))
			text := "Repeat the trend test on " + table + " once the period that was left out is complete."
			if !slices.ContainsFunc(steps, func(s agents.Statement) bool { return s.Text == text }) && strings.Contains(it.Chart.Note, "data end") {
				steps = append(steps, agents.Statement{Text: text, Evidence: it.Evidence})
			}
		}
	}
	if s, ok := m.directness(); ok {
		text := "Add sources that name " + prose.Quote(m.topic.Subject) + " directly."
		if len(s.Evidence) > 0 {
			text = "Add more sources that name " + prose.Quote(m.topic.Subject) + " directly."
		}
		steps = append(steps, plain(text))
	}
	if missing := m.missingThemes(); len(missing) > 0 {
		steps = append(steps, plain("Look for sources on "+prose.List(missing)+", where nothing could be quoted or computed."))
	}
	if n := len(m.in.Survey.Value.Unread); n > 0 {
		steps = append(steps, plain("Supply the "+prose.WordCount(n, "document")+" that could not be read in another form."))
	}
	if len(m.items) > 0 {
		steps = append(steps, plain("Have a person who knows the field read the quoted passages in their place before anything is decided on them."))
	}
	return steps
}

func (m material) missingThemes() []string {
	var missing []string
	for _, theme := range m.in.Plan.Value.Structure {
		if !slices.Contains(m.themes, theme) && !slices.Contains(missing, theme) {
			missing = append(missing, theme)
		}
	}
	for i := range missing {
		missing[i] = prose.Quote(missing[i])
	}
	return missing
}

// conclusion draws together what can be said, without repeating a sentence.
func (m material) conclusion() agents.Section {
	section := agents.Section{Kind: agents.SectionConclusion, Heading: "Conclusion"}
	if len(m.items) == 0 {
		return emptySection(agents.SectionConclusion, "Conclusion", "The sources at hand do not answer the topic.")
	}
	var sentences []agents.Statement
	if s, ok := m.concludeTrends(); ok {
		sentences = append(sentences, s)
	}
	if s, ok := m.concludeQuotes(); ok {
		sentences = append(sentences, s)
	}
	sentences = append(sentences, plain("What this means for a decision is left to the reader, who can follow every sentence to its place in a source."))
	section.Paragraphs = []agents.Paragraph{paragraph(sentences...)}
	return section
}

func (m material) concludeTrends() (agents.Statement, bool) {
	items, results := m.trends()
	var up, down, flat []string
	for i, r := range results {
		if len(r.Where) > 0 && items[i].Chart == nil {
			continue
		}
		title := prose.TableName(m.evidence[items[i].Evidence[0]].Title)
		name := prose.Quote(title)
		if r.Value != "" || r.Across || len(r.Where) > 0 {
			name = items[i].followed(title) + " of " + name
		}
		list := &flat
		switch {
		case r.Significant && strings.HasPrefix(r.Direction, "incr"):
			list = &up
		case r.Significant:
			list = &down
		}
		if !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
	var parts []string
	if len(up) > 0 {
		parts = append(parts, "growth in "+few(up))
	}
	if len(down) > 0 {
		parts = append(parts, "decline in "+few(down))
	}
	if len(flat) > 0 {
		parts = append(parts, "no clear direction in "+few(flat))
	}
	if len(parts) == 0 {
		return agents.Statement{}, false
	}
	return agents.Statement{Text: "What can be counted shows " + prose.List(parts) + ".", Evidence: cited(items, maxLeadEvidence)}, true
}

// few lists up to three names, and counts the rest.
func few(names []string) string {
	const most = 3
	if len(names) <= most {
		return prose.List(names)
	}
	rest := len(names) - most
	return strings.Join(names[:most], ", ") + " and " + prose.WordCount(rest, "other")
}

func (m material) concludeQuotes() (agents.Statement, bool) {
	var contrary, others []item
	for _, it := range m.items {
		if it.quote == nil {
			continue
		}
		switch {
		case slices.Contains(it.facets, prose.Contrary):
			contrary = append(contrary, it)
		case slices.Contains(it.facets, prose.Effects):
			others = append(others, it)
		}
	}
	switch {
	case len(contrary)+len(others) == 0:
		return agents.Statement{}, false
	case len(contrary) == 0:
		return agents.Statement{Text: "What the quoted sources say points one way only, which may owe as much to their choice as to the matter.", Evidence: cited(others, maxLeadEvidence)}, true
	case len(contrary) >= len(others):
		return agents.Statement{Text: "What the quoted sources say is mostly cautious: negations and doubts are at least as frequent as plain reports of an effect.", Evidence: cited(contrary, maxLeadEvidence)}, true
	}
	return agents.Statement{Text: "What the quoted sources say is mixed: reports of an effect prevail, and stand beside negations and doubts.", Evidence: cited(slices.Concat(others[:1], contrary), maxLeadEvidence)}, true
}

// limitations names what the report cannot know.
func (m material) limitations() agents.Section {
	section := agents.Section{Kind: agents.SectionLimitations, Heading: "Limitations"}
	first := []agents.Statement{
		plain("The text of this report was assembled by fixed rules, without a language model: sentences were selected, counted and quoted, and nothing was interpreted."),
		plain("A quotation stands here without its surroundings, and the selection goes by words, so that relevant passages in other words may have been missed."),
	}
	if n := sources(m.items); n > 0 && n < 5 {
		first = append(first, plain("The quotations come from "+prose.WordCount(n, "source")+", which is few for the topic."))
	}
	section.Paragraphs = append(section.Paragraphs, paragraph(first...))
	var list []agents.Statement
	list = append(list, m.incomplete()...)
	list = append(list, m.unread()...)
	list = append(list, m.unusedTables()...)
	if open := m.unanswered(); len(open) > 0 {
		list = append(list, plain("Nothing could be quoted or computed on "+prose.List(open)+"."))
	}
	for _, gap := range m.gaps {
		list = append(list, plain(gap))
	}
	if len(list) > 0 {
		section.Paragraphs = append(section.Paragraphs, agents.Paragraph{List: true, Sentences: list})
	}
	return section
}

// incomplete says of which periods the tests know nothing.
func (m material) incomplete() []agents.Statement {
	items, results := m.trends()
	var out []agents.Statement
	for i, it := range items {
		var periods []string
		for _, e := range results[i].Excluded {
			periods = append(periods, e.Period)
		}
		if len(periods) == 0 {
			continue
		}
		s := agents.Statement{
			Text: fmt.Sprintf("The tests on %s say nothing of %s, left out as incomplete or sparse.",
				prose.Quote(prose.TableName(m.evidence[it.Evidence[0]].Title)), few(periods)),
			Evidence: it.Evidence,
		}
		if !slices.ContainsFunc(out, func(o agents.Statement) bool { return o.Text == s.Text }) {
			out = append(out, s)
		}
	}
	return out
}

// maxNamed bounds the documents that are named one by one.
const maxNamed = 10

func (m material) unread() []agents.Statement {
	var out []agents.Statement
	unread := m.in.Survey.Value.Unread
	for _, u := range unread[:min(maxNamed, len(unread))] {
		out = append(out, plain("The document "+prose.Quote(u.URI)+" could not be read: "+prose.Close(prose.Shorten(u.Reason, 200))))
	}
	if rest := len(unread) - maxNamed; rest > 0 {
		out = append(out, plain(fmt.Sprintf("A further %s could not be read.", prose.Count(rest, "document"))))
	}
	for _, note := range m.in.Survey.Value.Notes {
		out = append(out, plain(prose.Close(prose.Shorten(note, 300))))
	}
	return out
}

// unusedTables names the tables that nothing was computed from, and the rows that
// were left out of any.
func (m material) unusedTables() []agents.Statement {
	var unused, ragged []agents.Statement
	for _, t := range m.in.Survey.Value.Tables {
		name := prose.Quote(prose.TableName(t.Title))
		used := slices.ContainsFunc(m.items, func(it item) bool {
			e := m.evidence[it.Evidence[0]]
			return e.Computation != nil && (e.URI == t.URI || e.Title == t.Title)
		})
		if !used && len(unused) < maxNamed {
			unused = append(unused, plain("The table "+name+" was not evaluated: nothing was found in it that could be computed for the questions."))
		}
		if t.Dropped > 0 {
			ragged = append(ragged, plain(fmt.Sprintf("In %s, %s left out because the number of cells does not match the header.", name, prose.Count(t.Dropped, "row was", "rows were"))))
		}
	}
	return append(unused, ragged...)
}

// unanswered quotes the questions of the plan that have no finding.
func (m material) unanswered() []string {
	var open []string
	for _, q := range m.in.Plan.Value.Questions {
		answered := slices.ContainsFunc(m.in.Analyses, func(a agents.Held[agents.Analysis]) bool {
			return a.Value.Question == q.ID && len(a.Value.Findings) > 0
		})
		if !answered {
			open = append(open, prose.Quote(strings.TrimSpace(q.Text)))
		}
	}
	return open
}
