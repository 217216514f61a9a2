package writer

import (
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
)

// material is everything the report is made of, sorted for writing.
type material struct {
	in       Input
	topic    prose.Topic
	evidence map[string]agents.Evidence
	themes   []string // in order, only those that have items
	items    []item   // each statement and each quotation once
	asked    []asked
	named    map[string]bool // sources that were named in full
	gaps     []string
}

// item is one finding as it will stand in the report.
type item struct {
	agents.Finding
	theme  string
	print  prose.Fingerprint // of the quotation, or of the statement
	direct bool              // its source names the subject of the topic itself
	result *result           // set when the first evidence is a computation that could be read

	quote    *agents.Evidence // set when the finding is a verbatim quotation, as is what follows
	facets   []prose.Facet
	gist     string
	strength float64
}

// asked is a question of the plan and what it asks for.
type asked struct {
	agents.Question
	facet prose.Facet
	own   bool // the user's own question, which is its own theme
}

func (i item) computed(evidence map[string]agents.Evidence) bool {
	return len(i.Evidence) > 0 && evidence[i.Evidence[0]].Computation != nil
}

func (i item) source() prose.Source {
	return prose.Source{Title: i.quote.Title, Year: i.quote.Year, Heading: i.quote.Heading}
}

func newMaterial(in Input) material {
	m := material{in: in, topic: prose.ParseTopic(in.Topic, in.Survey.Value.Titles()...), evidence: make(map[string]agents.Evidence), named: make(map[string]bool)}
	for _, e := range in.Evidence.Value {
		m.evidence[e.ID] = e
	}
	for _, q := range in.Plan.Value.Questions {
		m.asked = append(m.asked, asked{q, prose.QuestionFacet(q.Text), prose.Similarity(q.Theme, q.Text) > 0.9})
	}
	var all []item
	analysed := make(map[string]bool)
	for _, held := range in.Analyses {
		for _, f := range held.Value.Findings {
			if it, ok := m.item(f); ok {
				all = append(all, it)
			}
			for _, id := range f.Cited() {
				analysed[id] = true
			}
		}
		for _, gap := range held.Value.Gaps {
			if len(held.Value.Findings) == 0 && m.restates(gap, held.Value.Question) {
				continue // the question is listed among those without an answer
			}
			if gap = prose.Close(strings.TrimSpace(gap)); !slices.Contains(m.gaps, gap) {
				m.gaps = append(m.gaps, gap)
			}
		}
	}
	all = append(all, m.unanalysed(analysed)...)
	m.items = once(m.placed(all))
	for i := range m.items {
		if it := &m.items[i]; it.quote != nil {
			it.gist = prose.Gist(it.quote.Quote)
			it.strength = strength(*it)
		}
	}
	m.themes = m.themeOrder()
	return m
}

// restates says that a gap only says that its question has no answer.
func (m material) restates(gap, question string) bool {
	for _, q := range m.in.Plan.Value.Questions {
		if q.ID == question {
			return strings.Contains(gap, prose.Inner(q.Text))
		}
	}
	return false
}

// item reads a finding; one that cites nothing known is left out.
func (m material) item(f agents.Finding) (item, bool) {
	f.Evidence = slices.DeleteFunc(slices.Clone(f.Evidence), func(id string) bool { _, ok := m.evidence[id]; return !ok })
	if len(f.Evidence) == 0 || strings.TrimSpace(f.Statement) == "" {
		return item{}, false
	}
	it := item{Finding: f, theme: f.Theme}
	e := m.evidence[f.Evidence[0]]
	if passage, ok := m.passage(f); ok {
		read := prose.NewSentence(passage.Quote)
		it.quote, it.facets, it.print = &passage, read.Facets(), read.Print()
	} else {
		it.result, it.print = readResult(e), prose.Print(f.Statement)
	}
	it.direct = m.topic.Names(e.Title + " . " + e.Quote)
	return it, true
}

// passage is the quotation a finding consists of: the sentence, or the
// consecutive sentences, of one source that its statement holds word for word.
func (m material) passage(f agents.Finding) (agents.Evidence, bool) {
	passage := m.evidence[f.Evidence[0]]
	if passage.Computation != nil {
		return agents.Evidence{}, false
	}
	for _, id := range f.Evidence[1:] {
		next := m.evidence[id]
		if next.SHA256 != passage.SHA256 || next.Computation != nil {
			return agents.Evidence{}, false
		}
		passage.Quote += " " + next.Quote
	}
	return passage, strings.Contains(f.Statement, prose.Inner(passage.Quote))
}

