package format

import (
	"bytes"
	"fmt"
	"html/template"
	"strconv"
	"strings"
)

// Style is how a house wants its reports to look. Its zero value, and none, is
// the look of all others.
type Style struct {
	Cover      string `json:"cover,omitempty" jsonschema_description:"a line above the title, such as the name of the house"`
	Disclaimer string `json:"disclaimer,omitempty" jsonschema_description:"printed at the end"`
	Words      string `json:"words,omitempty" jsonschema_description:"language of fixed words such as Contents: en, de, fr or es; en when empty"`
	Colour     string `json:"colour,omitempty" jsonschema_description:"of headings, links and charts, such as #1f5f99"`
	Font       string `json:"font,omitempty" jsonschema_description:"sans or serif; what suits the form when empty"`
}

// The fonts of a [Style].
const (
	FontSans  = "sans"
	FontSerif = "serif"
)

// words are the fixed words of a report.
type words struct {
	Contents, References, Table, Figure, Note, Notice, Data, Page, Of, Unsupported string
}

func wordings() map[string]words {
	return map[string]words{
		"en": {"Contents", "References", "Table", "Figure", "Note", "Notice", "Data", "Page", "of", "unsupported"},
		"de": {"Inhalt", "Quellen", "Tabelle", "Abbildung", "Anmerkung", "Hinweis", "Daten", "Seite", "von", "nicht belegt"},
		"fr": {"Sommaire", "Références", "Tableau", "Figure", "Note", "Avis", "Données", "Page", "sur", "non étayé"},
		"es": {"Índice", "Referencias", "Tabla", "Figura", "Nota", "Aviso", "Datos", "Página", "de", "sin respaldo"},
	}
}

// words gives the fixed words of a document's style.
func (d Document) words() words {
	if d.Style != nil {
		if w, ok := wordings()[d.Style.Words]; ok {
			return w
		}
	}
	return wordings()["en"]
}

// style is the document's style, or one that changes nothing.
func (d Document) style() Style {
	if d.Style == nil {
		return Style{}
	}
	return *d.Style
}

func (s Style) serif() bool { return s.Font == FontSerif }

// accent is the colour of headings, links and charts.
func (s Style) accent() colour {
	if c, ok := parseColour(s.Colour); ok {
		return c
	}
	return pdfAccent()
}

func parseColour(text string) (colour, bool) {
	if len(text) != 7 || text[0] != '#' {
		return colour{}, false
	}
	n, err := strconv.ParseUint(text[1:], 16, 32)
	return colour{uint8(n >> 16), uint8(n >> 8), uint8(n)}, err == nil
}

func (c colour) hex() string { return fmt.Sprintf("%02X%02X%02X", c.r, c.g, c.b) }

// css is what a style changes in a page. Dark pages keep their own colours,
// which are made to be read there.
func (s Style) css() template.CSS {
	var out bytes.Buffer
	if _, ok := parseColour(s.Colour); ok {
		fmt.Fprintf(&out, "@media (prefers-color-scheme: light) { :root { --accent: #%[1]s; } }\n@media print { :root { --accent: #%[1]s; } }\nh1, h2 { color: var(--accent); }\n", s.accent().hex())
	}
	switch s.Font {
	case FontSans:
		out.WriteString("body { font-family: system-ui, -apple-system, \"Segoe UI\", Roboto, \"Helvetica Neue\", \"Noto Sans\", sans-serif; }\n")
	case FontSerif:
		out.WriteString("body, h1, h2, .meta, .notice, table, figcaption, caption, .note, details, .references, .marks, .tag { font-family: Charter, \"Bitstream Charter\", Georgia, \"Noto Serif\", serif; }\n")
	}
	return template.CSS(out.String()) // a colour that was parsed, and our own words
}

// SVG draws a chart with its title in the colour of the style.
func (s Style) SVG(chart Chart) []byte {
	return s.coloured(SVG(chart))
}

// coloured puts the colour of the style into a chart.
func (s Style) coloured(svg []byte) []byte {
	if s.Colour == "" {
		return svg
	}
	return bytes.ReplaceAll(svg, []byte(accent), []byte("var(--accent,#"+strings.ToLower(s.accent().hex())+")"))
}

// docx is the sheet of styles of a DOCX.
func (s Style) docx() string {
	sheet := strings.ReplaceAll(docxStyles, pdfAccent().hex(), s.accent().hex())
	if s.serif() {
		sheet = strings.ReplaceAll(sheet, `"Arial"`, `"Times New Roman"`)
	}
	return sheet
}

// PNG draws a chart with its title in the colour of the style, with a margin:
// for readers that have the picture alone. It is 1860 pixels wide.
func (s Style) PNG(chart Chart) ([]byte, error) { return paint(s.SVG(chart), 12) }
