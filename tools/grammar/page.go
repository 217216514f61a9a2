package grammar

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is a run of letters and digits, with apostrophes inside.
type word struct {
	start, end int
	text       string
	lower      string
	first      bool // of a sentence
	closed     bool // it must not be changed
}

// capital says that the word begins with a capital.
func (w word) capital() bool {
	r, _ := utf8.DecodeRuneInString(w.text)
	return unicode.IsUpper(r)
}

// mixed says that it has a capital beyond its first letter: an acronym, a gene.
func (w word) mixed() bool {
	_, size := utf8.DecodeRuneInString(w.text)
	return strings.ContainsFunc(w.text[size:], unicode.IsUpper)
}

// span is a part of a text in bytes.
type span struct{ start, end int }

// page is one text, read once for all rules.
type page struct {
	text    string
	english bool
	words   []word
	quotes  []span // with their marks
	guarded []span // what must not be changed, in order
}

func newPage(text string, english bool) page {
	p := page{text: text, english: english, words: wordsOf(text)}
	p.guard()
	for i := range p.words {
		p.words[i].closed = p.touched(p.words[i].start, p.words[i].end)
	}
	return p
}

func wordsOf(text string) []word {
	var words []word
	start, first := -1, true
	end := func(at int) {
		if start >= 0 {
			w := text[start:at]
			words = append(words, word{start: start, end: at, text: w, lower: strings.ToLower(w), first: first})
			start, first = -1, false
		}
	}
	for i, r := range text {
		inside := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
		if (r == '\'' || r == '’') && start >= 0 {
			next, _ := utf8.DecodeRuneInString(text[i+utf8.RuneLen(r):])
			inside = unicode.IsLetter(next)
		}
		if inside {
			if start < 0 {
				start = i
			}
			continue
		}
		end(i)
		if strings.ContainsRune(".!?:\n", r) {
			first = true
		}
	}
	end(len(text))
	return words
}

// touched says that a part of the text meets something guarded. A part without
// length does where it lies inside.
func (p page) touched(start, end int) bool {
	i, _ := slices.BinarySearchFunc(p.guarded, start, func(s span, at int) int {
		return cmp.Compare(s.end, at+1) // the first that ends after start
	})
	for ; i < len(p.guarded) && p.guarded[i].start < max(end, start+1); i++ {
		if p.guarded[i].end > start && (end > start || p.guarded[i].start < start) {
			return true
		}
	}
	return false
}

// admit sorts edits and leaves out those that are none, that touch what is
// guarded, or overlap an earlier or more certain one.
func (p page) admit(edits []Edit) []Edit {
	slices.SortStableFunc(edits, func(a, b Edit) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	var admitted []Edit
	for _, e := range edits {
		if e.Start < 0 || e.End > len(p.text) || e.Start > e.End || len(e.Replacements) == 0 || p.touched(e.Start, e.End) {
			continue
		}
		if e.Original = p.text[e.Start:e.End]; e.Original == e.Replacements[0] || p.names(e.Replacements[0]) {
			continue
		}
		last := len(admitted) - 1
		if last < 0 || e.Start >= admitted[last].End && e.Start > admitted[last].Start {
			admitted = append(admitted, e)
		} else if e.Certain && !admitted[last].Certain && (last == 0 || e.Start >= admitted[last-1].End) {
			admitted[last] = e
		}
	}
	return admitted
}

// names says that a replacement brings in a figure: no rule may.
func (p page) names(replacement string) bool {
	return strings.ContainsFunc(replacement, unicode.IsDigit)
}
