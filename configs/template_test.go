package configs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/configs"
)

func loadText(t *testing.T, text string) (configs.Config, string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "house.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := configs.Load(path, nil)
	return config, path, err
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	config, _, err := loadText(t, `
research: {template: house}
templates:
  house:
    sections:
      - {kind: summary, title: In brief}
      - {kind: findings}
    citation_style: apa
    cover: Example & Partners
    words: de
    colour: "#7a1f3d"
    font: serif
  other: {}
`)
	if err != nil {
		t.Fatal(err)
	}
	house := config.Templates["house"]
	if len(config.Templates) != 2 || len(house.Sections) != 2 || house.Sections[0] != (configs.TemplateSection{Kind: "summary", Title: "In brief"}) || house.Colour != "#7a1f3d" || config.Research.Template != "house" {
		t.Errorf("got %+v", config.Templates)
	}
}

func TestTemplatesThatAreWrongAreRefusedByFileAndKey(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"templates: {house: {sections: [{kind: findings}, {kind: preface}]}}":                  `templates.house.sections[1].kind: one of summary, `,
		"templates: {house: {sections: [{kind: summary}]}}":                                    `templates.house.sections: "findings" is missing`,
		"templates: {house: {sections: [{kind: findings}, {kind: summary}, {kind: summary}]}}": `templates.house.sections[2].kind: "summary" is there twice`,
		"templates: {house: {sections: [{kind: findings, title: X}]}}":                         `templates.house.sections[0].title: the findings have`,
		"templates: {house: {colour: \"red\"}}":                                                `templates.house.colour: a colour like`,
		"templates: {house: {colour: \"#ffee99\"}}":                                            `templates.house.colour: #ffee99 is too pale`,
		"templates: {house: {font: comic}}":                                                    `templates.house.font: one of sans, serif is wanted, not "comic"`,
		"templates: {house: {words: la}}":                                                      `templates.house.words: one of en, de, fr, es`,
		"templates: {house: {citation_style: mla}}":                                            `templates.house.citation_style: one of plain, apa`,
		"templates: {house: {cover: \"" + strings.Repeat("x", 201) + "\"}}":                    `templates.house.cover: at most 200 bytes`,
		"templates: {plain: {}}":                                                               `templates.plain: a name of small letters`,
		"templates: {house: {colours: \"#123456\"}}":                                           `unknown key "templates.house.colours"; the nearest valid key is "templates.NAME.colour"`,
		"research: {template: hose}\ntemplates: {house: {}}":                                   `research.template: one of plain, house is wanted, not "hose"`,
	} {
		_, path, err := loadText(t, text)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: want %q and the file, got %v", text, want, err)
		}
	}
}
