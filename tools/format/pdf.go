package format

import (
	"bytes"
	"fmt"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// The page of a PDF, in points: A4.
const (
	pdfLeft, pdfTop     = 62.0, 60.0
	pdfWidth            = 595.28 - 2*pdfLeft
	pdfBottom           = 841.89 - 64
	pdfText, pdfLeading = 10.0, 14.4
)

// What a PDF is printed in.
func pdfInk() colour    { return colour{0x1b, 0x23, 0x30} }
func pdfMuted() colour  { return colour{0x5a, 0x64, 0x72} }
func pdfAccent() colour { return colour{0x1f, 0x5f, 0x99} }
func pdfRule() colour   { return colour{0xd5, 0xda, 0xe1} }
func pdfWarn() colour   { return colour{0xa1, 0x3d, 0x13} }

// PDF renders a document as A4 pages with embedded fonts, an outline, contents
// with page numbers, charts as vector graphics and marks that lead to their
// references. What its fonts cannot show is shown as a box, and told on the
// first page.
func PDF(document Document) ([]byte, error) {
	// Contents need the pages of the headings, and these the length of the
	// contents: the first pass finds the pages, the second prints them.
	first, err := setPages(document, &pdfWriter{})
	if err != nil {
		return nil, err
	}
	second, err := setPages(document, &pdfWriter{pages: first.pages, total: first.pdf.PageCount(), lacking: first.faces.lacking()})
	if err != nil {
		return nil, err
	}
	if first.lackingMoves(second) {
		second, err = setPages(document, &pdfWriter{pages: second.pages, total: second.pdf.PageCount(), lacking: second.lacking})
		if err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	if err := second.pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("writing the PDF: %w", err)
	}
	return out.Bytes(), nil
}

// pdfWriter sets one document into pages.
type pdfWriter struct {
	pdf     *fpdf.Fpdf
	faces   *faces
	citing  citing
	links   map[int]int // of references
	y       float64     // where the next line begins
	pages   []int       // of the headings, as the pass before found them
	found   []int       // as this one does
	total   int
	lacking string
	tables  int
	figures int
	failure error
	style   Style
	fixed   words
}

// lackingMoves reports whether the line about missing characters, which only
// the second pass prints, moved a heading.
func (w *pdfWriter) lackingMoves(second *pdfWriter) bool {
	return fmt.Sprint(w.pages) != fmt.Sprint(second.pages) || w.pdf.PageCount() != second.pdf.PageCount()
}

func setPages(document Document, w *pdfWriter) (*pdfWriter, error) {
	w.pdf = fpdf.New("P", "pt", "A4", "")
	w.style, w.fixed = document.style(), document.words()
	w.faces, w.citing, w.links = newFaces(w.style.serif()), newCiting(document.References), map[int]int{}
	w.pdf.SetAutoPageBreak(false, 0)
	w.pdf.SetCatalogSort(true)
	w.pdf.SetCompression(true)
	for _, name := range []string{faceRegular, faceBold, faceItalic} {
		w.pdf.AddUTF8FontFromBytes("text", name, w.faces.byName[name].data)
	}
	w.pdf.AddUTF8FontFromBytes(faceOther, "", w.faces.byName[faceOther].data)
	w.describe(document)
	title := or(plain(document.Title), "Report")
	w.pdf.SetFooterFunc(func() { w.footer(title) })
	w.breakPage()
	for _, reference := range document.References {
		w.links[reference.Number] = w.pdf.AddLink()
	}
	w.front(document, title)
	for _, section := range document.Sections {
		w.section(section)
	}
	w.references(document.References)
	w.disclaimer()
	w.pages = w.found
	if w.failure != nil {
		return nil, w.failure
	}
	if err := w.pdf.Error(); err != nil {
		return nil, fmt.Errorf("setting the PDF: %w", err)
	}
	return w, nil
}

// describe fills in the properties. Without a date of its own a document gets
// one that does not depend on when it is printed.
func (w *pdfWriter) describe(document Document) {
	created := document.Created.UTC()
	if document.Created.IsZero() {
		created = time.Unix(0, 0).UTC()
	}
	w.pdf.SetTitle(or(plain(document.Title), "Report"), true)
	w.pdf.SetAuthor("Quaestor", true)
	w.pdf.SetCreator("Quaestor", true)
	w.pdf.SetProducer("Quaestor", true)
	if document.Notice != "" {
		w.pdf.SetSubject(plain(document.Notice), true)
	}
	w.pdf.SetCreationDate(created)
	w.pdf.SetModificationDate(created)
	w.pdf.SetLang("en")
	if languageTag.MatchString(document.Language) {
		w.pdf.SetLang(document.Language)
	}
}

func (w *pdfWriter) breakPage() {
	w.pdf.AddPage()
	w.y = pdfTop
}

// room goes to the next page unless so much is left on this one.
func (w *pdfWriter) room(height float64) {
	if w.y+height > pdfBottom && w.y > pdfTop {
		w.breakPage()
	}
}

func (w *pdfWriter) footer(title string) {
	y := pdfBottom + 34.0
	w.pdf.SetDrawColor(rgb(pdfRule()))
	w.pdf.SetLineWidth(0.5)
	w.pdf.Line(pdfLeft, y-12, pdfLeft+pdfWidth, y-12)
	w.put(pdfLeft, y, []fragment{{text: shorten(title, 80), size: 8, colour: pdfMuted()}})
	page := fmt.Sprintf("%s %d %s %d", w.fixed.Page, w.pdf.PageNo(), w.fixed.Of, max(w.total, w.pdf.PageNo()))
	if w.total == 0 {
		page = fmt.Sprintf("%s %d", w.fixed.Page, w.pdf.PageNo())
	}
	label := []fragment{{text: page, size: 8, colour: pdfMuted()}}
	w.put(pdfLeft+pdfWidth-w.width(label), y, label)
}

func rgb(c colour) (r, g, b int) { return int(c.r), int(c.g), int(c.b) }

// front is the head of the first page: title, notices, facts and contents.
func (w *pdfWriter) front(document Document, title string) {
	if cover := plain(w.style.Cover); cover != "" {
		w.flow([]span{{text: cover, size: 10, colour: w.style.accent()}}, pdfLeft, pdfWidth, 14)
		w.y += 10
	}
	w.flow([]span{{text: title, style: faceBold, size: 21}}, pdfLeft, pdfWidth, 26)
	w.y += 8
	for _, notice := range []string{plain(document.Notice), w.lacking} {
		if notice != "" {
			w.notice(notice)
		}
	}
	for _, field := range document.Meta {
		w.flow([]span{
			{text: plain(field.Label) + ": ", style: faceBold, size: 9, colour: pdfMuted()},
			{text: plain(field.Value), size: 9, colour: pdfMuted()},
		}, pdfLeft, pdfWidth, 13)
	}
	headings := make([]string, 0, len(document.Sections)+1)
	for _, section := range document.Sections {
		headings = append(headings, or(plain(section.Heading), "Section"))
	}
	if len(document.References) > 0 {
		headings = append(headings, w.fixed.References)
	}
	if len(headings) > 2 {
		w.contents(headings)
	}
}

func (w *pdfWriter) notice(text string) {
	w.room(40)
	top := w.y
	w.y += 5
	w.flow([]span{{text: w.fixed.Notice + ": ", style: faceBold, size: 9, colour: pdfWarn()}, {text: text, size: 9, colour: pdfInk()}}, pdfLeft+12, pdfWidth-20, 13)
	w.y += 5
	w.pdf.SetFillColor(rgb(pdfWarn()))
	w.pdf.Rect(pdfLeft, top, 3, max(4, w.y-top), "F")
	w.y += 8
}

// contents lists the headings with their pages.
func (w *pdfWriter) contents(headings []string) {
	w.y += 8
	w.room(60)
	w.flow([]span{{text: w.fixed.Contents, style: faceBold, size: 12}}, pdfLeft, pdfWidth, 20)
	for i, heading := range headings {
		page, link := "", 0
		if i < len(w.pages) {
			page, link = fmt.Sprint(w.pages[i]), w.pdf.AddLink()
			w.pdf.SetLink(link, 0, w.pages[i])
		}
		w.room(pdfLeading)
		number := []fragment{{text: page, size: pdfText, colour: pdfInk()}}
		w.put(pdfLeft+pdfWidth-w.width(number), w.y+pdfText, number)
		top := w.y
		w.flow([]span{{text: heading, size: pdfText, link: link}}, pdfLeft, pdfWidth-40, pdfLeading)
		w.pdf.SetDrawColor(rgb(pdfRule()))
		w.pdf.SetLineWidth(0.4)
		w.pdf.Line(pdfLeft, w.y-1, pdfLeft+pdfWidth, w.y-1)
		if link != 0 && w.y > top {
			w.pdf.Link(pdfLeft+pdfWidth-40, top, 40, pdfLeading, link)
		}
	}
	w.y += 6
}

// heading prints a heading, keeps it with what follows, and notes its page.
func (w *pdfWriter) heading(text string) {
	w.y += 14
	w.room(80)
	w.found = append(w.found, w.pdf.PageNo())
	w.pdf.SetFont("text", faceBold, 14) // the outline is written in its encoding
	w.pdf.Bookmark(text, 0, w.y)
	w.flow([]span{{text: text, style: faceBold, size: 14, colour: w.style.accent()}}, pdfLeft, pdfWidth, 19)
	w.y += 4
}

// disclaimer is what the house says of its reports, after everything else.
func (w *pdfWriter) disclaimer() {
	text := plain(w.style.Disclaimer)
	if text == "" {
		return
	}
	w.y += 14
	w.room(40)
	w.pdf.SetDrawColor(rgb(pdfRule()))
	w.pdf.SetLineWidth(0.5)
	w.pdf.Line(pdfLeft, w.y-6, pdfLeft+pdfWidth, w.y-6)
	w.flow([]span{{text: text, size: 8.5, colour: pdfMuted()}}, pdfLeft, pdfWidth, 11.5)
}

func (w *pdfWriter) section(section Section) {
	w.heading(or(plain(section.Heading), "Section"))
	for _, paragraph := range section.Paragraphs {
		w.paragraph(paragraph)
	}
	for _, table := range section.Tables {
		w.tables++
		w.table(table)
	}
	for _, chart := range section.Charts {
		w.figures++
		w.chart(chart)
	}
}

func (w *pdfWriter) paragraph(paragraph Paragraph) {
	var whole []span
	for _, sentence := range paragraph.Sentences {
		spans := w.sentence(sentence)
		if len(spans) == 0 {
			continue
		}
		if !paragraph.List {
			whole = append(append(whole, spans...), span{text: " ", size: pdfText})
			continue
		}
		w.room(pdfLeading)
		w.put(pdfLeft+4, w.y+pdfText, []fragment{{text: "•", size: pdfText, colour: w.style.accent()}})
		w.flow(spans, pdfLeft+16, pdfWidth-16, pdfLeading)
		w.y += 2
	}
	if len(whole) > 0 {
		w.flow(whole, pdfLeft, pdfWidth, pdfLeading)
	}
	w.y += 6
}

func (w *pdfWriter) sentence(sentence Sentence) []span {
	text := plain(sentence.Text)
	if text == "" {
		return nil
	}
	spans := append([]span{{text: text, size: pdfText}}, w.marks(sentence.References, pdfText)...)
	if sentence.Marked {
		spans = append(spans, span{text: " [" + w.fixed.Unsupported + "]", style: faceBold, size: pdfText, colour: pdfWarn()})
	}
	return spans
}

// marks are the marks behind a text, each a link to its reference.
func (w *pdfWriter) marks(references []int, size float64) []span {
	start, signs, end := w.citing.group(references)
	if len(signs) == 0 {
		return nil
	}
	spans := []span{{text: " " + start, size: size}}
	for _, sign := range signs {
		spans = append(spans,
			span{text: sign.before, size: size},
			span{text: sign.text, size: size, colour: w.style.accent(), link: w.links[sign.number]})
	}
	return append(spans, span{text: end, size: size})
}
