package format

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"math"
	"strings"
)

// The widths charts are drawn at, in user units (pixels on screen).
const (
	wideChart   = 720
	narrowChart = 360
	textSize    = 13
	lineHeight  = 17
)

// Colours come from the page where it sets them.
const (
	ink    = "fill:var(--ink,#1b2330)"
	muted  = "fill:var(--muted,#5a6472)"
	accent = "var(--accent,#1f5f99)"
	rule   = "stroke:var(--rule,#d5dae1);stroke-width:1"
	base   = "stroke:var(--muted,#5a6472);stroke-width:1"
	// Values stand off from the lines behind them.
	raised = ink + ";paint-order:stroke;stroke:var(--paper,#ffffff);stroke-width:3px;stroke-linejoin:round"
)

// SVG draws a chart with its title as a self-contained image, 720 units wide.
func SVG(chart Chart) []byte { return drawChart(chart, wideChart, true) }

// drawing is a chart on its way to SVG.
type drawing struct {
	chart  Chart
	labels []string // on one line each
	width  float64
	top    float64 // where the plot may begin
	out    bytes.Buffer
}

func drawChart(chart Chart, width float64, titled bool) []byte {
	d := &drawing{chart: chart, width: width, top: 8}
	for i := range chart.rows() {
		d.labels = append(d.labels, cell(chart.X, i))
	}
	if titled && chart.Title != "" {
		for _, line := range wrap(plain(chart.Title), width-8, textSize+2, 3) {
			d.top += lineHeight + 2
			d.text(0, d.top-4, "start", ink+";font-size:15px;font-weight:600", line)
		}
		d.top += 8
	}
	low, high, ok := chart.extent()
	var height float64
	switch {
	case !ok:
		height = d.top + 2*lineHeight
		d.text(0, d.top+lineHeight, "start", muted, "No values")
	case chart.Kind == KindBar && d.sideways():
		height = d.horizontalBars(low, high)
	default:
		height = d.columns(low, high)
	}
	return d.wrapUp(height)
}

// wrapUp puts the drawing into its frame, with a name and a description for
// those who cannot see it.
func (d *drawing) wrapUp(height float64) []byte {
	id := d.id()
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="img" aria-labelledby="%s-t %s-d" style="max-width:100%%;height:auto;font-family:system-ui,sans-serif;font-size:%dpx">`,
		num(d.width), num(height), num(d.width), num(height), id, id, textSize)
	fmt.Fprintf(&out, `<title id="%s-t">%s</title><desc id="%s-d">%s</desc>`,
		id, html.EscapeString(or(plain(d.chart.Title), "Chart")), id, html.EscapeString(d.chart.describe()))
	out.Write(d.out.Bytes())
	out.WriteString("</svg>")
	return out.Bytes()
}

// id names the drawing by its content, so that several fit into one page.
func (d *drawing) id() string {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%q %v %q %q", d.chart.Title, d.chart.Y, d.chart.X, d.chart.Kind)))
	return fmt.Sprintf("chart-%s-%s", hex.EncodeToString(sum[:4]), num(d.width))
}

// describe says in words what the chart shows.
func (c Chart) describe() string {
	low, high, ok := c.extent()
	if !ok {
		return "No values."
	}
	kind := "Line chart"
	if c.Kind == KindBar {
		kind = "Bar chart"
	}
	rows := c.rows()
	text := fmt.Sprintf("%s of %s by %s with %d values, from %s (%s) to %s (%s); lowest %s, highest %s.",
		kind, or(plain(c.YLabel), "value"), or(plain(c.XLabel), "label"), len(rows),
		rows[0][1], rows[0][0], rows[len(rows)-1][1], rows[len(rows)-1][0], formatNumber(low), formatNumber(high))
	if c.Note != "" {
		text += " " + plain(c.Note)
	}
	return text
}

// sideways reports whether the labels are too long to stand below their bars.
func (d *drawing) sideways() bool {
	if _, ok := rising(d.labels); ok {
		return false
	}
	slot := (d.width - 60) / float64(max(1, len(d.labels)))
	for _, label := range d.labels {
		if textWidth(label, textSize) > slot-6 {
			return true
		}
	}
	return false
}

func num(value float64) string {
	text := strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.1f", value), "0"), ".")
	if text == "-0" {
		return "0"
	}
	return text
}

func (d *drawing) text(x, y float64, anchor, style, text string) {
	fmt.Fprintf(&d.out, `<text x="%s" y="%s" text-anchor="%s" style="%s">%s</text>`, num(x), num(y), anchor, style, html.EscapeString(text))
}

func (d *drawing) line(x1, y1, x2, y2 float64, style string) {
	fmt.Fprintf(&d.out, `<line x1="%s" y1="%s" x2="%s" y2="%s" style="%s"/>`, num(x1), num(y1), num(x2), num(y2), style)
}

// bar draws a rectangle with its label and value as a tooltip.
func (d *drawing) bar(i int, x, y, width, height float64) {
	fmt.Fprintf(&d.out, `<rect x="%s" y="%s" width="%s" height="%s" rx="1.5" style="fill:%s"><title>%s</title></rect>`,
		num(x), num(y), num(max(width, 0.5)), num(max(height, 0.5)), accent, d.tooltip(i))
}

func (d *drawing) tooltip(i int) string {
	return html.EscapeString(fmt.Sprintf("%s: %s", d.labels[i], formatNumber(d.chart.value(i))))
}

// wrap breaks a text into at most limit lines of a width.
func wrap(text string, width, size float64, limit int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && textWidth(line+" "+word, size) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	lines = append(lines, line)
	if len(lines) > limit {
		lines[limit-1] = strings.Join(lines[limit-1:], " ")
		lines = lines[:limit]
	}
	for i, line := range lines {
		if over := textWidth(line, size) / width; over > 1 {
			lines[i] = shorten(line, max(4, int(float64(len([]rune(line)))/over)))
		}
	}
	return lines
}

// inside keeps a number between two others.
func inside(value, low, high float64) float64 { return math.Max(low, math.Min(value, high)) }
