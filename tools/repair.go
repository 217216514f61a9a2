package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// Bounds of a repair. Text beyond them is refused, never cut.
const (
	maxRepairBytes = 4 << 20
	maxRepairDepth = 512
	maxLooksPer    = 16 // bytes looked at ahead, for each byte of the text
)

// RepairJSON returns the JSON value that a model meant. Valid JSON comes back
// as it is, byte for byte; everything else is either mended without losing
// anything or refused with an error that names the place.
//
// It mends missing, doubled and curly quotes, missing or superfluous commas,
// colons and brackets, unescaped quotes and line breaks inside strings,
// Python's True, False and None, numbers with leading zeros (which become
// strings), concatenated strings, values one to a line (which become an
// array), text with one level of escaping too many, and output that was cut
// off.
//
// Every letter and digit of the text is found again in the result, in order.
// What may be left out is not data:
//   - comments, and the "..." of an enumeration;
//   - the name of a call that wraps a value: name(…) around the whole text and
//     the constructors of the MongoDB shell, such as ObjectId("…");
//   - the mark of a code block and its language;
//   - prose before and after a code block or a single non-empty object or
//     array: at least two words, or a sentence, without any bracket in it;
//   - an escape sequence that the end of the text cuts in two.
//
// Two values for one key, an element missing between two commas, and brackets
// that could close in two ways are errors. Time and memory are linear in the
// length of the text, which is limited to 4 MiB and 512 levels.
func RepairJSON(text []byte) (json.RawMessage, error) {
	if json.Valid(text) {
		return text, nil
	}
	if len(text) > maxRepairBytes {
		return nil, fmt.Errorf("not JSON, and with %d bytes too long to repair (at most %d)", len(text), maxRepairBytes)
	}
	if at := invalidUTF8(text); at >= 0 {
		return nil, fmt.Errorf("not JSON: byte %d is not UTF-8", at)
	}
	r, err := newRepairer(text)
	if err != nil {
		return nil, err
	}
	if err := r.root(); err != nil {
		return nil, err
	}
	if !json.Valid(r.out) {
		return nil, errors.New("not JSON, and what it means is not clear")
	}
	if word, lost := r.firstLost(); lost {
		return nil, fmt.Errorf("not JSON, and repairing it would lose %q", word)
	}
	return r.out, nil
}

func invalidUTF8(text []byte) int {
	for at := 0; at < len(text); {
		char, width := utf8.DecodeRune(text[at:])
		if char == utf8.RuneError && width == 1 {
			return at
		}
		at += width
	}
	return -1
}

// repairer reads broken JSON from text and writes sound JSON to out.
type repairer struct {
	text    []byte // up to the end of the value's code block
	pos     int
	out     []byte
	open    []byte // the brackets that are open
	dropped []span // what was left out on purpose
	looks   int    // bytes looked at ahead of pos
	endless int    // where a block comment was found to have no end; 0 while none was
	prose   bool   // the value stands in prose
	wrapped bool   // a bracket was opened around the code block
}

type span struct{ start, end int }

// newRepairer finds where the value begins and ends in the text.
func newRepairer(text []byte) (*repairer, error) {
	frame := findFrame(text)
	if frame.err != nil {
		return nil, frame.err
	}
	r := &repairer{
		text: text[:frame.end], pos: frame.start, prose: frame.prose, wrapped: frame.wrapped,
		dropped: []span{{0, frame.start}},
	}
	if escapedOnceTooOften(r.text[r.pos:]) {
		r.text, r.pos, r.dropped = unescapeOnce(r.text[r.pos:]), 0, nil
	}
	return r, nil
}

// errorAt says what was expected at a place of the text, and what is there.
func (r *repairer) errorAt(at int, format string, args ...any) error {
	line := 1 + bytes.Count(r.text[:at], []byte("\n"))
	found := "the text ends"
	if at < len(r.text) {
		end := min(at+20, len(r.text))
		for end < len(r.text) && !utf8.RuneStart(r.text[end]) {
			end++
		}
		found = fmt.Sprintf("found %q", r.text[at:end])
	}
	return fmt.Errorf("not JSON at byte %d (line %d): %s, %s", at, line, fmt.Sprintf(format, args...), found)
}

