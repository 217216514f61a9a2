package modelapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// maxDepth bounds how deep a body may nest.
const maxDepth = 128

// checkText refuses what is not JSON in UTF-8 of a bounded depth. A cursor
// relies on it.
func checkText(text []byte) error {
	if len(text) == 0 {
		return invalid("", "The body is empty; it must be a JSON object.")
	}
	if !utf8.Valid(text) {
		return invalid("", "The body is not UTF-8: see byte %d.", firstInvalid(text))
	}
	if deepest(text) > maxDepth {
		return invalid("", "The body is nested too deeply; %d levels are the most.", maxDepth)
	}
	if json.Valid(text) {
		return nil
	}
	var value json.RawMessage
	err := json.Unmarshal(text, &value)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return invalid("", "We could not parse the JSON body of your request: %v at byte %d.", syntax, syntax.Offset)
	}
	return invalid("", "We could not parse the JSON body of your request: %v.", err)
}

func firstInvalid(text []byte) int {
	for at := 0; at < len(text); {
		char, width := utf8.DecodeRune(text[at:])
		if char == utf8.RuneError && width == 1 {
			return at
		}
		at += width
	}
	return len(text)
}

// deepest counts open brackets outside of strings. It needs no valid JSON.
func deepest(text []byte) (most int) {
	depth, quoted := 0, false
	for at := 0; at < len(text); at++ {
		switch char := text[at]; {
		case quoted && char == '\\':
			at++
		case char == '"':
			quoted = !quoted
		case quoted:
		case char == '{' || char == '[':
			depth++
			most = max(most, depth)
		case char == '}' || char == ']':
			depth--
		}
	}
	return most
}

// cursor reads a text that [checkText] let pass, value by value, and knows the
// place it is at as OpenAI names it: messages[0].content.
type cursor struct {
	text []byte
	at   int
	path []byte
}

// kind is what the next value is: one of { [ " t f n 0.
func (c *cursor) kind() byte {
	c.space()
	switch char := c.text[c.at]; char {
	case '{', '[', '"', 't', 'f', 'n':
		return char
	default:
		return '0'
	}
}

func (c *cursor) space() {
	for {
		switch c.text[c.at] {
		case ' ', '\t', '\n', '\r':
			c.at++
		default:
			return
		}
	}
}

// null goes behind a null, if one is next.
func (c *cursor) null() bool {
	if c.kind() != 'n' {
		return false
	}
	c.at += len("null")
	return true
}

// fields calls each with the cursor at the value of every field of an object;
// each must read the value.
func (c *cursor) fields(each func(name string) error) error {
	if kind := c.kind(); kind != '{' {
		return c.wrongType("an object", kind)
	}
	c.at++
	whole := len(c.path)
	for {
		c.space()
		switch c.text[c.at] {
		case '}':
			c.at++
			return nil
		case ',':
			c.at++
			c.space()
		}
		name := c.quoted()
		c.space()
		c.at++ // the colon
		if whole > 0 {
			c.path = append(c.path, '.')
		}
		c.path = append(c.path, name...)
		if err := each(name); err != nil {
			return err
		}
		c.path = c.path[:whole]
	}
}

// items calls each with the cursor at every element of an array.
func (c *cursor) items(each func(i int) error) error {
	if kind := c.kind(); kind != '[' {
		return c.wrongType("an array", kind)
	}
	c.at++
	whole := len(c.path)
	for i := 0; ; i++ {
		c.space()
		switch c.text[c.at] {
		case ']':
			c.at++
			return nil
		case ',':
			c.at++
		}
		c.path = append(strconv.AppendInt(append(c.path, '['), int64(i), 10), ']')
		if err := each(i); err != nil {
			return err
		}
		c.path = c.path[:whole]
	}
}

