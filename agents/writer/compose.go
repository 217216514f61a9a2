package writer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
)

// Compose writes a report by fixed rules, from whatever there is: it arranges,
// counts and quotes. With a Notice it is labelled as partial. It is pure.
func Compose(in Input) agents.Draft {
	m := newMaterial(in)
	draft := agents.Draft{Title: m.title()}
	draft.Sections = append(draft.Sections, m.summary(), m.introduction())
	advice := m.adviceTheme()
	for _, theme := range m.themes {
		if theme != advice {
			draft.Sections = append(draft.Sections, m.findings(theme))
		}
	}
	draft.Sections = append(draft.Sections, m.analysis(), m.recommendations(advice), m.conclusion(), m.limitations())
	return draft
}

func (m material) title() string {
	title := m.in.Plan.Value.Title
	if title == "" {
		title = prose.Capital(prose.Shorten(m.topic.Text, 150))
	}
	if m.in.Notice != "" && !strings.HasPrefix(title, "Partial report") {
		title = "Partial report: " + title
	}
	return title
}

func (m material) adviceTheme() string {
	for _, q := range m.in.Plan.Value.Questions {
		if prose.QuestionFacet(q.Text) == prose.Advice && q.Theme != q.Text {
			return q.Theme
		}
	}
	return ""
}

func emptySection(kind agents.SectionKind, heading, text string) agents.Section {
	return agents.Section{Kind: kind, Heading: heading, Paragraphs: []agents.Paragraph{paragraph(plain(text))}}
}

func plain(text string) agents.Statement {
	return agents.Statement{Text: text, Evidence: []string{}}
}

func paragraph(sentences ...agents.Statement) agents.Paragraph {
	return agents.Paragraph{Sentences: sentences}
}

// maxLeadEvidence bounds the ids of a sentence that counts what follows.
const maxLeadEvidence = 12

func (m material) findings(theme string) agents.Section {
	computed, quoted := m.under(theme)
	section := agents.Section{Kind: agents.SectionFindings, Heading: theme}
	if text := m.lead(theme, computed, quoted); text != "" && !m.named[text] {
		m.named[text] = true
		section.Paragraphs = append(section.Paragraphs, paragraph(agents.Statement{Text: text, Evidence: cited(slices.Concat(computed, quoted), maxLeadEvidence)}))
	}
	section.Paragraphs = append(section.Paragraphs, m.computedParagraphs(computed)...)
	section.Paragraphs = append(section.Paragraphs, m.quotedParagraphs(quoted)...)
	section.Tables, section.Charts = m.exhibits(computed)
	return section
}

func (m material) tablesOf(items []item) int {
	var seen []string
	for _, it := range items {
		if e := m.evidence[it.Evidence[0]]; it.computed(m.evidence) && !slices.Contains(seen, e.URI+e.SHA256) {
			seen = append(seen, e.URI+e.SHA256)
		}
	}
	return len(seen)
}

// computedParagraphs puts all that was computed from one result into one
// paragraph.
func (m material) computedParagraphs(items []item) []agents.Paragraph {
	var out []agents.Paragraph
	var last []string
	for _, it := range items {
		s := agents.Statement{Text: it.Statement, Evidence: it.Evidence}
		if len(out) > 0 && slices.Equal(last, it.Evidence) {
			at := len(out) - 1
			out[at].Sentences = append(out[at].Sentences, s)
		} else {
			out = append(out, paragraph(s))
		}
		last = it.Evidence
		for _, c := range it.Counter {
			if m.newCounter(c) {
				out[len(out)-1].Sentences = append(out[len(out)-1].Sentences, against(c))
			}
		}
	}
	return out
}

func against(c agents.Statement) agents.Statement {
	return agents.Statement{Text: "A contrary or null result on a like matter: " + c.Text, Evidence: c.Evidence}
}

