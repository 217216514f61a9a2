// Package untrusted finds, in text from outside, what tries to instruct whoever
// reads it. It is a signal for people: nothing becomes safe by it, and nothing
// unsafe without it. What keeps a run to its plan is that such text is fenced and
// that tools, sources and budgets are not the text's to choose.
package untrusted

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quaestor-run/quaestor/runtime/gateway"
)

// Passage is a sentence of a text, from byte Start to End, that reads like an
// instruction to its reader.
type Passage struct {
	Start, End int
	Signs      []string // what was found: the gateway's patterns, or one of below
}

// The signs that this package adds to those of [gateway.Inspect].
const (
	SignOrder    = "orders-an-answer"  // says how the reader's answer is to be
	SignAction   = "orders-an-action"  // wants tools, recipients or budgets used
	SignTask     = "sets-another-task" // an order that has nothing to do with its text
	SignQuestion = "asks-of-something-else"
	SignMarks    = "closes-marks" // of the prompts it may stand in
)

// Bounds of what is read and found.
const (
	maxPassages = 20       // of one text
	maxText     = 32 << 20 // bytes of one text
	longest     = 1200     // bytes of a sentence; what follows is another
)

// suspicious is the score of the gateway from which on a sentence is named.
const suspicious = 0.4

// Find gives the passages of a text that read like instructions to its reader,
// in their order, at most 20. It knows English only.
func Find(text string) []Passage { return find(text, false, false) }

// FindInTable is Find for a text of rows and cells: a cell is read as a sentence,
// and what it asks is not held against the other cells.
func FindInTable(text string) []Passage { return find(text, true, true) }

// Instructs says that a text by itself, whatever it stands in, tells its reader
// over the heads of others what to do, how to answer or what to use.
func Instructs(text string) bool {
	return len(find(text, false, true)) > 0
}

// shown is how much of a passage is told, in characters.
const shown = 160

// Shorten gives a passage as it is told: on one line, at most 160 characters.
func Shorten(passage string) string {
	passage = strings.Join(strings.Fields(strings.ToValidUTF8(passage, "�")), " ")
	if utf8.RuneCountInString(passage) <= shown {
		return passage
	}
	return string([]rune(passage)[:shown-1]) + "…"
}

// find reads sentences or cells; with alone, whether one belongs to its text is not
// asked.
func find(text string, cells, alone bool) []Passage {
	text = text[:min(len(text), maxText)]
	// Most texts have no pattern at all, and are asked about as a whole first.
	patterns := gateway.Inspect(text).Score > 0
	about := vocabulary{text: text}
	var found []Passage
	for start, end := range sentences(text, cells) {
		from, to := trim(text, start, end)
		sentence := text[from:to]
		var signs []string
		if patterns {
			if inspected := gateway.Inspect(sentence); inspected.Score >= suspicious {
				signs = append(signs, inspected.Patterns...)
			}
		}
		if sign := ordered(sentence, alone, &about, from, to); sign != "" {
			signs = append(signs, sign)
		}
		if at, length := fenceMark(text[start:end]); length > 0 {
			if len(signs) == 0 { // the mark alone; what stands beside it may be innocent
				from, to = start+at, start+at+length
			}
			signs = append(signs, SignMarks)
		}
		if len(signs) > 0 {
			if found = append(found, Passage{from, to, signs}); len(found) == maxPassages {
				break
			}
		}
	}
	return found
}

// sentences cuts a text into sentences and lines, a table into cells.
func sentences(text string, table bool) func(yield func(start, end int) bool) {
	return func(yield func(start, end int) bool) {
		start := 0
		give := func(end int) bool {
			from := start
			start = end
			return from == end || yield(from, end)
		}
		for i := 0; i < len(text); i++ {
			switch b := text[i]; {
			case b == '\n', table && (b == ',' || b == ';' || b == '\t') && !within(text, start, i), i-start > longest && utf8.RuneStart(b):
				if !give(i) {
					return
				}
			case b == '.' || b == '?' || b == '!':
				if end := terminal(text, i+1); end > 0 {
					if !give(end) {
						return
					}
					i = end - 1
				}
			}
		}
		give(len(text))
	}
}

// within says that an opened quotation mark of a cell is not closed yet.
func within(text string, start, at int) bool { return strings.Count(text[start:at], `"`)%2 == 1 }

// maxClosing is how many marks may stand at the end of a sentence.
const maxClosing = 8

// terminal is where a sentence ends whose mark stands before i, or 0: marks that
// close go with it, and a space and no small letter follow.
func terminal(text string, i int) int {
	for range maxClosing {
		if i == len(text) {
			break
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if !strings.ContainsRune(`.?!"'”’)]`, r) {
			break
		}
		i += size
	}
	if i == len(text) {
		return i
	}
	if text[i] != ' ' {
		return 0
	}
	next, _ := utf8.DecodeRuneInString(strings.TrimLeft(text[i:min(len(text), i+8)], " "))
	if unicode.IsLower(next) {
		return 0
	}
	return i
}

// longestMark is how long, in bytes, what stands between < and > may be.
const longestMark = 40

// trim leaves out space, marks of lists, marks in angle brackets and quotation
// marks at the start, and space and quotation marks at the end.
func trim(text string, start, end int) (from, to int) {
	inner := text[start:end]
	for {
		inner = strings.TrimLeft(inner, " \t\r\n-*+>#|,;:\"“'‘([{}])")
		mark := strings.IndexByte(inner[:min(len(inner), longestMark)], '>')
		if !strings.HasPrefix(inner, "<") || mark < 0 {
			break
		}
		inner = inner[mark+1:]
	}
	from = end - len(inner)
	return from, from + len(strings.TrimRight(inner, " \t\r\n\"”|,;"))
}
