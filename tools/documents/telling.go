package documents

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quaestor-run/quaestor/tools"
)

// The bounds of what is looked for in a column of text.
const (
	mostNamed    = 5
	mostDistinct = 5000
	leastNamed   = 3 // letters of a value that a topic may name
)

// tellingValues are the values of a column that stand in a topic as whole words,
// in the order of the topic, and the one that sums up the others.
func tellingValues(column *tools.Column, topic string) (named []string, total string) {
	if column.Distinct > mostDistinct {
		return nil, ""
	}
	seen, places := map[string]bool{}, map[string]int{}
	for _, cell := range column.Text {
		if seen[cell] || blankCell(cell) {
			continue
		}
		seen[cell] = true
		value := strings.TrimSpace(cell)
		if total == "" && tools.IsWhole(value) {
			total = value
		}
		if at := placeOf(value, topic); at >= 0 && !slices.Contains(named, value) {
			named = append(named, value)
			places[value] = at
		}
	}
	slices.SortFunc(named, func(a, b string) int {
		return cmp.Or(cmp.Compare(places[a], places[b]), cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	return named[:min(len(named), mostNamed)], total
}

// placeOf is where a phrase holds a value, or the head of it, or -1. A head stands
// before a comma, a bracket or a preposition: "Egypt, Arab Rep.", "Life expectancy
// at birth". A head of one word before a preposition is not enough ("Republic of").
func placeOf(value, phrase string) int {
	if len(value) > profileValue {
		return -1
	}
	short := value
	if at := strings.IndexAny(value, ",("); at > 0 {
		short = value[:at]
	}
	head := short
	for _, word := range []string{" at ", " of ", " in ", " per ", " by ", " for ", " using "} {
		if at := strings.Index(head, word); at > 0 && (strings.Contains(head[:at], " ") || strings.ToUpper(head[:at]) == head[:at]) {
			head = head[:at]
		}
	}
	for _, name := range []string{value, short, head} {
		words := phraseOf(name)
		at := strings.Index(phrase, words)
		if at >= 0 && utf8.RuneCountInString(words) >= leastNamed+2 && strings.ContainsFunc(words, unicode.IsLetter) {
			return at
		}
	}
	return -1
}

// alike are words of topics for the words of columns.
var alike = strings.NewReplacer(" women ", " women female ", " woman ", " woman female ", " men ", " men male ", " man ", " man male ")

// phraseOf writes the words of a text in lower case, with one space around each.
func phraseOf(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return " " + strings.Join(words, " ") + " "
}
