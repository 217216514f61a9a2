package format_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/format"
)

func ExampleMarkdown() {
	fmt.Print(string(format.Markdown(format.Document{
		Title: "Tides",
		Sections: []format.Section{{
			Heading: "Findings",
			Paragraphs: []format.Paragraph{{Sentences: []format.Sentence{
				{Text: "The highest tide was 4.2 m.", References: []int{1}},
				{Text: "It will be higher next year.", Marked: true},
			}}},
			Charts: []format.Chart{{
				Kind: format.KindBar, Title: "Highest tide", XLabel: "Year", YLabel: "Metres",
				X: []string{"2021", "2022"}, Y: []float64{2.1, 4.2}, References: []int{1},
			}},
		}},
		References: []format.Reference{{
			Number: 1, Text: "Tide tables (2022). https://tides.example/t.csv", URI: "https://tides.example/t.csv", SHA256: "0123456789abcdef",
			Passages: []format.Passage{{ID: "e_1", Start: 10, End: 18, Quote: "2022,4.2"}},
		}},
	})))
	// Output:
	// # Tides
	//
	// ## Findings
	//
	// The highest tide was 4.2 m. [[1](#ref-1)] It will be higher next year. **[unsupported]**
	//
	// **Figure 1.** Highest tide [[1](#ref-1)]
	//
	// ```text
	// 2021 │████████████████ 2.1
	// 2022 │████████████████████████████████ 4.2
	// ```
	//
	// | Year | Metres |
	// | ---: | ---: |
	// | 2021 | 2.1 |
	// | 2022 | 4.2 |
	//
	// ## References
	//
	// <a id="ref-1"></a>**[1]** Tide tables (2022). <https://tides.example/t.csv>
	//
	// - “2022,4.2” — bytes 10–18 of snapshot 0123456789ab
}

func contains(t *testing.T, what string, text []byte, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s lacks %q:\n%s", what, want, text)
		}
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	contains(t, "the report", format.Markdown(sample()),
		"> **Notice:** Written without a language model",
		"- Few devices report how they were validated. [[2](#ref-2)–[4](#ref-4)]\n",
		"The growth is expected to continue. **[unsupported]** “We saw",
		"Q2 │████████ −4.2\nQ3 │         –\n",
		"| Panel | Devices | Share | Reports | First year |\n| --- | ---: | ---: | ---: | ---: |\n| Radiology | 671 | 76.1% | 1,204 | 1995 |",
		"*Note:* 2024 is left out: the table ends in May.",
		"- “Of the devices studied, few reported a prospective test.” — page 7, bytes 9120–9170 of snapshot b1d2",
		"  - Computed with trend from table = devices, date column = Date, period = year, column = Status, equals = cleared. "+
			"Result: test = Mann-Kendall, n = 9, s = 26, z = 2.9542, p = 0.00312, slope = 24.5, excluded = 2024.",
	)
}

func TestHTML(t *testing.T) {
	t.Parallel()
	page, err := format.HTML(sample())
	if err != nil {
		t.Fatal(err)
	}
	contains(t, "the page", page,
		`<html lang="en">`, `content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"`,
		`<h1>How machine learning reaches the bedside</h1>`, `<p class="notice" role="note">Written without`,
		`<a href="#ref-2-1" title="Of the devices studied, few reported a prospective test.">2</a>–<a href="#ref-4">4</a>]`,
		`<li id="ref-2-1"><q>“Of the devices studied, few reported a prospective test.”</q><span class="where">Page 7, bytes`,
		`<span class="unsupported">The growth is expected to continue.</span> <span class="tag">[unsupported]</span>`,
		`<th scope="col">Panel</th><th scope="col" class="figure">Devices</th>`, `<th scope="row">Radiology</th><td class="figure">671</td>`,
		`<b>Figure 2.</b>`, `<p class="note"><b>Note:</b> 2024 is left out`, `<a href="https://data.example.org/devices.csv" rel="noopener noreferrer nofollow">`,
		`@media (prefers-color-scheme: dark)`, `@media print`,
	)
	for _, outside := range []string{"<script", "<link", "<img", "@import", "url(", "@font-face"} {
		if bytes.Contains(page, []byte(outside)) {
			t.Errorf("the page has %q", outside)
		}
	}
}

