package documents

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
)

// How pictures of pages are recognised: their resolution, the most points of a
// picture, and the time that all pages of one document may take.
const (
	scanDPI     = 200
	leastDPI    = 70
	scanPixels  = 24 << 20
	scanTimeout = 5 * time.Minute
)

// The bounds of looking for pictures on a page, and of pages that fail.
const (
	maxPageObjects  = 64
	maxDamagedPages = 20
)

// pdfReader reads the pages of an open PDF.
type pdfReader struct {
	engine     *pdfEngine
	instance   pdfium.Pdfium
	document   references.FPDF_DOCUMENT
	timer      *time.Timer // kills the instance
	quick      bool
	doc        *pdfDocument
	recognised int
	spent      time.Duration // by the recogniser
}

// readPages reads page by page. A page that cannot be read is a gap, unless
// none can.
func (r *pdfReader) readPages(ctx context.Context) error {
	var first error
	text := 0
	for page := range min(r.doc.total, r.engine.limits.Pages) {
		if err := ctx.Err(); err != nil {
			return err
		}
		lines, err := readPDFPage(r.instance, r.document, page)
		if err == nil && letters(lines) < minPDFLetters && r.picture(page) {
			lines, err = r.scan(ctx, page, lines)
		}
		switch {
		case errors.Is(err, errTooManyPages), ctx.Err() != nil:
			return err
		case err != nil:
			if r.doc.damaged.add(page+1, "they are damaged: "+err.Error()); first == nil {
				first = fmt.Errorf("page %d: %w", page+1, err)
			}
		}
		for _, line := range lines {
			text += len(line.text)
		}
		r.doc.pages = append(r.doc.pages, lines)
		if text > r.engine.limits.Text || len(r.doc.damaged.pages) > maxDamagedPages {
			break
		}
	}
	if first != nil && text == 0 {
		return first
	}
	return nil
}

// needs is for how many pages the engine must be made.
func (r *pdfReader) needs(pages int) int {
	if r.quick && r.engine.scans != nil {
		return max(pages, interpretedPages+1) // drawing pages takes an interpreter too long
	}
	return pages
}

func letters(lines []pdfLine) int {
	n := 0
	for _, line := range lines {
		n += countLetters(line.text)
	}
	return n
}

// picture says that a page has a picture on it.
func (r *pdfReader) picture(page int) bool {
	byIndex := requests.Page{ByIndex: &requests.PageByIndex{Document: r.document, Index: page}}
	count, err := r.instance.FPDFPage_CountObjects(&requests.FPDFPage_CountObjects{Page: byIndex})
	if err != nil {
		return false
	}
	for i := range min(count.Count, maxPageObjects) {
		object, err := r.instance.FPDFPage_GetObject(&requests.FPDFPage_GetObject{Page: byIndex, Index: i})
		if err != nil {
			return false
		}
		kind, err := r.instance.FPDFPageObj_GetType(&requests.FPDFPageObj_GetType{PageObject: object.PageObject})
		if err == nil && (kind.Type == enums.FPDF_PAGEOBJ_IMAGE || kind.Type == enums.FPDF_PAGEOBJ_FORM) {
			return true
		}
	}
	return false
}

// scan recognises the text of a page that is a picture, or notes why not.
func (r *pdfReader) scan(ctx context.Context, page int, lines []pdfLine) ([]pdfLine, error) {
	switch {
	case r.engine.scans == nil:
		r.doc.scanned.add(page+1, "no text recognition is installed")
		return lines, nil
	case r.quick:
		return nil, errTooManyPages
	case r.recognised >= r.engine.limits.Scans || r.spent > scanTimeout:
		r.doc.scanned.add(page+1, fmt.Sprintf("at most %d pages of a document are recognised, in %s", r.engine.limits.Scans, scanTimeout))
		return lines, nil
	}
	r.recognised++
	text, err := r.recognisePage(ctx, page)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		r.doc.scanned.add(page+1, err.Error())
		return lines, nil
	}
	return recognisedLines(text), nil
}

// recognisedLines puts the lines of a recognised page where a page has them, in
// type so small that none is a heading: an empty line is a gap, which parts
// paragraphs.
func recognisedLines(text string) []pdfLine {
	const spacing, letter = 1.2, 0.5 // of the height of the type
	var lines []pdfLine
	bottom := 0.0
	for line := range strings.Lines(text) {
		bottom -= spacing
		if line = foldSpace(line); line != "" {
			lines = append(lines, pdfLine{text: line, right: letter * float64(len(line)), bottom: bottom, size: 1})
		}
	}
	return lines
}

func (r *pdfReader) recognisePage(ctx context.Context, page int) (string, error) {
	size, err := r.instance.FPDF_GetPageSizeByIndex(&requests.FPDF_GetPageSizeByIndex{Document: r.document, Index: page})
	if err != nil {
		return "", err
	}
	dpi := scanDPI
	if most := 72 * math.Sqrt(scanPixels/max(1, size.Width*size.Height)); most < scanDPI {
		dpi = int(most)
	}
	if dpi < leastDPI {
		return "", fmt.Errorf("the page is too large to be drawn (%.0f by %.0f points)", size.Width, size.Height)
	}
	drawn, err := r.instance.RenderPageInDPI(&requests.RenderPageInDPI{
		Page: requests.Page{ByIndex: &requests.PageByIndex{Document: r.document, Index: page}}, DPI: dpi,
		ImageFormat: requests.RenderImageFormatGrayscale,
	})
	if err != nil {
		return "", err
	}
	defer drawn.Cleanup()
	// The recogniser has limits of its own: its time is not the engine's.
	if !r.timer.Stop() {
		return "", errTimeout
	}
	started := time.Now()
	text, err := r.engine.scans.Recognize(ctx, drawn.Result.RenderedImage)
	r.spent += time.Since(started)
	r.timer.Reset(pdfTimeout)
	return text, err
}

// withoutText says why a PDF gave no text.
func (d pdfDocument) withoutText(name string) error {
	if len(d.scanned.pages) == 0 {
		return noText(name, fmt.Sprintf("none of its %d pages holds text", d.total))
	}
	return noText(name, fmt.Sprintf("none of its %d pages holds text (a scan): %s", d.total, d.scanned.why))
}

// gaps names the pages that were not read.
func (d pdfDocument) gaps() []Part {
	var parts []Part
	if len(d.scanned.pages) > 0 {
		parts = append(parts, Part{
			Name: pageRanges(d.scanned.pages), Gap: "they are pictures without text, such as a scan: " + d.scanned.why + "; install tesseract, or add a version with text",
		})
	}
	if len(d.damaged.pages) > 0 {
		parts = append(parts, Part{Name: pageRanges(d.damaged.pages), Gap: d.damaged.why})
	}
	if read := len(d.pages); read < d.total {
		parts = append(parts, Part{Name: fmt.Sprintf("pages %d-%d", read+1, d.total), Gap: "the document is longer than is read; split it into parts"})
	}
	return parts
}

// pageRanges writes pages as pages 1-3, 7.
func pageRanges(pages []int) string {
	var out strings.Builder
	out.WriteString("pages ")
	for i := 0; i < len(pages); {
		end := i
		for end+1 < len(pages) && pages[end+1] == pages[end]+1 {
			end++
		}
		if i > 0 {
			out.WriteString(", ")
		}
		if out.Len() > 200 {
			return out.String() + "…"
		}
		if fmt.Fprint(&out, pages[i]); end > i {
			fmt.Fprintf(&out, "-%d", pages[end])
		}
		i = end + 1
	}
	return out.String()
}
