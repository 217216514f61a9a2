package documents

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// makePDF writes a PDF with one page for each list of lines, in Helvetica of
// 12 points, or of 20 where a line begins with "# ". Lines that are empty leave
// a gap. trailer is added to the trailer dictionary.
func makePDF(trailer string, pages ...[]string) []byte {
	objects := []string{"<</Type/Catalog/Pages 2 0 R>>", "", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"}
	var kids []string
	for _, lines := range pages {
		var content strings.Builder
		y := 800
		for _, line := range lines {
			size := 12
			if rest, ok := strings.CutPrefix(line, "# "); ok {
				line, size = rest, 20
			}
			y -= size + 3
			if line != "" {
				fmt.Fprintf(&content, "BT /F1 %d Tf 50 %d Td (%s) Tj ET\n", size, y, strings.NewReplacer("(", `\(`, ")", `\)`).Replace(line))
			}
		}
		kids = append(kids, fmt.Sprintf("%d 0 R", len(objects)+1))
		objects = append(objects,
			fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 842]/Resources<</Font<</F1 3 0 R>>>>/Contents %d 0 R>>", len(objects)+2),
			fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", content.Len(), content.String()))
	}
	objects[1] = fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", len(kids), strings.Join(kids, " "))
	var pdf bytes.Buffer
	pdf.WriteString("%PDF-1.4\n")
	offsets := make([]int, len(objects))
	for i, object := range objects {
		offsets[i] = pdf.Len()
		fmt.Fprintf(&pdf, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	start := pdf.Len()
	fmt.Fprintf(&pdf, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&pdf, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&pdf, "trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, trailer, start)
	return pdf.Bytes()
}

func newExtractor(tb testing.TB) *Extractor {
	tb.Helper()
	e := NewExtractor(ExtractorOptions{CacheDir: tb.TempDir()})
	tb.Cleanup(func() {
		if err := e.Close(); err != nil {
			tb.Error(err)
		}
	})
	return e
}

// quotes are the whole sentences of a document, in order.
func quotes(out Extracted) []string {
	var all []string
	for _, passage := range Passages(out.Text, out.Segments) {
		for _, s := range passage.Sentences {
			all = append(all, out.Text[s.Start:s.End])
		}
	}
	return all
}

func TestPDFBecomesParagraphsWithPages(t *testing.T) {
	t.Parallel()
	running := "Annals of Examples, volume 7"
	data := makePDF("",
		[]string{running, "# A study of things", "# Results", "The device was tested in three hospi-", "tals over two years. It was well", "liked by nurses (P < 0.05). The next", "sentence goes on over the end of the", "1"},
		[]string{running, "page and ends here.", "", "", "# Discussion", "An evidence-based method is evidence-", "based everywhere we looked so far.", "2"},
		[]string{running, "The last page says one more thing.", "3"},
	)
	out, err := newExtractor(t).Extract(t.Context(), "study.pdf", "", data)
	if err != nil {
		t.Fatal(err)
	}
	checkExtracted(t, out)
	want := []string{
		"The device was tested in three hospitals over two years.",
		"It was well liked by nurses (P < 0.05).",
		"The next sentence goes on over the end of the page and ends here.",
		"An evidence-based method is evidence-based everywhere we looked so far.",
		"The last page says one more thing.",
	}
	if got := quotes(out); !slices.Equal(got, want) {
		t.Errorf("quotes\n%q, want\n%q", got, want)
	}
	if out.Title != "A study of things Results" && out.Title != "A study of things" {
		t.Errorf("title %q", out.Title)
	}
	last := out.Segments[len(out.Segments)-1]
	if last.Heading != "Discussion" || last.Blocks[len(last.Blocks)-1].Page != 3 || out.Pages != 3 {
		t.Errorf("last segment %+v of %d pages", last, out.Pages)
	}
	if strings.Contains(out.Text, running) {
		t.Errorf("the running head is in the text:\n%s", out.Text)
	}
}

func TestPDFsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	e := newExtractor(t)
	key := strings.Repeat("A1", 32)
	for name, test := range map[string]struct {
		data []byte
		want Problem
	}{
		"encrypted": {makePDF("/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<"+key+">/U<"+key+">>>", []string{"Nobody may read this line of text."}), ProblemEncrypted},
		"scan":      {makePDF("", []string{}, []string{}), ProblemNoText},
		"cut":       {[]byte("%PDF-1.7\n%broken"), ProblemMalformed},
	} {
		_, err := e.Extract(t.Context(), name+".pdf", "", test.data)
		var unreadable *ReadError
		if !errors.As(err, &unreadable) || unreadable.Problem != test.want || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}

func TestPDFStopsWithItsCaller(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newExtractor(t).Extract(ctx, "a.pdf", "", makePDF("", []string{"A line of text that is long enough."}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want it cancelled", err)
	}
}

func TestLongPDFReadsTheSameCompiled(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiling the PDF engine takes seconds")
	}
	page := func(i int) []string {
		letter := string(rune('a' + i))
		return []string{"# Part " + letter, "This page says " + letter + " and nothing more."}
	}
	var pages [][]string
	for i := range interpretedPages + 1 {
		pages = append(pages, page(i))
	}
	few, many := makePDF("", pages[:3]...), makePDF("", pages...)
	e := newExtractor(t)
	interpreted, err := e.Extract(t.Context(), "few.pdf", "", few)
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := e.Extract(t.Context(), "many.pdf", "", many)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(compiled.Text, interpreted.Text) || !slices.Equal(quotes(compiled)[:3], quotes(interpreted)) || len(quotes(compiled)) != len(pages) {
		t.Errorf("compiled\n%q\ninterpreted\n%q", compiled.Text, interpreted.Text)
	}
}