func TestAnchorsExistAndAreUnique(t *testing.T) {
	t.Parallel()
	page, err := format.HTML(sample())
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, match := range regexp.MustCompile(` id="([^"]+)"`).FindAllSubmatch(page, -1) {
		if ids[string(match[1])] {
			t.Errorf("the id %s is there twice", match[1])
		}
		ids[string(match[1])] = true
	}
	links := regexp.MustCompile(`(?:href="#|aria-labelledby=")([^"]+)"`).FindAllSubmatch(page, -1)
	for _, match := range links {
		for id := range strings.FieldsSeq(string(match[1])) {
			if !ids[id] {
				t.Errorf("nothing has the id %s", id)
			}
		}
	}
	if len(links) < 15 {
		t.Errorf("%d links", len(links))
	}
}

func TestOutputIsDeterministic(t *testing.T) {
	t.Parallel()
	first, err := format.HTML(sample())
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		again, err := format.HTML(sample())
		if err != nil || !bytes.Equal(first, again) {
			t.Fatalf("the page differs, %v", err)
		}
		if !bytes.Equal(format.Markdown(sample()), format.Markdown(sample())) {
			t.Fatal("the Markdown differs")
		}
	}
}

func TestCharts(t *testing.T) {
	t.Parallel()
	long := "A label that is much too long to stand below its bar"
	var months []string
	var values []float64
	for i := range 120 {
		months = append(months, fmt.Sprintf("%d-%02d", 2010+i/12, 1+i%12))
		values = append(values, float64(i))
	}
	for _, c := range []struct {
		name  string
		chart format.Chart
		want  []string
		lacks string
	}{
		{
			"round ticks and a description",
			format.Chart{Kind: "line", Title: "Growth", XLabel: "Year", YLabel: "Count", X: []string{"2001", "2002", "2003"}, Y: []float64{3, 87, 203}},
			[]string{
				">0</text>", ">100</text>", ">250</text>", "<title id=", ">Growth</title>",
				"Line chart of Count by Year with 3 values, from 3 (2001) to 203 (2003); lowest 3, highest 203.",
			},
			"",
		},
		{"long labels lie", format.Chart{Kind: "bar", X: []string{long, "b"}, Y: []float64{1, 2}}, []string{`text-anchor="end" style="fill:var(--ink,#1b2330)">A label`}, ""},
		{"years stand", format.Chart{Kind: "bar", X: months[:3], Y: []float64{1, 2, 3}}, []string{`text-anchor="middle"`}, `text-anchor="end" style="fill:var(--ink`},
		{"months show years", format.Chart{Kind: "line", X: months, Y: values}, []string{">2010</text>"}, ">2010-01</text>"},
		{"gaps break the line", format.Chart{Kind: "line", X: []string{"a", "b", "c", "d", "e"}, Y: []float64{1, 2, math.NaN(), 2, math.Inf(1)}}, []string{"<path d=\"M", "<circle"}, "NaN"},
		{"nothing to show", format.Chart{Kind: "line"}, []string{"No values"}, "NaN"},
		{"one value", format.Chart{Kind: "line", X: []string{"a"}, Y: []float64{0}}, []string{"<circle"}, "NaN"},
		{"zero only", format.Chart{Kind: "bar", X: []string{"a"}, Y: []float64{0}}, []string{"<rect"}, "NaN"},
		{"huge", format.Chart{Kind: "bar", X: []string{"a", "b"}, Y: []float64{1.5e9, 4e9}}, []string{" bn</text>"}, "NaN"},
		{"beyond bounds", format.Chart{Kind: "line", X: []string{"a", "b", "c"}, Y: []float64{-math.MaxFloat64, math.MaxFloat64, 1e199}}, []string{"<svg"}, "NaN"},
		{"tiny", format.Chart{Kind: "line", X: []string{"a", "b"}, Y: []float64{1e-150, 5e-324}}, []string{"<svg"}, "NaN"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			image := format.SVG(c.chart)
			contains(t, "the image", image, c.want...)
			if c.lacks != "" && bytes.Contains(image, []byte(c.lacks)) {
				t.Errorf("the image has %q:\n%s", c.lacks, image)
			}
			checkSVG(t, c.chart)
		})
	}
}