// quotedParagraphs gives each source a paragraph with what it says on the
// theme, and what another source says against it.
func (m material) quotedParagraphs(items []item) []agents.Paragraph {
	var out []agents.Paragraph
	last, nth := "", 0
	for _, it := range items {
		key := it.key()
		source := it.source()
		if m.named[key] {
			source = source.Short()
		}
		m.named[key] = true
		s := agents.Statement{Text: source.Attribute(it.quote.Quote), Evidence: it.Evidence}
		if key == last {
			nth++
			s.Text = it.source().Continue(it.quote.Quote, nth)
			out[len(out)-1].Sentences = append(out[len(out)-1].Sentences, s)
		} else {
			nth = 0
			out = append(out, paragraph(s))
		}
		last = key
		for _, c := range it.Counter {
			if m.newCounter(c) {
				out[len(out)-1].Sentences = append(out[len(out)-1].Sentences, against(c))
				last = ""
			}
		}
	}
	return out
}

// newCounter says that a counter-argument is not yet in the report, neither as
// one nor as a finding.
func (m material) newCounter(c agents.Statement) bool {
	if m.named[c.Text] {
		return false
	}
	m.named[c.Text] = true
	return !slices.ContainsFunc(m.items, func(it item) bool {
		return it.quote != nil && slices.Contains(c.Evidence, it.quote.ID)
	})
}

// exhibits chooses between table and chart, so that no figures are shown twice:
// a line for what runs over time, a table for the first count of a theme and
// bars for the others.
func (m material) exhibits(items []item) (tables []agents.DataTable, charts []agents.Chart) {
	for _, it := range items {
		switch {
		case it.Chart != nil && it.Chart.Kind == "line" && it.Table == nil:
			charts = append(charts, *it.Chart)
		case it.Table != nil && (len(tables) == 0 || it.Chart == nil):
			tables = append(tables, *it.Table)
		case it.Chart != nil:
			charts = append(charts, *it.Chart)
		}
	}
	return tables, charts
}

// introduction says what was asked and what was searched.
func (m material) introduction() agents.Section {
	survey := m.in.Survey.Value
	section := agents.Section{Kind: agents.SectionIntroduction, Heading: "Introduction"}
	asked := "This report gathers what the given sources say on the topic " + prose.Quote(prose.Shorten(m.in.Topic, 300)) + "."
	first := []agents.Statement{plain(asked)}
	if survey.Total > 0 || len(survey.Tables) > 0 {
		first = append(first, plain(searched(survey)))
	}
	if from, to := years(survey); from > 0 {
		first = append(first, plain(period(from, to, survey)))
	}
	section.Paragraphs = append(section.Paragraphs, paragraph(first...))
	if questions := m.in.Plan.Value.Questions; len(questions) > 0 {
		list := agents.Paragraph{List: true}
		for _, q := range questions {
			list.Sentences = append(list.Sentences, plain(prose.Close(strings.TrimSpace(q.Text))))
		}
		intro := prose.Capital(prose.WordCount(len(questions), "question guides the search.", "questions guide the search."))
		section.Paragraphs = append(section.Paragraphs, paragraph(plain(intro)), list)
	}
	return section
}

func searched(s agents.Survey) string {
	rows := 0
	for _, t := range s.Tables {
		rows += t.Rows
	}
	tables := fmt.Sprintf("%s with %s", prose.Count(len(s.Tables), "table"), prose.Count(rows, "record"))
	hold := "hold"
	switch {
	case len(s.Tables) == 0:
		return "The search covered " + prose.Count(s.Total, "document") + "."
	case len(s.Documents) == 0 && len(s.Tables) == s.Total:
		return "The search covered " + tables + "."
	case s.Total == 1:
		hold = "holds"
	}
	return fmt.Sprintf("The search covered %s, which %s %s.", prose.Count(s.Total, "document"), hold, tables)
}

func years(s agents.Survey) (from, to int) {
	for _, d := range s.Documents {
		if d.Year == 0 {
			continue
		}
		if from == 0 || d.Year < from {
			from = d.Year
		}
		to = max(to, d.Year)
	}
	return from, to
}

func period(from, to int, s agents.Survey) string {
	undated := 0
	for _, d := range s.Documents {
		if d.Year == 0 {
			undated++
		}
	}
	text := fmt.Sprintf("The dated documents are from %d to %d", from, to)
	if from == to {
		text = fmt.Sprintf("The dated documents are all from %d", from)
	}
	if undated > 0 {
		text += "; " + prose.Count(undated, "document carries", "documents carry") + " no date"
	}
	return text + "."
}
