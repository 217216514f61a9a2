package activity_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/tools/format"
	"github.com/quaestor-run/quaestor/workflows"
)

func house() map[string]activity.Template {
	return map[string]activity.Template{"house": {
		Sections: []activity.TemplateSection{{Kind: agents.SectionLimitations, Title: "Was wir nicht wissen"}, {Kind: agents.SectionFindings, Title: "not used"}},
		Style:    format.Style{Cover: "Muster & Partner", Disclaimer: "Keine Anlageberatung.", Words: "de", Colour: "#7a1f3d", Font: format.FontSerif},
	}}
}

// publishWith publishes a draft with a template and gives the report as data.
func publishWith(t *testing.T, l *lab, template string) (document format.Document) {
	t.Helper()
	d := agents.Draft{Title: "Tides"}
	for _, s := range []struct {
		kind          agents.SectionKind
		heading, text string
	}{
		{agents.SectionSummary, "Summary", "Tides rise."},
		{agents.SectionFindings, "Height", "Nothing is cited here."},
		{agents.SectionConclusion, "Conclusion", "Tides fall."},
		{agents.SectionLimitations, "Limitations", "One document was read."},
	} {
		d.Sections = append(d.Sections, agents.Section{Kind: s.kind, Heading: s.heading, Paragraphs: []agents.Paragraph{{Sentences: []agents.Statement{{Text: s.text, Evidence: []string{}}}}}})
	}
	in := workflows.Publication{Run: run, Request: workflows.ResearchRequest{Topic: "tides", Template: template}, Draft: put(t, l, d)}
	if _, err := do[string](t, l, workflows.PublishName, in); err != nil {
		t.Fatal(err)
	}
	published, err := l.store.Report(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := l.store.Blob(t.Context(), published.JSON)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	return document
}

func TestATemplateSaysWhatIsPrinted(t *testing.T) {
	t.Parallel()
	l := setup(t, func(o *activity.Options) { o.Templates = house() })
	document := publishWith(t, l, "house")
	var headings []string
	for _, s := range document.Sections {
		headings = append(headings, s.Heading)
	}
	if got := strings.Join(headings, ", "); got != "Was wir nicht wissen, Height, Scorecard" {
		t.Errorf("sections %s", got)
	}
	// The sentence is marked by its claim, which is known by the draft's heading.
	if !document.Sections[1].Paragraphs[0].Sentences[0].Marked || document.Sections[0].Name != "Limitations" {
		t.Errorf("sections %+v", document.Sections)
	}
	for form, want := range map[string][]string{
		activity.FormDOCX: {"Muster &amp; Partner", "Keine Anlageberatung.", "[nicht belegt]", "Was wir nicht wissen", "Tabelle 1. "},
	} {
		shown := part(t, rendered(t, l.store, form, false), "word/document.xml")
		for _, text := range want {
			if !strings.Contains(shown, text) {
				t.Errorf("%s lacks %q", form, text)
			}
		}
	}
	if sheet := part(t, rendered(t, l.store, activity.FormDOCX, false), "word/styles.xml"); !strings.Contains(sheet, "7A1F3D") || strings.Contains(sheet, "1F5F99") || !strings.Contains(sheet, "Times New Roman") {
		t.Error("the styles of the DOCX are not the house's")
	}
}

func TestWithoutATemplateAllIsPrinted(t *testing.T) {
	t.Parallel()
	l := setup(t, func(o *activity.Options) { o.Templates = house() })
	if document := publishWith(t, l, ""); len(document.Sections) != 5 || document.Style != nil || len(document.Meta) != 0 {
		t.Errorf("got %+v", document)
	}
}

func TestATemplateThatWentIsNamed(t *testing.T) {
	t.Parallel()
	if document := publishWith(t, setup(t), "gone"); len(document.Sections) != 5 || len(document.Meta) != 1 || !strings.Contains(document.Meta[0].Value, "gone, which is not in the configuration any more") {
		t.Errorf("got %+v", document.Meta)
	}
}
