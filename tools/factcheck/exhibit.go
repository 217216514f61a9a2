package factcheck

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// exhibit is evidence as claims are held against it. What is read of it is kept,
// since most evidence is cited more than once.
type exhibit struct {
	Evidence
	words  []token  // of its quote; of a computation the quote is the header of a table
	about  []token  // of its heading and title
	texts  []string // as plain gives them
	values []float64
	tight  string
}

func newExhibit(e Evidence) *exhibit {
	x := &exhibit{Evidence: e}
	if e.Computation == nil {
		x.words = tokens(e.Quote)
	}
	x.about = append(tokens(e.Heading), tokens(e.Title)...)
	for _, text := range []string{e.Quote, e.Title, e.Heading} {
		x.texts = append(x.texts, plain(text))
	}
	x.tight = tight(e.Title)
	if e.Computation != nil {
		x.texts = append(x.texts, plain(string(e.Computation.Result)))
		x.tight += "\n" + tight(string(e.Computation.Result)+string(e.Computation.Input))
	}
	x.values = valuesOf(e)
	return x
}

// holds says that words, as plain gives them, stand in the quotation, the title
// or the heading of evidence.
func (e *exhibit) holds(words string) bool {
	return slices.ContainsFunc(e.texts, func(text string) bool { return strings.Contains(text, words) })
}

// names says that a name made of the evidence's title or computation is in it,
// whatever its case, spaces and underscores.
func (e *exhibit) names(words string) bool {
	name := tight(words)
	return name != "" && strings.Contains(e.tight, name)
}

var sameMarks = strings.NewReplacer("“", "'", "”", "'", "„", "'", "‘", "'", "’", "'", `\"`, "'", `"`, "'", "\u00ad", "", "‐", "-", "‑", "-", "–", "-", "—", "-", "−", "-")

// plain is a text in the form in which quotations are compared: Unicode in its
// compatibility composition, one kind of quotation mark and hyphen, single
// spaces.
func plain(text string) string {
	return strings.Join(strings.Fields(sameMarks.Replace(norm.NFKC.String(text))), " ")
}

func tight(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKC.String(text))
}

// quotedWords is from how many words on a text in quotation marks is taken for
// a quotation rather than a name.
const quotedWords = 6

// quotations checks what the claim quotes, and gives the places that stand word
// for word in the evidence and need no other check.
func (c *comparison) quotations() (verbatim [][2]int) {
	text := c.claim.Text
	passage := c.passage()
	for from := 0; ; {
		open := strings.Index(text[from:], "“")
		if open < 0 {
			return verbatim
		}
		open += from
		inner := open + len("“")
		end := strings.IndexAny(text[inner:], "“”")
		if end < 0 {
			return verbatim
		}
		end += inner
		from = end // from another opening mark the search begins anew
		if !strings.HasPrefix(text[end:], "”") {
			continue
		}
		words := strings.TrimRight(plain(text[inner:end]), ".… ")
		long := len(strings.Fields(text[inner:end])) >= quotedWords
		switch {
		case slices.ContainsFunc(c.held, func(e *exhibit) bool { return e.holds(words) }) || strings.Contains(passage, words),
			slices.ContainsFunc(c.held, func(e *exhibit) bool { return e.names(words) }):
			verbatim = append(verbatim, [2]int{open, end + len("”")})
		case long:
			c.add(Problem{
				Kind: KindQuote, Status: NotShown, Start: inner, End: end, Text: text[inner:end],
				Reason: "the words “" + shorten(text[inner:end], 80) + "” do not stand in its evidence",
			})
		}
	}
}

// passage is what consecutive sentences make together.
func (c *comparison) passage() string {
	var passage strings.Builder
	for _, e := range c.held {
		if e.Computation == nil {
			passage.WriteString(" " + e.Quote)
		}
	}
	return plain(passage.String())
}

func shorten(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return strings.TrimRight(string([]rune(text)[:limit-1]), " ,;:") + "…"
}
