package citation_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/tools/citation"
)

// library has a record of each kind, with every field in use somewhere.
func library() []citation.Record {
	return []citation.Record{
		{
			ID: "grady2019", Kind: citation.KindArticle, Authors: people("Grady", "Jessica S.", "van der Berg", "Äöü"), Title: "Emotions & 100% {storybooks}: A_B",
			Container: "Psychology of $ Media", Volume: "8", Issue: "3", Pages: "207–217", DOI: "10.1037/ppm0000185", ISSN: "2160-4134",
			Issued: citation.Date{Year: 2019, Month: 7}, Language: "en",
		},
		{
			ID: "book", Kind: citation.KindBook, Editors: []citation.Creator{{Family: "King", Given: "Martin Luther", Suffix: "Jr."}}, Title: "Łódź in ß",
			Publisher: "Simon & Schuster", Place: "New York", Edition: "2", ISBN: "978-3-16-148410-0", Issued: citation.Date{Year: 1999},
		},
		{ID: "chapter", Kind: citation.KindChapter, Authors: people("Peña", "José"), Title: "Walking", Editors: people("D’Agata", "John"), Container: "The Making", Publisher: "Graywolf", Pages: "167–195", Issued: citation.Date{Year: 2016}},
		{ID: "paper", Kind: citation.KindPaper, Authors: people("Payne", "D. B."), Title: "Networks", Container: "Proc. IOOC", Pages: "5", Issued: citation.Date{Year: 1985}},
		{ID: "report", Kind: citation.KindReport, Authors: body("World Health Organization"), Title: "Health", Number: "TR-7", Publisher: "WHO", Place: "Geneva", Issued: citation.Date{Year: 2020}},
		{ID: "thesis", Kind: citation.KindThesis, Authors: people("Rutz", "Cynthia"), Title: "Lear", Genre: "PhD thesis", Publisher: "University of Chicago", Issued: citation.Date{Year: 2013}},
		{ID: "page", Kind: citation.KindWebpage, Authors: body("Google"), Title: "Privacy", Container: "Terms", URL: "https://example.org/a_b?c=%20d", Accessed: citation.Date{Year: 2024, Month: 3, Day: 5}, Issued: citation.Date{Year: 2017}},
		{ID: "data", Kind: citation.KindDataset, Title: "Devices", Publisher: "FDA", URL: "https://example.org/d.csv"},
		{ID: "none", Kind: citation.KindDocument, Title: "A note"},
	}
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	t.Parallel()
	var fromCSL []citation.Record
	text, err := citation.CSLJSON(library())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &fromCSL); err != nil {
		t.Fatal(err)
	}
	fromBibTeX, err := citation.ReadBibTeX(citation.BibTeX(library()))
	if err != nil {
		t.Fatal(err)
	}
	fromRIS, err := citation.ReadRIS(citation.RIS(library()))
	if err != nil {
		t.Fatal(err)
	}
	for format, got := range map[string][]citation.Record{"CSL-JSON": fromCSL, "BibTeX": fromBibTeX, "RIS": fromRIS} {
		if len(got) != len(library()) {
			t.Fatalf("%s: %d records", format, len(got))
		}
		for i, want := range library() {
			if !reflect.DeepEqual(got[i], want) {
				t.Errorf("%s\n got %+v\nwant %+v", format, got[i], want)
			}
		}
	}
}

