package prose

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Topic is what a research topic asks about, taken apart: a subject, and the
// scope in which it matters ("AI" and "medical devices and care").
type Topic struct {
	Text    string // the topic on one line, without a closing mark
	Subject string // as written; the whole topic when it has no scope
	Scope   string // as written; may be empty
	Phrase  string // a noun phrase for sentences: `AI, medical devices and care`
	pivot   string
	foreign bool // not written in English: names are found by the beginning of words
	subject []concept
	scope   []concept
	names   nameIndex // of the subject's concepts, then of the scope's
}

// maxTopicWords bounds what is read of a topic.
const maxTopicWords = 400

// ParseTopic takes a topic apart. Any text will do; what is not understood is
// all subject. A word that stands in a title of the sources in lower case is no
// name.
func ParseTopic(text string, titles ...string) Topic {
	fields := strings.Fields(text)
	line := strings.Join(fields[:min(maxTopicWords, len(fields))], " ")
	topic := Topic{Text: strings.TrimRight(line, " ?!.:;")}
	words := strings.Fields(topic.Text)
	asked := strings.HasSuffix(line, "?") || len(words) > 0 && asks(words[0])
	rest, named := dropLead(words)
	named = named || !asked
	if kept, found := withoutVerb(rest); asked && found {
		rest, named = kept, true
	}
	subject, pivot, scope := splitAtPivot(rest, asked)
	topic.Subject, topic.Scope = lowerCommon(trimPhrase(subject), titles), trimPhrase(beforeComparison(scope))
	if topic.Subject == "" || asked && topic.Scope != "" && saysNothing(topic.Subject) {
		topic.Subject, topic.Scope, pivot = topic.Scope, "", ""
		named = true
	}
	topic.pivot = pivot
	topic.foreign = !mostlyEnglish(Words(topic.Text))
	topic.subject = conceptsOf(topic.Subject)
	topic.scope = conceptsOf(topic.Scope)
	if !hasWeight(topic.subject) {
		topic.subject, topic.scope = append(topic.subject, topic.scope...), nil
	}
	topic.names = indexNames(slices.Concat(topic.subject, topic.scope))
	topic.Subject, topic.Scope = topic.withArticle(topic.Subject), topic.withArticle(topic.Scope)
	topic.Phrase = topic.phrase(named || changeVerb(pivot))
	return topic
}

// withArticle gives a phrase with the article that it has in the topic.
func (t Topic) withArticle(phrase string) string {
	if at := strings.Index(t.Text, phrase); phrase != "" && at >= 4 && strings.EqualFold(t.Text[at-4:at], "the ") {
		return "the " + phrase
	}
	return phrase
}

const maxPhraseWords = 14

// phrase is what the topic is called in sentences: "the topic" where it is not
// known to be named by a noun ("how many people use …").
func (t Topic) phrase(named bool) string {
	words := len(strings.Fields(t.Subject)) + len(strings.Fields(t.Scope))
	switch {
	case words == 0 || words > maxPhraseWords, !named, !mostlyEnglish(Words(t.Text)):
		return "the topic"
	case t.Scope == "":
		return t.Subject
	case t.placed():
		return t.Subject + " " + t.pivot + " " + t.Scope
	case strings.Contains(t.Scope, " and "):
		return t.Subject + ", " + t.Scope
	}
	return t.Subject + " and " + t.Scope
}

// placed says that a preposition of place or purpose joins subject and scope.
func (t Topic) placed() bool { return preposition(t.pivot) && t.pivot != "on" && t.pivot != "by" }

// Effect completes "the effects of …" with the subject and what it acts on.
func (t Topic) Effect(subject string) string {
	switch {
	case t.Scope == "" || t.Phrase == "the topic":
		return subject
	case t.placed():
		return t.Phrase
	}
	return subject + " on " + t.Scope
}

