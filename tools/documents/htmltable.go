package documents

import (
	"cmp"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// The most rows and columns that one cell of a page may take.
const (
	maxRowSpan    = 1000
	maxColumnSpan = 100
)

// grid is a table of a page with every cell in the column it stands in.
type grid struct {
	caption string
	head    [][]string // rows that name columns
	rows    [][]string
	cells   int       // read
	most    int       // that may be read
	below   []spanned // by column, the cell that reaches into the next rows
}

// spanned is a cell of several rows.
type spanned struct {
	text string
	left int // rows
}

// readGrid reads the rows of a table, until it has more than so many cells. A
// cell of several rows stands in each of them. One of several columns stands in
// the first of them, among the names of columns in each. Left out are a title
// across the table, names that are said again, and the foot, which sums up.
func readGrid(table *html.Node, most int) *grid {
	g := &grid{most: most}
	eachElement(table, func(n *html.Node) bool {
		if g.cells > most {
			return false
		}
		switch n.DataAtom {
		case atom.Caption:
			g.caption = cleanTitle(rawText(n))
		case atom.Tr:
			row, cells, head := g.row(n)
			switch {
			case within(n, atom.Tfoot), cells == 1 && len(row) > 1:
			case !head:
				g.rows = append(g.rows, row)
			case len(g.rows) == 0:
				g.head = append(g.head, row)
			}
		default:
			return true
		}
		return false
	})
	return g
}

// row gives the cells of a row by column, how many there are, and whether all of
// them name columns.
func (g *grid) row(tr *html.Node) (row []string, cells int, head bool) {
	head = true
	for cell := tr.FirstChild; cell != nil && g.cells+len(row) <= g.most; cell = cell.NextSibling {
		if cell.DataAtom != atom.Td && cell.DataAtom != atom.Th {
			continue
		}
		row = g.reached(row)
		cells++
		head = head && cell.DataAtom == atom.Th || within(tr, atom.Thead)
		text, rows := cellText(cell), span(cell, "rowspan", maxRowSpan)
		for i := range span(cell, "colspan", maxColumnSpan) {
			if i > 0 && !head {
				text = ""
			}
			g.reach(len(row), spanned{text, rows - 1})
			row = append(row, text)
		}
	}
	row = g.reached(row)
	g.cells += len(row)
	return row, cells, head && cells > 0
}

// reached adds the cells of rows above that reach into the next columns of a row.
func (g *grid) reached(row []string) []string {
	for len(row) < len(g.below) && g.below[len(row)].left > 0 {
		above := &g.below[len(row)]
		above.left--
		row = append(row, above.text)
	}
	return row
}

func (g *grid) reach(column int, s spanned) {
	for len(g.below) <= column {
		g.below = append(g.below, spanned{})
	}
	g.below[column] = s
}

// lines are the rows under one row of names. Names that stand above each other
// are one: "Devices" over "with AI" is "Devices with AI".
func (g *grid) lines() [][]string {
	if len(g.head) == 0 {
		return g.rows
	}
	var names []string
	for _, row := range g.head {
		for column, name := range row {
			if column == len(names) {
				names = append(names, "")
			}
			if !strings.HasSuffix(names[column], name) {
				names[column] = strings.TrimSpace(names[column] + " " + name)
			}
		}
	}
	return append([][]string{names}, g.rows...)
}

// span is how many rows or columns a cell says it takes.
func span(cell *html.Node, name string, most int) int {
	n, err := strconv.Atoi(strings.TrimSpace(attribute(cell, name)))
	if err != nil {
		return 1
	}
	return max(1, min(n, most))
}

// maxMark is how long the mark of a footnote is, in bytes.
const maxMark = 8

// cellText is the text of a cell without marks of footnotes. A raised number
// may be a mark or a power: it is kept apart, so that 671 with a note 1 is not
// read as 6711.
func cellText(cell *html.Node) string {
	var text strings.Builder
	var add func(n *html.Node)
	add = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			text.WriteString(n.Data)
		case n.DataAtom == atom.Br:
			text.WriteByte(' ')
		case n.DataAtom == atom.Sup && strings.TrimSpace(text.String()) != "":
			raised := strings.TrimSpace(rawText(n))
			switch {
			case strings.Trim(raised, "0123456789-−+") == "" && raised != "":
				text.WriteString("^" + raised)
			case len(raised) > maxMark:
				text.WriteString(" " + raised)
			}
			return
		case n.Type == html.ElementNode && neverText(n):
			return
		}
		for child := n.FirstChild; child != nil; child = child.NextSibling {
			add(child)
		}
	}
	add(cell)
	return cleanTitle(text.String())
}

// data makes a part of a table of data. One that does not say which of its cells
// are names is taken where it has figures below what can be names: pages arrange
// what is no data in tables as well.
func (p *htmlReader) data(table *html.Node) {
	if len(p.parts) >= maxTableParts {
		return
	}
	g := readGrid(table, maxTableCells-p.cells)
	if p.cells += g.cells; p.cells > maxTableCells {
		return
	}
	part, read, ok := tablePart(len(p.parts)+1, cmp.Or(g.caption, p.outline.current.Heading), g.lines(), p.limits)
	if ok && (len(g.head) > 0 && computable(read) || named(read) && hasFigures(read)) {
		p.parts = append(p.parts, part)
	}
}