// raw goes behind a value and gives its text.
func (c *cursor) raw() []byte {
	kind := c.kind()
	begin := c.at
	switch kind {
	case '"':
		c.skipString()
	case '{', '[':
		for depth := 0; ; {
			switch c.text[c.at] {
			case '"':
				c.skipString()
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			if c.at++; depth == 0 {
				break
			}
			continue
		}
	default:
		for c.at < len(c.text) && !ends(c.text[c.at]) {
			c.at++
		}
	}
	return c.text[begin:c.at]
}

func ends(char byte) bool {
	switch char {
	case ',', '}', ']', ' ', '\t', '\n', '\r':
		return true
	}
	return false
}

func (c *cursor) skipString() (escaped bool) {
	for c.at++; c.text[c.at] != '"'; c.at++ {
		if c.text[c.at] == '\\' {
			escaped = true
			c.at++
		}
	}
	c.at++
	return escaped
}

// quoted reads a string that is known to be one.
func (c *cursor) quoted() string {
	begin := c.at
	if !c.skipString() {
		return string(c.text[begin+1 : c.at-1])
	}
	var text string
	_ = json.Unmarshal(c.text[begin:c.at], &text) // it is a valid JSON string
	return text
}

// string reads a string.
func (c *cursor) string() (string, error) {
	if kind := c.kind(); kind != '"' {
		return "", c.wrongType("a string", kind)
	}
	return c.quoted(), nil
}

// bool reads true or false.
func (c *cursor) bool() (bool, error) {
	switch kind := c.kind(); kind {
	case 't':
		c.at += len("true")
		return true, nil
	case 'f':
		c.at += len("false")
		return false, nil
	default:
		return false, c.wrongType("a boolean", kind)
	}
}

// number reads a number within bounds.
func (c *cursor) number(least, most float64) (float64, error) {
	if kind := c.kind(); kind != '0' {
		return 0, c.wrongType("a decimal", kind)
	}
	text := string(c.raw())
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || n > most:
		return 0, c.refuse("decimal_above_max_value", "expected a value <= %g, but got %s instead.", most, clip(text))
	case n < least:
		return 0, c.refuse("decimal_below_min_value", "expected a value >= %g, but got %s instead.", least, clip(text))
	}
	return n, nil
}

// integer reads a whole number within bounds.
func (c *cursor) integer(least, most int) (int, error) {
	if kind := c.kind(); kind != '0' {
		return 0, c.wrongType("an integer", kind)
	}
	text := string(c.raw())
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case err == nil && n != float64(int64(n)) && n > -1e15 && n < 1e15:
		return 0, c.refuse("invalid_type", "expected an integer, but got a decimal number instead.")
	case err != nil && text[0] != '-' || n > float64(most):
		return 0, c.refuse("integer_above_max_value", "expected a value <= %d, but got %s instead.", most, clip(text))
	case err != nil || n < float64(least):
		return 0, c.refuse("integer_below_min_value", "expected a value >= %d, but got %s instead.", least, clip(text))
	}
	return int(n), nil
}

func clip(text string) string {
	if len(text) > 40 {
		return text[:40] + "…"
	}
	return text
}

// refuse blames the value the cursor is at or just read.
func (c *cursor) refuse(code, format string, args ...any) error {
	failure := invalid(string(c.path), "Invalid value for '%s': %s", c.path, fmt.Sprintf(format, args...))
	failure.Code = code
	return failure
}

func (c *cursor) wrongType(want string, kind byte) error {
	got := map[byte]string{'{': "an object", '[': "an array", '"': "a string", 't': "a boolean", 'f': "a boolean", 'n': "null", '0': "a number"}[kind]
	if len(c.path) == 0 {
		return invalid("", "The body must be %s; it is %s.", want, got)
	}
	failure := invalid(string(c.path), "Invalid type for '%s': expected %s, but got %s instead.", c.path, want, got)
	failure.Code = "invalid_type"
	return failure
}

// unsupported says that a feature of the API is not to be had here.
func (c *cursor) unsupported(format string, args ...any) error {
	failure := invalid(string(c.path), "Unsupported parameter '%s': %s", c.path, fmt.Sprintf(format, args...))
	failure.Code = "unsupported_parameter"
	return failure
}

// truthy reads any value and says whether it asks for something.
func (c *cursor) truthy() bool {
	switch text := string(c.raw()); text {
	case "null", "false", "0", "0.0", `""`, "{}", "[]":
		return false
	default:
		n, err := strconv.ParseFloat(text, 64)
		return err != nil || n != 0
	}
}
