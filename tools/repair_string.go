package tools

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// quote is a quotation mark: its width in bytes and the marks that may close
// what it opens.
type quote struct {
	width   int
	closers string
}

// quoteAt recognises the quotation marks of JSON, Python and typography.
func quoteAt(text []byte, at int) (quote, bool) {
	if at >= len(text) {
		return quote{}, false
	}
	char, width := utf8.DecodeRune(text[at:])
	switch char {
	case '"':
		return quote{width, `"`}, true
	case '\'':
		return quote{width, `'`}, true
	case '“', '”', '„':
		return quote{width, `"“”„`}, true
	case '‘', '’', '`', '´':
		return quote{width, "'‘’`´"}, true
	}
	return quote{}, false
}

// strings reads a string and those that are added to it with a plus sign.
func (r *repairer) strings(in place) error {
	if err := r.quoted(in); err != nil {
		return err
	}
	for {
		plus, _ := r.space(r.pos)
		if plus >= len(r.text) || r.text[plus] != '+' {
			return nil
		}
		r.skip()
		r.pos++
		r.skip()
		if _, ok := quoteAt(r.text, r.pos); !ok {
			if r.pos < len(r.text) && bytes.IndexByte([]byte(",]})"), r.text[r.pos]) < 0 {
				return r.errorAt(r.pos, "expected a string after the plus sign")
			}
			return nil
		}
		joint := len(r.out)
		if err := r.quoted(in); err != nil {
			return err
		}
		r.out = append(r.out[:joint-1], r.out[joint+1:]...)
	}
}

// quoted reads one string. Where it ends is decided first, by what follows
// each mark that could end it; then its contents are written.
func (r *repairer) quoted(in place) error {
	if strings.HasPrefix(string(r.text[r.pos:min(len(r.text), r.pos+3)]), `"""`) {
		if end := bytes.Index(r.text[r.pos+3:], []byte(`"""`)); end > 0 {
			start := r.pos + 3
			r.pos = start + end + 3
			return r.contents(start, start+end)
		}
		r.looks += len(r.text) - r.pos
	}
	q, _ := quoteAt(r.text, r.pos)
	start := r.pos + q.width
	end, next := r.stringEnd(start, q, in)
	r.pos = next
	return r.contents(start, end)
}

// stringEnd finds where a string that starts at start ends, and where the text
// goes on.
func (r *repairer) stringEnd(start int, q quote, in place) (end, next int) {
	inner := -1 // the last mark that was taken for a part of the string
	for at := start; at < len(r.text); {
		char, width := utf8.DecodeRune(r.text[at:])
		r.looks += width
		switch {
		case char == '\\':
			at += 2
			continue
		case !strings.ContainsRune(q.closers, char):
			at += width
			continue
		}
		if r.mayEnd(at+width, in) {
			return at, at + width
		}
		if cut, missing := r.missingEnd(start, at, inner, in); missing {
			if cut < 0 {
				return r.cutEnd(start, q, in)
			}
			return cut, cut
		}
		inner = at
		at += width
	}
	return r.unclosedEnd(start, q, in)
}

// missingEnd decides, at a mark that cannot end the string, whether it opens
// the next one, so that the mark at the end of this one is missing. It returns
// where the string ends, or -1 where that is the first thing that could end it.
func (r *repairer) missingEnd(start, at, inner int, in place) (cut int, missing bool) {
	after, _ := r.space(at + 1)
	if in == inObject && inner > start && after < len(r.text) && r.text[after] == ':' {
		// "a": "b⏎ "c": — the mark before was the start of a key.
		value := bytes.TrimRightFunc(r.text[start:inner], isSpace)
		if bytes.IndexByte(r.text[start+len(value):inner], '\n') >= 0 {
			return start + len(value), true
		}
	}
	before := bytes.TrimRightFunc(r.text[start:at], isSpace)
	if len(before) == 0 {
		return 0, false
	}
	escaped := len(before) > 1 && before[len(before)-2] == '\\'
	if escaped || in == inObject && !r.fieldAt(at) {
		return 0, false
	}
	switch before[len(before)-1] {
	case ',':
		return start + len(before) - 1, true
	case '[', '{', '+':
		return -1, in != inObject
	case '/':
		return -1, bytes.HasSuffix(before, []byte("*/"))
	}
	return 0, false
}

// mayEnd reports whether what follows a quotation mark can follow a string.
func (r *repairer) mayEnd(after int, in place) bool {
	next, newline := r.space(after)
	if next >= len(r.text) || bytes.HasPrefix(r.text[next:], []byte(fence)) ||
		in == inArray && bytes.HasPrefix(r.text[next:], []byte("...")) {
		return true
	}
	switch r.text[next] {
	case '+':
		return r.mayFollowPlus(next + 1)
	case ')':
		return r.isOpen(')')
	case ']', '}':
		return true
	}
	_, quoted := quoteAt(r.text, next)
	if in == inObject {
		return r.mayEndField(next, quoted || newline)
	}
	return quoted || newline && in == inRoot || strings.IndexByte(mayFollow[in], r.text[next]) >= 0 ||
		in == inKey && constantAt(r.text[next:])
}

// mayFollow are the characters that may follow a string at each place, beside
// those that may everywhere.
var mayFollow = [...]string{
	inRoot:   ",:;[{",
	inArray:  ",:[{-0123456789",
	inObject: "",
	inKey:    ",:[{-0123456789",
	inCall:   "",
}

