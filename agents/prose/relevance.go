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
	AnyScope bool   // no source names the scope: nothing is held to it
}

// enough is the share of a subject's weight that has to be met.
const enough = 0.6

// enough is lower where the grammar of the topic is not known, since then
// verbs count among its words.
func (t Topic) enough() float64 {
	if t.foreign {
		return 0.34
	}
	return enough
}

// Judge says how a sentence stands to the topic. Title and heading count as if
// they stood in the sentence; what is around it only counts for the scope.
func (t Topic) Judge(p Passage) Relevance {
	sentence, title := Stems(p.Sentence), Stems(p.Title+" . "+p.Heading)
	both := slices.Concat(title, []string{"."}, sentence)
	scopedHere := t.inScope(both)
	r := Relevance{Scoped: p.AnyScope || scopedHere || t.inScope(Stems(p.Around))}
	own, reached, term := t.reach(sentence, both, false)
	if reached >= t.enough() {
		r.Tier, r.Term, r.Own = Direct, term, own > 0
		return r
	}
	loose := reached >= t.enough()/2 && len(t.subject) > 1
	own, reached, term = t.reach(sentence, both, true)
	inTitle, _ := met(t.subject, title, true)
	anchored := inTitle >= t.enough() || p.Topical || own >= t.enough() && scopedHere
	switch {
	case r.Scoped && reached >= t.enough() && anchored:
		r.Tier, r.Term, r.Own = Related, term, own > 0
	case r.Scoped && p.Topical:
		r.Tier, r.Term = Related, "document on a related subject"
	case loose, hasWeight(t.scope) && !p.AnyScope && meetsAll(t.scope, both):
		r.Tier = Loose
	}
	return r
}

// reach is the share of the subject that a sentence meets by itself and with
// its title, and the name by which it does.
func (t Topic) reach(sentence, both []string, related bool) (own, reached float64, term string) {
	own, ownTerm := met(t.subject, sentence, related)
	reached, term = met(t.subject, both, related)
	return own, reached, firstOf(ownTerm, term)
}

// inScope holds where the scope is met, or is too general to be a condition.
func (t Topic) inScope(stems []string) bool { return !hasWeight(t.scope) || meetsAny(t.scope, stems) }

// Names says that a text names the subject of the topic, or one of its direct
// synonyms; Touches that it names that or a related subject.
func (t Topic) Names(text string) bool {
	share, _ := met(t.subject, Stems(text), false)
	return share >= t.enough()
}

// Touches is the weaker form of [Topic.Names].
func (t Topic) Touches(text string) bool {
	share, _ := met(t.subject, Stems(text), true)
	return share >= t.enough()
}

// Scoped says that a text meets the scope of the topic; a topic without scope
// is always met.
func (t Topic) Scoped(text string) bool { return t.inScope(Stems(text)) }

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
		name := firstMet(c.direct, stems, c.fuzzy)
		if name == "" && related {
			name = firstMet(c.related, stems, c.fuzzy)
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

func firstMet(list [][]string, stems []string, fuzzy bool) string {
	for _, phrase := range list {
		if containsPhrase(stems, phrase) || fuzzy && containsLike(stems, phrase) {
			return strings.Join(phrase, " ")
		}
	}
	return ""
}

// containsLike finds a single word by its beginning, for languages whose
// endings are not known here.
func containsLike(stems, phrase []string) bool {
	if len(phrase) != 1 || len(phrase[0]) < 6 {
		return false
	}
	root := phrase[0][:max(5, len(phrase[0])-2)]
	return slices.ContainsFunc(stems, func(stem string) bool { return strings.HasPrefix(stem, root) })
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
		if c.weight >= 1 && firstMet(c.direct, stems, c.fuzzy) != "" {
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