// root reads the whole text: one value, or several that are divided by commas
// or line breaks.
func (r *repairer) root() error {
	values, list := 0, false
	for {
		found, err := r.value(inRoot)
		if err != nil {
			return err
		}
		if !found {
			break
		}
		values++
		more, err := r.rootSeparator()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if !list {
			list = true
			r.out = append([]byte{'['}, r.out...)
		}
		r.out = append(r.out, ',')
	}
	if r.pos < len(r.text) {
		return r.errorAt(r.pos, "expected the end of the text")
	}
	switch {
	case values == 0:
		return r.errorAt(r.pos, "expected a value")
	case list:
		r.out = append(r.out, ']')
	}
	if r.prose && (list || len(r.out) <= 2) {
		return errors.New("not JSON: prose around something other than one object or array with content")
	}
	return nil
}

// rootSeparator goes behind what may stand after a value of the root and
// reports whether another value follows.
func (r *repairer) rootSeparator() (bool, error) {
	newline := r.skip()
	if r.atClosers() {
		newline = r.skipClosers() || newline
	}
	if r.at(';') {
		r.pos++
		newline = r.skip() || newline
	}
	if r.at(',') {
		r.pos++
		r.skip()
		return r.pos < len(r.text), nil
	}
	if r.pos == len(r.text) {
		return false, nil
	}
	container := r.out[len(r.out)-1] == '}' || r.out[len(r.out)-1] == ']'
	apart := isSpace(rune(r.text[r.pos-1]))
	if container && apart && isProse(r.text[r.pos:]) {
		r.prose = true
		r.drop(r.pos, len(r.text))
		return false, nil
	}
	startsBare := !bytes.ContainsRune([]byte("{[\"'0123456789-"), rune(r.text[r.pos]))
	if !newline || (container && startsBare) || r.hasPrefix(fence) {
		return false, r.errorAt(r.pos, "expected the end of the text after the value")
	}
	return true, nil
}

// atClosers reports whether superfluous brackets come next: ones that close
// nothing, so that leaving them out loses nothing.
func (r *repairer) atClosers() bool { return r.at('}') || r.at(']') }

func (r *repairer) skipClosers() (newline bool) {
	for r.atClosers() {
		r.pos++
		newline = r.skip() || newline
	}
	return newline
}

// drop leaves a part of the text out on purpose.
func (r *repairer) drop(start, end int) {
	if start < end {
		r.dropped = append(r.dropped, span{start, end})
		r.pos = end
	}
}

func (r *repairer) at(char byte) bool { return r.pos < len(r.text) && r.text[r.pos] == char }

func (r *repairer) hasPrefix(prefix string) bool {
	return bytes.HasPrefix(r.text[r.pos:], []byte(prefix))
}

// firstLost looks for the letters and digits of the text in the result, in
// order, and returns the rest of the first word that is not there. It is the
// second line of defence: the parser is written so that it finds none.
func (r *repairer) firstLost() (string, bool) {
	at := 0
	for _, kept := range r.keptSpans() {
		for i := kept.start; i < kept.end; {
			char, width := utf8.DecodeRune(r.text[i:])
			if !isWordRune(char) {
				i += width
				continue
			}
			want := unicode.ToLower(char)
			for {
				if at >= len(r.out) {
					end := min(i+40, kept.end)
					return string(bytes.ToValidUTF8(r.text[i:end], nil)), true
				}
				got, size := utf8.DecodeRune(r.out[at:])
				at += size
				if unicode.ToLower(got) == want {
					break
				}
			}
			i += width
		}
	}
	return "", false
}

func (r *repairer) keptSpans() []span {
	kept, from := make([]span, 0, len(r.dropped)+1), 0
	for _, d := range r.dropped {
		kept = append(kept, span{from, d.start})
		from = d.end
	}
	return append(kept, span{from, len(r.text)})
}

func isWordRune(char rune) bool { return unicode.IsLetter(char) || unicode.IsDigit(char) }
