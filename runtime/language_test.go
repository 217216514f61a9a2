package runtime

import (
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/tools/grammar"
)

// A server is asked only where one is configured; with the web off, only on
// this machine, whatever a program that fills in the configuration says.
func TestTheSecondOpinionOnLanguage(t *testing.T) {
	t.Parallel()
	r := &Runtime{}
	if r.language().Second != nil {
		t.Error("without a configuration a server is asked")
	}
	r.options.Config.Grammar = configs.Grammar{Spelling: "british", LanguageTool: configs.LanguageTool{BaseURL: "http://192.0.2.1:8081", Timeout: 5 * time.Second}}
	out, err := grammar.NewReader(r.language()).Read(t.Context(), grammar.Input{Texts: []string{"Its color is is odd, odd odd."}})
	if err != nil || len(out.Notes) != 1 || !strings.Contains(out.Notes[0], "another machine") {
		t.Errorf("got %+v, %v", out, err)
	}
	if len(out.Texts) != 1 || out.Texts[0].Mended != "Its colour is is odd, odd." {
		t.Errorf("the rules stand alone: %+v", out.Texts)
	}
}

// Every key of a template comes to where reports are published.
func TestTemplatesOfTheConfiguration(t *testing.T) {
	t.Parallel()
	configured := map[string]configs.Template{"house": {
		Sections: []configs.TemplateSection{{Kind: "findings"}, {Kind: "limitations", Title: "Limits"}}, CitationStyle: "apa",
		Cover: "c", Disclaimer: "d", Words: "de", Colour: "#112233", Font: "serif",
	}}
	house := reportTemplates(configured)["house"]
	if s := house.Style; s.Cover != "c" || s.Disclaimer != "d" || s.Words != "de" || s.Colour != "#112233" || s.Font != "serif" {
		t.Errorf("style %+v", s)
	}
	if len(house.Sections) != 2 || house.Sections[1].Kind != "limitations" || house.Sections[1].Title != "Limits" || templateStyles(configured)["house"] != "apa" {
		t.Errorf("template %+v", house)
	}
}
