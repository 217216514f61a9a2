package documents

import (
	"iter"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/structs"
)

// readPDFFacts reads the title, the author and the day of creation. Names of
// files, which many programs write for a title, are none.
func readPDFFacts(instance pdfium.Pdfium, document references.FPDF_DOCUMENT) properties {
	value := func(tag string) string {
		meta, err := instance.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: document, Tag: tag})
		if err != nil {
			return ""
		}
		return strings.TrimSpace(strings.ToValidUTF8(meta.Value, ""))
	}
	facts := properties{title: value("Title"), author: value("Author"), published: isoDay(strings.TrimPrefix(value("CreationDate"), "D:"))}
	if madeTitle(facts.title) {
		facts.title = ""
	}
	return facts
}

// readPDFPage reads the lines of one page in the order of its content, each
// with its place on the page.
func readPDFPage(instance pdfium.Pdfium, document references.FPDF_DOCUMENT, page int) ([]pdfLine, error) {
	loaded, err := instance.FPDFText_LoadPage(&requests.FPDFText_LoadPage{
		Page: requests.Page{ByIndex: &requests.PageByIndex{Document: document, Index: page}},
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		// Freed with the instance at the latest.
		_, _ = instance.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: loaded.TextPage})
	}()
	chars, err := instance.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: loaded.TextPage})
	if err != nil || chars.Count <= 0 {
		return nil, err
	}
	text, err := instance.FPDFText_GetText(&requests.FPDFText_GetText{TextPage: loaded.TextPage, Count: chars.Count})
	if err != nil {
		return nil, err
	}
	var lines []pdfLine
	at := 0
	for raw := range pdfLines(strings.ToValidUTF8(text.Text, "\ufffd")) {
		content := strings.TrimSpace(strings.Map(pdfRune, raw))
		if content != "" {
			line := pdfLine{text: content}
			line.place(instance, loaded.TextPage, at, at+utf8.RuneCountInString(strings.TrimRight(raw, "\r\n "))-1)
			lines = append(lines, line)
		}
		at += utf8.RuneCountInString(raw)
	}
	return lines, nil
}

// pdfHyphen is what PDFium puts for a hyphen that parts a word at the end of a
// line, and for the line end after it.
const pdfHyphen = '\x02'

// pdfLines cuts the text of a page after line ends and parting hyphens.
func pdfLines(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for text != "" {
			end := strings.IndexFunc(text, func(r rune) bool { return r == '\n' || r == pdfHyphen || r == '\ufffe' })
			if end < 0 {
				yield(text)
				return
			}
			_, size := utf8.DecodeRuneInString(text[end:])
			if !yield(text[:end+size]) {
				return
			}
			text = text[end+size:]
		}
	}
}

// pdfRune mends what PDFium gives: its marks for hyphens, and characters that
// are not text.
func pdfRune(r rune) rune {
	switch {
	case r == pdfHyphen || r == '\ufffe' || r == '\u00ad':
		return '-'
	case r < ' ' && r != '\n' && r != '\t' || r == '\ufeff' || r == '\u200b':
		return -1
	case r == '\u00a0' || r == '\t' || r == '\n':
		return ' '
	}
	return r
}

// place asks where a line stands. A line whose place is not to be had keeps
// zeros and is laid out by its words alone.
func (l *pdfLine) place(instance pdfium.Pdfium, page references.FPDF_TEXTPAGE, first, last int) {
	box := func(text int) (structs.FPDF_FS_RECTF, bool) {
		char, err := instance.FPDFText_GetCharIndexFromTextIndex(&requests.FPDFText_GetCharIndexFromTextIndex{TextPage: page, NTextIndex: text})
		if err != nil || char.CharIndex < 0 {
			return structs.FPDF_FS_RECTF{}, false
		}
		loose, err := instance.FPDFText_GetLooseCharBox(&requests.FPDFText_GetLooseCharBox{TextPage: page, Index: char.CharIndex})
		if err != nil {
			return structs.FPDF_FS_RECTF{}, false
		}
		return loose.Rect, true
	}
	start, ok := box(first)
	end, okEnd := box(last)
	if !ok || !okEnd {
		return
	}
	l.left, l.right, l.bottom = float64(start.Left), float64(end.Right), float64(start.Bottom)
	l.size = math.Abs(float64(start.Top - start.Bottom))
}
