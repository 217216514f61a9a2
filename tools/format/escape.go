package format

import (
	"strings"
	"unicode"
)

// escapeMarkdown writes a text so that Markdown shows it as it stands: no
// markup, link, mention or HTML in it comes alive, wherever it is put. Only
// what could come alive is escaped, so that the source stays readable.
func escapeMarkdown(text string) string {
	text = plain(text)
	var out strings.Builder
	for at, char := range text {
		if needsEscape(text, at, char) {
			out.WriteByte('\\')
		}
		out.WriteRune(char)
	}
	return out.String()
}

func needsEscape(text string, at int, char rune) bool {
	before, after := text[:at], text[at+len(string(char)):]
	switch char {
	case '\\', '`', '*', '[', ']', '<', '>', '|', '~', '@':
		return true
	case '_':
		return !endsInWord(before) || !startsWithWord(after)
	case '&':
		return startsWithWord(after) || strings.HasPrefix(after, "#")
	case '#': // a heading; the number of an issue
		return !endsInWord(before) || startsWithDigit(after)
	case '$': // a formula, but not an amount
		return after != "" && !startsWithDigit(after) && after[0] != ' '
	case '!':
		return strings.HasPrefix(after, "[")
	}
	return before == "" && startsBlock(char, after) || endsMarker(before, char, after)
}

// startsBlock reports whether a character at the start of a text would make it
// a list, a rule, or a line that changes the one above.
func startsBlock(char rune, after string) bool {
	switch char {
	case '-', '+':
		return after == "" || after[0] == ' ' || after[0] == '-'
	}
	return char == '=' || char == ':'
}

// endsMarker reports whether a character makes what stands before it a numbered
// list or an address.
func endsMarker(before string, char rune, after string) bool {
	switch char {
	case ':':
		return strings.HasPrefix(after, "/") || endsInScheme(before)
	case '.', ')':
		return isNumber(before) && (after == "" || after[0] == ' ') || char == '.' && strings.HasSuffix(strings.ToLower(before), "www")
	}
	return false
}

func endsInScheme(before string) bool {
	before = strings.ToLower(before)
	return strings.HasSuffix(before, "mailto") || strings.HasSuffix(before, "xmpp")
}

func endsInWord(text string) bool {
	chars := []rune(text[max(0, len(text)-4):])
	return len(chars) > 0 && isWord(chars[len(chars)-1])
}

func startsWithWord(text string) bool {
	for _, char := range text {
		return isWord(char)
	}
	return false
}

func startsWithDigit(text string) bool { return text != "" && text[0] >= '0' && text[0] <= '9' }

func isWord(char rune) bool { return unicode.IsLetter(char) || unicode.IsDigit(char) }

func isNumber(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}