// withoutVerb leaves out a verb that has no object, and with it by what or since
// when its subject changes: "… in Iowa grown", "… developed in Kenya", "…
// changing by region", "… risen since 2010".
func withoutVerb(words []string) ([]string, bool) {
	for i := 1; i < len(words); i++ {
		verb := strings.ToLower(words[i])
		switch {
		case !closingVerb(verb):
		case i == len(words)-1:
			return words[:i], i > 1
		case !strings.HasSuffix(verb, "ing") && !strings.HasSuffix(verb, "ed") && !strings.HasSuffix(verb, "en") && !strings.HasSuffix(verb, "wn"):
			// "climate change by country": a noun
		case strings.Contains(" by over since from between until per ", " "+strings.ToLower(words[i+1])+" "):
			return words[:i], true
		case strings.Contains(" in within across among at ", " "+strings.ToLower(words[i+1])+" "):
			return slices.Concat(words[:i], words[i+1:]), true
		}
	}
	return words, false
}

// splitAtPivot finds the word between subject and scope: a verb of change
// ("transforming"), or a preposition.
func splitAtPivot(words []string, asked bool) (subject, pivot, scope string) {
	for i := 1; i < len(words)-1; i++ {
		lower := strings.ToLower(words[i])
		if changeVerb(strings.ToLower(words[i+1])) && i+2 < len(words) {
			continue // "climate change affecting …": a noun before its verb
		}
		if before := strings.ToLower(words[i-1]); preposition(before) || strings.Contains(" between of for from the a ", " "+before+" ") {
			continue // "between developed countries", "the changing climate"
		}
		if changeVerb(lower) && (asked || strings.HasSuffix(lower, "ing")) {
			return strings.Join(words[:i], " "), lower, strings.Join(afterVerb(words[i+1:]), " ")
		}
	}
	for i := 1; i < len(words)-1; i++ {
		lower := strings.ToLower(words[i])
		if preposition(lower) {
			return strings.Join(words[:i], " "), lower, strings.Join(words[i+1:], " ")
		}
	}
	last := strings.ToLower(strings.Join(words[max(0, len(words)-1):], ""))
	if asked && len(words) > 1 && changeVerb(last) {
		return strings.Join(words[:len(words)-1], " "), last, ""
	}
	return strings.Join(words, " "), "", ""
}

// afterVerb is what a verb acts on: "against dengue" is dengue.
func afterVerb(words []string) []string {
	if len(words) > 1 && strings.Contains(" against from with to ", " "+strings.ToLower(words[0])+" ") {
		return words[1:]
	}
	return words
}

func preposition(word string) bool {
	return strings.Contains(" in on for within across among at by during under ", " "+word+" ")
}

func changeVerb(word string) bool {
	return strings.Contains(changeStems, " "+Stem(word)+" ")
}

// closingVerb says that a word at the end of a question is its verb. Some would
// be nouns elsewhere.
func closingVerb(word string) bool {
	return changeVerb(word) || strings.Contains(" grown risen fallen expanded spread shrunk become fared progressed advanced declined ", " "+word+" ")
}

const changeStems = " chang affect transform influenc impact shap shape reshap reshape alter improv reduc increas decreas lower rais raise caus cause driv drive driven drove help harm hurt threaten disrupt revolutionis revolutioniz support enabl limit prevent replac evolv develop grow modify moderat predict protect strengthen weaken cut hit "

// beforeComparison leaves out what a scope is compared with: it is no
// condition on where the subject matters.
func beforeComparison(scope string) string {
	for _, mark := range []string{" compared ", " versus ", " vs ", " vs. ", " than ", " rather "} {
		scope, _, _ = strings.Cut(scope, mark)
	}
	return scope
}

func trimPhrase(phrase string) string {
	words := strings.Fields(phrase)
	for len(words) > 0 && strings.Contains(" the a an our their its been and or being to ", " "+strings.ToLower(words[0])+" ") {
		words = words[1:]
	}
	for len(words) > 0 && strings.Contains(" the a an been and or being to is are has have so still now today currently ", " "+strings.ToLower(words[len(words)-1])+" ") {
		words = words[:len(words)-1]
	}
	return strings.Trim(strings.Join(words, " "), " ,;:")
}

