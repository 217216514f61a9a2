package documents

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxHeadingBytes bounds a line that is taken for a heading.
const maxHeadingBytes = 100

// extractPlain reads text whose paragraphs are parted by empty lines. A short
// line alone without a full stop, or one that is underlined, is a heading; a
// line that begins with a bullet or a number is an item of a list.
func extractPlain(source string) Extracted {
	matter, body := readFrontMatter(source)
	out := matter.extracted(source)
	reader := plainReader{source: source, start: -1}
	for next := body; next < len(source); {
		start := next
		var line string
		line, next = cutLine(source, next)
		reader.line(strings.TrimSpace(line), start, start+len(line))
	}
	reader.close()
	out.Segments = reader.outline.finish()
	if out.Title == "" {
		out.Title = reader.title
	}
	return out
}

type plainReader struct {
	source     string
	outline    outline
	title      string
	start, end int // of the open paragraph; start is -1 when none is
	lines      int
	kind       BlockKind
}

func (p *plainReader) line(text string, start, end int) {
	switch {
	case text == "":
		p.close()
	case p.lines == 1 && underline(text):
		p.heading(strings.TrimSpace(p.source[p.start:p.end]))
	default:
		if bullet(text) > 0 {
			p.close()
			p.kind = BlockItem
			start += strings.Index(p.source[start:end], text) + bullet(text)
		}
		if p.start < 0 {
			p.start = start
		}
		p.end = end
		p.lines++
	}
}

func (p *plainReader) close() {
	if p.start >= 0 && p.start < p.end {
		text := strings.TrimSpace(p.source[p.start:p.end])
		if p.lines == 1 && p.kind == BlockParagraph && headingLike(text) {
			p.heading(text)
			return
		}
		p.outline.add(Block{Kind: p.kind, Start: p.start, End: p.end})
	}
	p.start, p.lines, p.kind = -1, 0, BlockParagraph
}

func (p *plainReader) heading(text string) {
	if p.title == "" && len(p.outline.segments) == 0 && len(p.outline.current.Blocks) == 0 {
		p.title = text
		text = ""
	}
	p.outline.heading(cleanTitle(text))
	p.start, p.lines, p.kind = -1, 0, BlockParagraph
}

func underline(text string) bool {
	return len(text) >= 3 && (strings.Trim(text, "=") == "" || strings.Trim(text, "-") == "")
}

// bullet is the length of the mark an item of a list begins with, or 0.
func bullet(text string) int {
	r, size := utf8.DecodeRuneInString(text)
	if strings.ContainsRune("-*+•‣◦▪–", r) && size < len(text) && (text[size] == ' ' || text[size] == '\t') {
		return size + 1
	}
	digits := 0
	for digits < len(text) && digits < 3 && asciiDigit(text[digits]) {
		digits++
	}
	if digits > 0 && digits+1 < len(text) && (text[digits] == '.' || text[digits] == ')') && text[digits+1] == ' ' {
		return digits + 2
	}
	return 0
}

// headingLike says that a line alone is rather a heading than a sentence.
func headingLike(text string) bool {
	if len(text) > maxHeadingBytes || countWords(text) > 14 {
		return false
	}
	first, _ := utf8.DecodeRuneInString(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	return !unicode.IsLower(first) && !strings.ContainsRune(".!…,;:", last)
}
