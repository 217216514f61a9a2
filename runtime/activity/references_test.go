package activity_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/workflows"
)

// TestEveryFormSaysWhoWroteASourceAndWhen reads the reference in each form of a
// report that can be read as text.
func TestEveryFormSaysWhoWroteASourceAndWhen(t *testing.T) {
	t.Parallel()
	l := setup(t)
	page := rise()
	page.URI, page.Author, page.Published, page.Tier, page.Accessed = "https://news.example/fares", "By Ann Smith", "2020-02-03", "news", "2026-11-26"
	out := checkFinding(t, l, workflows.DraftCheck{Unsupported: "mark"}, agents.Statement{
		Text: "Fares rose by 12 % in 2019 on most of the lines.", Evidence: []string{keep(t, l, page)},
	})
	published(t, l, out.Draft, "")
	report, err := l.store.Report(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	forms := map[string]string{}
	for form, ref := range map[string]string{"md": report.Markdown, "html": report.HTML, "json": report.JSON} {
		text, err := l.store.Blob(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		forms[form] = string(text)
	}
	docx, err := activity.RenderReport(t.Context(), l.store, run, activity.FormDOCX, false)
	if err != nil {
		t.Fatal(err)
	}
	forms["docx"] = wordsOf(t, docx)
	for form, text := range forms {
		text = strings.ReplaceAll(text, `\`, "")
		for _, part := range []string{"Ann Smith. ", "(2020-02-03)", "[news; accessed 2026-11-26]"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s has no %q", form, part)
			}
		}
	}
	var told activity.Report
	if err := json.Unmarshal([]byte(forms["json"]), &told); err != nil {
		t.Fatal(err)
	}
	if r := told.References[0]; r.Author != "By Ann Smith" || r.Published != "2020-02-03" || r.Tier != "news" || r.Accessed != "2026-11-26" {
		t.Errorf("reference %+v", r)
	}
}

func wordsOf(t *testing.T, docx []byte) string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(docx), int64(len(docx)))
	if err != nil {
		t.Fatal(err)
	}
	part, err := archive.Open("word/document.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer part.Close()
	text, err := io.ReadAll(part)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