// unanalysed makes findings of evidence that was gathered and that no analysis
// took up, as happens when a run ends early.
func (m material) unanalysed(analysed map[string]bool) []item {
	if len(m.in.Analyses) > 0 && m.in.Notice == "" {
		return nil
	}
	var items []item
	for _, e := range m.in.Evidence.Value {
		if analysed[e.ID] || e.Computation != nil || e.Quote == "" {
			continue
		}
		source := prose.Source{Title: e.Title, Year: e.Year, Heading: e.Heading}
		f := agents.Finding{Statement: source.Attribute(e.Quote), Theme: m.themeFor(e.Quote), Confidence: "low", Evidence: []string{e.ID}}
		if it, ok := m.item(f); ok {
			items = append(items, it)
		}
	}
	return items
}

// otherTheme holds what no theme of the plan fits.
const otherTheme = "Further evidence"

func (m material) themeFor(text string) string {
	facets := prose.SentenceFacets(text)
	for _, q := range m.asked {
		if len(facets) > 0 && facets[0] == q.facet {
			return q.Theme
		}
	}
	return otherTheme
}

// placed decides for quotations that several questions found under which theme
// they stand: the one whose question asks for what the sentence says first.
// Questions of the user's own keep what answers them.
func (m material) placed(all []item) []item {
	home := make(map[string]string) // evidence id to theme
	best := make(map[string]int)
	for _, it := range all {
		if it.quote == nil {
			continue
		}
		rank := m.rank(it)
		if held, ok := best[it.quote.ID]; !ok || rank < held {
			best[it.quote.ID], home[it.quote.ID] = rank, it.theme
		}
	}
	for i, it := range all {
		if it.quote != nil {
			all[i].theme = home[it.quote.ID]
		}
	}
	return all
}

// rank is how far down among what a sentence says its theme's question comes.
func (m material) rank(it item) int {
	for _, q := range m.asked {
		if q.Theme != it.theme {
			continue
		}
		if q.own {
			return -1
		}
		if at := slices.Index(it.facets, q.facet); at >= 0 {
			return at
		}
	}
	return 99
}

// once drops what was already said: the same quotation, or nearly the same
// words. Of a finding that comes twice the first stays.
func once(all []item) []item {
	var kept []item
	quoted := make(map[string]bool)
	for _, it := range all {
		if it.quote != nil && quoted[it.quote.ID] {
			continue
		}
		if slices.ContainsFunc(kept, func(k item) bool { return sameItem(k, it) }) {
			continue
		}
		if it.quote != nil {
			quoted[it.quote.ID] = true
		}
		kept = append(kept, it)
	}
	return kept
}

func sameItem(a, b item) bool {
	if a.quote != nil && b.quote != nil {
		return a.print.Same(b.print)
	}
	return a.Statement == b.Statement || a.quote == nil && b.quote == nil && slices.Equal(a.Evidence, b.Evidence) && a.print.Same(b.print)
}

func (m material) themeOrder() []string {
	var order []string
	add := func(theme string) {
		if !slices.Contains(order, theme) && slices.ContainsFunc(m.items, func(it item) bool { return it.theme == theme }) {
			order = append(order, theme)
		}
	}
	for _, theme := range m.in.Plan.Value.Structure {
		add(theme)
	}
	for _, it := range m.items {
		add(it.theme)
	}
	return order
}

// under lists the items of a theme: computed ones first, then quotations by
// source, the sources that name the subject before the others.
func (m material) under(theme string) (computed, quoted []item) {
	for _, it := range m.items {
		switch {
		case it.theme != theme:
		case it.quote == nil:
			computed = append(computed, it)
		default:
			quoted = append(quoted, it)
		}
	}
	return m.telling(computed), bySource(quoted)
}

func bySource(items []item) []item {
	var order []string
	for _, direct := range []bool{true, false} {
		for _, it := range items {
			if it.direct == direct && !slices.Contains(order, it.key()) {
				order = append(order, it.key())
			}
		}
	}
	var out []item
	for _, source := range order {
		for _, it := range items {
			if it.key() == source {
				out = append(out, it)
			}
		}
	}
	return out
}

// key tells sources apart.
func (i item) key() string { return i.quote.SHA256 + i.quote.URI }

// sources counts the distinct sources of quotations among items.
func sources(items []item) int {
	var seen []string
	for _, it := range items {
		if it.quote != nil && !slices.Contains(seen, it.key()) {
			seen = append(seen, it.key())
		}
	}
	return len(seen)
}

func cited(items []item, limit int) []string {
	var ids []string
	for _, it := range items {
		for _, id := range it.Evidence {
			if !slices.Contains(ids, id) && len(ids) < limit {
				ids = append(ids, id)
			}
		}
	}
	return ids
}
