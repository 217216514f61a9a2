package audit

import (
	"fmt"
	"io"
	"strings"
)

// Result is what became of the check of a pack.
type Result struct {
	Verified bool      `json:"verified"`
	Run      string    `json:"run,omitempty"`
	Topic    string    `json:"topic,omitempty"`
	MadeBy   string    `json:"made_by,omitempty"`
	Root     string    `json:"root,omitempty"` // of what is in the pack, as it was computed
	Checks   []Check   `json:"checks"`
	Problems []Problem `json:"problems"`
	Omitted  int       `json:"omitted_problems,omitempty"` // beyond the limit
}

// Check is one kind of thing that was looked at.
type Check struct {
	Name     string `json:"name"`
	Says     string `json:"says"` // what was checked, with numbers
	Problems int    `json:"problems"`
}

// Problem is one thing that is not as the pack says.
type Problem struct {
	Check string `json:"check"`
	Where string `json:"where"` // the file, and the place in it
	What  string `json:"what"`
}

// WriteText tells people what was checked and what was found.
func (r Result) WriteText(w io.Writer) error {
	var text strings.Builder
	if r.Run != "" {
		fmt.Fprintf(&text, "Audit pack of run %s, made by %s\n", printable(r.Run), printable(r.MadeBy))
	}
	if r.Topic != "" {
		fmt.Fprintf(&text, "Topic  %s\n", printable(r.Topic))
	}
	if r.Root != "" {
		fmt.Fprintf(&text, "Root   %s\n", r.Root)
	}
	if text.Len() > 0 {
		text.WriteByte('\n')
	}
	for _, c := range r.Checks {
		state := "ok "
		if c.Problems > 0 {
			state = "BAD"
		}
		fmt.Fprintf(&text, "%s  %-12s  %s\n", state, c.Name, c.Says)
	}
	for _, p := range r.Problems {
		fmt.Fprintf(&text, "\n%s: %s\n    %s\n", p.Check, printable(p.Where), printable(p.What))
	}
	if r.Omitted > 0 {
		fmt.Fprintf(&text, "\nand %d more\n", r.Omitted)
	}
	switch n := len(r.Problems) + r.Omitted; {
	case r.Verified:
		text.WriteString("\nVerified. Compare the root with the one that was kept when the pack was made.\n")
	case n == 1:
		text.WriteString("\nNot verified: one thing is not as the pack says.\n")
	default:
		fmt.Fprintf(&text, "\nNot verified: %d things are not as the pack says.\n", n)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// printable is a text of a stranger on a terminal: one line, without control
// characters.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// short cuts a text for a message.
func short(text string) string {
	const longest = 160
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}
