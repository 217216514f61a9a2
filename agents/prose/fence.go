package prose

import "strings"

// Fenced is a text from outside for a place between marks (<evidence> …
// </evidence>) of a prompt: it cannot close them, and stays on one line.
func Fenced(text string) string {
	return strings.ReplaceAll(singleSpaced(text), "</", "‹/")
}
