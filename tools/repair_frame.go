package tools

import (
	"bytes"
	"errors"
	"regexp"
	"unicode"
)

const fence = "```"

// frame is where the value stands in the text.
type frame struct {
	start, end int
	prose      bool // there is prose around the value, and no code block
	wrapped    bool // a bracket stands before the code block: [```…```]
	err        error
}

var (
	// A line such as `name: "x"` or `name = 3` is data, not prose.
	keyWithScalar = regexp.MustCompile(`(?i)[\p{L}\d_"']\s*[:=]\s*(["'\d-]|true|false|null)`)
	sentenceEnd   = regexp.MustCompile(`[.!?:。！？：]\s*$`)
	// The words models put before a value.
	label = regexp.MustCompile(`(?i)^[*#_\s]*(json|answer|output|result|response)[*_]*:?[*_]*\s*$`)
	// The tag that models trained to reason put before their answer.
	thinking = regexp.MustCompile(`(?s)^\s*<think(?:ing)?>.*?</think(?:ing)?>`)
	bareWord = regexp.MustCompile(`[\p{L}\p{N}'’_-]+`)
)

// isProse reports whether text around a value is talk that may be left out:
// sentences or at least two words, no bracket, and nothing like a field.
func isProse(text []byte) bool {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || bytes.ContainsAny(text, "{}[]\\") || bytes.Contains(text, []byte(fence)) {
		return false
	}
	first := bytes.TrimLeft(text, "*#_>~.!?:-(— \t")
	if len(first) == 0 || !unicode.IsLetter(firstRune(first)) || keyWithScalar.Match(text) {
		return false
	}
	words := len(bareWord.FindAllIndex(text, 3))
	return words >= 2 || sentenceEnd.Match(text) && !bytes.HasSuffix(text, []byte(":"))
}

func firstRune(text []byte) rune {
	for _, char := range string(text[:min(len(text), 4)]) {
		return char
	}
	return 0
}

// findFrame separates the value from a byte order mark, a block of reasoning,
// prose and the marks of a code block.
func findFrame(text []byte) frame {
	f := frame{end: len(text)}
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		f.start = len("\ufeff")
	}
	if at := thinking.FindIndex(text[f.start:]); at != nil {
		f.start += at[1]
	}
	rest := text[f.start:]
	if at := bytes.Index(rest, []byte(fence)); at >= 0 && mayPrecedeFence(rest[:at]) {
		f.wrapped = bytes.ContainsAny(rest[:at], "[{")
		return fencedFrame(text, f, f.start+at)
	}
	at := bytes.IndexAny(rest, "{[")
	if at <= 0 {
		return f
	}
	before := rest[:at]
	lineStart := len(bytes.TrimRight(before, " \t")) == 0 || bytes.HasSuffix(bytes.TrimRight(before, " \t"), []byte("\n"))
	spaced := unicode.IsSpace(rune(before[at-1])) || bytes.HasSuffix(before, []byte("："))
	if spaced && (rest[at] == '{' || lineStart) && (isProse(before) || label.Match(before)) {
		f.start += at
		f.prose = true
	}
	return f
}

// mayPrecedeFence accepts nothing, prose, or one bracket that was opened too
// early.
func mayPrecedeFence(before []byte) bool {
	trimmed := string(bytes.TrimSpace(before))
	return trimmed == "" || trimmed == "[" || trimmed == "{" || isProse(before) || label.Match(before)
}

// fencedFrame finds the contents of the code block that opens at a position.
// The block ends at the last mark that stands free; without one the text was
// cut off.
func fencedFrame(text []byte, f frame, open int) frame {
	f.start = open + len(fence)
	for f.start < len(text) && isTagByte(text[f.start]) {
		f.start++
	}
	last := bytes.LastIndex(text[f.start:], []byte(fence))
	if last < 0 {
		return f
	}
	last += f.start
	after := text[last+len(fence):]
	if len(after) > 0 && isTagByte(after[0]) {
		return f
	}
	rest := bytes.TrimSpace(after)
	if f.wrapped {
		rest = bytes.TrimLeft(rest, "]} \t\r\n")
	}
	if len(rest) > 0 && !isProse(rest) {
		f.err = errors.New("not JSON: more than prose follows the code block")
	}
	f.end = last
	return f
}

func isTagByte(char byte) bool {
	return char == '-' || char == '_' || '0' <= char && char <= '9' || 'a' <= char|0x20 && char|0x20 <= 'z'
}

var escapedStart = regexp.MustCompile(`^(?:\s|\\n)*[\[{]*(?:\s|\\[nrt])*\\["']`)

// escapedOnceTooOften recognises JSON that was written as the inside of a
// string: {\"a\": 1}.
func escapedOnceTooOften(text []byte) bool { return escapedStart.Match(text) }

// unescapeOnce takes one level of escaping off. Escapes that only make sense
// inside a string stay.
func unescapeOnce(text []byte) []byte {
	plain := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			plain = append(plain, text[i])
			continue
		}
		i++
		switch text[i] {
		case '"', '\'', '\\', '/':
			plain = append(plain, text[i])
		case 'n':
			plain = append(plain, '\n')
		case 'r':
			plain = append(plain, '\r')
		case 't':
			plain = append(plain, '\t')
		default:
			plain = append(plain, '\\', text[i])
		}
	}
	return plain
}
