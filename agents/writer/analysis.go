package writer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
)

// analysis says what the findings amount to when they are counted together.
func (m material) analysis() agents.Section {
	section := agents.Section{Kind: agents.SectionAnalysis, Heading: "Analysis"}
	if len(m.items) == 0 {
		return emptySection(agents.SectionAnalysis, "Analysis", "Nothing was found in the sources that could be quoted or computed on this topic, so there is nothing to set side by side.")
	}
	if p := m.trendsTogether(); len(p.Sentences) > 0 {
		section.Paragraphs = append(section.Paragraphs, p)
	}
	if table, ok := m.trendTable(); ok {
		section.Tables = append(section.Tables, table)
	}
	if p := m.balance(); len(p.Sentences) > 0 {
		section.Paragraphs = append(section.Paragraphs, p)
	}
	if p := m.implications(); len(p.Sentences) > 0 {
		section.Paragraphs = append(section.Paragraphs, p)
	}
	if len(section.Paragraphs) == 0 {
		return emptySection(agents.SectionAnalysis, "Analysis", "There is too little evidence to set findings against each other.")
	}
	return section
}

// trends are the items that follow something over time.
func (m material) trends() (items []item, results []result) {
	for _, it := range m.computedItems() {
		if r := it.result; r != nil && len(it.DataPoints) > 0 && r.First != nil && r.Last != nil && r.Direction != "" {
			items = append(items, it)
			results = append(results, *r)
		}
	}
	return items, results
}

func (m material) trendsTogether() agents.Paragraph {
	items, results := m.trends()
	if len(items) < 2 {
		return agents.Paragraph{}
	}
	up, down, flat := 0, 0, 0
	var rising, falling []item
	for i, r := range results {
		switch {
		case !r.Significant:
			flat++
		case strings.HasPrefix(r.Direction, "incr"):
			up++
			rising = append(rising, items[i])
		default:
			down++
			falling = append(falling, items[i])
		}
	}
	total := len(items)
	ids := cited(items, maxLeadEvidence)
	var text string
	switch {
	case up == 2 && total == 2:
		text = "Both series that could be tested rise significantly."
	case down == 2 && total == 2:
		text = "Both series that could be tested fall significantly."
	case up == total:
		text = fmt.Sprintf("All %s that could be tested rise significantly.", prose.WordCount(total, "series", "series"))
	case down == total:
		text = fmt.Sprintf("All %s that could be tested fall significantly.", prose.WordCount(total, "series", "series"))
	default:
		var parts []string
		for _, part := range []struct {
			n    int
			verb string
		}{{up, "rise"}, {down, "fall"}, {flat, "show"}} {
			if part.n == 0 {
				continue
			}
			verb, rest := part.verb, " significantly"
			if part.verb == "show" {
				rest = " no significant trend"
			}
			parts = append(parts, prose.Word(part.n)+" "+verbFor(part.n, verb+"s", verb)+rest)
		}
		text = fmt.Sprintf("Of the %s that could be tested, %s.", prose.WordCount(total, "series", "series"), prose.List(parts))
	}
	sentences := []agents.Statement{{Text: text, Evidence: ids}}
	if m.tablesOf(rising) > 1 || m.tablesOf(falling) > 1 {
		sentences = append(sentences, plain("Tables that draw on the same records agree by construction, so their agreement is no independent confirmation."))
	}
	return paragraph(sentences...)
}

// trendTable sets the tested series side by side.
func (m material) trendTable() (agents.DataTable, bool) {
	items, results := m.trends()
	if len(items) < 2 {
		return agents.DataTable{}, false
	}
	table := agents.DataTable{
		Caption:  "Trend tests side by side",
		Columns:  []string{"Series", "Tested", "n", "Direction", "p", "Theil-Sen slope"},
		Evidence: cited(items, maxLeadEvidence),
	}
	for i, it := range items {
		r := results[i]
		name := prose.TableName(m.evidence[it.Evidence[0]].Title)
		if unit := it.DataPoints[0].Unit; (r.Value != "" || r.Across) && !strings.EqualFold(unit, name) {
			name += ", " + unit
		}
		for _, c := range r.Where {
			if !strings.EqualFold(c.Equals, it.DataPoints[0].Unit) {
				name += ", " + c.Equals
			}
		}
		per := r.Slope.Per
		if per == "" {
			per = "year"
		}
		direction := r.Direction
		if !r.Significant {
			direction = "not significant"
		}
		table.Rows = append(table.Rows, []string{
			name, r.First.Period + " to " + r.Last.Period, prose.Integer(r.N), direction,
			strings.TrimPrefix(strings.TrimPrefix(prose.PValue(r.P), "p = "), "p "), prose.Figure(r.Slope.Value) + " per " + per,
		})
	}
	return table, true
}

// balance counts what the quotations say: for, against, and how old they are.
func (m material) balance() agents.Paragraph {
	var effects, contrary, quoted []item
	oldest, newest := 0, 0
	for _, it := range m.items {
		if it.quote == nil {
			continue
		}
		quoted = append(quoted, it)
		switch {
		case slices.Contains(it.facets, prose.Contrary):
			contrary = append(contrary, it)
		case slices.Contains(it.facets, prose.Effects):
			effects = append(effects, it)
		}
		if y := it.quote.Year; y > 0 {
			if oldest == 0 || y < oldest {
				oldest = y
			}
			newest = max(newest, y)
		}
	}
	if len(quoted) < 2 {
		return agents.Paragraph{}
	}
	var sentences []agents.Statement
	if oldest > 0 && oldest < newest {
		sentences = append(sentences, agents.Statement{Text: fmt.Sprintf("The dated quotations span the years %d to %d.", oldest, newest), Evidence: cited(edges(quoted, oldest, newest), maxLeadEvidence)})
	}
	if len(effects) > 0 {
		sentences = append(sentences, agents.Statement{
			Text:     fmt.Sprintf("Of %s, %s %s of an effect, an association or a difference in words that do not negate it.", prose.WordCount(len(quoted), "quotation"), prose.Word(len(effects)), verbFor(len(effects), "speaks", "speak")),
			Evidence: cited(effects, maxLeadEvidence),
		})
	}
	if len(contrary) > 0 {
		sentences = append(sentences, agents.Statement{
			Text:     fmt.Sprintf("%s %s a negation or a doubt: no difference, no change, or something that was not shown.", prose.Capital(prose.WordCount(len(contrary), "quotation")), verbFor(len(contrary), "carries", "carry")),
			Evidence: cited(contrary, maxLeadEvidence),
		})
	}
	if len(effects) > 0 && len(contrary) > 0 {
		sentences = append(sentences, plain("A count of sentences weighs neither the size nor the quality of the studies behind them."))
	}
	return paragraph(sentences...)
}

func edges(items []item, years ...int) []item {
	return slices.DeleteFunc(slices.Clone(items), func(it item) bool { return !slices.Contains(years, it.quote.Year) })
}

// maxImplications bounds the implications that are carried over.
const maxImplications = 4

func (m material) implications() agents.Paragraph {
	var sentences []agents.Statement
	for _, it := range m.items {
		for _, text := range it.Implications {
			text = prose.Close(strings.TrimSpace(text))
			known := slices.ContainsFunc(sentences, func(s agents.Statement) bool { return prose.Similarity(s.Text, text) > 0.5 })
			if text != "." && !known && len(sentences) < maxImplications {
				sentences = append(sentences, agents.Statement{Text: text, Evidence: it.Evidence})
			}
		}
	}
	return paragraph(sentences...)
}
