package documents

import (
	"bytes"
	"context"
	"errors"
	"image"
	"strings"
	"sync/atomic"
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

// recogniser gives an answer for every page.
type recogniser struct {
	text  string
	err   error
	calls atomic.Int32
}

func (r *recogniser) Recognize(_ context.Context, page image.Image) (string, error) {
	r.calls.Add(1)
	if page.Bounds().Dx() < 500 {
		return "", errors.New("the picture of the page is too small")
	}
	return r.text, r.err
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

func TestScansAreRecognised(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiling the PDF engine takes seconds")
	}
	reader := &recogniser{text: "The scanned page says that sleep matters.\nIt says so twice over.\n"}
	e := NewExtractor(ExtractorOptions{CacheDir: t.TempDir(), Scans: reader, Limits: Limits{Scans: 2}})
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	out, err := e.Extract(t.Context(), "mixed.pdf", "", scannedPDF(t, 3))
	if err != nil {
		t.Fatal(err)
	}
	if got := quotes(out); reader.calls.Load() != 2 || len(got) < 4 || !strings.Contains(strings.Join(got, " "), "The scanned page says that sleep matters.") {
		t.Errorf("%d pages recognised, quotes %q", reader.calls.Load(), got)
	}
	if len(out.Parts) != 1 || out.Parts[0].Name != "pages 4" || !strings.Contains(out.Parts[0].Gap, "at most 2 pages") {
		t.Errorf("parts %+v", out.Parts)
	}
	reader.err = errors.New("no such language")
	if out, err = e.Extract(t.Context(), "mixed.pdf", "", scannedPDF(t, 1)); err != nil || len(out.Parts) != 1 || !strings.Contains(out.Parts[0].Gap, "no such language") {
		t.Errorf("parts %+v, %v", out.Parts, err)
	}
}
