package grammar

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	codePattern = regexp.MustCompile("`[^`]*`|<[A-Za-z/!][^<>]*>|\\{\\{.*?\\}\\}")
	joined      = regexp.MustCompile(`[_@\\=#$~^{}|]|://|^www\.|\w/\w|\w\.\w+/|[A-Za-z]\.[a-z]{2,4}$`)
)

// closers gives the mark that ends a quotation, by the one that begins it.
func closer(open rune) (rune, bool) {
	switch open {
	case '“', '„':
		return '”', true
	case '«':
		return '»', true
	case '‘':
		return '’', true
	case '「':
		return '」', true
	case '"':
		return '"', true
	}
	return 0, false
}

// guard finds what must not be changed.
func (p *page) guard() {
	p.quotes = quotesOf(p.text)
	spans := slices.Clone(p.quotes)
	for _, at := range codePattern.FindAllStringIndex(p.text, -1) {
		spans = append(spans, span{at[0], at[1]})
	}
	spans = append(spans, tokensOf(p.text)...)
	spans = append(spans, p.namesOf()...)
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end)) })
	for _, s := range spans {
		if last := len(p.guarded) - 1; last >= 0 && s.start <= p.guarded[last].end && s.start < p.guarded[last].end {
			p.guarded[last].end = max(p.guarded[last].end, s.end)
			continue
		}
		p.guarded = append(p.guarded, s)
	}
}

// quotesOf finds quotations with their marks. One that is not closed goes on to
// the end: its words are somebody's too.
func quotesOf(text string) []span {
	var quotes []span
	start, want := -1, rune(0)
	var open rune
	depth := 0
	for i, r := range text {
		if start < 0 {
			if mark, ok := closer(r); ok && !inches(text, i, r) {
				start, want, open, depth = i, mark, r, 1
			}
			continue
		}
		switch {
		case r == want && (want != '’' || !apostrophe(text, i)) || open == '„' && r == '“':
			if depth--; depth == 0 {
				quotes = append(quotes, span{start, i + utf8.RuneLen(r)})
				start = -1
			}
		case r == open && open != '"':
			depth++
		}
	}
	if start >= 0 {
		quotes = append(quotes, span{start, len(text)})
	}
	return quotes
}

// inches says that a straight mark follows a figure, as in 12" pipes.
func inches(text string, at int, mark rune) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	return mark == '"' && unicode.IsDigit(before)
}

// apostrophe says that the mark at a place stands inside a word.
func apostrophe(text string, at int) bool {
	after, _ := utf8.DecodeRuneInString(text[at+len("’"):])
	return unicode.IsLetter(after)
}

// tokensOf finds figures, addresses, code and words in other scripts, each up to
// the white space around it.
func tokensOf(text string) []span {
	var spans []span
	at := 0
	for at < len(text) {
		size := strings.IndexFunc(text[at:], unicode.IsSpace)
		if size < 0 {
			size = len(text) - at
		}
		token := text[at : at+size]
		trimmed := strings.TrimRight(token, ".,;:!?)]")
		trimmedLeft := strings.TrimLeft(trimmed, "([")
		if closedToken(trimmedLeft) {
			start := at + len(trimmed) - len(trimmedLeft)
			spans = append(spans, span{start, start + len(trimmedLeft)})
		}
		at += size
		_, width := utf8.DecodeRuneInString(text[at:])
		at += width
	}
	return spans
}

func closedToken(token string) bool {
	foreign := func(r rune) bool {
		return unicode.IsDigit(r) || unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) || unicode.In(r, unicode.Sm, unicode.Nl, unicode.No)
	}
	return token != "" && (strings.ContainsFunc(token, foreign) || joined.MatchString(token))
}

// namesOf finds names: words with a capital inside a sentence, and one at its
// beginning that another capital follows, or that has a capital elsewhere too.
func (p *page) namesOf() []span {
	named := map[string]bool{}
	for _, w := range p.words {
		if w.capital() && !w.first {
			named[w.text] = true
		}
	}
	var spans []span
	for i, w := range p.words {
		follows := i+1 < len(p.words) && p.words[i+1].capital() && p.text[w.end:p.words[i+1].start] == " "
		if w.mixed() || w.capital() && (!w.first || named[w.text] || follows && !little(w.lower)) {
			spans = append(spans, span{w.start, w.end})
		}
	}
	return spans
}

// little says that a word is one that begins sentences and is part of no name.
func little(lower string) bool {
	switch lower {
	case "a", "an", "the", "in", "on", "at", "of", "for", "from", "by", "with", "to", "as", "and", "but", "or", "if", "when", "while",
		"this", "that", "these", "those", "it", "its", "their", "our", "we", "both", "all", "some", "many", "most", "after", "before",
		"since", "among", "between", "within", "under", "over", "during", "whereas", "although", "because", "however":
		return true
	}
	return false
}
