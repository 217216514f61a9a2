package format

import (
	"fmt"
	"math"
)

const (
	maxColumns = 12 // side by side; more are printed below each other
	cellMargin = 4.0
	minColumn  = 30.0
)

// pdfGrid is a table or a part of one, ready to be set.
type pdfGrid struct {
	columns []string
	rows    [][]string
	figures []bool
	widths  []float64
	size    float64
}

func (w *pdfWriter) caption(kind string, number int, title string, references []int) {
	w.y += 6
	w.room(64)
	spans := []span{{text: fmt.Sprintf("%s %d. ", kind, number), style: faceBold, size: 9.5}, {text: plain(title), size: 9.5}}
	w.flow(append(spans, w.marks(references, 9.5)...), pdfLeft, pdfWidth, 13)
	w.y += 3
}

func (w *pdfWriter) table(table Table) {
	w.caption(w.fixed.Table, w.tables, table.Caption, table.References)
	w.grid(newGrid(table.Columns, table.Rows, table.width()))
}

// grid prints a table. One with more columns than a page can hold is printed in
// parts that repeat the first column.
func (w *pdfWriter) grid(all grid) {
	for _, side := range all.parts() {
		part := pdfGrid{columns: side.Columns, rows: side.Rows, figures: side.Figures, size: 8.5}
		if len(part.columns) > 7 {
			part.size = 7
		}
		w.measure(&part)
		w.rows(part)
		w.y += 10
	}
}

// measure gives each column what its widest cell needs, and where that is more
// than there is, takes from the widest.
func (w *pdfWriter) measure(g *pdfGrid) {
	g.widths = make([]float64, len(g.columns))
	total := 0.0
	for i := range g.columns {
		g.widths[i] = minColumn
		for j, row := range append([][]string{g.columns}, g.rows...) {
			style := faceRegular
			if j == 0 {
				style = faceBold
			}
			var width float64
			for _, word := range w.words([]span{{text: shorten(row[i], 200), style: style, size: g.size}}) {
				width += word.width + g.size*0.3
			}
			g.widths[i] = max(g.widths[i], width+2*cellMargin+1)
		}
		total += g.widths[i]
	}
	for range 100 {
		if total <= pdfWidth+0.01 {
			break
		}
		widest, second, count := 0.0, minColumn, 0.0
		for _, width := range g.widths {
			switch {
			case width > widest+0.01:
				widest, second, count = width, max(widest, second), 1
			case width > widest-0.01:
				count++
			default:
				second = max(second, width)
			}
		}
		to := max(second, widest-(total-pdfWidth)/count)
		if widest-to < 0.5 {
			to = max(minColumn, widest-(total-pdfWidth)/count)
		}
		total = 0
		for i, width := range g.widths {
			if width > widest-0.01 {
				g.widths[i] = to
			}
			total += g.widths[i]
		}
	}
}

func (w *pdfWriter) rows(g pdfGrid) {
	w.row(g, g.columns, true)
	for _, row := range g.rows {
		w.row(g, row, false)
	}
}

// row prints a row, over the end of a page where it must, with the head of the
// table again on the next.
func (w *pdfWriter) row(g pdfGrid, cells []string, head bool) {
	leading := g.size * 1.32
	lines := make([][][]word, len(cells))
	height := 0
	for i, cell := range cells {
		s := span{text: cell, size: g.size}
		if head {
			s.style = faceBold
		}
		lines[i] = w.lines([]span{s}, g.widths[i]-2*cellMargin)
		height = max(height, len(lines[i]))
	}
	for from := 0; from == 0 || from < height; {
		fit := int(math.Floor((pdfBottom - w.y - 6) / leading))
		if (fit < height-from && fit < 6) || fit < 1 {
			w.breakPage()
			if !head {
				w.row(g, g.columns, true)
			}
			fit = max(1, int(math.Floor((pdfBottom-w.y-6)/leading)))
		}
		to := min(height, from+fit)
		w.band(g, lines, from, max(to, from+1), leading, head)
		from = max(to, from+1)
	}
}

func (w *pdfWriter) band(g pdfGrid, lines [][][]word, from, to int, leading float64, head bool) {
	bottom := w.y + float64(to-from)*leading + 5
	total := 0.0
	for _, width := range g.widths {
		total += width
	}
	if head {
		w.pdf.SetFillColor(0xf1, 0xf4, 0xf8)
		w.pdf.Rect(pdfLeft, w.y, total, bottom-w.y, "F")
	}
	x := pdfLeft
	for i, cell := range lines {
		for j := from; j < min(to, len(cell)); j++ {
			at := x + cellMargin
			if g.figures[i] {
				at = x + g.widths[i] - cellMargin - w.lineWidth(cell[j])
			}
			w.line(cell[j], at, w.y+2.5+float64(j-from)*leading)
		}
		x += g.widths[i]
	}
	w.pdf.SetDrawColor(rgb(pdfRule()))
	w.pdf.SetLineWidth(0.5)
	w.pdf.Line(pdfLeft, bottom, pdfLeft+total, bottom)
	w.y = bottom
}

func (w *pdfWriter) lineWidth(words []word) float64 {
	total := 0.0
	for i, word := range words {
		if i > 0 {
			total += w.space(word)
		}
		total += word.width
	}
	return total
}
