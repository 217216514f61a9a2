package documents

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"golang.org/x/text/unicode/norm"
)

// maxTermBytes bounds one term; what is longer is a key or an encoded blob and
// no word anybody searches for.
const maxTermBytes = 64

// stopWords carry no topic: articles, pronouns, auxiliaries, and the words
// questions are made of.
var stopWords = wordSet(`a about above after again against all am an and any are as at be because
been before being below between both but by can cannot could did do does doing down during each
few for from further had has have having he her here hers him his how i if in into is it its
itself just me more most my no nor not of off on once only or other our out over own same she
should so some such than that the their them then there these they this those through to too
under until up very was we were what when where which while who whom whose why will with would
you your`)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}

// eachWord calls yield with every word of text in lower case. A word is a run
// of letters, digits and marks; an apostrophe or a decimal point inside stays,
// the possessive 's goes. Scripts written without spaces give pairs of
// characters.
func eachWord(text string, yield func(word string)) {
	found := func(word string) {
		if word = normalWord(word); word != "" { // marks alone are no word
			yield(word)
		}
	}
	start := -1
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		switch {
		case spaceless(r):
			if start >= 0 {
				found(text[start:i])
				start = -1
			}
			if next, n := utf8.DecodeRuneInString(text[i+size:]); spaceless(next) {
				yield(text[i : i+size+n])
			}
		case wordRune(r):
			if start < 0 {
				start = i
			}
		case start >= 0 && joins(text, i, size, r):
		case start >= 0:
			found(text[start:i])
			start = -1
		}
		i += size
	}
	if start >= 0 {
		found(text[start:])
	}
}

func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

func spaceless(r rune) bool {
	return r > 0x2E7F && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

// joins says whether the rune at i, which is no part of a word, ties what
// stands before it to what follows.
func joins(text string, i, size int, r rune) bool {
	if i+size >= len(text) {
		return false
	}
	before, after := text[i-1], text[i+size]
	switch r {
	case '\'', '’':
		return !asciiDigit(before) && asciiLetter(after)
	case '.', ',':
		return asciiDigit(before) && asciiDigit(after)
	}
	return false
}

func asciiDigit(b byte) bool  { return '0' <= b && b <= '9' }
func asciiLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

// normalWord lowers a word and takes off its accents and its possessive.
func normalWord(word string) string {
	if isLowerASCII(word) {
		return word
	}
	word = strings.ToLower(word)
	if !isASCII(word) {
		word = strings.ReplaceAll(word, "’", "'")
		word = strings.Map(dropMark, norm.NFKD.String(word))
	}
	word = strings.TrimSuffix(word, "'s")
	if word != "" && asciiDigit(word[len(word)-1]) {
		word = strings.ReplaceAll(word, ",", "")
	}
	return word
}

func dropMark(r rune) rune {
	if unicode.Is(unicode.Mn, r) {
		return -1
	}
	return r
}

func isLowerASCII(word string) bool {
	for i := range len(word) {
		if b := word[i]; (b < 'a' || b > 'z') && !asciiDigit(b) {
			return false
		}
	}
	return true
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// term is the index form of a word: its English stem (Porter 2), in American
// spelling.
func term(word string) string {
	if len(word) > maxTermBytes {
		return ""
	}
	env := snowballstem.NewEnv(americanSpelling(word))
	english.Stem(env)
	return env.Current()
}

// americanSpelling folds the regular differences of British spelling: tumour,
// centre, haemorrhage, normalised, analyse. Words that only look the part
// change too, which does no harm as they change everywhere.
func americanSpelling(word string) string {
	if len(word) < 5 {
		return word
	}
	word = britishParts.Replace(word)
	for _, end := range [...][2]string{
		{"ise", "ize"},
		{"ised", "ized"},
		{"ises", "izes"},
		{"ising", "izing"},
		{"yse", "yze"},
		{"ysed", "yzed"},
		{"ysing", "yzing"},
		{"tre", "ter"},
		{"tres", "ters"},
		{"elled", "eled"},
		{"elling", "eling"},
	} {
		if stem, ok := strings.CutSuffix(word, end[0]); ok {
			return stem + end[1]
		}
	}
	return word
}

var britishParts = strings.NewReplacer("ae", "e", "oe", "e", "lour", "lor", "mour", "mor", "viour", "vior",
	"bour", "bor", "isation", "ization")

// queryWords are the words of a query that say what it is about, in order. A
// query of nothing but stop words keeps them.
func queryWords(query string) []string {
	var kept, all []string
	eachWord(query, func(word string) {
		all = append(all, word)
		if !stopWords[word] {
			kept = append(kept, word)
		}
	})
	if len(kept) == 0 {
		return all
	}
	return kept
}
