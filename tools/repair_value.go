package tools

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode"
)

// place says what a value or string is part of; it decides what may follow.
type place int

const (
	inRoot place = iota
	inArray
	inObject // a value of an object
	inKey
	inCall
)

// value reads one value, if there is one, and writes it.
func (r *repairer) value(in place) (found bool, err error) {
	r.skip()
	if r.pos >= len(r.text) {
		return false, nil
	}
	if r.looks > maxLooksPer*(len(r.text)+64) {
		return false, r.errorAt(r.pos, "expected a value, after too many guesses")
	}
	switch char := r.text[r.pos]; {
	case char == '{':
		return true, r.container('}', r.object)
	case char == '[':
		return true, r.container(']', r.array)
	case bytes.IndexByte([]byte(",:]})("), char) >= 0:
		return false, nil
	case r.hasPrefix(fence):
		return false, nil
	}
	if _, ok := quoteAt(r.text, r.pos); ok {
		return true, r.strings(in)
	}
	return true, r.bare(in)
}

func (r *repairer) container(closer byte, read func() error) error {
	if len(r.open) >= maxRepairDepth {
		return r.errorAt(r.pos, "nested deeper than %d levels", maxRepairDepth)
	}
	r.out = append(r.out, r.text[r.pos])
	r.open = append(r.open, closer)
	r.pos++
	if err := read(); err != nil {
		return err
	}
	r.open = r.open[:len(r.open)-1]
	r.out = append(r.out, closer)
	return nil
}

// close goes over the closing bracket, and reports whether the container ends
// here. A bracket of the other kind ends it too; it stays in the text when it
// closes something further out.
func (r *repairer) close(closer byte) bool {
	if r.pos >= len(r.text) {
		return true
	}
	if r.at(closer) {
		r.pos++
		return true
	}
	other := byte('}' + ']' - int(closer))
	if r.at(other) {
		if !r.isOpen(other) {
			r.pos++
		}
		return true
	}
	return r.at(')') && r.isOpen(')') || r.hasPrefix(fence)
}

func (r *repairer) array() error {
	return r.elements(false)
}

// elements reads array elements up to the closing bracket.
func (r *repairer) elements(some bool) error {
	for {
		r.skip()
		commaAt, comma := r.pos, r.at(',')
		if comma {
			r.pos++
			r.skip()
		}
		if r.ellipsis() {
			continue
		}
		if r.close(']') {
			return nil
		}
		if r.at(',') {
			return r.errorAt(commaAt, "expected an element between two commas")
		}
		if some {
			r.out = append(r.out, ',')
		}
		found, err := r.value(inArray)
		if err != nil {
			return err
		}
		if !found {
			return r.errorAt(r.pos, "expected an element or the end of an array")
		}
		some = true
	}
}

// object reads fields up to the closing brace.
func (r *repairer) object() error {
	keys := map[string]span{}
	for some := false; ; some = true {
		r.betweenFields()
		switch {
		case some && r.at(']') && len(r.open) == 1 && r.fieldAfterComma(r.pos+1):
			r.pos++ // closes nothing, and the object goes on
			continue
		case r.close('}'), some && r.at('{') && r.isOpen(']'):
			return nil // at the brace, or where the next element begins without one
		}
		var err error
		if some && r.at('[') && r.out[len(r.out)-1] == ']' {
			err = r.continueArray()
		} else {
			err = r.field(keys, some)
		}
		if err != nil {
			return err
		}
	}
}

// betweenFields goes over commas and ellipses. Between fields any number of
// them means the same.
func (r *repairer) betweenFields() {
	r.skip()
	for r.at(',') || r.ellipsis() {
		if r.at(',') {
			r.pos++
		}
		r.skip()
	}
}

// isOpen reports whether a bracket that a closer would close is open.
func (r *repairer) isOpen(closer byte) bool { return bytes.IndexByte(r.open, closer) >= 0 }

// continueArray reads a second array where a key should be, as in
// {"items": [1], [2]}, as the rest of the array before it.
func (r *repairer) continueArray() error {
	r.pos++
	r.out = r.out[:len(r.out)-1]
	r.open = append(r.open, ']')
	if err := r.elements(r.out[len(r.out)-1] != '['); err != nil {
		return err
	}
	r.open = r.open[:len(r.open)-1]
	r.out = append(r.out, ']')
	return nil
}

// field reads a key and its value. Two values for one key would lose one.
func (r *repairer) field(keys map[string]span, some bool) error {
	if some {
		r.out = append(r.out, ',')
	}
	keyAt, outAt := r.pos, len(r.out)
	if err := r.key(); err != nil {
		return err
	}
	key := string(r.out[outAt:])
	r.out = append(r.out, ':')
	r.skip()
	colon := r.at(':')
	if colon {
		r.pos++
	} else if r.pos < len(r.text) && bytes.IndexByte([]byte(",:]})"), r.text[r.pos]) >= 0 {
		return r.errorAt(r.pos, "expected a colon after the key %s", key)
	}
	drops := len(r.dropped)
	valueAt := len(r.out)
	found, err := r.value(inObject)
	if err != nil {
		return err
	}
	if !found {
		if len(r.dropped) > drops {
			return r.errorAt(r.pos, "expected a value for the key %s, not only a comment", key)
		}
		r.out = append(r.out, "null"...)
	}
	value := span{valueAt, len(r.out)}
	before, twice := keys[key]
	if twice && !bytes.Equal(r.out[before.start:before.end], r.out[value.start:value.end]) {
		return r.errorAt(keyAt, "the key %s has two values", key)
	}
	keys[key] = value
	return nil
}

func (r *repairer) key() error {
	if _, ok := quoteAt(r.text, r.pos); ok {
		return r.quoted(inKey)
	}
	start := r.pos
	for r.pos < len(r.text) && bytes.IndexByte([]byte(":,{}[]\n"), r.text[r.pos]) < 0 {
		if _, ok := quoteAt(r.text, r.pos); ok {
			break
		}
		r.pos++
	}
	name := bytes.TrimSpace(r.text[start:r.pos])
	if len(name) == 0 {
		return r.errorAt(start, "expected a key")
	}
	if quote, ok := quoteAt(r.text, r.pos); ok && !unicode.IsSpace(rune(r.text[r.pos-1])) {
		r.pos += quote.width // its opening quote is missing
	}
	return r.literalString(start, name)
}

// literalString writes raw text, in which nothing is an escape, as a string.
func (r *repairer) literalString(at int, raw []byte) error {
	for _, char := range string(raw) {
		if char < ' ' && char != '\t' && char != '\n' && char != '\r' {
			return r.errorAt(at, "control character %U in", char)
		}
	}
	encoded := bytes.NewBuffer(r.out)
	encoder := json.NewEncoder(encoded)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(string(raw)); err != nil {
		return fmt.Errorf("encoding a string: %w", err)
	}
	r.out = bytes.TrimSuffix(encoded.Bytes(), []byte("\n"))
	return nil
}

// ellipsis goes over the "..." that models write for "and so on".
func (r *repairer) ellipsis() bool {
	for _, dots := range []string{"...", "…"} {
		if !r.hasPrefix(dots) {
			continue
		}
		after, _ := r.space(r.pos + len(dots))
		if after < len(r.text) && bytes.IndexByte([]byte(",]}"), r.text[after]) < 0 {
			return false
		}
		r.pos += len(dots)
		return true
	}
	return false
}