// A year that is missing leaves its space free: 2001 to 2003 is twice as wide
// as 2003 to 2004.
func TestYearsAreToScale(t *testing.T) {
	t.Parallel()
	image := format.SVG(format.Chart{Kind: "line", X: []string{"2001", "2003", "2004"}, Y: []float64{1, 2, 3}})
	var x []float64
	for _, match := range regexp.MustCompile(`<circle cx="([\d.]+)"`).FindAllSubmatch(image, -1) {
		var value float64
		if _, err := fmt.Sscan(string(match[1]), &value); err != nil {
			t.Fatal(err)
		}
		x = append(x, value)
	}
	if len(x) != 3 || math.Abs((x[1]-x[0])-2*(x[2]-x[1])) > 0.5 {
		t.Errorf("points at %v", x)
	}
}

func TestLongSeriesInMarkdown(t *testing.T) {
	t.Parallel()
	chart := format.Chart{Kind: "line", Title: "Long", XLabel: "n", YLabel: "v"}
	for i := range 100 {
		chart.X = append(chart.X, fmt.Sprint(i))
		chart.Y = append(chart.Y, float64(i))
	}
	text := format.Markdown(format.Document{Title: "T", Sections: []format.Section{{Heading: "H", Charts: []format.Chart{chart}}}})
	contains(t, "the report", text, "▁ = 0, █ = 99\n", "█  60 – 99\n", "<details><summary>Data (100 values)</summary>", "| 99 | 99 |\n\n</details>")
}

func TestCheck(t *testing.T) {
	t.Parallel()
	if err := format.Check(sample()); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		name  string
		spoil func(*format.Document)
		want  string
	}{
		{"unknown reference", func(d *format.Document) { d.Sections[0].Paragraphs[0].Sentences[1].References = []int{9} }, "sections[0].paragraphs[0].sentences[1].references: there is no reference 9"},
		{"in a table", func(d *format.Document) { d.Sections[2].Tables[0].References = []int{9} }, "sections[2].tables[0].references"},
		{"in a chart", func(d *format.Document) { d.Sections[1].Charts[2].References = []int{9} }, "sections[1].charts[2].references"},
		{"a number twice", func(d *format.Document) { d.References[3].Number = 1 }, "references[3].number: 1 is taken"},
		{"labels without values", func(d *format.Document) { d.Sections[1].Charts[0].Y = nil }, "sections[1].charts[0]: has 9 labels and 0 values"},
		{"an empty section", func(d *format.Document) { d.Sections[0].Paragraphs = nil }, `sections[0]: "Executive summary" has neither`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			document := sample()
			c.spoil(&document)
			err := format.Check(document)
			if _, ok := errors.AsType[*tools.InputError](err); !ok || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an InputError with %q", err, c.want)
			}
			if len(format.Markdown(document)) == 0 {
				t.Error("the renderer gave up")
			}
		})
	}
}

func TestTool(t *testing.T) {
	t.Parallel()
	tool, err := format.New()
	if err != nil {
		t.Fatal(err)
	}
	document := sample()
	document.Sections[1].Charts[2].Y[2] = 0 // JSON has no NaN
	for kind, want := range map[string]string{"md": "# How machine", "html": "<!DOCTYPE html>"} {
		args, err := json.Marshal(format.Input{Document: document, Format: kind})
		if err != nil {
			t.Fatal(err)
		}
		result, err := tool.Call(t.Context(), tools.Scope{}, args)
		if err != nil {
			t.Fatal(err)
		}
		var out format.Output
		if err := json.Unmarshal(result.Value, &out); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(strings.TrimSpace(out.Text), want) || !strings.Contains(out.MediaType, "utf-8") {
			t.Errorf("%s: got %s and %.40q", kind, out.MediaType, out.Text)
		}
	}
	_, err = tool.Call(t.Context(), tools.Scope{}, json.RawMessage(`{"format":"pdf","document":{"title":"t","sections":[]}}`))
	if _, ok := errors.AsType[*tools.InputError](err); !ok {
		t.Errorf("got %v, want an InputError", err)
	}
}
