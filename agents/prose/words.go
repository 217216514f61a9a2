// Package prose judges and makes sentences without a model: it splits text
// into words, tells whether a sentence can be quoted by itself, what it is
// about and which aspect of a topic it speaks to, and formats numbers and
// names. Every function is pure and deterministic.
package prose

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Words splits text into lower-case words of letters and digits. Hyphens
// separate words, so that "computer-aided" and "computer aided" are the same.
func Words(text string) []string {
	text = strings.ToLower(dropPossessive(text))
	words := make([]string, 0, len(text)/6+1) // with its space a word has about six bytes
	start := -1
	for i, r := range text {
		switch {
		case !inWord(r):
			if start >= 0 {
				words = append(words, text[start:i])
			}
			start = -1
		case start < 0:
			start = i
		}
	}
	if start >= 0 {
		words = append(words, text[start:])
	}
	return words
}

func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' // the text is in lower case
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

var possessive = strings.NewReplacer("’s ", " ", "'s ", " ", "’", "", "'", "")

func dropPossessive(text string) string {
	if !strings.Contains(text, "'") && !strings.Contains(text, "’") {
		return text
	}
	return possessive.Replace(text)
}

// setOf is the words of a list, to look them up.
func setOf(list string) map[string]bool {
	set := make(map[string]bool)
	for word := range strings.FieldsSeq(list) {
		set[word] = true
	}
	return set
}

// Stem folds the common English endings of a lower-case word. It is cruder
// than a dictionary on purpose: it only has to make a word meet its own plural
// and participle.
func Stem(word string) string {
	if len(word) < 4 {
		return word
	}
	word = singular(word)
	for _, ending := range []string{"ing", "ed"} {
		if rest, ok := strings.CutSuffix(word, ending); ok && len(rest) >= 4 {
			word = rest
			break
		}
	}
	if rest, ok := strings.CutSuffix(word, "e"); ok && len(rest) >= 4 {
		return rest
	}
	return word
}

func singular(word string) string {
	switch {
	case strings.HasSuffix(word, "ies") && len(word) > 4:
		return word[:len(word)-3] + "y"
	case strings.HasSuffix(word, "sses"), strings.HasSuffix(word, "shes"), strings.HasSuffix(word, "ches"), strings.HasSuffix(word, "xes"):
		return word[:len(word)-2]
	case strings.HasSuffix(word, "ss"), strings.HasSuffix(word, "us"), strings.HasSuffix(word, "is"):
		return word
	case strings.HasSuffix(word, "s"):
		return word[:len(word)-1]
	}
	return word
}

// Stems is the stem of every word of a text, in order.
func Stems(text string) []string {
	words := Words(text)
	for i, word := range words {
		words[i] = Stem(word)
	}
	return words
}

// Content is the distinct stems of a text without function words, in order.
func Content(text string) []string { return NewSentence(text).Content() }

// Content is [Content] of a sentence that was read already.
func (s Sentence) Content() []string {
	content := make([]string, 0, len(s.words))
	for i, word := range s.words {
		if !Function(word) && !slices.Contains(content, s.stems[i]) {
			content = append(content, s.stems[i])
		}
	}
	return content
}

// Has says that a stem is among the content of the sentence.
func (s Sentence) Has(stem string) bool {
	for i, own := range s.stems {
		if own == stem && !Function(s.words[i]) {
			return true
		}
	}
	return false
}

// Similarity is the Jaccard index of the content of two texts, 0 to 1.
func Similarity(a, b string) float64 { return jaccard(Content(a), Content(b)) }

func jaccard(a, b []string) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	both := 0
	for _, stem := range a {
		if slices.Contains(b, stem) {
			both++
		}
	}
	return float64(both) / float64(len(a)+len(b)-both)
}

// nearDuplicate is the similarity from which two sentences say the same.
const nearDuplicate = 0.75

// Fingerprint is what is compared of a sentence: its content and its figures.
// It is taken once for a sentence that is compared with many.
type Fingerprint struct {
	Content []string
	figures []string
}

// Print takes the fingerprint of a sentence.
func Print(text string) Fingerprint { return NewSentence(text).Print() }

