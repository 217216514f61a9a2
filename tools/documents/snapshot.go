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

// table adds a table as lines of cells; a cell that holds sentences is a block
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

// maxTableParts is how many tables of one document become parts.
const maxTableParts = 50

// data makes a table of data a part.
func (s *snapshot) data(name string, rows [][]string) {
	text, ok := tableText(rows)
	if !ok || s.tables >= maxTableParts {
		return
	}
	if _, err := ReadTable(TableSource{URI: name, MediaType: TSV, Text: text}, s.limits); err != nil {
		return // it stays a table in the text
	}
	s.tables++
	s.parts = append(s.parts, Part{Name: name, MediaType: TSV, Data: []byte(text)})
}

// tableText writes rows as text parted by tabs; false for what has no two
// columns and no two rows below a header. Rows before the header stay as short
// as they are, and those below it are filled up to its width.
func tableText(rows [][]string) (string, bool) {
	header, width := tableHeader(rows)
	if width < 2 || len(rows)-header < 3 {
		return "", false
	}
	var text strings.Builder
	for i, row := range rows {
		row = trimCells(row)
		for len(row) < width && i >= header && len(row) > 0 {
			row = append(row, "")
		}
		for j, cell := range row {
			if j > 0 {
				text.WriteByte('\t')
			}
			text.WriteString(quoteCell(cell))
		}
		text.WriteByte('\n')
	}
	return text.String(), true
}

// tableHeader finds the first row that is as wide as most are, or wider.
func tableHeader(rows [][]string) (at, width int) {
	counts := map[int]int{}
	for _, row := range rows[:min(len(rows), 1000)] {
		if n := len(trimCells(row)); n > 1 {
			counts[n]++
		}
	}
	usual, most := 0, 0
	for n, count := range counts {
		if count > most || count == most && n > usual {
			usual, most = n, count
		}
	}
	for i, row := range rows[:min(len(rows), maxPreamble)] {
		if n := len(trimCells(row)); usual > 0 && n >= usual {
			return i, n
		}
	}
	return 0, 0
}

func trimCells(row []string) []string {
	for len(row) > 0 && strings.TrimSpace(row[len(row)-1]) == "" {
		row = row[:len(row)-1]
	}
	return row[:len(row):len(row)]
}

func quoteCell(cell string) string {
	if strings.HasPrefix(cell, `"`) {
		return `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
	}
	return cell
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
