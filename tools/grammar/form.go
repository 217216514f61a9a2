package grammar

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// form applies the rules that look at one text alone.
func (r *Reader) form(p page) []Edit {
	edits := spaces(p)
	if !p.english {
		return edits
	}
	edits = append(edits, doubled(p)...)
	edits = append(edits, articles(p)...)
	edits = append(edits, punctuation(p)...)
	edits = append(edits, r.misspelled(p)...)
	return append(edits, wordy(p)...)
}

func certain(start, end int, replacement, rule, reason string) Edit {
	return Edit{Start: start, End: end, Replacements: []string{replacement}, Rule: rule, Reason: reason, Certain: true}
}

var manySpaces = regexp.MustCompile(`[^\s]( {2,})[^\s]`)

func spaces(p page) (edits []Edit) {
	for _, at := range manySpaces.FindAllStringSubmatchIndex(p.text, -1) {
		edits = append(edits, certain(at[2], at[3], " ", "spacing", "one space stands between words"))
	}
	return edits
}

// twice are words that may follow themselves.
func twice(lower string) bool {
	switch lower {
	case "that", "had", "so", "very", "is", "has", "do", "who", "log", "now", "bye", "no", "far", "much", "many", "more", "again", "really", "blah", "her":
		return true
	}
	return false
}

func doubled(p page) (edits []Edit) {
	for i := 1; i < len(p.words); i++ {
		before, w := p.words[i-1], p.words[i]
		if before.lower != w.lower || twice(w.lower) || w.capital() || utf8.RuneCountInString(w.text) < 2 && w.text != "a" {
			continue
		}
		if gap := p.text[before.end:w.start]; strings.TrimSpace(gap) != "" || before.closed || w.closed {
			continue
		}
		if w.end < len(p.text) && p.text[w.end] == '-' {
			continue // "the follow follow-up" has a meaning of its own
		}
		edits = append(edits, certain(before.start, w.end, before.text, "doubled word", fmt.Sprintf("the word “%s” stands twice", w.text)))
	}
	return edits
}

type pattern struct {
	match  *regexp.Regexp // its first group is replaced
	with   string
	rule   string
	reason string
}

// patterns are the rules of spacing and punctuation. They are compiled once for
// a program, and never changed.
var patterns = []pattern{
	{regexp.MustCompile(`[\pL)\]%]( +)[,;](?:\s|$)`), "", "spacing", "no space stands before a comma or semicolon"},
	{regexp.MustCompile(`[\pL)\]]( +)\.(?:\s|$)`), "", "spacing", "no space stands before the point that ends a sentence"},
	{regexp.MustCompile(`\pL{2}( +)[!?](?:\s|$)`), "", "spacing", "no space stands before an exclamation or question mark"},
	{regexp.MustCompile(`(?:^|\s)\(( +)[\pL\d]`), "", "spacing", "no space follows an opening bracket"},
	{regexp.MustCompile(`[\pL\d%]( +)\)(?:[\s.,;:]|$)`), "", "spacing", "no space stands before a closing bracket"},
	{regexp.MustCompile(`\p{Ll}{3}(,)\p{Ll}{3}`), ", ", "spacing", "a space follows a comma"},
	{regexp.MustCompile(`(?:^|\s)\p{Ll}{3,}(\.)\p{Lu}\p{Ll}+(?:\s|$)`), ". ", "spacing", "a space follows the end of a sentence"},
	{regexp.MustCompile(`\pL(,,|, ,)(?:\s|$)`), ",", "punctuation", "one comma is enough"},
	{regexp.MustCompile(`\pL(;;|; ;)(?:\s|$)`), ";", "punctuation", "one semicolon is enough"},
	{regexp.MustCompile(`\p{Ll}{3}(\.\.)(?:\s|$)`), ".", "punctuation", "one point ends a sentence"},
	{regexp.MustCompile(`\p{Ll}{3}(,\.)(?:\s|$)`), ".", "punctuation", "a point ends a sentence without a comma"},
}

func punctuation(p page) (edits []Edit) {
	for _, rule := range patterns {
		from := 0
		for from < len(p.text) {
			at := rule.match.FindStringSubmatchIndex(p.text[from:])
			if at == nil {
				break
			}
			edits = append(edits, certain(from+at[2], from+at[3], rule.with, rule.rule, rule.reason))
			from += at[3] // what stands after it may begin the next
		}
	}
	return edits
}

func halfOnly(at int, mark rune) Advice {
	return Advice{Rule: "unclosed", Start: at, End: at + utf8.RuneLen(mark), Reason: fmt.Sprintf("the mark %c has no other half", mark)}
}

// openQuotes names quotation marks without their other half. A single one may
// be an apostrophe.
func (p page) openQuotes() (advice []Advice) {
	for _, quote := range p.quotes {
		open, _ := utf8.DecodeRuneInString(p.text[quote.start:])
		want, _ := closer(open)
		last, size := utf8.DecodeLastRuneInString(p.text[:quote.end])
		closed := last == want || open == '„' && last == '“'
		if open != '‘' && (quote.end-size <= quote.start || !closed) {
			advice = append(advice, halfOnly(quote.start, open))
		}
	}
	return advice
}

// opened is a bracket that waits for its other half.
type opened struct {
	at   int
	mark rune
}

// openBrackets names brackets without their other half, outside of quotations.
func (p page) openBrackets() (advice []Advice) {
	var open []opened
	quote := 0
	for i, r := range p.text {
		for quote < len(p.quotes) && p.quotes[quote].end <= i {
			quote++
		}
		if quote < len(p.quotes) && p.quotes[quote].start <= i {
			continue
		}
		switch last := len(open) - 1; r {
		case '(', '[':
			open = append(open, opened{i, r})
		case ')', ']':
			half := map[rune]rune{')': '(', ']': '['}[r]
			switch {
			case last >= 0 && open[last].mark == half:
				open = open[:last]
			case last >= 0 && interval(p.text[:i]):
				open = open[:last]
			case !listMark(p.text[:i]):
				advice = append(advice, halfOnly(i, r))
			}
		}
	}
	for _, o := range open {
		advice = append(advice, halfOnly(o.at, o.mark))
	}
	return advice
}

// listMark says that a text ends with the number or letter of an item: "a" of
// "a) and b)", or a smiling face.
func listMark(text string) bool {
	text = text[max(0, len(text)-8):] // no item has a longer one
	token := text[strings.LastIndexFunc(text, unicode.IsSpace)+1:]
	return len(token) <= 3 && !strings.ContainsAny(token, "([")
}

// interval says that a text ends as a half-open interval does, such as [0, 1).
func interval(text string) bool {
	before, _ := utf8.DecodeLastRuneInString(text)
	return unicode.IsDigit(before) || before == '∞'
}