// conceptsOf finds the concepts of a phrase: the longest names of the thesaurus
// first, then single content words.
func conceptsOf(phrase string) []concept {
	words := Words(phrase)
	stems := Stems(phrase)
	var found []concept
	for i := 0; i < len(words); {
		c, n := familyAt(stems[i:])
		if n == 0 {
			c, n = plainConcept(words[i]), 1
			if abstract(words[i]) && i+1 < len(words) && words[i+1] == "of" {
				c.weight = min(c.weight, 0.25) // "enforceability of …" is about what follows
			}
		}
		if c.weight > 0 && !slices.ContainsFunc(found, func(f concept) bool { return f.name == c.name }) {
			found = append(found, c)
		}
		i += n
	}
	if acronym := initials(words); len(acronym) >= 3 && len(found) > 0 {
		for i := range found {
			found[i].direct = append(found[i].direct, []string{Stem(acronym)}, []string{acronym})
		}
	}
	return found
}

func abstract(word string) bool {
	for _, ending := range []string{"ity", "tion", "sion", "ment", "ness", "ance", "ence", "ship", "ism", "ing"} {
		if strings.HasSuffix(word, ending) && len(word) > len(ending)+2 {
			return true
		}
	}
	return false
}

// lowerCommon writes the first word of a phrase in lower case when it is known
// for a common noun; a name keeps its capital.
func lowerCommon(phrase string, titles []string) string {
	first, _, _ := strings.Cut(phrase, " ")
	lower := strings.ToLower(first)
	if first == lower || len(first) < 3 || first[1:] != lower[1:] {
		return phrase
	}
	_, known := familyAt(Stems(phrase))
	if known > 0 || generic(lower) || generic(singular(lower)) || abstract(lower) || abstract(singular(lower)) || strings.Contains(lower, "-") || slices.ContainsFunc(titles, func(title string) bool { return holdsWord(title, lower) }) {
		return lower + phrase[len(first):]
	}
	return phrase
}

// holdsWord says whether a word stands in a title in just these letters. A title
// that begins with a small letter is the name of a file and says nothing of them.
func holdsWord(text, word string) bool {
	if first, _ := utf8.DecodeRuneInString(text); !unicode.IsUpper(first) {
		return false
	}
	for part := range strings.FieldsSeq(text) {
		if strings.Trim(part, ".,:;?!()\"'“”") == word {
			return true
		}
	}
	return false
}

// familyAt finds the longest name of the thesaurus with which a phrase begins,
// and its length in words.
func familyAt(stems []string) (concept, int) {
	var trigger []string
	var family compiled
	for _, f := range thesaurus {
		for _, t := range f.triggers {
			if len(t) > len(trigger) && startsWith(stems, t) {
				trigger, family = t, f
			}
		}
	}
	if trigger == nil {
		return concept{}, 0
	}
	return concept{
		name: strings.Join(trigger, " "), weight: 1,
		direct: slices.Concat([][]string{trigger}, family.direct), related: family.related,
		names: family.names, relatedNames: family.relatedNames,
	}, len(trigger)
}

func plainConcept(word string) concept {
	if Function(word) || strings.Trim(word, "0123456789") == "" {
		return concept{}
	}
	weight := 1.0
	if generic(word) || generic(singular(word)) {
		weight = 0.25
	}
	return concept{name: Stem(word), direct: [][]string{{Stem(word)}}, weight: weight}
}

// initials is the acronym a phrase would have: "central bank digital
// currencies" gives "cbdc".
func initials(words []string) string {
	var out strings.Builder
	for _, word := range words {
		if !Function(word) {
			out.WriteRune([]rune(word)[0])
		}
	}
	if out.Len() < 3 || out.Len() > 6 {
		return ""
	}
	return out.String()
}
