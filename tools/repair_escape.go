package tools

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// contents writes text[start:end] as a JSON string: escapes that JSON knows
// stay, others lose their backslash, what must be escaped is.
func (r *repairer) contents(start, end int) error {
	end = min(end, len(r.text))
	r.out = append(r.out, '"')
	for at := start; at < end; {
		char, width := utf8.DecodeRune(r.text[at:])
		switch {
		case char == '\\':
			next, err := r.escape(at, end)
			if err != nil {
				return err
			}
			at = next
			continue
		case char == '"':
			r.out = append(r.out, '\\', '"')
		case strings.ContainsRune("\b\f\n\r\t", char):
			r.out = append(r.out, '\\', "btn?fr"[char-'\b'])
		case char < ' ':
			return r.errorAt(at, "control character %U in a string", char)
		default:
			r.out = append(r.out, r.text[at:at+width]...)
		}
		at += width
	}
	r.out = append(r.out, '"')
	return nil
}

// escape writes the escape sequence at a position and returns what follows it.
// One that the end of the text cuts in two is left out.
func (r *repairer) escape(at, end int) (int, error) {
	if at+1 >= end {
		return end, nil
	}
	char, width := utf8.DecodeRune(r.text[at+1:])
	switch {
	case char != 'u':
		if strings.ContainsRune(`"\/bfnrt`, char) {
			r.out = append(r.out, '\\')
			r.out = append(r.out, byte(char))
			return at + 2, nil
		}
		return at + 1, nil // the character itself, without its backslash
	case at+6 <= end && isHex(r.text[at+2:at+6]):
		r.out = append(r.out, r.text[at:at+6]...)
		return at + 6, nil
	case end == len(r.text) && end < at+6 && isHex(r.text[at+2:end]):
		r.dropped = append(r.dropped, span{at, end})
		return end, nil
	}
	return 0, fmt.Errorf("not JSON at byte %d: %q is not a character: \\u needs four hexadecimal digits",
		at, r.text[at:min(end, at+1+width+4)])
}

func isHex(digits []byte) bool {
	for _, digit := range string(digits) {
		if !unicode.Is(unicode.ASCII_Hex_Digit, digit) {
			return false
		}
	}
	return true
}
