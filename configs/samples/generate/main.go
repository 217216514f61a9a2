// Command generate sets a brief written in Markdown as a PDF. The same source
// gives the same bytes.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

func main() {
	source := flag.String("source", "", "Markdown file with headings and paragraphs")
	out := flag.String("out", "", "PDF file to write")
	flag.Parse()
	if err := run(*source, *out); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(source, out string) error {
	text, err := os.ReadFile(source)
	if err != nil {
		return fmt.Errorf("reading the source: %w", err)
	}
	pdf, err := render(string(text))
	if err != nil {
		return fmt.Errorf("setting %s: %w", source, err)
	}
	if err := os.WriteFile(out, pdf, 0o644); err != nil {
		return fmt.Errorf("writing the PDF: %w", err)
	}
	return nil
}

// Sizes in points, and lengths in millimetres.
const (
	margin     = 27
	titleSize  = 19
	titleLine  = 9
	headSize   = 13
	headLine   = 8
	textSize   = 11.5
	textLine   = 6.2
	afterBlock = 3
)

// render sets headings of level one and two and paragraphs, apart by empty
// lines. The first heading is the title of the document.
func render(markdown string) ([]byte, error) {
	blocks := strings.Split(strings.TrimSpace(markdown), "\n\n")
	title, ok := strings.CutPrefix(blocks[0], "# ")
	if !ok {
		return nil, errors.New("the source does not begin with a title")
	}
	doc := fpdf.New("P", "mm", "A4", "")
	encode := doc.UnicodeTranslatorFromDescriptor("cp1252")
	published := time.Date(2024, 6, 17, 0, 0, 0, 0, time.UTC)
	doc.SetCreationDate(published)
	doc.SetModificationDate(published)
	doc.SetCatalogSort(true)
	doc.SetCompression(false) // so that the bytes do not depend on a compressor
	doc.SetTitle(title, true)
	doc.SetAuthor("Quaestor project", true)
	doc.SetMargins(margin, margin, margin)
	doc.SetAutoPageBreak(true, margin)
	doc.AliasNbPages("")
	doc.SetFooterFunc(func() {
		doc.SetY(-18)
		doc.SetFont("Helvetica", "", 9)
		doc.CellFormat(0, 6, fmt.Sprintf("%d / {nb}", doc.PageNo()), "", 0, "C", false, 0, "")
	})
	doc.AddPage()
	for _, block := range blocks {
		set(doc, encode, strings.Join(strings.Fields(block), " "))
	}
	var out bytes.Buffer
	if err := doc.Output(&out); err != nil {
		return nil, fmt.Errorf("writing the pages: %w", err)
	}
	return out.Bytes(), nil
}

func set(doc *fpdf.Fpdf, encode func(string) string, block string) {
	if text, ok := strings.CutPrefix(block, "# "); ok {
		doc.SetFont("Helvetica", "B", titleSize)
		doc.MultiCell(0, titleLine, encode(text), "", "L", false)
		doc.Ln(afterBlock)
		return
	}
	if text, ok := strings.CutPrefix(block, "## "); ok {
		doc.Ln(afterBlock)
		doc.SetFont("Helvetica", "B", headSize)
		doc.MultiCell(0, headLine, encode(text), "", "L", false)
		return
	}
	doc.SetFont("Times", "", textSize)
	doc.MultiCell(0, textLine, encode(block), "", "L", false)
	doc.Ln(afterBlock)
}
