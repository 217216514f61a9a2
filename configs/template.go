package configs

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
)

// Template is how a house wants its reports.
type Template struct {
	Sections      []TemplateSection `yaml:"sections"`
	CitationStyle string            `yaml:"citation_style"`
	Cover         string            `yaml:"cover"`
	Disclaimer    string            `yaml:"disclaimer"`
	Words         string            `yaml:"words"` // en, de, fr or es
	Colour        string            `yaml:"colour"`
	Font          string            `yaml:"font"` // sans or serif
}

// TemplateSection is a kind of section that is printed, and under which title.
type TemplateSection struct {
	Kind  string `yaml:"kind"`
	Title string `yaml:"title"`
}

// PlainTemplate is the name of no template.
const PlainTemplate = "plain"

// The kinds of sections, as a draft has them.
func sectionKinds() []string {
	return []string{"summary", "introduction", "findings", "analysis", "recommendations", "conclusion", "limitations"}
}

// The most that a template holds.
const (
	maxTemplates  = 100
	maxTitle      = 200
	maxDisclaimer = 4000
)

var (
	templateName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)
	hexColour    = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
)

func (c Config) checkTemplates() (failures []error) {
	if len(c.Templates) > maxTemplates {
		failures = append(failures, fmt.Errorf("templates: %d are too many; %d are allowed", len(c.Templates), maxTemplates))
	}
	names := slices.Sorted(maps.Keys(c.Templates))
	for _, name := range names {
		key := "templates." + name
		if !templateName.MatchString(name) || name == PlainTemplate {
			failures = append(failures, fmt.Errorf("%s: a name of small letters, digits, - and _ is wanted, and not %q, which is none", key, PlainTemplate))
		}
		failures = append(failures, c.Templates[name].check(key)...)
	}
	if chosen := c.Research.Template; chosen != "" && chosen != PlainTemplate && !slices.Contains(names, chosen) {
		failures = append(failures, oneOf("research.template", chosen, append([]string{PlainTemplate}, names...)...))
	}
	return failures
}

func (t Template) check(key string) (failures []error) {
	optional := func(name, value string, allowed ...string) {
		if value != "" {
			failures = append(failures, oneOf(key+"."+name, value, allowed...))
		}
	}
	optional("citation_style", t.CitationStyle, "plain", "apa", "chicago", "ieee", "vancouver", "harvard")
	optional("words", t.Words, "en", "de", "fr", "es")
	optional("font", t.Font, "sans", "serif")
	failures = append(failures, inkColour(key+".colour", t.Colour))
	failures = append(failures, shortText(key+".cover", t.Cover, maxTitle), shortText(key+".disclaimer", t.Disclaimer, maxDisclaimer))
	var kinds []string
	for i, section := range t.Sections {
		at := fmt.Sprintf("%s.sections[%d]", key, i)
		failures = append(failures, oneOf(at+".kind", section.Kind, sectionKinds()...), shortText(at+".title", section.Title, maxTitle))
		if slices.Contains(kinds, section.Kind) {
			failures = append(failures, fmt.Errorf("%s.kind: %q is there twice", at, section.Kind))
		}
		if section.Kind == "findings" && section.Title != "" {
			failures = append(failures, fmt.Errorf("%s.title: the findings have a section for each theme, under its own title; leave it out", at))
		}
		kinds = append(kinds, section.Kind)
	}
	if len(t.Sections) > 0 && !slices.Contains(kinds, "findings") {
		failures = append(failures, fmt.Errorf("%s.sections: %q is missing; a report without findings says nothing", key, "findings"))
	}
	return failures
}

// brightest is how bright a colour may be (0 to 255) to be read on paper.
const brightest = 150

func inkColour(key, text string) error {
	if text == "" {
		return nil
	}
	if !hexColour.MatchString(text) {
		return fmt.Errorf("%s: a colour like #1f5f99, in quotation marks, is wanted, not %q", key, text)
	}
	n, _ := strconv.ParseUint(text[1:], 16, 32) // hexadecimal, as was just seen
	if luma := 0.299*float64(n>>16) + 0.587*float64(n>>8&0xff) + 0.114*float64(n&0xff); luma > brightest {
		return fmt.Errorf("%s: %s is too pale to be read on paper; choose a darker one", key, text)
	}
	return nil
}

func shortText(key, text string, most int) error {
	if len(text) > most {
		return fmt.Errorf("%s: at most %d bytes are allowed, not %d", key, most, len(text))
	}
	return nil
}
