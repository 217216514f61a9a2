package writer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
	"github.com/quaestor-run/quaestor/tools"
)

// The size of the summary.
const (
	summaryItems    = 7
	summaryComputed = 3
)

// summary restates the strongest items in fewer words, computed ones first.
func (m material) summary() agents.Section {
	section := agents.Section{Kind: agents.SectionSummary, Heading: "Executive summary"}
	var first []agents.Statement
	if m.in.Notice != "" {
		first = append(first, plain("This is a partial report: "+prose.Close(strings.TrimSpace(m.in.Notice))))
	}
	first = append(first, m.basis())
	section.Paragraphs = append(section.Paragraphs, paragraph(first...))
	list := agents.Paragraph{List: true, Sentences: m.headlines()}
	if len(list.Sentences) > 0 {
		section.Paragraphs = append(section.Paragraphs, list)
	}
	if s, ok := m.directness(); ok {
		section.Paragraphs = append(section.Paragraphs, paragraph(s))
	}
	return section
}

// basis says on how much the report rests.
func (m material) basis() agents.Statement {
	var parts []string
	if n := m.tablesOf(m.items); n > 0 {
		parts = append(parts, prose.WordCount(n, "table"))
	}
	quotations := len(m.items) - len(m.computedItems())
	if n := sources(m.items); n > 0 {
		parts = append(parts, fmt.Sprintf("%s from %s", prose.Count(quotations, "quotation"), prose.WordCount(n, "source")))
	}
	if len(parts) == 0 {
		return plain("The sources hold nothing that could be quoted or computed on this topic.")
	}
	total := m.in.Survey.Value.Total
	text := "This evidence digest rests on " + prose.List(parts)
	if total > 0 {
		text += ", out of " + prose.Count(total, "document") + " searched"
	}
	return plain(text + ".")
}

func (m material) computedItems() []item {
	return slices.DeleteFunc(slices.Clone(m.items), func(it item) bool { return it.quote != nil })
}

func (m material) headlines() []agents.Statement {
	var out []agents.Statement
	for _, it := range m.telling(m.computedItems()) {
		if short := m.short(it); short != "" && len(out) < summaryComputed {
			out = append(out, agents.Statement{Text: short, Evidence: it.Evidence})
		}
	}
	for _, it := range m.strongestQuotes(summaryItems - len(out)) {
		out = append(out, agents.Statement{Text: gist(it), Evidence: it.Evidence})
	}
	return out
}

// telling orders computed items by what they tell: series of single groups that
// are drawn, since they are what was asked for, then significant trends, counts, and
// series that show no trend; what was computed together stays together.
func (m material) telling(items []item) []item {
	type ranked struct {
		item
		rank int
		p    float64
	}
	order := make([]ranked, len(items))
	for i, it := range items {
		order[i] = ranked{it, 3, 0}
		switch r := it.result; {
		case r == nil:
		case len(r.Where) > 0 && it.Chart != nil:
			order[i].rank = -1
		case r.Direction == "":
			order[i].rank = 1
		case r.Significant:
			order[i].rank, order[i].p = 0, r.P
		default:
			order[i].rank, order[i].p = 2, r.P
		}
	}
	slices.SortStableFunc(order, func(a, b ranked) int { return cmp.Or(a.rank-b.rank, cmp.Compare(a.p, b.p)) })
	out := make([]item, len(order))
	for i, o := range order {
		out[i] = o.item
	}
	return out
}

// A quotation below leastStrength stands in the summary only while there are
// fewer than fewQuotes.
const (
	leastStrength = 2
	fewQuotes     = 2
)

// strongestQuotes picks one quotation of each source, across the themes.
func (m material) strongestQuotes(limit int) []item {
	var quoted []item
	for _, it := range m.items {
		if it.quote != nil && len(strings.Fields(it.gist)) <= 32 {
			quoted = append(quoted, it)
		}
	}
	slices.SortStableFunc(quoted, func(a, b item) int { return cmp.Compare(b.strength, a.strength) })
	var out []item
	perTheme := make(map[string]int)
	add := func(it item) {
		perTheme[it.theme]++
		out = append(out, it)
	}
	for _, spread := range []int{1, 2, limit} {
		for _, it := range quoted {
			taken := slices.ContainsFunc(out, func(o item) bool { return o.key() == it.key() })
			weak := it.strength < leastStrength && len(out) >= fewQuotes
			if len(out) < limit && !taken && !weak && perTheme[it.theme] < spread {
				add(it)
			}
		}
	}
	for _, it := range quoted { // a second sentence of a source, where sources are few
		taken := slices.ContainsFunc(out, func(o item) bool { return o.quote.ID == it.quote.ID })
		if len(out) < min(limit, 2*fewQuotes) && !taken {
			add(it)
		}
	}
	return out
}

// strength is how well a quotation stands in a summary.
func strength(it item) float64 {
	score := map[string]float64{"high": 2, "medium": 1}[it.Confidence]
	if it.direct {
		score += 2
	}
	if it.source().Section() == prose.SectionConclusion {
		score += 2
	}
	if slices.Contains(it.facets, prose.Contrary) || slices.Contains(it.facets, prose.Effects) {
		score++
	}
	if n := len(strings.Fields(it.gist)); n > 24 || n < 8 {
		score--
	}
	if acronymPattern.MatchString(it.gist) || strings.HasPrefix(it.gist, "This ") {
		score -= 0.5 // it needs its title to be understood
	}
	if strings.HasPrefix(it.gist, "Although") || strings.HasPrefix(it.gist, "While") || len(it.Evidence) > 1 {
		score -= 2
	}
	return score
}

