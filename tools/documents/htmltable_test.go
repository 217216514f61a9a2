package documents

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/quaestor-run/quaestor/tools"
)

// capacity is a table with names over names, cells of several rows and columns,
// marks of footnotes, a row that is a note, names once more and a sum.
const capacity = `<h2>Capacity</h2>
<table><caption>Installed <b>capacity</b> in Europe</caption>
<thead><tr><th rowspan="2">Year</th><th colspan="2">Installed</th><th rowspan="2">Note</th></tr>
<tr><th>solar (GW)</th><th>wind (GW)</th></tr></thead>
<tbody><tr><td>2012</td><td>71.0</td><td>1,107.1</td><td rowspan="2">old<br>method</td></tr>
<tr><td>2013</td><td>81.9<sup>a</sup></td><td>1,117.9</td></tr>
<tr><td colspan="4">a new survey</td></tr>
<tr><td>2014</td><td>89.1<sup>[2]</sup></td><td>1,129.6</td><td></td></tr>
<tr><th>Year</th><th>solar</th><th>wind</th><th>Note</th></tr></tbody>
<tfoot><tr><td>All</td><td>242</td><td>3,354.6</td><td></td></tr></tfoot></table>`

func TestTheTableOfAPageIsAPart(t *testing.T) {
	t.Parallel()
	out := extract(t, "page.html", "<html><body><h1>Power in Europe today</h1>"+capacity+"</body></html>")
	if len(out.Parts) != 1 || out.Parts[0].Title != "Installed capacity in Europe" {
		t.Fatalf("parts %+v", out.Parts)
	}
	wantTable(t, out, "table 1", 3, "Year", tools.TypeInteger)
	solar := wantTable(t, out, "table 1", 3, "Installed solar (GW)", tools.TypeNumber)
	wind := wantTable(t, out, "table 1", 3, "Installed wind (GW)", tools.TypeNumber)
	note := wantTable(t, out, "table 1", 3, "Note", tools.TypeText)
	if !slices.Equal(solar.Numbers, []float64{71, 81.9, 89.1}) || !slices.Equal(wind.Numbers, []float64{1107.1, 1117.9, 1129.6}) {
		t.Errorf("solar %v, wind %v", solar.Numbers, wind.Numbers)
	}
	if !slices.Equal(note.Text, []string{"old method", "old method", ""}) {
		t.Errorf("notes %q", note.Text)
	}
	if !strings.Contains(out.Text, "| 2014 | 89.1[2] | 1,129.6 |") {
		t.Errorf("the table is not in the text as it was:\n%s", out.Text)
	}
}

func TestWhatIsATableOfData(t *testing.T) {
	t.Parallel()
	rows := func(tag string, rows ...string) string {
		table := "<table>"
		for i, row := range rows {
			cell := "td"
			if i == 0 {
				cell = tag
			}
			table += "<tr>"
			for _, text := range strings.Split(row, "|") {
				table += fmt.Sprintf("<%s>%s</%s>", cell, text, cell)
			}
			table += "</tr>"
		}
		return table + "</table>"
	}
	for name, test := range map[string]struct {
		table string
		title string // of the part; empty where there is to be none
	}{
		"figures below names":        {rows("td", "Panel|Decisions", "Radiology|671", "Cardiology|90"), "Results"},
		"figures and no names":       {rows("td", "1|671", "2|90", "3|12"), ""},
		"groups that can be counted": {rows("th", "Device|Panel", "A|Radiology", "B|Radiology", "C|Cardiology", "D|Cardiology"), "Results"},
		"text, each line another":    {rows("th", "Option|Meaning", "on|it is on", "off|it is off", "auto|it may be"), ""},
		"an arrangement of a page":   {rows("td", "Home|News", "About us|Imprint", "Terms|Contact"), ""},
		"facts beside their names":   {"<table><tr><th>Born</th><td>1912</td></tr><tr><th>Died</th><td>1954</td></tr><tr><th>Field</th><td>logic</td></tr></table>", ""},
		"one row":                    {rows("th", "Year|Count", "2020|5"), ""},
		"a raised number":            {rows("th", "Panel|Decisions", "Radiology|671<sup>1</sup>", "Cardiology|90"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := extract(t, "page.html", "<html><body><h1>A page about devices</h1><h2>Results</h2>"+test.table+"</body></html>")
			title := ""
			for _, part := range out.Parts {
				title += part.Title
			}
			if title != test.title {
				t.Errorf("parts %+v, want one titled %q", out.Parts, test.title)
			}
		})
	}
}

func TestTablesThatClaimToBeHugeAreBounded(t *testing.T) {
	t.Parallel()
	cell := `<td rowspan="999999999" colspan="999999999">1</td>`
	table := "<table><tr>" + strings.Repeat(cell, 50) + "</tr>" + strings.Repeat("<tr>"+cell+"</tr>", 200) + "</table>"
	for name, tables := range map[string]string{
		"rows":        "<table>" + strings.Repeat("<tr>"+strings.Repeat(cell, 40)+"</tr>", 400) + "</table>",
		"a row":       "<table><tr>" + strings.Repeat(cell, 100_000) + "</tr></table>",
		"many tables": strings.Repeat(table, 200),
	} {
		root, err := html.Parse(strings.NewReader("<p>Some words stand before the tables here.</p>" + tables))
		if err != nil {
			t.Fatal(err)
		}
		page := readPage(root, Limits{}.withDefaults(), true)
		if page.cells > maxTableCells+100_000 || len(page.parts) > 0 {
			t.Errorf("%s: %d cells were read, and %d tables", name, page.cells, len(page.parts))
		}
	}
}

func TestTheTableOfMarkdownIsAPart(t *testing.T) {
	t.Parallel()
	content := "# Batteries at home\n\nText.\n\n## Sold\n\n| Year | **Sold** (thousand) | [Source](http://example.org \"a b\") |\n|---|--:|---|\n" +
		"| 2019 | 140 | `survey` |\n| 2020 | 1,230 | a \\| b |\n| 2021 | 1,300 |\n| **Total** | 2,670 | |\n\n> | a | b |\n> |---|---|\n> | 1 | 2 |\n"
	out := extract(t, "note.md", content)
	if out.Text != content || len(out.Parts) != 1 || out.Parts[0].Title != "Sold" {
		t.Fatalf("parts %+v", out.Parts)
	}
	sold := wantTable(t, out, "table 1", 3, "Sold (thousand)", tools.TypeInteger)
	source := wantTable(t, out, "table 1", 3, "Source", tools.TypeText)
	if !slices.Equal(sold.Numbers, []float64{140, 1230, 1300}) || !slices.Equal(source.Text, []string{"survey", "a | b", ""}) {
		t.Errorf("sold %v, sources %q", sold.Numbers, source.Text)
	}
}

func TestTheTableOfAMessageIsAPart(t *testing.T) {
	t.Parallel()
	message := "From: a@example.org\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\nSubject: Figures of the week\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nThe figures stand in the table.\r\n" +
		"--x\r\nContent-Type: text/html\r\n\r\n<p>The figures stand in the table.</p>" + capacity + "\r\n--x--\r\n"
	out := extract(t, "week.eml", message)
	if !strings.HasSuffix(out.Text, "The figures stand in the table.") && !strings.Contains(out.Text, "The figures stand in the table.\n") {
		t.Errorf("text %q", out.Text)
	}
	wantTable(t, out, "table 1", 3, "Installed solar (GW)", tools.TypeNumber)
}