// mayEndField reports whether a field can end before a position. Without a
// comma there, the next field must stand apart.
func (r *repairer) mayEndField(next int, apart bool) bool {
	switch r.text[next] {
	case ',':
		return r.fieldAfterComma(next)
	case '{':
		return r.isOpen(']')
	}
	return apart && r.fieldAt(next)
}

func constantAt(text []byte) bool {
	for _, constant := range []string{"true", "false", "null", "True", "False", "None"} {
		if bytes.HasPrefix(text, []byte(constant)) {
			rest := text[len(constant):]
			return len(rest) == 0 || !isWordRune(firstRune(rest))
		}
	}
	return false
}

func (r *repairer) mayFollowPlus(at int) bool {
	next, _ := r.space(at)
	_, quoted := quoteAt(r.text, next)
	return next >= len(r.text) || quoted || bytes.IndexByte([]byte(",]})"), r.text[next]) >= 0
}

// fieldAfterComma reports whether the comma at a position may be one between
// two fields: a key, the end, or another comma follows it.
func (r *repairer) fieldAfterComma(comma int) bool {
	if comma, _ = r.space(comma); comma >= len(r.text) || r.text[comma] != ',' {
		return false
	}
	next, _ := r.space(comma + 1)
	if next >= len(r.text) || bytes.IndexByte([]byte(",]}{["), r.text[next]) >= 0 || bytes.HasPrefix(r.text[next:], []byte("...")) {
		return true
	}
	if _, quoted := quoteAt(r.text, next); quoted {
		return true
	}
	return r.fieldAt(next)
}

// fieldAt reports whether a key and a colon stand at a position.
func (r *repairer) fieldAt(at int) bool {
	end := at
	if q, ok := quoteAt(r.text, at); ok {
		end += q.width
		for end < len(r.text) && r.text[end] != '\n' {
			char, width := utf8.DecodeRune(r.text[end:])
			end += width
			if char == '\\' {
				end++
			} else if strings.ContainsRune(q.closers, char) {
				break
			}
		}
	} else {
		for end < len(r.text) {
			char, width := utf8.DecodeRune(r.text[end:])
			if !isWordRune(char) && !strings.ContainsRune("_$-", char) {
				break
			}
			end += width
		}
		if end == at {
			return false
		}
		if q, ok := quoteAt(r.text, end); ok {
			end += q.width
		}
	}
	r.looks += end - at
	next, _ := r.space(min(end, len(r.text)))
	return next < len(r.text) && r.text[next] == ':' && !bytes.HasPrefix(r.text[next:], []byte("://"))
}

// unclosedEnd finds the end of a string whose closing mark is missing. Text
// that was cut off inside the string belongs to it; otherwise the string ends
// at the first thing that can follow one.
func (r *repairer) unclosedEnd(start int, q quote, in place) (end, next int) {
	all := bytes.TrimRightFunc(r.text[start:], isSpace)
	if len(all) == 0 {
		return start, len(r.text)
	}
	if bytes.IndexByte([]byte(",]}[{:/+"), all[len(all)-1]) < 0 {
		return start + len(all), len(r.text)
	}
	return r.cutEnd(start, q, in)
}

// cutEnd ends a string at the first thing that can follow one.
func (r *repairer) cutEnd(start int, q quote, in place) (end, next int) {
	for at := start; at < len(r.text); {
		char, width := utf8.DecodeRune(r.text[at:])
		r.looks += width
		if strings.ContainsRune(q.closers, char) {
			return at, at + width
		}
		if r.delimits(at, in) {
			return start + len(bytes.TrimRightFunc(r.text[start:at], isSpace)), at
		}
		if char == '\\' {
			width = 2
		}
		at += width
	}
	return start + len(bytes.TrimRightFunc(r.text[start:], isSpace)), len(r.text)
}

// delimits reports whether the character at a position can end a string or
// word that has no closing mark.
func (r *repairer) delimits(at int, in place) bool {
	switch r.text[at] {
	case ',':
		return in != inObject || r.fieldAfterComma(at)
	case ']', '}':
		return r.closes(at)
	case '\n':
		next, _ := r.space(at)
		return in != inObject || next >= len(r.text) || r.closes(next) || r.fieldAt(next)
	case '+':
		return r.mayFollowPlus(at + 1)
	case ')':
		return r.isOpen(')')
	case '/':
		return r.commentAt(at) && (at == 0 || r.text[at-1] != ':')
	}
	return false
}

// closes reports whether the bracket at a position looks like the end of a
// container.
func (r *repairer) closes(at int) bool {
	if r.text[at] != ']' && r.text[at] != '}' {
		return false
	}
	next, _ := r.space(at + 1)
	return next > at+1 || next >= len(r.text) || bytes.IndexByte([]byte(",]})"), r.text[next]) >= 0
}

// bareEnd is the end of a word without quotes.
func (r *repairer) bareEnd(start int, in place) int {
	for at := start; at < len(r.text); {
		_, width := utf8.DecodeRune(r.text[at:])
		r.looks += width
		if _, quoted := quoteAt(r.text, at); quoted && at > start && r.mayEnd(at+width, in) {
			return at
		}
		switch char := r.text[at]; {
		case char == ']' || char == '}' || (char == '[' || char == '{') && at > start:
			return at
		case char != '+' && r.delimits(at, in):
			return at
		case char == '\n':
			return at
		}
		at += width
	}
	return len(r.text)
}
