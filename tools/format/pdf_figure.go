package format

import (
	"strings"
)

// chart draws what [SVG] draws, line by line, at the width of the page.
func (w *pdfWriter) chart(chart Chart) {
	drawn, err := shapesOf(w.style.coloured(drawChart(chart, wideChart, false)))
	if err != nil {
		w.failure = err
		return
	}
	scale := min(pdfWidth/drawn.width, (pdfBottom-pdfTop-80)/drawn.height)
	w.y += 4
	w.room(drawn.height*scale + 40)
	w.caption(w.fixed.Figure, w.figures, chart.Title, chart.References)
	top := w.y
	for _, s := range drawn.shapes {
		w.shape(s, top, scale)
	}
	w.y = top + drawn.height*scale + 4
	if note := plain(chart.Note); note != "" {
		w.flow([]span{{text: w.fixed.Note + ": ", style: faceBold, size: 8.5, colour: pdfMuted()}, {text: note, size: 8.5, colour: pdfMuted()}}, pdfLeft, pdfWidth, 12)
	}
	w.y += 8
}

func (w *pdfWriter) shape(s shape, top, scale float64) {
	x, y := pdfLeft+s.x*scale, top+s.y*scale
	w.pdf.SetFillColor(rgb(s.fill))
	w.pdf.SetDrawColor(rgb(s.stroke))
	w.pdf.SetLineWidth(s.pen * scale)
	switch s.kind {
	case "line":
		w.pdf.Line(x, y, pdfLeft+s.x2*scale, top+s.y2*scale)
	case "rect":
		w.pdf.Rect(x, y, s.width*scale, s.height*scale, "F")
	case "circle":
		w.pdf.Circle(x, y, s.radius*scale, "F")
	case "path":
		w.pdf.SetLineJoinStyle("round")
		for _, line := range s.points {
			w.pdf.MoveTo(pdfLeft+line[0][0]*scale, top+line[0][1]*scale)
			for _, point := range line[1:] {
				w.pdf.LineTo(pdfLeft+point[0]*scale, top+point[1]*scale)
			}
			w.pdf.DrawPath("D")
		}
	case "text":
		w.label(s, x, y, scale)
	}
}

func (w *pdfWriter) label(s shape, x, y, scale float64) {
	style := faceRegular
	if s.bold {
		style = faceBold
	}
	var parts []fragment
	for _, part := range w.faces.pieces(style, s.text) {
		parts = append(parts, fragment{text: part.text, face: part.face, style: style, size: s.size * scale, colour: s.fill})
	}
	width := w.width(parts)
	switch s.anchor {
	case "middle":
		x -= width / 2
	case "end":
		x -= width
	}
	if s.above {
		w.pdf.SetFillColor(255, 255, 255)
		w.pdf.Rect(x-1, y-s.size*scale*0.8, width+2, s.size*scale*0.92, "F")
	}
	w.put(x, y, parts)
}

// references prints the sources with their passages; marks lead here.
func (w *pdfWriter) references(references []Reference) {
	if len(references) == 0 {
		return
	}
	w.heading(w.fixed.References)
	const indent = 26.0
	for _, reference := range references {
		w.room(3 * pdfLeading)
		w.pdf.SetLink(w.links[reference.Number], w.y, -1)
		left, width := pdfLeft, pdfWidth
		if !w.citing.named {
			number := formatNumber(float64(reference.Number))
			w.put(pdfLeft, w.y+9.5, []fragment{{text: "[" + number + "]", style: faceBold, size: 9.5, colour: pdfInk()}})
			left, width = pdfLeft+indent, pdfWidth-indent
		}
		w.flow(referenceSpans(reference, 9.5, w.style.accent()), left, width, 13)
		for i := range reference.Passages {
			w.passage(newPassage(reference, i))
		}
		w.y += 6
	}
}

func referenceSpans(reference Reference, size float64, link colour) []span {
	before, address, after := referenceParts(reference)
	spans := []span{{text: before, size: size}}
	if address != "" {
		spans = append(spans, span{text: address, size: size, colour: link, url: address}, span{text: after, size: size})
	}
	return spans
}

// referenceParts is the text of a reference around its address, where that may
// be a link.
func referenceParts(reference Reference) (before, address, after string) {
	laid := layOutReference(reference)
	return laid.Before, laid.Address, laid.After
}

func (w *pdfWriter) passage(p pagePassage) {
	const indent = 26.0
	var spans []span
	if p.Quote != "" {
		spans = append(spans, span{text: "“" + p.Quote + "” ", style: faceItalic, size: 8.5})
	}
	text := p.Where
	if p.Computed != "" {
		text = strings.TrimSuffix(text, ".") + ". " + p.Computed
	}
	spans = append(spans, span{text: text, size: 8, colour: pdfMuted()})
	w.flow(spans, pdfLeft+indent, pdfWidth-indent, 11.5)
	w.y += 2
}
