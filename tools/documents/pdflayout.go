package documents

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// pdfLine is one line of a page. Its place is in points from the lower left
// corner; zeros when unknown.
type pdfLine struct {
	text                string
	left, right, bottom float64
	size                float64 // height of the type
}

// minPDFLetters is how many letters a PDF must have to be more than a scan
// with a stamp on it.
const minPDFLetters = 20

// extracted lays a PDF out as text: lines become paragraphs, hyphens at their
// ends go, running heads and page numbers are left out, larger type makes a
// heading.
func (d pdfDocument) extracted(name string) (Extracted, error) {
	letters := 0
	for _, page := range d.pages {
		for _, line := range page {
			letters += countLetters(line.text)
		}
	}
	if letters < minPDFLetters {
		return Extracted{}, d.withoutText(name)
	}
	layout := pdfLayout{body: bodySize(d.pages), words: lineWords(d.pages)}
	running := runningLines(d.pages)
	for i, page := range d.pages {
		layout.page(i+1, page, running)
	}
	layout.close()
	out := Extracted{
		Title: d.facts.title, Author: d.facts.author, Published: d.facts.published, Year: yearIn(d.facts.published),
		Text: layout.text.String(), Segments: layout.outline.finish(), Pages: d.total, Parts: d.gaps(),
	}
	if out.Title == "" {
		out.Title = layout.title
	}
	return out, nil
}

// pdfLayout writes the snapshot.
type pdfLayout struct {
	text    strings.Builder
	outline outline
	body    float64         // the size most of the text has
	words   map[string]bool // that stand inside lines
	title   string
	size    float64 // of the type of the title

	open     strings.Builder // the paragraph, or heading, at hand
	first    int             // the page it began on
	last     pdfLine         // its last line
	lastPage int
	kind     BlockKind
	heading  bool
}

func (l *pdfLayout) page(number int, lines []pdfLine, running map[string]bool) {
	width := 0.0
	for _, line := range lines {
		width = max(width, line.right)
	}
	for i, line := range lines {
		if edge(i, len(lines)) && (running[runningKey(line.text)] || pageNumber(line.text)) {
			continue
		}
		heading := l.isHeading(line)
		if l.open.Len() > 0 && (heading != l.heading || l.parts(number, line, width)) {
			l.close()
		}
		l.add(number, line, heading)
	}
}

// isHeading says that a line is set larger than the text, and is no sentence.
func (l *pdfLayout) isHeading(line pdfLine) bool {
	return l.body > 0 && line.size >= 1.15*l.body && countWords(line.text) <= 20 &&
		!strings.HasSuffix(line.text, ".") && countLetters(line.text) > 2
}

// parts says that line begins a new paragraph, or heading.
func (l *pdfLayout) parts(page int, line pdfLine, width float64) bool {
	ended := sentenceEnd(l.last.text)
	switch {
	case bullet(line.text) > 0:
		return true
	case math.Abs(line.size-l.last.size) > 0.12*max(l.last.size, 1):
		return true
	case page != l.lastPage:
		return ended || l.heading || !lowerStart(line.text) && !strings.HasSuffix(l.last.text, "-")
	case line.size == 0: // its place is unknown
		return ended && len(l.last.text) < 60
	}
	return l.partsByPlace(line, width, ended)
}

// partsByPlace says that a line of the same page and type stands where a new
// paragraph does. ended tells whether the last line ends a sentence.
func (l *pdfLayout) partsByPlace(line pdfLine, width float64, ended bool) bool {
	down := l.last.bottom - line.bottom
	switch {
	case math.Abs(down) < 0.5*line.size: // beside the last line: a cell of a table
		return true
	case down > 2.2*line.size: // a gap
		return true
	case down < 0: // another column
		return ended || l.heading || !lowerStart(line.text)
	case l.heading:
		return false
	case ended && l.last.right < 0.85*width:
		return true
	case ended && line.left > l.last.left+0.8*line.size:
		return true
	}
	return false
}