// The item is that of the CSL-JSON documentation of citeproc-js in its shape:
// type, names in parts, dates in parts.
func TestCSLJSON(t *testing.T) {
	t.Parallel()
	text, err := citation.CSLJSON(library()[:1])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"type": "article-journal"`, `"family": "Grady"`, `"container-title": "Psychology of $ Media"`, `"DOI": "10.1037/ppm0000185"`, `"issued": {`, `"date-parts": [`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %s", text, want)
		}
	}
	var read []citation.Record
	err = json.Unmarshal([]byte(`[{"type":"book","issued":{"date-parts":[["2019","3"]]}},{"issued":{"raw":"2019"}}]`), &read)
	if err != nil || read[0].Issued != (citation.Date{Year: 2019, Month: 3}) {
		t.Errorf("%+v, %v", read, err)
	}
}

// The syntax is that of BibTeXing (O. Patashnik, 1988), section 2 to 4, and of
// the BibLaTeX manual for journaltitle, date, subtitle, urldate and online.
func TestReadBibTeX(t *testing.T) {
	t.Parallel()
	got, err := citation.ReadBibTeX(`
A comment, and mail@example.org, which is none.
@comment{ @book{hidden, title = "no"} }
@preamble{ "\newcommand{\x}{y}" }
@string{ jhc = "Journal of " # {Human} }
@STRING(anp = {A-N Press})
@Article{keng,
  author    = "Keng, Shao-Hsun and Chun-Hung Lin and {World Health Organization} and Ludwig van Beethoven and others",
  title     = {The {\"o}ffentliche Stra{\ss}e, \'Etude \c{c}a \v{s} \i{} {\L}\'od\'z \& 5\% {\em x} -- y},
  journal   = jhc # " Capital", volume = 11, number = {1}, pages = {1--34}, year = 2017, month = jan # "~5",
  doi = {https://doi.org/10.1086/690235},
}
@online(site, title={A site}, subtitle={and more}, date={2020-05-06}, url={https://e.org/~a}, urldate={2021-01-02})
@mastersthesis{m, author={King, Jr., Martin Luther}, title={T}, school={S}, year={1999}}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []citation.Record{
		{
			ID: "keng", Kind: citation.KindArticle, Title: "The öffentliche Straße, Étude ça š ı Łódź & 5% x – y", Container: "Journal of Human Capital", Volume: "11", Issue: "1",
			Authors: []citation.Creator{
				{Family: "Keng", Given: "Shao-Hsun"}, {Family: "Lin", Given: "Chun-Hung"}, {Literal: "World Health Organization"}, {Family: "van Beethoven", Given: "Ludwig"},
			}, Pages: "1–34", DOI: "10.1086/690235", Issued: citation.Date{Year: 2017, Month: 1},
		},
		{ID: "site", Kind: citation.KindWebpage, Title: "A site: and more", Issued: citation.Date{Year: 2020, Month: 5, Day: 6}, URL: "https://e.org/ a", Accessed: citation.Date{Year: 2021, Month: 1, Day: 2}},
		{ID: "m", Kind: citation.KindThesis, Title: "T", Publisher: "S", Genre: "Master’s thesis", Issued: citation.Date{Year: 1999}, Authors: []citation.Creator{{Family: "King", Given: "Martin Luther", Suffix: "Jr."}}},
	}
	want[1].URL = "https://e.org/~a"
	for i := range want {
		if i >= len(got) || !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("got %+v\nwant %+v", got[min(i, len(got)-1)], want[i])
		}
	}
}

func TestReadBibTeXSaysWhere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"@book{a, title={T}}\n@book{b,\n title = {open": "line 3",
		"@book{a, title = \"x":                          "quotation mark",
		"@book{a, title {x}}":                           `"title" needs`,
		"@book{a, title = {x}":                          "does not end",
		"@book{a, title = }":                            "no value",
	} {
		if _, err := citation.ReadBibTeX(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	// What abbreviations could grow to is bounded.
	bomb := `@string{a="` + strings.Repeat("x", 100) + `"}`
	for range 40 {
		bomb += "@string{b=a#a#a#a}@string{a=b#b}"
	}
	if _, err := citation.ReadBibTeX(bomb); err == nil || !strings.Contains(err.Error(), "1 MiB") {
		t.Errorf("a bomb: %v", err)
	}
}

// The tags are those of the RIS specification of Research Information Systems
// (2011), with the variants that EndNote, PubMed and Scopus write.
func TestReadRIS(t *testing.T) {
	t.Parallel()
	got, err := citation.ReadRIS("\ufeffTY  - JOUR\r\nA1  - Keng, Shao-Hsun\r\nAU  - World Health Organization\r\nT1  - A long title\r\n  that goes on\r\nJF  - A Journal\r\nVL  - 11\r\nIS  - 1\r\nSP  - 165\r\nEP  - 76\r\nY1  - 2016/04/01/\r\nDO  - doi:10.1000/x\r\nUR  - https://e.org\r\nER  - \r\n\nTY  - RPRT\nTI  - A report\nIS  - 7\nPY  - 2020\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []citation.Record{
		{
			Kind: citation.KindArticle, Authors: []citation.Creator{{Family: "Keng", Given: "Shao-Hsun"}, {Literal: "World Health Organization"}},
			Title: "A long title that goes on", Container: "A Journal", Volume: "11", Issue: "1", Pages: "165–76", DOI: "10.1000/x", URL: "https://e.org",
			Issued: citation.Date{Year: 2016, Month: 4, Day: 1},
		},
		{Kind: citation.KindReport, Title: "A report", Number: "7", Issued: citation.Date{Year: 2020}},
	}
	want[0].Authors[0], want[0].Authors[1] = want[0].Authors[1], want[0].Authors[0] // AU goes before A1
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	if _, err := citation.ReadRIS("no reference here"); err == nil {
		t.Error("a text without references is read")
	}
}

func TestReadFrontMatter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want citation.Record
	}{
		"an article": {"---\ntitle: 'On tides: a study'\nauthors:\n  - Ann Smith\n  - {family: van der Berg, given: Jan}\n  - name: World Health Organization\ndate: 2021-03-04\ndoi: https://doi.org/10.1000/x.1\njournal: Tides\nvolume: 3\nissue: 2\npages: 5-9\n---\n# Other\n", citation.Record{
			Kind: citation.KindArticle, Title: "On tides: a study", Container: "Tides", Volume: "3", Issue: "2", Pages: "5-9", DOI: "10.1000/x.1",
			Authors: []citation.Creator{{Family: "Smith", Given: "Ann"}, {Family: "van der Berg", Given: "Jan"}, {Literal: "World Health Organization"}}, Issued: citation.Date{Year: 2021, Month: 3, Day: 4},
		}},
		"as our samples": {"---\r\ntitle: The growth\r\nyear: 2024\r\nauthor: Quaestor project\r\n---\r\n", citation.Record{
			Title: "The growth", Authors: []citation.Creator{{Literal: "Quaestor project"}}, Issued: citation.Date{Year: 2024},
		}},
		"two in a line":    {"---\nauthor: A. Smith, B. Jones\ntype: techreport\n---\n", citation.Record{Kind: citation.KindReport, Authors: people("Smith", "A.", "Jones", "B.")}},
		"one, inverted":    {"---\nauthor: Smith, Ann and Jones, Bob\n---\n", citation.Record{Authors: people("Smith", "Ann", "Jones", "Bob")}},
		"a DOI of its own": {"# A paper\n\nDOI: 10.1000/182\n\nSee also 10.1/other\n", citation.Record{DOI: "10.1000/182"}},
	} {
		if got, ok := citation.ReadFrontMatter(c.text); !ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s\n got %+v %v\nwant %+v", name, got, ok, c.want)
		}
	}
	for _, text := range []string{
		"", "# Title\n\nWe follow Smith (doi:10.1000/182) here.\n", "---\nnot closed: 1\n", "---\n- a list\n---\n", "---\n[: bad\n---\n", "---\nunknown: 1\n---\n",
		strings.Repeat("line\n", 30) + "doi:10.1000/182\n",
	} {
		if got, ok := citation.ReadFrontMatter(text); ok {
			t.Errorf("%.40q is read as %+v", text, got)
		}
	}
}

// What is read can be written, printed in every style, and read again.
func use(t *testing.T, records []citation.Record) {
	t.Helper()
	for _, style := range citation.Styles() {
		for i, printed := range style.PrintAll(records) {
			if printed.Text == "" || strings.ContainsAny(printed.Text, "\n\t") || style.Named() != (printed.Label != "") {
				t.Fatalf("%s prints %+v as %+v", style, records[i], printed)
			}
		}
	}
	if _, err := citation.CSLJSON(records); err != nil {
		t.Fatal(err)
	}
	again, err := citation.ReadBibTeX(citation.BibTeX(records))
	if err != nil || len(again) != len(records) {
		t.Fatalf("%d of %d records after BibTeX, %v:\n%s", len(again), len(records), err, citation.BibTeX(records))
	}
	if len(records) > 0 {
		if again, err := citation.ReadRIS(citation.RIS(records)); err != nil || len(again) != len(records) {
			t.Fatalf("%d of %d records after RIS, %v", len(again), len(records), err)
		}
	}
}

func FuzzReadBibTeX(f *testing.F) {
	f.Add(citation.BibTeX(library()))
	f.Add(`@string{a="b"} @book(k, author = {A and {B}}, title = a # "\"{o}\\" # 5) @x{y`)
	f.Add("@article{a,title={\\'},author=\" and and \",pages={--}}")
	f.Fuzz(func(t *testing.T, text string) {
		records, _ := citation.ReadBibTeX(text)
		use(t, records)
	})
}

func FuzzReadRIS(f *testing.F) {
	f.Add(citation.RIS(library()))
	f.Add("TY  - JOUR\nAU  - ,\nTI - x\nER  -")
	f.Fuzz(func(t *testing.T, text string) {
		records, _ := citation.ReadRIS(text)
		use(t, records)
	})
}

func FuzzReadFrontMatter(f *testing.F) {
	f.Add("---\ntitle: T\nauthor: [A B, {name: C}]\ndate: 2020-01-02\n---\n")
	f.Add("DOI: 10.1000/182")
	f.Fuzz(func(t *testing.T, text string) {
		if record, ok := citation.ReadFrontMatter(text); ok {
			use(t, []citation.Record{record})
		}
	})
}

func TestAListInAStyle(t *testing.T) {
	t.Parallel()
	list, err := citation.Number([]citation.Evidence{place("e_1", "zzz", "Zebras", 0, "x"), place("e_2", "aaa", "Apes", 0, "y")})
	if err != nil {
		t.Fatal(err)
	}
	list.Print(citation.APA, map[string]citation.Record{"zzz": {Authors: people("Zed", "Ann"), DOI: "10.1000/z", Kind: citation.KindArticle, Container: "Zoo"}})
	if r := list.References[0]; r.Number != 2 || r.Text != "Apes. (2021). aaa.md" || r.Label != "“Apes,” 2021" {
		t.Errorf("got %+v", r)
	}
	if r := list.References[1]; r.Number != 1 || r.Text != "Zed, A. (2021). Zebras. Zoo. https://doi.org/10.1000/z" || r.Label != "Zed, 2021" || list.Marks["e_1"] != 1 {
		t.Errorf("got %+v", r)
	}
}