// Print is [Print] of a sentence that was read already.
func (s Sentence) Print() Fingerprint { return Fingerprint{s.Content(), figuresOf(s.words)} }

// Similarity is [Similarity] of two texts whose fingerprints were taken.
func (f Fingerprint) Similarity(other Fingerprint) float64 { return jaccard(f.Content, other.Content) }

// Same says that two sentences are the same or nearly so. Sentences that share
// their words but not their figures are different.
func (f Fingerprint) Same(other Fingerprint) bool {
	// The Jaccard index is at most the ratio of the sizes.
	small, large := min(len(f.Content), len(other.Content)), max(len(f.Content), len(other.Content))
	if float64(small) < nearDuplicate*float64(large) || !slices.Equal(f.figures, other.figures) {
		return false
	}
	return jaccard(f.Content, other.Content) >= nearDuplicate
}

// Same compares two sentences; see [Fingerprint.Same].
func Same(a, b string) bool { return Print(a).Same(Print(b)) }

func figuresOf(words []string) []string {
	var found []string
	for _, word := range words {
		if strings.ContainsFunc(word, unicode.IsDigit) {
			found = append(found, word)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// Function says that a lower-case word carries no content: articles, pronouns,
// prepositions, auxiliaries and question words of English, and the commonest of
// German, French, Spanish and Italian.
func Function(word string) bool {
	switch word {
	case "a", "an", "the", "this", "that", "these", "those", "such", "some", "any", "each", "every", "all", "both",
		"either", "neither", "no", "not", "nor", "and", "or", "but", "if", "then", "than", "so", "as", "at", "by", "for",
		"from", "in", "into", "of", "off", "on", "onto", "out", "over", "per", "to", "up", "with", "within", "without",
		"about", "above", "across", "after", "against", "along", "among", "around", "before", "behind", "below", "beneath",
		"beside", "between", "beyond", "during", "except", "inside", "near", "outside", "since", "through", "throughout",
		"toward", "towards", "under", "until", "upon", "via", "while", "because", "although", "though", "whereas",
		"whether", "i", "me", "my", "mine", "we", "us", "our", "ours", "you", "your", "yours", "he", "him", "his", "she",
		"her", "hers", "it", "its", "they", "them", "their", "theirs", "one", "ones", "who", "whom", "whose", "which",
		"what", "when", "where", "why", "how", "is", "are", "was", "were", "be", "been", "being", "am", "do", "does",
		"did", "done", "doing", "has", "have", "had", "having", "can", "could", "may", "might", "must", "shall", "should",
		"will", "would", "ought", "s", "t", "also", "there", "here", "very", "more", "most", "much", "many", "less",
		"least", "few", "only", "just", "even", "still", "yet", "too", "again", "further", "rather", "quite", "however",
		"therefore", "thus", "hence", "der", "die", "das", "den", "dem", "des", "ein", "eine", "einen", "einem", "einer",
		"eines", "und", "oder", "aber", "ist", "sind", "war", "waren", "wird", "werden", "wurde", "wurden", "hat", "haben",
		"mit", "von", "vom", "zu", "zum", "zur", "auf", "im", "bei", "nach", "aus", "für", "über", "unter", "durch", "wie",
		"wer", "wo", "warum", "wann", "welche", "welcher", "welches", "nicht", "kein", "keine", "sich", "es", "sie", "wir",
		"ihr", "als", "auch", "le", "la", "les", "un", "une", "du", "de", "et", "ou", "mais", "est", "sont", "était",
		"dans", "sur", "pour", "par", "avec", "sans", "que", "qui", "quoi", "dont", "où", "comment", "pourquoi", "quel",
		"quelle", "quels", "quelles", "ce", "cette", "ces", "il", "elle", "ils", "elles", "se", "ne", "pas", "au", "aux",
		"en", "el", "los", "las", "una", "unos", "unas", "y", "o", "pero", "son", "del", "al", "con", "sin", "por", "para",
		"como", "cómo", "qué", "quién", "cuál", "dónde", "lo", "su", "sus", "gli", "uno", "della", "dello", "delle", "dei",
		"degli", "e", "ma", "sono", "nel", "nella", "senza", "come", "che", "chi", "quale", "dove", "si", "non":
		return true
	}
	return false
}
