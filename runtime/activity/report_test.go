package activity_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/workflows"
)

const paper = "---\ntitle: On tides\nauthor: [Ann Smith, Bob Jones]\njournal: Tides\nvolume: 3\nyear: 2021\ndoi: 10.1000/x\n---\nThe highest tide was 4.2 m.\n"

// refined is a run whose draft was changed once, reviewed by a person and
// published in a style.
func refined(t *testing.T, style string) *lab {
	t.Helper()
	l := setup(t)
	ref, err := l.store.PutBlob(t.Context(), []byte(paper))
	if err != nil {
		t.Fatal(err)
	}
	const words = "The highest tide was 4.2 m."
	start := strings.Index(paper, words)
	id := keep(t, l, tools.Citation{SHA256: strings.TrimPrefix(ref, "sha256:"), URI: "tides.md", Title: "On tides", Year: 2021, Start: start, End: start + len(words), Quote: words})
	begun := draft(id)
	begun.Sections[1].Paragraphs[0].Sentences[0].Text = "The tide was highest at 4.2 m."
	first, err := do[workflows.CheckedDraft](t, l, workflows.CheckDraftName, workflows.DraftCheck{Run: run, Draft: put(t, l, begun), Unsupported: "drop"})
	if err != nil {
		t.Fatal(err)
	}
	mended := draft(id)
	mended.Sections[1].Paragraphs[0].Sentences[0].Text = "The highest tide was 4.2 m."
	second, err := do[workflows.CheckedDraft](t, l, workflows.CheckDraftName, workflows.DraftCheck{
		Run: run, Round: 1, Draft: put(t, l, mended), Previous: first.Draft, Unsupported: "drop", Comments: "Say it as the paper does.",
	})
	if err != nil {
		t.Fatal(err)
	}
	opening := workflows.ReviewOpening{Run: run, Round: 1, Digest: second.Digest, Due: time.Now().Add(time.Hour)}
	review, err := do[string](t, l, workflows.OpenReviewName, opening)
	if err != nil {
		t.Fatal(err)
	}
	closing := workflows.ReviewClosing{Review: review, Decision: workflows.ReviewDecision{Decision: "approve", Digest: second.Digest, By: "Anna", Comments: "Well done."}}
	if _, err := do[string](t, l, workflows.CloseReviewName, closing); err != nil {
		t.Fatal(err)
	}
	in := workflows.Publication{Run: run, Request: workflows.ResearchRequest{Topic: "tides", CitationStyle: style}, Draft: second.Draft}
	if _, err := do[string](t, l, workflows.PublishName, in); err != nil {
		t.Fatal(err)
	}
	return l
}

func rendered(t *testing.T, s store.Store, form string, changes bool) []byte {
	t.Helper()
	data, err := activity.RenderReport(t.Context(), s, run, form, changes)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func part(t *testing.T, document []byte, name string) string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(document), int64(len(document)))
	if err != nil {
		t.Fatal(err)
	}
	file, err := archive.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAReportShowsWhatBecameOfItsFirstDraft(t *testing.T) {
	t.Parallel()
	l := refined(t, "")
	shown := rendered(t, l.store, activity.FormDOCX, true)
	for _, want := range []string{`<w:ins w:id="`, `<w:delText`, `w:author="Quaestor writer"`} {
		if !strings.Contains(part(t, shown, "word/document.xml"), want) {
			t.Errorf("the tracked document lacks %s:\n%s", want, part(t, shown, "word/document.xml"))
		}
	}
	if comments := part(t, shown, "word/comments.xml"); !strings.Contains(comments, "Well done.") || !strings.Contains(comments, "Say it as the paper does.") || !strings.Contains(comments, `w:author="Anna"`) {
		t.Errorf("comments: %s", comments)
	}
	if notes := part(t, shown, "word/footnotes.xml"); !strings.Contains(notes, "“The highest tide was 4.2 m.”") {
		t.Errorf("footnotes: %s", notes)
	}
	clean := part(t, rendered(t, l.store, activity.FormDOCX, false), "word/document.xml")
	if strings.Contains(clean, "<w:del") || strings.Contains(clean, "commentReference") || !strings.Contains(clean, "The highest tide was 4.2 m.") {
		t.Errorf("the clean document: %s", clean)
	}
	if pdf := rendered(t, l.store, activity.FormPDF, true); !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Errorf("%.20q is no PDF", pdf)
	}
	if _, err := activity.RenderReport(t.Context(), l.store, run, "rtf", false); err == nil {
		t.Error("a form that there is not is rendered")
	}
	if _, err := activity.RenderReport(t.Context(), l.store, "r_none", activity.FormPDF, false); err == nil {
		t.Error("a report that there is not is rendered")
	}
}

