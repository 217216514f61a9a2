package prose

import "strings"

// Fenced is a text from outside for a place between marks (<evidence> …
// </evidence>) of a prompt: it cannot close them or open others, nor write the
// marks that some models take for those of a conversation (<|…|>), and stays on
// one line. A sign for "less than" stays what it is.
func Fenced(text string) string { return Unmarked(singleSpaced(text)) }

// Unmarked is Fenced for a text that keeps its lines.
func Unmarked(text string) string {
	at := strings.IndexByte(text, '<')
	if at < 0 {
		return text
	}
	var fenced strings.Builder
	for ; at >= 0; at = strings.IndexByte(text, '<') {
		fenced.WriteString(text[:at])
		text = text[at+1:]
		if text != "" && opensMark(text[0]) {
			fenced.WriteString("‹")
		} else {
			fenced.WriteByte('<')
		}
	}
	fenced.WriteString(text)
	return fenced.String()
}

// opensMark says that a character after < makes a mark of it.
func opensMark(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '/' || b == '!' || b == '?' || b == '|' || b == '_'
}
