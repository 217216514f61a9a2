//go:build !race

package documents

import (
	"context"
	"errors"
	"image"
	"strings"
	"sync/atomic"
	"testing"
)

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

// Compiling the PDF engine takes the race detector minutes.
func TestScansAreRecognised(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiling the PDF engine takes seconds")
	}
	reader := &recogniser{text: "A heading over it\n\nThe scanned page says that\nsleep matters.\n\nIt says so twice over.\n"}
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
