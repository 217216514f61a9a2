package writer

import (
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
)

// refine mends in the previous draft what the review and the comments name,
// and leaves the rest word for word.
func refine(in Input) agents.Draft {
	e := editor{in: in, draft: clone(in.Previous.Value), evidence: make(map[string]agents.Evidence)}
	for _, held := range in.Evidence.Value {
		e.evidence[held.ID] = held
	}
	if in.Review != nil {
		for _, issue := range in.Review.Value.Issues {
			e.mend(issue)
		}
	}
	e.comment(in.Comments)
	e.tidy()
	return e.draft
}

func clone(d agents.Draft) agents.Draft {
	d.Sections = slices.Clone(d.Sections)
	for i := range d.Sections {
		d.Sections[i].Paragraphs = slices.Clone(d.Sections[i].Paragraphs)
		for j := range d.Sections[i].Paragraphs {
			d.Sections[i].Paragraphs[j].Sentences = slices.Clone(d.Sections[i].Paragraphs[j].Sentences)
		}
	}
	return d
}

type editor struct {
	in       Input
	draft    agents.Draft
	evidence map[string]agents.Evidence
	composed *agents.Draft
}

// place is where a sentence stands in the draft.
type place struct{ section, paragraph, sentence int }

func (e *editor) at(p place) *agents.Statement {
	return &e.draft.Sections[p.section].Paragraphs[p.paragraph].Sentences[p.sentence]
}

func (e *editor) mend(issue agents.Issue) {
	if issue.Sentence == "" {
		e.supply(issue)
		return
	}
	places := e.find(issue.Section, issue.Sentence)
	if len(places) == 0 {
		return
	}
	last := places[len(places)-1]
	switch issue.Kind {
	case "grammar":
		e.correct(last, issue.Rewrite)
	case "accuracy":
		e.ground(last)
	default:
		if e.long(last) && !e.repeated(last) {
			e.split(last)
			return
		}
		e.drop(last)
	}
}

// find lists where a sentence stands: in the section named, or anywhere.
func (e *editor) find(heading, text string) []place {
	var here, anywhere []place
	for i, s := range e.draft.Sections {
		for j, p := range s.Paragraphs {
			for k, sentence := range p.Sentences {
				if strings.TrimSpace(sentence.Text) != strings.TrimSpace(text) {
					continue
				}
				anywhere = append(anywhere, place{i, j, k})
				if s.Heading == heading {
					here = append(here, place{i, j, k})
				}
			}
		}
	}
	if len(here) > 0 {
		return here
	}
	return anywhere
}

// correct repairs the form of a sentence, as the review wrote it where it did;
// what cannot be repaired goes.
func (e *editor) correct(p place, rewrite string) {
	if rewrite != "" && len(prose.Problems(rewrite)) == 0 {
		e.at(p).Text = rewrite
		return
	}
	text := prose.Mend(e.at(p).Text)
	if len(prose.Problems(text)) > 0 {
		e.drop(p)
		return
	}
	e.at(p).Text = text
}

// ground brings a sentence back to its evidence: a quotation is quoted anew,
// everything else goes.
func (e *editor) ground(p place) {
	statement := e.at(p)
	if len(statement.Evidence) == 1 {
		if held, ok := e.evidence[statement.Evidence[0]]; ok && held.Computation == nil && held.Quote != "" {
			text := prose.Source{Title: held.Title, Year: held.Year, Heading: held.Heading}.Attribute(held.Quote)
			if text != statement.Text && len(e.find("", text)) == 0 {
				statement.Text = text
				return
			}
		}
	}
	e.drop(p)
}

// drop removes a sentence. Its place stays as an empty text until tidy, so that
// other places keep their numbers.
func (e *editor) drop(p place) { *e.at(p) = agents.Statement{} }

// maxSentences is how many sentences a paragraph may have.
const maxSentences = 8

func (e *editor) long(p place) bool {
	paragraph := e.draft.Sections[p.section].Paragraphs[p.paragraph]
	return !paragraph.List && len(paragraph.Sentences) > maxSentences
}

func (e *editor) repeated(p place) bool {
	text := e.at(p).Text
	count := 0
	for _, s := range e.draft.Sections {
		for _, paragraph := range s.Paragraphs {
			for _, sentence := range paragraph.Sentences {
				if sentence.Text == text || prose.Same(sentence.Text, text) {
					count++
				}
			}
		}
	}
	return count > 1
}

// split cuts a long paragraph in two at its middle.
func (e *editor) split(p place) {
	section := &e.draft.Sections[p.section]
	long := section.Paragraphs[p.paragraph]
	half := len(long.Sentences) / 2
	section.Paragraphs[p.paragraph].Sentences = long.Sentences[:half:half]
	section.Paragraphs = slices.Insert(section.Paragraphs, p.paragraph+1, paragraph(long.Sentences[half:]...))
}

