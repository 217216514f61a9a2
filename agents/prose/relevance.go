package prose

import (
	"slices"
	"strings"
)

// Tier says how closely a sentence belongs to a topic.
type Tier int

// The tiers, from none to the closest.
const (
	Off     Tier = iota
	Loose        // only the scope of the topic is met
	Related      // a neighbouring subject, within the scope
	Direct       // the subject itself
)

// Relevance is the judgement on one sentence. Term is the name by which the
// subject was met, Scoped whether the scope was met too.
type Relevance struct {
	Tier   Tier
	Scoped bool
	Term   string
	Own    bool // the sentence itself names the subject, not only its title
}

// Passage is a sentence in its surroundings.
type Passage struct {
	Title    string
	Heading  string
	Sentence string
	Around   string // the other sentences of the passage
	Topical  bool   // the document as a whole is known to be on the topic
}

// enough is the share of a subject's weight that has to be met.
const enough = 0.6

// Judge says how a sentence stands to the topic. Title and heading count as if
// they stood in the sentence; what is around it only counts for the scope.
func (t Topic) Judge(p Passage) Relevance {
	sentence := Stems(p.Sentence)
	title := Stems(p.Title + " . " + p.Heading)
	both := slices.Concat(title, []string{"."}, sentence)
	r := Relevance{Scoped: len(t.scope) == 0 || meetsAny(t.scope, both) || meetsAny(t.scope, Stems(p.Around))}
	own, term := met(t.subject, sentence, false)
	with, titleTerm := met(t.subject, both, false)
	switch {
	case with >= enough && (own > 0 || titleTerm != ""):
		r.Tier, r.Term, r.Own = Direct, firstOf(term, titleTerm), own > 0
		return r
	}
	ownRelated, term := met(t.subject, sentence, true)
	withRelated, titleTerm := met(t.subject, both, true)
	inTitle, _ := met(t.subject, title, true)
	scopedHere := len(t.scope) == 0 || meetsAny(t.scope, both)
	if p.Topical && withRelated < enough && r.Scoped {
		r.Tier, r.Term = Related, "document on a related subject"
		return r
	}
	if withRelated >= enough && r.Scoped && (inTitle >= enough || p.Topical || ownRelated >= enough && scopedHere) {
		r.Tier, r.Term, r.Own = Related, firstOf(term, titleTerm), ownRelated > 0
		return r
	}
	if len(t.scope) > 0 && meetsAll(t.scope, both) || with >= enough/2 && len(t.subject) > 1 {
		r.Tier = Loose
	}
	return r
}

// Names says that a text names the subject of the topic, or one of its direct
// synonyms; Touches that it names that or a related subject.
func (t Topic) Names(text string) bool {
	share, _ := met(t.subject, Stems(text), false)
	return share >= enough
}

// Touches is the weaker form of [Topic.Names].
func (t Topic) Touches(text string) bool {
	share, _ := met(t.subject, Stems(text), true)
	return share >= enough
}

// Scoped says that a text meets the scope of the topic; a topic without scope
// is always met.
func (t Topic) Scoped(text string) bool { return len(t.scope) == 0 || meetsAny(t.scope, Stems(text)) }

// Terms lists the content words of the topic for a search.
func (t Topic) Terms() []string {
	var terms []string
	for _, word := range Words(t.Subject + " " + t.Scope) {
		if !Function(word) && !slices.Contains(terms, word) {
			terms = append(terms, word)
		}
	}
	if len(terms) > 24 {
		terms = terms[:24]
	}
	return terms
}

// Synonyms lists other names of the topic's subject for a search: direct ones,
// and those of the same field.
func (t Topic) Synonyms() (direct, related []string) {
	for _, c := range t.subject {
		direct = appendNames(direct, c.names)
		related = appendNames(related, c.relatedNames)
	}
	return direct, related
}

func appendNames(names, more []string) []string {
	for _, name := range more {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// met is the share of the weight of the concepts that a text meets, and the
// name of the first that was met.
func met(cs []concept, stems []string, related bool) (share float64, term string) {
	total, reached := 0.0, 0.0
	for _, c := range cs {
		total += c.weight
		name := firstMet(c.direct, stems)
		if name == "" && related {
			name = firstMet(c.related, stems)
		}
		if name == "" {
			continue
		}
		reached += c.weight
		if term == "" && c.weight >= 1 {
			term = name
		}
	}
	if total == 0 || term == "" && hasWeight(cs) {
		return 0, ""
	}
	return reached / total, term
}

func firstMet(list [][]string, stems []string) string {
	for _, phrase := range list {
		if containsPhrase(stems, phrase) {
			return strings.Join(phrase, " ")
		}
	}
	return ""
}

func containsPhrase(stems, phrase []string) bool {
	for i := 0; i+len(phrase) <= len(stems); i++ {
		if slices.Equal(stems[i:i+len(phrase)], phrase) {
			return true
		}
	}
	return false
}

func meetsAny(cs []concept, stems []string) bool {
	for _, c := range cs {
		if (c.weight >= 1 || !hasWeight(cs)) && firstMet(c.direct, stems) != "" {
			return true
		}
	}
	return false
}

func meetsAll(cs []concept, stems []string) bool {
	share, _ := met(cs, stems, false)
	return share >= 0.99
}

func firstOf(names ...string) string {
	for _, name := range names {
		if name != "" {
			return name
		}
	}
	return ""
}
