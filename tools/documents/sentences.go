package documents

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"
)

// The longest text that is taken for a sentence, and how far a bracket may
// hold two sentences together, in bytes.
const (
	maxSentenceBytes = 1200
	maxBracketBytes  = 400
)

// splitSentences cuts a paragraph by the Unicode rules (UAX 29) and puts
// together again what those cut wrongly: after abbreviations, initials and
// enumerators, inside brackets, and before citation marks. Line ends inside
// the paragraph are spaces. Offsets are into the paragraph; white space around
// a sentence belongs to none.
func splitSentences(paragraph string) []Span {
	flat := flatten(paragraph)
	var spans []Span
	brackets := bracketState{}
	iter := sentences.FromString(flat)
	start := 0
	for iter.Next() {
		end := iter.End()
		brackets.read(flat, iter.Start(), end)
		if end < len(flat) {
			if flat[end-1] == '[' { // UAX 29 takes it for a closing mark
				end--
			}
			if mark := citationMark(flat[end:]); mark > 0 {
				spans = appendTrimmed(spans, flat, start, end+mark)
				start = end + mark
				continue
			}
			if joinsNext(flat[start:end], flat[end:]) || brackets.holds(flat[end:]) {
				continue
			}
		}
		if end > start {
			spans = appendTrimmed(spans, flat, start, end)
			start = end
		}
	}
	return spans
}

// flatten makes every line end and tab a space, so that offsets stay.
func flatten(text string) string {
	if !strings.ContainsAny(text, "\n\r\t\f\v\u0085\u2028\u2029") {
		return text
	}
	flat := []byte(text)
	for i := 0; i < len(flat); i++ {
		switch b := flat[i]; {
		case b == '\n' || b == '\r' || b == '\t' || b == '\f' || b == '\v':
			flat[i] = ' '
		case b == 0xC2 && i+1 < len(flat) && flat[i+1] == 0x85:
			flat[i], flat[i+1] = ' ', ' '
		case b == 0xE2 && i+2 < len(flat) && flat[i+1] == 0x80 && flat[i+2]&0xFE == 0xA8:
			flat[i], flat[i+1], flat[i+2] = ' ', ' ', ' '
		}
	}
	return string(flat)
}

func appendTrimmed(spans []Span, text string, start, end int) []Span {
	trimmed := strings.TrimLeft(text[start:end], " \u00a0")
	start = end - len(trimmed)
	end = start + len(strings.TrimRight(trimmed, " \u00a0"))
	if start >= end {
		return spans
	}
	return append(spans, Span{Start: start, End: end})
}

// citationMark is the length of a bracketed citation ("[3]", "[4, 7-9]") that
// follows a full stop and belongs to the sentence before it.
func citationMark(next string) int {
	if next == "" || next[0] != '[' {
		return 0
	}
	for i := 1; i < len(next) && i < 40; i++ {
		switch b := next[i]; {
		case b == ']' && i > 1:
			return i + 1
		case asciiDigit(b) || strings.IndexByte(", -;", b) >= 0 || b >= utf8.RuneSelf:
		default:
			return 0
		}
	}
	return 0
}

// joinsNext says that the boundary between sentence and next is none.
func joinsNext(sentence, next string) bool {
	body := strings.TrimRight(sentence, " ")
	if !strings.HasSuffix(body, ".") {
		return false
	}
	space := strings.LastIndexAny(body, " (\u00a0[/")
	last := strings.ToLower(strings.TrimSuffix(body[space+1:], "."))
	before := ""
	if space > 0 {
		before = lastWord(body[:space])
	}
	follow := firstWord(next)
	starts := starters[strings.ToLower(follow)]
	switch {
	case last == "":
		return false
	case abbreviations[last]:
		return true
	case numberAbbreviations[last]:
		return follow != "" && (asciiDigit(follow[0]) || isRoman(follow))
	case endAbbreviations[last] || dotted(last):
		return !starts
	case before == "" && enumerator(last):
		return true
	case utf8.RuneCountInString(last) == 1 && !asciiDigit(last[0]):
		return initial(before) && !starts
	}
	return false
}