var acronymPattern = regexp.MustCompile(`\b[A-Z]{3,}s?\b`)

// gist restates a quotation by its main clause.
func gist(it item) string {
	return fmt.Sprintf("%s %s, in short: “%s”.", it.source().Short().Name(), it.source().Verb(it.quote.Quote), it.gist)
}

// result is what the summary needs of a computation, whichever tool made it.
type result struct {
	Direction   string            `json:"direction"`
	Significant bool              `json:"significant"`
	P           float64           `json:"p"`
	Value       string            `json:"value"`
	Across      bool              `json:"across"`
	Aggregate   string            `json:"aggregate"`
	Column      string            `json:"column"`
	First       *point            `json:"first"`
	Last        *point            `json:"last"`
	N           int               `json:"n"`
	Where       []tools.Condition `json:"where"`
	Excluded    []struct {
		Period string `json:"period"`
	} `json:"excluded"`
	Slope struct {
		Value float64 `json:"value"`
		Per   string  `json:"per"`
	} `json:"slope"`
	Describe *struct {
		Mean float64 `json:"mean"`
	} `json:"describe"`
	Frequency *struct {
		Rows []struct {
			Value string  `json:"value"`
			Share float64 `json:"share"`
		} `json:"rows"`
	} `json:"frequency"`
}

type point struct {
	Period string  `json:"period"`
	Value  float64 `json:"value"`
}

// readResult reads a computation. What a tool puts elsewhere stays empty.
func readResult(e agents.Evidence) *result {
	var r result
	if e.Computation == nil || json.Unmarshal(e.Computation.Result, &r) != nil {
		return nil
	}
	return &r
}

// short restates a computed finding in few words; empty when it has no short
// form or only adds to the finding before it.
func (m material) short(it item) string {
	r := it.result
	if r == nil || len(it.DataPoints) == 0 || len(r.Where) > 0 && it.Chart == nil {
		return ""
	}
	title := prose.TableName(m.evidence[it.Evidence[0]].Title)
	table := prose.Quote(title)
	switch {
	case r.First != nil && r.Last != nil && r.Direction != "":
		return it.shortTrend(title)
	case r.Describe != nil:
		return fmt.Sprintf("In %s, the mean of %s is %s.", table, prose.Quote(it.DataPoints[0].Unit), prose.Figure(r.Describe.Mean))
	case r.Frequency != nil && len(r.Frequency.Rows) > 0 && len(r.Frequency.Rows[0].Value) > 3:
		top := r.Frequency.Rows[0]
		return fmt.Sprintf("In %s, %s of the records fall to %s.", table, prose.Percent(top.Share), prose.Quote(top.Value))
	}
	return ""
}

// followed names the figures of a trend and the rows of the table they are of.
func (it item) followed(table string) string {
	r, unit, name := it.result, it.DataPoints[0].Unit, "yearly records"
	switch {
	case r.Across && strings.EqualFold(unit, table):
		name = "the figure"
		if sum := map[string]string{"sum": "the total", "mean": "the mean"}[r.Aggregate]; sum != "" && len(r.Where) == 0 {
			name = sum
		}
	case r.Value != "" || r.Across:
		name = prose.Quote(unit)
	case r.Slope.Per != "" && r.Slope.Per != "year":
		name = "records per " + r.Slope.Per
	}
	var groups []string
	for _, c := range r.Where {
		if !strings.EqualFold(c.Equals, unit) {
			groups = append(groups, prose.Quote(c.Equals))
		}
	}
	if len(groups) > 0 {
		name += " for " + prose.List(groups)
	}
	return name
}

func (it item) shortTrend(title string) string {
	r, what, table := it.result, it.followed(title), prose.Quote(title)
	span := fmt.Sprintf("%s (%s) to %s (%s)", prose.Figure(r.First.Value), r.First.Period, prose.Figure(r.Last.Value), r.Last.Period)
	if !r.Significant {
		return fmt.Sprintf("In %s, %s went from %s without a significant trend.", table, what, span)
	}
	word := "up"
	if strings.HasPrefix(r.Direction, "decr") {
		word = "down"
	}
	return fmt.Sprintf("In %s, %s went %s from %s, a statistically significant trend (%s).", table, what, word, span, prose.PValue(r.P))
}

// directness says how many of the quoted sources name the subject itself.
func (m material) directness() (agents.Statement, bool) {
	var direct, all []string
	var of []item
	for _, it := range m.items {
		if it.quote == nil {
			continue
		}
		key := it.key()
		if !slices.Contains(all, key) {
			all = append(all, key)
		}
		if it.direct && !slices.Contains(direct, key) {
			direct = append(direct, key)
			of = append(of, it)
		}
	}
	if len(all) == 0 || len(direct) == len(all) || m.topic.Phrase == "the topic" || len(m.topic.Terms()) == 0 {
		return agents.Statement{}, false
	}
	if len(direct) == 0 {
		return plain(fmt.Sprintf("None of the quoted sources names %s or a close synonym; they concern related subjects, and carry over only with care.", m.topic.Subject)), true
	}
	return agents.Statement{Text: fmt.Sprintf("Of the %s quoted, %s %s %s or a close synonym; the others concern related subjects, and carry over only with care.",
		prose.WordCount(len(all), "source"), prose.Word(len(direct)), verbFor(len(direct), "names", "name"), m.topic.Subject), Evidence: cited(of, maxLeadEvidence)}, true
}

func verbFor(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
