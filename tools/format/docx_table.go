package format

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// docxWidth is the width of the text in twentieths of a point.
const docxWidth = 11906 - 2*1240

// table prints a table in parts of as many columns as a page can hold.
func (w *docxWriter) table(all grid) {
	for _, part := range all.parts() {
		w.tablePart(part)
		w.body.WriteString(`<w:p><w:pPr><w:pStyle w:val="TableText"/></w:pPr></w:p>`)
	}
}

func (w *docxWriter) tablePart(part grid) {
	widths := docxWidths(part)
	w.body.WriteString(`<w:tbl><w:tblPr><w:tblStyle w:val="ReportTable"/><w:tblW w:w="0" w:type="auto"/><w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" w:noHBand="1" w:noVBand="1"/></w:tblPr><w:tblGrid>`)
	for _, width := range widths {
		fmt.Fprintf(&w.body, `<w:gridCol w:w="%d"/>`, width)
	}
	w.body.WriteString(`</w:tblGrid>`)
	w.tableRow(part, part.Columns, widths, true)
	for _, row := range part.Rows {
		w.tableRow(part, row, widths, false)
	}
	w.body.WriteString(`</w:tbl>`)
}

func (w *docxWriter) tableRow(part grid, cells []string, widths []int, head bool) {
	props, look := `<w:trPr><w:cantSplit/></w:trPr>`, ""
	if head {
		props, look = `<w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>`, boldRun
	}
	w.body.WriteString(`<w:tr>` + props)
	for i, text := range cells {
		side := ""
		if part.Figures[i] {
			side = `<w:jc w:val="right"/>`
		}
		fmt.Fprintf(&w.body, `<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/></w:tcPr><w:p><w:pPr><w:pStyle w:val="TableText"/>%s</w:pPr>%s</w:p></w:tc>`,
			widths[i], side, textRun(look, text))
	}
	w.body.WriteString(`</w:tr>`)
}

// docxWidths shares the page among the columns by the length of their cells.
func docxWidths(part grid) []int {
	lengths, total := make([]int, len(part.Columns)), 0
	for i := range lengths {
		for _, row := range append([][]string{part.Columns}, part.Rows...) {
			lengths[i] = max(lengths[i], min(40, utf8.RuneCountInString(row[i])))
		}
		lengths[i] = 110*lengths[i] + 260
		total += lengths[i]
	}
	if total > docxWidth {
		for i := range lengths {
			lengths[i] = lengths[i] * docxWidth / total
		}
	}
	return lengths
}

// parts divides a table that has more columns than a page can hold. Each part
// repeats the first column.
func (g grid) parts() []grid {
	var parts []grid
	for from := 0; from < len(g.Columns); {
		picked := []int{}
		if from > 0 {
			picked = append(picked, 0)
		}
		for ; from < len(g.Columns) && len(picked) < maxColumns; from++ {
			picked = append(picked, from)
		}
		part := grid{Columns: pick(g.Columns, picked)}
		for _, i := range picked {
			part.Figures = append(part.Figures, g.Figures[i])
		}
		for _, row := range g.Rows {
			part.Rows = append(part.Rows, pick(row, picked))
		}
		parts = append(parts, part)
	}
	return parts
}

func pick(cells []string, indices []int) []string {
	picked := make([]string, 0, len(indices))
	for _, i := range indices {
		picked = append(picked, cells[i])
	}
	return picked
}

// chart prints a chart as an image, as wide as the text.
func (w *docxWriter) chart(chart Chart) error {
	drawn, err := shapesOf(drawChart(chart, wideChart, false))
	if err != nil {
		return err
	}
	data, err := paint(w.document.style().coloured(drawChart(chart, wideChart, false)), 0)
	if err != nil {
		return err
	}
	w.caption(w.words.Figure, w.figures, chart.Title, chart.References)
	name := fmt.Sprintf("image%d.png", len(w.images)+1)
	w.images = append(w.images, docxPart{"word/media/" + name, data})
	id := fmt.Sprintf("rId%d", 100+len(w.relations))
	w.relations = append(w.relations, relation{id, officeRel + "image", "media/" + name, false})
	w.paragraph("Normal", "", pictureXML(len(w.images), id, chart.describe(), drawn.width, drawn.height))
	if note := plain(chart.Note); note != "" {
		w.paragraph("Note", "", textRun(boldRun, w.words.Note+": ")+textRun("", note))
	}
	return nil
}

// pictureXML is an image in a line of text. A point has 12,700 of the units
// that pictures are measured in.
func pictureXML(number int, relation, description string, width, height float64) string {
	const points, tallest = docxWidth / 20.0, 600.0
	scale := min(points/width, tallest/height)
	cx, cy := int(width*scale*12700), int(height*scale*12700)
	alt := escapeXML(plain(description))
	name := fmt.Sprintf("Figure %d", number)
	return strings.Join([]string{
		`<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0">`,
		fmt.Sprintf(`<wp:extent cx="%d" cy="%d"/><wp:docPr id="%d" name="%s" descr="%s"/>`, cx, cy, number, name, alt),
		`<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic>`,
		fmt.Sprintf(`<pic:nvPicPr><pic:cNvPr id="%d" name="%s"/><pic:cNvPicPr/></pic:nvPicPr>`, number, name),
		fmt.Sprintf(`<pic:blipFill><a:blip r:embed="%s"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>`, relation),
		fmt.Sprintf(`<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="%d" cy="%d"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr>`, cx, cy),
		`</pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>`,
	}, "")
}
