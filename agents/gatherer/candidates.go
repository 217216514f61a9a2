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
	sentence
	document  string
	relevance prose.Relevance
	fit       float64
	score     float64
	order     int
	print     prose.Fingerprint
}

func selectFrom(in Input, seen reading) agents.Gathered {
	ranked := candidates(in, seen)
	slices.SortStableFunc(ranked, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.order, b.order))
	})
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
	return gathered(in, chosen, seen)
}

// candidates judges every sentence that was seen: whether it can be quoted,
// whether it is about the topic, and how well it answers the question.
func candidates(in Input, seen reading) []candidate {
	topic := prose.ParseTopic(in.Topic)
	facet := prose.QuestionFacet(in.Question.Text)
	focus := focusOf(in, topic)
	about := topical(in, topic, seen)
	anyScope := !slices.ContainsFunc(seen.hits, func(h hit) bool { return topic.Scoped(h.Title + " . " + aroundOf(h)) })
	var out []candidate
	for _, h := range seen.hits {
		section := prose.Source{Heading: h.Heading}.Section()
		if section == prose.SectionMethods || section == prose.SectionAims {
			continue
		}
		around := seen.document(h.Document)
		for _, s := range h.Sentences {
			r := topic.Judge(prose.Passage{
				Title: h.Title, Heading: h.Heading, Sentence: s.Text, Around: around, Topical: slices.Contains(about, h.Document), AnyScope: anyScope,
			})
			fit := facetFit(facet, focus, s.Text, section)
			if r.Tier < prose.Related || !r.Scoped || fit == 0 || !focus.met(h, s) {
				continue
			}
			if section == prose.SectionBackground && r.Tier < prose.Direct {
				continue
			}
			score := fit + quality(s.Text, section) + closeness(r)
			if section == prose.SectionResults && !r.Own && !strings.ContainsFunc(s.Text, unicode.IsDigit) {
				score -= 2.5 // a detail of a study, and without a figure
			}
			// Last, because it is dearest.
			if score >= leastScore && prose.StandsUnder(h.Title, s.Text) && prose.Similarity(h.Title, s.Text) <= 0.8 {
				out = append(out, candidate{sentence: s, document: h.Document, relevance: r, fit: fit, score: score, order: len(out), print: prose.Print(s.Text)})
			}
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

// met says that a sentence speaks to what the question itself asks.
func (f focus) met(h hit, s sentence) bool {
	if len(f) == 0 {
		return true
	}
	have := prose.Content(h.Title + " " + h.Heading + " " + s.Text)
	reached := 0
	for _, stem := range f {
		if slices.Contains(have, stem) {
			reached++
		}
	}
	return reached > 0 && 3*reached >= len(f)
}

// facetFit is how well a sentence goes with the facet of the question; 0 means
// that it answers another.
func facetFit(facet prose.Facet, f focus, text string, section prose.Section) float64 {
	if facet == prose.General || len(f) > 0 {
		return 1.5
	}
	facets := prose.SentenceFacets(text)
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
	if strings.ContainsAny(text, "\"“") {
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
