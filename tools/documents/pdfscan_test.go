package documents

import (
	"bytes"
	"strings"
	"testing"
)

// scannedPDF has a page of text and, after it, pages that are pictures.
func scannedPDF(t *testing.T, pictures int) []byte {
	t.Helper()
	pages := [][]string{{"This is a line of text that is long enough.", "And this is another of them."}}
	for range pictures {
		pages = append(pages, []string{strings.Repeat("PICTURE", 12)})
	}
	pdf := makePDF("", pages...)
	mark := []byte("BT /F1 12 Tf 50 785 Td (" + strings.Repeat("PICTURE", 12) + ") Tj ET")
	picture := []byte("q 400 0 0 400 50 50 cm BI /W 1/H 1/BPC 8/CS/G ID \x80 EI Q")
	if !bytes.Contains(pdf, mark) {
		t.Fatal("the page that is to be a picture is not found")
	}
	return bytes.ReplaceAll(pdf, mark, append(picture, bytes.Repeat([]byte(" "), len(mark)-len(picture))...))
}

func TestScansWithoutRecognitionAreNamed(t *testing.T) {
	t.Parallel()
	out, err := newExtractor(t).Extract(t.Context(), "mixed.pdf", "", scannedPDF(t, 3))
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Parts) != 1 || out.Parts[0].Name != "pages 2-4" || !strings.Contains(out.Parts[0].Gap, "tesseract") {
		t.Errorf("parts %+v", out.Parts)
	}
	if got := quotes(out); len(got) != 2 {
		t.Errorf("quotes %q", got)
	}
}