// What the document says of itself is in the reference, in the style of the
// request.
func TestReferencesInTheStyleOfTheRequest(t *testing.T) {
	t.Parallel()
	for style, want := range map[string][]string{
		"":          {"4.2 m. [[1](#ref-1)]", "**[1]** On tides (2021). tides.md"},
		"apa":       {"4.2 m. ([Smith & Jones, 2021](#ref-1))", "</a>Smith, A., & Jones, B. (2021). On tides. Tides, 3. <https://doi.org/10.1000/x>"},
		"vancouver": {"4.2 m. [[1](#ref-1)]", "**[1]** Smith A, Jones B. On tides. Tides. 2021;3. doi: 10.1000/x."},
	} {
		l := refined(t, style)
		report, err := l.store.Report(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		markdown, err := l.store.Blob(t.Context(), report.Markdown)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range want {
			if !strings.Contains(strings.ReplaceAll(string(markdown), `\`, ""), text) {
				t.Errorf("%q lacks %s:\n%s", style, text, markdown)
			}
		}
	}
}

func TestReferencesForReferenceManagers(t *testing.T) {
	t.Parallel()
	l := refined(t, "")
	for form, want := range map[string]string{
		activity.FormBibTeX: "author = {Smith, Ann and Jones, Bob}", activity.FormRIS: "DO  - 10.1000/x\r\n", activity.FormCSL: `"container-title": "Tides"`,
	} {
		if got := string(rendered(t, l.store, form, false)); !strings.Contains(got, want) {
			t.Errorf("%s lacks %q:\n%s", form, want, got)
		}
	}
}

func TestChartsOfAReportAreCountedThroughItsSections(t *testing.T) {
	t.Parallel()
	l := setup(t)
	d := draft("e_none")
	d.Sections[0].Charts = []agents.Chart{{Kind: "bar", Title: "First", X: []string{"a", "b"}, Y: []float64{1, 2}}}
	d.Sections = append(d.Sections, agents.Section{Kind: agents.SectionAnalysis, Heading: "More", Charts: []agents.Chart{
		{Kind: "line", Title: "Second", X: []string{"2020", "2021"}, Y: []float64{3, 4}}, {Kind: "line", Title: "Third <b>", X: []string{"2020", "2021"}, Y: []float64{5, 6}},
	}})
	if _, err := do[string](t, l, workflows.PublishName, workflows.Publication{Run: run, Request: workflows.ResearchRequest{Topic: "tides"}, Draft: put(t, l, d)}); err != nil {
		t.Fatal(err)
	}
	for number, want := range map[int]string{1: "First", 2: "Second", 3: "Third &lt;b&gt;"} {
		svg, err := activity.RenderChart(t.Context(), l.store, run, number, activity.FormSVG)
		if err != nil || !strings.Contains(string(svg), ">"+want+"</text>") {
			t.Errorf("figure %d: %v, %s", number, err, svg)
		}
		picture, err := activity.RenderChart(t.Context(), l.store, run, number, activity.FormPNG)
		if err != nil || !bytes.HasPrefix(picture, []byte("\x89PNG")) {
			t.Errorf("figure %d: %d bytes, %v", number, len(picture), err)
		}
	}
	if _, err := activity.RenderChart(t.Context(), l.store, run, 4, activity.FormPNG); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a chart that is not there: %v", err)
	}
	if _, err := activity.RenderChart(t.Context(), l.store, run, 1, "gif"); err == nil || !strings.Contains(err.Error(), `"gif"`) {
		t.Errorf("a form that is not there: %v", err)
	}
}
