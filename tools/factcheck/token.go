package factcheck

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// token is a word, figure or sign of a text, with byte offsets into it.
type token struct {
	text       string
	lower      string
	stem       string
	start, end int
	figure     *quantity // of a figure, in digits or words
	content    bool      // neither function word nor sign
	name       bool      // written like a name
	pole       pole      // where it is one of two opposites
	group      int       // of words for one another, or 0
	unit       unit      // where it is the name of one
	clause     bool      // the first of its clause
	sentence   bool      // the first of its sentence
}

// A decimal point may be raised or a comma between thousands; letters and digits
// may make one word ("H1N1", "CD4").
var tokenPattern = regexp.MustCompile(`\d{1,3}(?:,\d{3})+(?:[.·]\d+)?|\d+(?:[.·]\d+)?|\.\d+|\p{L}[\p{L}\p{M}\p{N}]*(?:['’]\p{L}+)?|[%‰<>≤≥=±$€£¥°µμ]`)

// tokens reads a text. Figures have their units; several words that make one
// number are one token.
func tokens(text string) []token {
	var out []token
	end := 0
	for _, at := range tokenPattern.FindAllStringIndex(text, -1) {
		between := text[end:at[0]]
		t := newToken(text[at[0]:at[1]], at[0])
		t.sentence = len(out) == 0 || endsSentence(between, out[len(out)-1], text[at[0]:])
		t.clause = t.sentence || strings.ContainsAny(between, ",;:()[]—–")
		t.name = t.content && named(t, text, t.sentence)
		out = append(out, t)
		end = at[1]
	}
	out = joinPerCent(joinNumberWords(out, text))
	readUnits(out, text)
	return out
}

func newToken(text string, start int) token {
	lower := strings.ToLower(strings.ReplaceAll(norm.NFKC.String(text), "’", "'"))
	t := token{text: text, lower: lower, start: start, end: start + len(text)}
	if text[0] >= '0' && text[0] <= '9' || text[0] == '.' {
		t.figure, t.stem = readFigure(text), lower
		return t
	}
	first, _ := utf8.DecodeRuneInString(text)
	t.stem = stem(lower)
	t.pole, t.group, t.unit = axes[lower], synonyms[t.stem], units[lower]
	t.content = unicode.IsLetter(first) && !functionWord(lower)
	return t
}

// joinPerCent makes one word of "per cent".
func joinPerCent(list []token) []token {
	out := list[:0]
	for _, t := range list {
		if n := len(out); n > 0 && t.lower == "cent" && out[n-1].lower == "per" {
			out[n-1].lower, out[n-1].stem, out[n-1].end = "percent", "percent", t.end
			out[n-1].unit = units["percent"]
			continue
		}
		out = append(out, t)
	}
	return out
}

func endsSentence(between string, before token, rest string) bool {
	if strings.ContainsAny(between, "?!\n") && strings.Contains(between, " ") {
		return true
	}
	if !strings.Contains(between, ". ") && !strings.Contains(between, ".” ") && !strings.Contains(between, ".) ") {
		return false
	}
	first, _ := utf8.DecodeRuneInString(rest)
	return (unicode.IsUpper(first) || unicode.IsDigit(first)) && (len(before.text) > 2 || before.figure != nil)
}

// named says that a word is written like a name: with a capital where no
// sentence begins, in capitals, or with digits in it.
func named(t token, text string, first bool) bool {
	runes := []rune(t.text)
	upper, digits := 0, 0
	for _, r := range runes {
		if unicode.IsUpper(r) {
			upper++
		}
		if unicode.IsDigit(r) {
			digits++
		}
	}
	switch {
	case digits > 0, upper >= 2:
		return true
	case upper == 0 || len(runes) < 2 || first:
		return false
	}
	return !heading(text, t)
}

// heading says that a word with a capital opens a labelled part ("RESULTS: The").
func heading(text string, t token) bool {
	before := strings.TrimRight(text[:t.start], " ")
	return strings.HasSuffix(before, ":") || strings.HasSuffix(before, "“") || strings.HasSuffix(before, `"`)
}

// without leaves out the tokens that lie in one of the spans.
func without(list []token, spans [][2]int) []token {
	var kept []token
	for _, t := range list {
		inside := false
		for _, s := range spans {
			inside = inside || t.start >= s[0] && t.end <= s[1]
		}
		if !inside {
			kept = append(kept, t)
		}
	}
	return kept
}

// stem takes the endings of English off a word, so far as the words that share
// a stem still mean one thing.
func stem(word string) string {
	word = strings.TrimSuffix(word, "'s")
	if len(word) < 4 {
		return word
	}
	for _, e := range [...]struct{ from, to string }{
		{"ically", "ic"},
		{"ies", "y"},
		{"ied", "y"},
		{"ingly", ""},
		{"edly", ""},
		{"sses", "ss"},
		{"ings", ""},
		{"ing", ""},
		{"ed", ""},
		{"ly", ""},
		{"es", "e"},
		{"s", ""},
	} {
		root, ok := strings.CutSuffix(word, e.from)
		if !ok || len(root) < 3 || e.from == "s" && (strings.HasSuffix(root, "s") || strings.HasSuffix(root, "u") || strings.HasSuffix(root, "i")) {
			continue
		}
		word = root + e.to
		break
	}
	if n := len(word); n > 4 && word[n-1] == word[n-2] && !strings.ContainsRune("aeiousl", rune(word[n-1])) {
		word = word[:n-1]
	}
	if len(word) > 4 {
		word = strings.TrimSuffix(word, "e")
	}
	return word
}
