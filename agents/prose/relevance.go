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

// Passage is where a sentence stands.
type Passage struct {
	Title    string
	Heading  string
	Topical  bool // the document as a whole is known to be on the topic
	Scoped   bool // what is around the sentence meets the scope
	AnyScope bool // no source names the scope: nothing is held to it
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

// Judge is what [Judge.Of] goes by: a topic, and a passage whose title and
// heading were read once for all its sentences.
type Judge struct {
	topic   Topic
	passage Passage
	title   meeting
}

// Judge prepares to judge the sentences of a passage.
func (t Topic) Judge(p Passage) Judge {
	return Judge{t, p, t.meet(Stems(p.Title + " . " + p.Heading))}
}

// Of says how a sentence stands to the topic. Title and heading count as if
// they stood in the sentence; what is around it only counts for the scope.
func (j Judge) Of(s Sentence) Relevance {
	t, p := j.topic, j.passage
	own := t.meet(s.stems)
	both := own.and(j.title)
	scopedHere := t.inScope(both)
	r := Relevance{Scoped: p.AnyScope || p.Scoped || scopedHere}
	alone, reached, term := t.reach(own, both, false)
	if reached >= t.enough() {
		r.Tier, r.Term, r.Own = Direct, term, alone > 0
		return r
	}
	loose := reached >= t.enough()/2 && len(t.subject) > 1
	alone, reached, term = t.reach(own, both, true)
	inTitle, _ := share(t.subject, t.subjectOf(j.title), true)
	anchored := inTitle >= t.enough() || p.Topical || alone >= t.enough() && scopedHere
	switch {
	case r.Scoped && reached >= t.enough() && anchored:
		r.Tier, r.Term, r.Own = Related, term, alone > 0
	case r.Scoped && p.Topical:
		r.Tier, r.Term = Related, "document on a related subject"
	case loose, hasWeight(t.scope) && !p.AnyScope && t.inWholeScope(both):
		r.Tier = Loose
	}
	return r
}

// reach is the share of the subject that a sentence meets by itself and with
// its title, and the name by which it does.
func (t Topic) reach(own, both meeting, related bool) (alone, reached float64, term string) {
	alone, ownTerm := share(t.subject, t.subjectOf(own), related)
	reached, bothTerm := share(t.subject, t.subjectOf(both), related)
	if ownTerm == nil {
		ownTerm = bothTerm
	}
	return alone, reached, strings.Join(ownTerm, " ")
}

// inScope holds where the scope is met, or is too general to be a condition.
func (t Topic) inScope(m meeting) bool {
	return !hasWeight(t.scope) || anyDirect(t.scope, t.scopeOf(m))
}

func (t Topic) inWholeScope(m meeting) bool {
	met, _ := share(t.scope, t.scopeOf(m), false)
	return met >= 0.99
}

// Names says that a text names the subject of the topic, or one of its direct
// synonyms; Touches that it names that or a related subject.
func (t Topic) Names(text string) bool { return t.reached(Stems(text), false) }

// Touches is the weaker form of [Topic.Names].
func (t Topic) Touches(text string) bool { return t.reached(Stems(text), true) }

// NamesPart says that a text names half of the subject or more: "malaria" of
// "malaria control".
func (t Topic) NamesPart(text string) bool {
	met, _ := share(t.subject, t.subjectOf(t.meet(Stems(text))), false)
	return met >= 0.5
}

// TouchedBy is [Topic.Touches] for a sentence that was read already.
func (t Topic) TouchedBy(s Sentence) bool { return t.reached(s.stems, true) }

func (t Topic) reached(stems []string, related bool) bool {
	met, _ := share(t.subject, t.subjectOf(t.meet(stems)), related)
	return met >= t.enough()
}

// Scoped says that a text meets the scope of the topic; a topic without scope
// is always met.
func (t Topic) Scoped(text string) bool {
	return !hasWeight(t.scope) || anyDirect(t.scope, t.scopeOf(t.meet(Stems(text))))
}

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
