package documents

import (
	"fmt"
	"strings"
	"unicode"
)

// snapshot writes the text of a document that is made of paragraphs, items and
// tables, and notes where they lie.
type snapshot struct {
	limits  Limits
	text    strings.Builder
	outline outline
	title   string // of the first heading of the first level
	page    int    // where the format has pages or slides
	parts   []Part
	tables  int
	full    bool // the limit of the text was reached
}

// room says whether so much text still fits; what does not is a gap, named once.
func (s *snapshot) room(bytes int) bool {
	if s.full {
		return false
	}
	if s.text.Len()+bytes > s.limits.Text {
		s.full = true
		s.gap("the rest", fmt.Sprintf("only the first %d MB of its text were read; split it into parts", s.limits.Text>>20))
		return false
	}
	return true
}

func (s *snapshot) gap(name, why string) { s.parts = append(s.parts, Part{Name: name, Gap: why}) }

// heading begins a part of the document. The first of the first level is the
// title of the whole.
func (s *snapshot) heading(text string, level int) {
	text = foldSpace(text)
	if text == "" || !s.room(len(text)) {
		return
	}
	s.text.WriteString(text + "\n\n")
	if level <= 1 && s.title == "" {
		s.title = text
		if len(s.outline.segments) == 0 && len(s.outline.current.Blocks) == 0 {
			text = ""
		}
	}
	s.outline.heading(cleanTitle(text))
}

// paragraph adds a block.
func (s *snapshot) paragraph(kind BlockKind, text string) {
	text = foldSpace(text)
	if text == "" || !s.room(len(text)) {
		return
	}
	start := s.text.Len()
	s.text.WriteString(text)
	s.outline.add(Block{Kind: kind, Start: start, End: s.text.Len(), Page: s.page})
	s.text.WriteString("\n\n")
}

// proseWords is how many words make of a cell a text that is worth quoting.
const proseWords = 6

// table adds a table, which need not have a name, as lines of cells; a cell that holds sentences is a block
// too. What is a table of data, with a header and columns, is also a part of
// its own, so that it can be computed with.
func (s *snapshot) table(name string, rows [][]string, maxLines int) {
	if maxLines <= 0 {
		maxLines = len(rows)
	}
	for i, row := range rows {
		prose := false
		line := 2
		for j, cell := range row {
			row[j] = foldSpace(cell)
			line += len(row[j]) + 3
			prose = prose || countWords(row[j]) >= proseWords
		}
		if i >= maxLines && !prose {
			continue
		}
		if !s.room(line) {
			break
		}
		s.row(row)
	}
	if len(rows) > 0 {
		s.text.WriteString("\n")
	}
	s.data(name, rows)
}

func (s *snapshot) row(row []string) {
	for _, cell := range row {
		s.text.WriteString("| ")
		start := s.text.Len()
		s.text.WriteString(cell)
		if countWords(cell) >= proseWords {
			s.outline.add(Block{Start: start, End: s.text.Len(), Page: s.page})
		}
		s.text.WriteString(" ")
	}
	s.text.WriteString("|\n")
}

// data makes a table of data a part, by its name or under a heading.
func (s *snapshot) data(name string, rows [][]string) {
	if s.tables >= maxTableParts {
		return
	}
	part, table, ok := tablePart(s.tables+1, s.outline.current.Heading, rows, s.limits)
	if !ok || name == "" && !computable(table) {
		return
	}
	if name != "" {
		part.Name, part.Title = name, ""
	}
	s.tables++
	s.parts = append(s.parts, part)
}

// extracted is the document that was written.
func (s *snapshot) extracted(p properties) Extracted {
	out := Extracted{
		Title: p.title, Author: p.author, Published: p.published, Year: yearIn(p.published),
		Text: s.text.String(), Segments: s.outline.finish(), Parts: s.parts,
	}
	if out.Title == "" {
		out.Title = s.title
	}
	return out
}

// foldSpace makes one line of a text: white space is folded, and what is
// invisible or no text goes.
func foldSpace(text string) string {
	clean := true
	for i := range len(text) {
		if text[i] < ' ' || text[i] >= 0x7f || text[i] == ' ' && (i == 0 || text[i-1] == ' ') {
			clean = false
			break
		}
	}
	if clean {
		return strings.TrimRight(text, " ")
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\u00ad', r == '\u200b', r == '\ufeff', r != '\t' && r != '\n' && r != '\r' && unicode.IsControl(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return strings.Join(strings.Fields(text), " ")
}
