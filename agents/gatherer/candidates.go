package gatherer

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
)

// What one question takes: sentences of each source, and sentences in all.
const (
	sentencesPerSource = 2
	sentencesInAll     = 10
)

// A statement without the words of any facet is of unspecific fit; it is taken
// only while there are fewer than unspecificUpTo others.
const (
	unspecific     = 0.5
	unspecificUpTo = 5
)

// leastScore is what a sentence must reach to be worth quoting.
const leastScore = 3.5

type candidate struct {
	quote
	document  string
	relevance prose.Relevance
	fit       float64
	score     float64
	print     prose.Fingerprint
}

func selectFrom(in Input, topic prose.Topic, seen reading) agents.Gathered {
	ranked := candidates(in, topic, seen)
	slices.SortStableFunc(ranked, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	var chosen []candidate
	perSource := make(map[string]int)
	for _, c := range ranked {
		if len(chosen) == sentencesInAll {
			break
		}
		if c.fit == unspecific && len(chosen) >= unspecificUpTo {
			continue
		}
		if perSource[c.document] == sentencesPerSource || slices.ContainsFunc(chosen, func(o candidate) bool { return o.print.Same(c.print) }) {
			continue
		}
		perSource[c.document]++
		chosen = append(chosen, c)
	}
	return gathered(in, topic, chosen, seen)
}

// candidates judges every sentence that was seen: whether it can be quoted,
// whether it is about the topic, and how well it answers the question.
func candidates(in Input, topic prose.Topic, seen reading) []candidate {
	s := sieve{topic: topic, facet: prose.QuestionFacet(in.Question.Text), focus: focusOf(in, topic), about: topical(in, topic, seen)}
	s.anyScope = !slices.ContainsFunc(seen.passages, func(p passage) bool { return topic.Scoped(p.Title + " . " + p.text()) })
	scoped := make(map[string]bool) // whether what was seen of a document meets the scope
	var out []candidate
	for _, p := range seen.passages {
		if _, known := scoped[p.Document]; !known {
			scoped[p.Document] = s.anyScope || seen.scoped(topic, p.Document)
		}
		out = append(out, s.pass(p, scoped[p.Document])...)
	}
	return out
}

// sieve is what sentences are held against.
type sieve struct {
	topic    prose.Topic
	facet    prose.Facet
	focus    focus
	about    []string // documents that are about the topic as a whole
	anyScope bool     // no passage meets the scope: nothing is held to it
}

// pass gives the sentences of a passage that are worth quoting. What is dearer
// to find out is asked later.
func (s sieve) pass(p passage, scoped bool) []candidate {
	section := prose.Source{Heading: p.Heading}.Section()
	if section == prose.SectionMethods || section == prose.SectionAims {
		return nil
	}
	judge := s.topic.Judge(prose.Passage{
		Title: p.Title, Heading: p.Heading, Topical: slices.Contains(s.about, p.Document), Scoped: scoped, AnyScope: s.anyScope,
	})
	open := s.focus.without(p.place)
	var out []candidate
	for _, q := range p.quotes {
		r := judge.Of(q.read)
		if r.Tier < prose.Related || !r.Scoped || section == prose.SectionBackground && r.Tier < prose.Direct {
			continue
		}
		fit := facetFit(s.facet, s.focus, q.read, section)
		if fit == 0 || !s.focus.met(open, q.read) {
			continue
		}
		score := fit + quality(q.Text, section) + closeness(r)
		if section == prose.SectionResults && !r.Own && !strings.ContainsFunc(q.Text, unicode.IsDigit) {
			score -= 2.5 // a detail of a study, and without a figure
		}
		if score < leastScore || !prose.StandsUnder(p.Title, q.Text) {
			continue
		}
		if own := q.read.Print(); prose.Print(p.Title).Similarity(own) <= 0.8 {
			out = append(out, candidate{quote: q, document: p.Document, relevance: r, fit: fit, score: score, print: own})
		}
	}
	return out
}

// focus is what a question asks beyond the topic: the content words of its own.
type focus []string

func focusOf(in Input, topic prose.Topic) focus {
	var f focus
	known := slices.Concat(prose.Content(in.Topic), prose.Content(scaffold))
	for _, stem := range prose.Content(in.Question.Text) {
		if !slices.Contains(known, stem) && !topic.Names(stem) {
			f = append(f, stem)
		}
	}
	return f
}

// scaffold is the words with which questions are built.
const scaffold = "effects effect impact risks harms adverse events results developed develop development time concentrated activity field subject matter asked recommend recommended sources source report reported reports limits limit evidence contrary mixed show change changes changing trend trends grown grow happened happen reasons main key important know known say says said there number figures benefit benefits limitations critics criticism"

// without is the part of the focus that the place of a sentence does not meet.
func (f focus) without(p place) focus {
	if len(f) == 0 {
		return nil
	}
	here := prose.NewSentence(p.Title + " " + p.Heading + " ")
	return slices.DeleteFunc(slices.Clone(f), here.Has)
}

// met says that a sentence speaks to what the question itself asks: open is
// what its place has left to it.
func (f focus) met(open focus, s prose.Sentence) bool {
	if len(f) == 0 {
		return true
	}
	reached := len(f) - len(open)
	for _, stem := range open {
		if s.Has(stem) {
			reached++
		}
	}
	return reached > 0 && 3*reached >= len(f)
}

// facetFit is how well a sentence goes with the facet of the question; 0 means
// that it answers another.
func facetFit(facet prose.Facet, f focus, s prose.Sentence, section prose.Section) float64 {
	if facet == prose.General || len(f) > 0 {
		return 1.5
	}
	facets := s.Facets()
	at := slices.Index(facets, facet)
	switch {
	case at == 0:
		return 3
	case at > 0:
		return 2.5 - 0.5*float64(at)
	case facet == prose.Effects && len(facets) == 0 && section != prose.SectionBackground:
		return unspecific
	}
	return 0
}

// quality prefers conclusions and results with figures, of a length that reads
// well.
func quality(text string, section prose.Section) float64 {
	score := 0.0
	switch section {
	case prose.SectionConclusion:
		score += 3
	case prose.SectionResults:
		score += 1.5
	case prose.SectionBackground:
		score -= 2
	}
	if strings.ContainsFunc(text, unicode.IsDigit) {
		score += 0.5
	}
	switch n := len(strings.Fields(text)); {
	case n >= 10 && n <= 35:
		score++
	case n > 45:
		score--
	}
	if strings.Count(text, "(") >= 3 {
		score--
	}
	if strings.Contains(text, `"`) || strings.Contains(text, "“") {
		score -= 0.5
	}
	return score
}

func closeness(r prose.Relevance) float64 {
	score := 0.0
	if r.Tier == prose.Direct {
		score += 2
	}
	if r.Own {
		score++
	}
	if r.Scoped {
		score++
	}
	return score
}