// dotted says that a word is made of single letters with points between: U.S,
// e.g, Ph.D.
func dotted(word string) bool {
	if !strings.Contains(word, ".") {
		return false
	}
	for part := range strings.SplitSeq(word, ".") {
		if n := utf8.RuneCountInString(part); n == 0 || n > 2 || asciiDigit(part[0]) {
			return false
		}
	}
	return true
}

// enumerator says that the first word of a block counts it: 1, 12, iv, a.
func enumerator(word string) bool {
	if utf8.RuneCountInString(word) == 1 {
		return true
	}
	if len(word) > 3 {
		return false
	}
	for i := range len(word) {
		if !asciiDigit(word[i]) {
			return isRoman(word)
		}
	}
	return true
}

func isRoman(word string) bool {
	return word != "" && strings.Trim(strings.ToLower(word), "ivx") == ""
}

// initial says that a single letter after this word is a person's initial: the
// word is a name, another initial, or not there.
func initial(before string) bool {
	r, _ := utf8.DecodeRuneInString(before)
	return before == "" || unicode.IsUpper(r) && (strings.HasSuffix(before, ".") || !allUpper(before) || len(before) == 1)
}

func allUpper(word string) bool {
	return strings.ToUpper(word) == word
}

func firstWord(text string) string {
	text = strings.TrimLeft(text, " \u00a0\"“‘'([")
	if end := strings.IndexAny(text, " \u00a0,;:)]"); end >= 0 {
		text = text[:end]
	}
	return strings.TrimRight(text, ".,;:")
}

func lastWord(text string) string {
	text = strings.TrimRight(text, " \u00a0")
	return strings.TrimLeft(text[strings.LastIndexAny(text, " \u00a0")+1:], "([\"“")
}

// bracketState follows how many round brackets are open, and since where.
type bracketState struct {
	depth, opened int
}

func (b *bracketState) read(text string, start, end int) {
	for i := start; i < end; i++ {
		switch text[i] {
		case '(':
			if b.depth == 0 {
				b.opened = i
			}
			b.depth++
		case ')':
			b.depth = max(b.depth-1, 0)
		}
	}
	if b.depth > 0 && end-b.opened > maxBracketBytes {
		b.depth = 0
	}
}

// holds says that an open bracket is closed soon in what follows.
func (b *bracketState) holds(rest string) bool {
	if b.depth == 0 {
		return false
	}
	near := rest[:min(len(rest), maxBracketBytes)]
	closing, opening := strings.IndexByte(near, ')'), strings.IndexByte(near, '(')
	if closing >= 0 && (opening < 0 || closing < opening) {
		return true
	}
	b.depth = 0
	return false
}

// wholeSentence says whether text can stand alone as a quote.
func wholeSentence(text string, item bool) bool {
	if len(text) > maxSentenceBytes {
		return false
	}
	letters, words := countLetters(text), countWords(text)
	if letters*2 < len(text)-words {
		return false // figures and marks: a row of a table, not a sentence
	}
	if item {
		return words >= 3
	}
	return words >= 4 && startsWhole(text) && endsWhole(text)
}

func countLetters(text string) int {
	letters := 0
	for _, r := range text {
		if unicode.IsLetter(r) {
			letters += utf8.RuneLen(r)
		}
	}
	return letters
}

// startsWhole refuses a start in the middle of a sentence: a plain lower-case
// word, or a mark that only follows something.
func startsWhole(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	if strings.ContainsRune(",;:.)]}|/&%", r) {
		return false
	}
	word := firstWord(text)
	first, _ := utf8.DecodeRuneInString(word)
	return !unicode.IsLower(first) || strings.ToLower(word) != word || strings.ContainsAny(word, "0123456789-")
}

func endsWhole(text string) bool {
	if i := strings.LastIndexByte(text, '['); i > 0 && citationMark(text[i:]) == len(text)-i {
		text = strings.TrimRight(text[:i], " ")
	}
	text = strings.TrimRight(text, "\"'”’»)]*_ ¹²³⁰⁴⁵⁶⁷⁸⁹†‡")
	r, _ := utf8.DecodeLastRuneInString(text)
	return strings.ContainsRune(".!?…。！？", r)
}