func (l *pdfLayout) add(page int, line pdfLine, heading bool) {
	text := line.text
	if l.open.Len() == 0 {
		l.first, l.heading, l.kind = page, heading, BlockParagraph
		if mark := bullet(text); mark > 0 && !heading {
			l.kind = BlockItem
			if !asciiDigit(text[0]) {
				text = strings.TrimSpace(text[mark:])
			}
		}
		l.open.WriteString(text)
	} else {
		l.join(text)
	}
	l.last, l.lastPage = line, page
}

// join adds a line to the open paragraph. A hyphen between them goes, unless
// the document has the word with its hyphen elsewhere.
func (l *pdfLayout) join(text string) {
	open := l.open.String()
	if !strings.HasSuffix(open, "-") || !lowerStart(text) {
		if !strings.HasSuffix(open, "-") || strings.HasSuffix(open, " -") {
			l.open.WriteByte(' ')
		}
		l.open.WriteString(text)
		return
	}
	head := strings.TrimSuffix(lastWord(open), "-")
	tail := strings.TrimRightFunc(firstWord(text), unicode.IsPunct)
	if !l.words[strings.ToLower(head+"-"+tail)] || l.words[strings.ToLower(head+tail)] {
		open = strings.TrimSuffix(open, "-")
		l.open.Reset()
		l.open.WriteString(open)
	}
	l.open.WriteString(text)
}

// close puts the open paragraph or heading into the snapshot.
func (l *pdfLayout) close() {
	text := strings.TrimSpace(l.open.String())
	l.open.Reset()
	if text == "" {
		return
	}
	start := l.text.Len()
	l.text.WriteString(text)
	l.text.WriteString("\n\n")
	if !l.heading {
		l.outline.add(Block{Kind: l.kind, Start: start, End: start + len(text), Page: l.first})
		return
	}
	if l.first == 1 && l.last.size > l.size {
		l.title, l.size = text, l.last.size
	}
	l.outline.heading(cleanTitle(text))
}

// bodySize is the size of type most letters are set in.
func bodySize(pages [][]pdfLine) float64 {
	letters := map[float64]int{}
	for _, page := range pages {
		for _, line := range page {
			letters[math.Round(line.size*2)/2] += len(line.text)
		}
	}
	best, most := 0.0, 0
	for size, count := range letters {
		if count > most || count == most && size < best {
			best, most = size, count
		}
	}
	return best
}

// lineWords are the words of a document that are not cut by the end of a line.
func lineWords(pages [][]pdfLine) map[string]bool {
	words := map[string]bool{}
	for _, page := range pages {
		for _, line := range page {
			for word := range strings.FieldsSeq(strings.ToLower(line.text)) {
				words[strings.TrimFunc(word, unicode.IsPunct)] = true
			}
		}
	}
	return words
}

// edge says that a line is among the first or last of its page.
func edge(i, lines int) bool { return i < 2 || i >= lines-2 }

// runningLines are lines that stand at the edge of many pages.
func runningLines(pages [][]pdfLine) map[string]bool {
	counts := map[string]int{}
	for _, page := range pages {
		seen := map[string]bool{}
		for i, line := range page {
			if key := runningKey(line.text); edge(i, len(page)) && !seen[key] {
				seen[key] = true
				counts[key]++
			}
		}
	}
	running := map[string]bool{}
	for key, count := range counts {
		running[key] = count >= 3 && count*5 >= len(pages)*2
	}
	return running
}

// runningKey is a line without its figures, which change from page to page.
func runningKey(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
}

// pageNumber says that a line holds nothing but the number of its page.
func pageNumber(text string) bool {
	rest := strings.ToLower(runningKey(text))
	for _, word := range []string{"page", "seite", "of", "von", "/", "-", "–", "|"} {
		rest = strings.ReplaceAll(rest, word, "")
	}
	return strings.TrimSpace(rest) == "" && strings.ContainsAny(text, "0123456789")
}

func sentenceEnd(text string) bool {
	text = strings.TrimRight(text, "\"'”’»)] ")
	r, _ := utf8.DecodeLastRuneInString(text)
	return strings.ContainsRune(".!?:…", r)
}

func lowerStart(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return unicode.IsLower(r)
}