// supply adds what is missing: a section of the kind or heading named, or, when
// nothing is known on it, a word in the limitations.
func (e *editor) supply(issue agents.Issue) {
	if issue.Kind != "missing" || issue.Section == "" {
		return
	}
	if e.composed == nil {
		fresh := Compose(e.in)
		e.composed = &fresh
	}
	for _, s := range e.composed.Sections {
		if s.Heading != issue.Section && string(s.Kind) != issue.Section {
			continue
		}
		if !slices.ContainsFunc(e.draft.Sections, func(o agents.Section) bool { return o.Heading == s.Heading }) {
			e.insert(s)
		}
		return
	}
	e.limitation("The theme " + prose.Quote(issue.Section) + " was planned, and nothing was found on it that could be quoted or computed.")
}

// insert puts a section behind those that come before it in a report, without
// the sentences the draft already has.
func (e *editor) insert(s agents.Section) {
	order := required()
	rank := func(kind agents.SectionKind) int { return slices.Index(order, kind) }
	at := len(e.draft.Sections)
	for i, other := range e.draft.Sections {
		if rank(other.Kind) > rank(s.Kind) {
			at = i
			break
		}
	}
	single := clone(agents.Draft{Sections: []agents.Section{s}})
	for i, p := range single.Sections[0].Paragraphs {
		single.Sections[0].Paragraphs[i].Sentences = slices.DeleteFunc(p.Sentences, func(st agents.Statement) bool { return len(e.find("", st.Text)) > 0 })
	}
	e.draft.Sections = slices.Insert(e.draft.Sections, at, single.Sections[0])
}

func (e *editor) limitation(text string) {
	if len(e.find("", text)) > 0 {
		return
	}
	for i := range e.draft.Sections {
		if e.draft.Sections[i].Kind == agents.SectionLimitations {
			e.draft.Sections[i].Paragraphs = append(e.draft.Sections[i].Paragraphs, paragraph(plain(text)))
			return
		}
	}
	e.draft.Sections = append(e.draft.Sections, emptySection(agents.SectionLimitations, "Limitations", text))
}

// comment does what a person's comments plainly ask: a sentence they cite and
// want removed goes. What else they say cannot be worked in without a model,
// and is kept where the reader sees it.
func (e *editor) comment(comments string) {
	comments = strings.Join(strings.Fields(comments), " ")
	if comments == "" {
		return
	}
	lower := strings.ToLower(comments)
	removed := false
	if strings.Contains(lower, "remove") || strings.Contains(lower, "delete") || strings.Contains(lower, "drop") || strings.Contains(lower, "leave out") {
		for i, s := range e.draft.Sections {
			for j, p := range s.Paragraphs {
				for k, sentence := range p.Sentences {
					if len(sentence.Text) >= 20 && strings.Contains(comments, sentence.Text) {
						e.drop(place{i, j, k})
						removed = true
					}
				}
			}
		}
	}
	if !removed {
		e.limitation("A person commented on the draft; without a language model the comment could not be worked into the text and is recorded here: " + prose.Close(prose.Quote(prose.Shorten(comments, 1200))))
	}
}

// tidy removes what was dropped, and mends what the removal tore apart.
func (e *editor) tidy() {
	for i := range e.draft.Sections {
		s := &e.draft.Sections[i]
		for j := range s.Paragraphs {
			p := &s.Paragraphs[j]
			p.Sentences = slices.DeleteFunc(p.Sentences, func(st agents.Statement) bool { return strings.TrimSpace(st.Text) == "" })
			e.reattribute(p)
		}
		s.Paragraphs = slices.DeleteFunc(s.Paragraphs, func(p agents.Paragraph) bool { return len(p.Sentences) == 0 })
	}
	e.draft.Sections = slices.DeleteFunc(e.draft.Sections, func(s agents.Section) bool {
		return s.Kind == agents.SectionFindings && len(s.Paragraphs)+len(s.Tables)+len(s.Charts) == 0
	})
	for i := range e.draft.Sections {
		s := &e.draft.Sections[i]
		if len(s.Paragraphs)+len(s.Tables)+len(s.Charts) == 0 {
			s.Paragraphs = []agents.Paragraph{paragraph(plain("After the review nothing remained to be said under " + prose.Quote(s.Heading) + "."))}
		}
	}
}

// reattribute names the source again where a paragraph now begins with a
// sentence that continued another.
func (e *editor) reattribute(p *agents.Paragraph) {
	for k := range p.Sentences {
		s := &p.Sentences[k]
		if !strings.HasPrefix(s.Text, prose.ContinueSame) && !strings.HasPrefix(s.Text, prose.ContinueIt) || len(s.Evidence) != 1 {
			continue
		}
		held, ok := e.evidence[s.Evidence[0]]
		if !ok || k > 0 && e.sameSource(p.Sentences[k-1], held) {
			continue
		}
		s.Text = prose.Source{Title: held.Title, Year: held.Year, Heading: held.Heading}.Attribute(held.Quote)
	}
}

func (e *editor) sameSource(s agents.Statement, held agents.Evidence) bool {
	if len(s.Evidence) != 1 {
		return false
	}
	before, ok := e.evidence[s.Evidence[0]]
	return ok && before.URI == held.URI && before.SHA256 == held.SHA256
}
