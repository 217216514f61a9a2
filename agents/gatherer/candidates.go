package gatherer

import (
	"slices"
	"strings"
	"unicode"

	"github.com/quaestor-run/quaestor/agents/prose"
)

// candidates judges every sentence of the hits: whether it can be quoted,
// whether it is about the topic, and how well it answers the question.
func candidates(in Input, hits []hit) []candidate {
	topic := prose.ParseTopic(in.Topic)
	facet := prose.QuestionFacet(in.Question.Text)
	focus := focusOf(in, topic)
	var out []candidate
	for _, h := range hits {
		around := aroundOf(h)
		for _, s := range h.Sentences {
			c := candidate{sentence: s, document: h.Document, title: h.Title, order: len(out)}
			section := prose.Source{Heading: h.Heading}.Section()
			if section == prose.SectionMethods || section == prose.SectionAims || !prose.Standalone(s.Text) || repeats(h.Title, s.Text) {
				continue
			}
			c.relevance = topic.Judge(prose.Passage{Title: h.Title, Heading: h.Heading, Sentence: s.Text, Around: around})
			if c.relevance.Tier < prose.Related || !focus.met(h, s) {
				continue
			}
			fit := facetFit(facet, focus, s.Text, section)
			if fit == 0 {
				continue
			}
			c.score = fit + quality(s.Text, section) + closeness(c.relevance)
			out = append(out, c)
		}
	}
	return out
}

func aroundOf(h hit) string {
	var text strings.Builder
	for _, s := range h.Sentences {
		text.WriteString(s.Text)
		text.WriteByte(' ')
	}
	return text.String()
}

// repeats says that a sentence is only the title again.
func repeats(title, text string) bool { return prose.Similarity(title, text) > 0.8 }

// focus is what a question asks beyond the topic: the content words of its own.
type focus struct {
	own   []string
	topic prose.Topic
}

func focusOf(in Input, topic prose.Topic) focus {
	f := focus{topic: prose.ParseTopic(in.Question.Text)}
	known := append(prose.Content(in.Topic), prose.Content(scaffold)...)
	for _, stem := range prose.Content(in.Question.Text) {
		if !slices.Contains(known, stem) && !topic.Names(stem) {
			f.own = append(f.own, stem)
		}
	}
	return f
}

// scaffold is the words with which questions are built.
const scaffold = "effects effect impact risks harms adverse events results developed develop development time concentrated activity field subject recommend recommended sources source report reported reports limits limit evidence contrary mixed show change changes changing trend trends grown grow happened happen reasons main key important know known say says said there number figures benefit benefits limitations critics criticism"

// met says that a sentence speaks to what the question itself asks.
func (f focus) met(h hit, s sentence) bool {
	if len(f.own) == 0 {
		return true
	}
	have := prose.Content(h.Title + " " + h.Heading + " " + s.Text)
	reached := 0
	for _, stem := range f.own {
		if slices.Contains(have, stem) {
			reached++
		}
	}
	return 3*reached >= len(f.own) && reached > 0
}

// facetFit is how well a sentence goes with the facet of the question; 0 means
// that it answers another.
func facetFit(facet prose.Facet, f focus, text string, section prose.Section) float64 {
	if facet == prose.General || len(f.own) > 0 {
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
		return 0.5
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
		score--
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
