package tools

import (
	"bytes"
	"regexp"
	"unicode"
	"unicode/utf8"
)

var (
	number = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$`)
	// A number that was cut off before its next digit.
	cutNumber = regexp.MustCompile(`^-?((0|[1-9]\d*)(\.|(\.\d+)?[eE][+-]?))?$`)
	wrapper   = regexp.MustCompile(`^(ObjectId|ISODate|NumberLong|NumberInt|NumberDecimal|Timestamp|UUID|Date|new Date)\s*\(`)
	callback  = regexp.MustCompile(`^[\p{L}_$][\p{L}\d_$.]*\s*\(`)
)

// bare reads a value without quotes: a number, a constant, a wrapped value, or
// a string.
func (r *repairer) bare(in place) error {
	start := r.pos
	if end := r.numberEnd(start, in); end > start {
		r.pos = end
		r.out = append(r.out, r.text[start:end]...)
		if !number.Match(r.text[start:end]) {
			r.out = append(r.out, '0')
		}
		return nil
	}
	wrapping := wrapper
	if in == inRoot {
		wrapping = callback
	}
	if at := wrapping.FindIndex(r.text[start:min(len(r.text), start+256)]); at != nil {
		return r.call(start + at[1])
	}
	if r.at('/') {
		if end := regexEnd(r.text, start); end > 0 {
			r.pos = end
			return r.literalString(start, r.text[start:end])
		}
	}
	end := r.bareEnd(start, in)
	r.pos = end
	word := trimSpace(r.text[start:end])
	if len(word) == 0 {
		return r.errorAt(start, "expected a value")
	}
	if quote, ok := quoteAt(r.text, end); ok {
		r.pos += quote.width // its opening quote is missing
	}
	switch string(word) {
	case "true", "false", "null":
		r.out = append(r.out, word...)
	case "True", "False":
		r.out = append(r.out, bytes.ToLower(word)...)
	case "None", "undefined":
		r.dropped = append(r.dropped, span{start, start + len(word)})
		r.out = append(r.out, "null"...)
	default:
		return r.literalString(start, word)
	}
	return nil
}

// numberEnd is where a number at start ends, or start where the word is more
// than a number.
func (r *repairer) numberEnd(start int, in place) int {
	end := start
	for end < len(r.text) && bytes.IndexByte([]byte("+-.eE0123456789"), r.text[end]) >= 0 {
		end++
	}
	r.looks += end - start
	word := r.text[start:end]
	if end == start || !number.Match(word) && !cutNumber.Match(word) {
		return start
	}
	if end == len(r.text) || bytes.IndexByte([]byte(",]}"), r.text[end]) >= 0 || r.commentAt(end) {
		return end
	}
	after, newline := r.space(end)
	var ends bool
	switch {
	case !number.Match(word):
		ends = after == len(r.text) // or "- 1"
	case after == end:
		ends = r.endsNumber(end, in)
	default:
		ends = newline || r.mayFollowNumber(after, in)
	}
	if ends {
		return end
	}
	return start
}

// endsNumber reports whether what is glued to a number is something else, and
// not the rest of a word such as "12kg".
func (r *repairer) endsNumber(end int, in place) bool {
	if _, quoted := quoteAt(r.text, end); quoted {
		return in == inArray || r.fieldAt(end)
	}
	if r.text[end] == ')' {
		return r.isOpen(')')
	}
	return bytes.IndexByte([]byte("{[;"), r.text[end]) >= 0
}

// mayFollowNumber reports whether what stands behind a number and a space can
// be something else than the rest of "12 apples".
func (r *repairer) mayFollowNumber(after int, in place) bool {
	switch {
	case in == inArray, after == len(r.text), bytes.IndexByte([]byte(",]});"), r.text[after]) >= 0:
		return true
	case in == inObject && r.fieldAt(after):
		return true
	}
	return bytes.HasPrefix(r.text[after:], []byte(fence))
}

// call reads the value inside name(…) and leaves the name out.
func (r *repairer) call(inside int) error {
	name := r.pos
	if len(r.open) >= maxRepairDepth {
		return r.errorAt(name, "nested deeper than %d levels", maxRepairDepth)
	}
	r.drop(name, inside)
	r.open = append(r.open, ')')
	found, err := r.value(inCall)
	if err != nil {
		return err
	}
	r.skip()
	if !found || r.pos < len(r.text) && !r.at(')') {
		return r.errorAt(r.pos, "expected one value and a closing parenthesis")
	}
	if r.at(')') {
		r.pos++
	}
	r.open = r.open[:len(r.open)-1]
	return nil
}

// regexEnd is the end of a /regular expression/ on one line, or 0.
func regexEnd(text []byte, start int) int {
	for i := start + 1; i < len(text) && text[i] != '\n'; i++ {
		switch text[i] {
		case '\\':
			i++
		case '/':
			return i + 1
		}
	}
	return 0
}

func trimSpace(text []byte) []byte { return bytes.TrimFunc(text, isSpace) }

// isSpace takes every blank for white space that a model may write for one.
func isSpace(char rune) bool { return unicode.IsSpace(char) || char == '\ufeff' }

// space goes over white space and comments from a position, and reports
// whether there was a line break.
func (r *repairer) space(at int) (next int, newline bool) {
	start := at
	defer func() { r.looks += next - start }()
	for at < len(r.text) {
		if end := r.commentEnd(at); end > 0 {
			newline = newline || r.text[end-1] == '\n'
			at = end
			continue
		}
		char, width := utf8.DecodeRune(r.text[at:])
		if !isSpace(char) {
			break
		}
		newline = newline || char == '\n'
		at += width
	}
	return at, newline
}

// skip goes over white space and comments, and notes the comments.
func (r *repairer) skip() (newline bool) {
	for r.pos < len(r.text) {
		if end := r.commentEnd(r.pos); end > 0 {
			newline = newline || r.text[end-1] == '\n'
			r.drop(r.pos, end)
			continue
		}
		char, width := utf8.DecodeRune(r.text[r.pos:])
		if !isSpace(char) {
			break
		}
		newline = newline || char == '\n'
		r.pos += width
	}
	return newline
}

func (r *repairer) commentAt(at int) bool { return r.commentEnd(at) > 0 }

// commentEnd is the end of the comment at a position, or 0. A block comment
// that never ends is none.
func (r *repairer) commentEnd(at int) int {
	rest := r.text[at:]
	switch {
	case bytes.HasPrefix(rest, []byte("/*")):
		if r.endless > 0 && at >= r.endless {
			return 0
		}
		end := bytes.Index(rest[2:], []byte("*/"))
		if end < 0 {
			r.endless = max(at, 1)
			return 0
		}
		return at + 2 + end + 2
	case bytes.HasPrefix(rest, []byte("//")), bytes.HasPrefix(rest, []byte("# ")):
		if end := bytes.IndexByte(rest, '\n'); end >= 0 {
			return at + end + 1
		}
		return len(r.text)
	}
	return 0
}
