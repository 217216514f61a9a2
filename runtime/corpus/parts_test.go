package corpus_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/quaestor-run/quaestor/runtime/corpus"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/documents"
)

// workbook has a sheet of figures for each name.
func workbook(tb testing.TB, sheets ...string) string {
	tb.Helper()
	book := excelize.NewFile()
	var errs []error
	for n, name := range sheets {
		if n == 0 {
			errs = append(errs, book.SetSheetName("Sheet1", name))
		} else {
			_, err := book.NewSheet(name)
			errs = append(errs, err)
		}
		for i, row := range [][]any{{"year", "sold"}, {2019, 4}, {2020, 6}, {2021, 9 + n}} {
			errs = append(errs, book.SetSheetRow(name, fmt.Sprintf("A%d", i+1), &row))
		}
	}
	var out bytes.Buffer
	if err := errors.Join(append(errs, book.Write(&out))...); err != nil {
		tb.Fatal(err)
	}
	return out.String()
}

// uris lists a corpus.
func uris(tb testing.TB, m *memory, name string) []string {
	tb.Helper()
	docs, err := m.DocumentsIn(tb.Context(), name, "", 1000)
	if err != nil {
		tb.Fatal(err)
	}
	var all []string
	for _, doc := range docs {
		all = append(all, doc.URI)
	}
	return all
}

func TestSheetsAreTables(t *testing.T) {
	t.Parallel()
	c, m := setup(t)
	book := ingest(t, c, "shop", "figures.xlsx", workbook(t, "North", "South"))
	if got, want := uris(t, m, "shop"), []string{"figures.xlsx", "figures.xlsx!/North", "figures.xlsx!/South"}; !slices.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
	for _, scope := range []tools.Scope{{Sources: []string{"shop"}}, {Sources: []string{book.ID}}} {
		table, err := c.Table(t.Context(), scope, corpus.DocumentID("shop", "figures.xlsx!/South"))
		if err != nil || table.Rows != 3 || table.Columns[1].Numbers[2] != 10 {
			t.Errorf("%v: table %+v, %v", scope.Sources, table, err)
		}
	}
	survey, err := c.Survey(t.Context(), tools.Scope{Sources: []string{"shop"}}, "sold")
	if err != nil || len(survey.Tables) != 2 || survey.Tables[0].Columns[1].Name != "sold" {
		t.Errorf("survey %+v, %v", survey, err)
	}
	ingest(t, c, "shop", "figures.xlsx", workbook(t, "North"))
	if got, want := uris(t, m, "shop"), []string{"figures.xlsx", "figures.xlsx!/North"}; !slices.Equal(got, want) {
		t.Errorf("after a sheet went: %q, want %q", got, want)
	}
	if err := c.Remove(t.Context(), "shop", book.ID); err != nil || len(uris(t, m, "shop")) != 0 {
		t.Errorf("after the removal: %q, %v", uris(t, m, "shop"), err)
	}
	if err := c.Remove(t.Context(), "shop", book.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
}

func TestTheTableOfAPageIsATable(t *testing.T) {
	t.Parallel()
	c, m := setup(t)
	page := "<html><body><h1>Sales by year</h1><p>More was sold in each year than before.</p><table><caption>Sold by year</caption>" +
		"<tr><th>Year</th><th>Sold</th></tr><tr><td>2019</td><td>4</td></tr><tr><td>2020</td><td>6</td></tr><tr><td>2021</td><td>9</td></tr></table></body></html>"
	ingest(t, c, "shop", "sales.html", page)
	ingest(t, c, "other", "copy.html", page)
	ingest(t, c, "later", "sales.html", page)
	ingest(t, c, "later", "sales.html", strings.ReplaceAll(page, "Sold by year", "Sold")) // the same figures
	titles := map[string]string{"shop": "Sold by year", "other": "Sold by year", "later": "Sold"}
	for name, want := range map[string][]string{
		"shop":  {"sales.html", "sales.html!/table 1"},
		"other": {"copy.html", "copy.html!/table 1"},
		"later": {"sales.html", "sales.html!/table 1"},
	} {
		if got := uris(t, m, name); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		survey, err := c.Survey(t.Context(), tools.Scope{Sources: []string{name}}, "sold")
		if err != nil || survey.Total != 1 || len(survey.Documents) != 1 || len(survey.Tables) != 1 || survey.Tables[0].Title != titles[name] || survey.Tables[0].Rows != 3 {
			t.Errorf("survey %+v, %v", survey, err)
		}
	}
}

// A table that has no name of its own is called by that of its document.
func TestTablesWithoutANameHaveThatOfTheirDocument(t *testing.T) {
	t.Parallel()
	c, _ := setup(t)
	rows := "| City | 2019 | 2020 | 2021 | 2022 |\n|---|---|---|---|---|\n| Easton | 4 | 5 | 6 | 8 |\n| Weston | 3 | 2 | 4 | 4 |\n| Norton | 3 | 1 | 4 | 4 |\n\n"
	ingest(t, c, "police", "theft.md", "# Theft of bicycles\n\nIt was counted.\n\n"+rows+"And again.\n\n"+strings.ReplaceAll(rows, "Easton", "Ashton"))
	survey, err := c.Survey(t.Context(), tools.Scope{Sources: []string{"police"}}, "theft in Weston")
	if err != nil || len(survey.Tables) != 2 {
		t.Fatalf("%+v, %v", survey.Tables, err)
	}
	titles := []string{survey.Tables[0].Title, survey.Tables[1].Title}
	slices.Sort(titles)
	if want := []string{"Theft of bicycles", "Theft of bicycles, table 2"}; !slices.Equal(titles, want) {
		t.Errorf("%q, want %q", titles, want)
	}
	if city := survey.Tables[0].Columns[0]; !slices.Equal(city.Named, []string{"Weston"}) || survey.Tables[0].Periods == nil {
		t.Errorf("%+v", survey.Tables[0])
	}
}

func mailWith(attachments ...string) string {
	var out strings.Builder
	out.WriteString("From: a@example.org\r\nSubject: Figures\r\nContent-Type: multipart/mixed; boundary=xx\r\n\r\n--xx\r\n\r\nThe figures of the north are attached here.\r\n")
	for i := 0; i < len(attachments); i += 2 {
		fmt.Fprintf(&out, "--xx\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=%q\r\n\r\n%s\r\n", attachments[i], attachments[i+1])
	}
	return out.String() + "--xx--\r\n"
}

func TestAttachmentsAreDocumentsOrGaps(t *testing.T) {
	t.Parallel()
	c, m := setup(t)
	ingest(t, c, "post", "note.eml", mailWith("fever.md", fever, "tool.exe", "MZ\x00\x01", "cases.csv", "year,cases\r\n2019,4\r\n2020,7"))
	scope := tools.Scope{Sources: []string{"post"}}
	found, err := c.Search(t.Context(), scope, documents.Query{Text: "fever patients"})
	if err != nil || len(found.Hits) == 0 || found.Hits[0].URI != "note.eml!/fever.md" {
		t.Errorf("found %+v, %v", found, err)
	}
	survey, err := c.Survey(t.Context(), scope, "fever")
	if err != nil || len(survey.Unread) != 1 || survey.Unread[0].URI != "note.eml!/tool.exe" || len(survey.Tables) != 1 {
		t.Errorf("survey %+v, %v", survey, err)
	}
	if got := uris(t, m, "post"); len(got) != 4 {
		t.Errorf("%q, want the message and three attachments", got)
	}
}

func TestPartsInPartsEnd(t *testing.T) {
	t.Parallel()
	c, _ := setup(t)
	mail := "From: a@example.org\r\nSubject: innermost\r\n\r\nThis is the innermost message of them all.\r\n"
	for range 8 {
		mail = "From: a@example.org\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b" + fmt.Sprint(len(mail)) + "\r\n\r\n--b" + fmt.Sprint(len(mail)) +
			"\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=in.eml\r\n\r\n" + mail + "\r\n--b" + fmt.Sprint(len(mail)) + "--\r\n"
	}
	ingest(t, c, "post", "out.eml", mail)
	survey, err := c.Survey(t.Context(), tools.Scope{Sources: []string{"post"}}, "message")
	if err != nil || len(survey.Unread) != 1 || !strings.Contains(survey.Unread[0].Reason, "deep") {
		t.Errorf("survey %+v, %v", survey, err)
	}
}

func TestUnchangedDocumentsAreNotReadAgain(t *testing.T) {
	t.Parallel()
	c, m := setup(t)
	long := "# Long\n\n" + strings.Repeat("Fever fell in 12 of 20 patients on that day. ", 600)
	contents := map[string]string{"a.xlsx": workbook(t, "North", "South"), "b.md": long, "c.png": "\x89PNG\x0d\x0a\x1a\x0a", "d.md": fever}
	take := func(name string, contents map[string]string) map[string]store.Intake {
		took := map[string]store.Intake{}
		for uri, content := range contents {
			doc, err := c.Ingest(t.Context(), name, uri, strings.NewReader(content))
			var unreadable *documents.ReadError
			if err != nil && !errors.As(err, &unreadable) || uri == "c.png" && err == nil {
				t.Errorf("%s: %v", uri, err)
			}
			took[uri] = doc.Intake
		}
		return took
	}
	want := func(step string, got map[string]store.Intake, intake store.Intake, but map[string]store.Intake) {
		t.Helper()
		for uri, g := range got {
			w, ok := but[uri]
			if !ok {
				w = intake
			}
			if g != w {
				t.Errorf("%s: %s was %s, want %s", step, uri, g, w)
			}
		}
	}
	want("first", take("one", contents), store.IntakeAdded, nil)
	blobs := len(m.blobs)
	want("again", take("one", contents), store.IntakeUnchanged, nil)
	want("elsewhere", take("two", contents), store.IntakeReused, nil)
	if len(m.blobs) != blobs {
		t.Errorf("%d blobs, and before %d: something was made anew", len(m.blobs), blobs)
	}
	if got, want := uris(t, m, "two"), uris(t, m, "one"); !slices.Equal(got, want) {
		t.Errorf("elsewhere %q, want %q", got, want)
	}
	contents["d.md"] = fever + "\nIt came back in the end.\n"
	want("changed", take("two", contents), store.IntakeUnchanged, map[string]store.Intake{"d.md": store.IntakeChanged})
	for _, name := range []string{"one", "two"} {
		found, err := c.Search(t.Context(), tools.Scope{Sources: []string{name}}, documents.Query{Text: "fever fell", Limit: 20})
		if err != nil || len(found.Hits) < 2 {
			t.Errorf("%s: %d hits, %v", name, len(found.Hits), err)
		}
		for _, hit := range found.Hits {
			if !strings.HasPrefix(hit.Title, "Long") && !strings.HasPrefix(hit.Title, "Fever") {
				t.Errorf("%s: titled %q", name, hit.Title)
			}
		}
	}
}

func TestCopiesAreOneSource(t *testing.T) {
	t.Parallel()
	c, _ := setup(t)
	var article strings.Builder
	for i := range 40 {
		fmt.Fprintf(&article, "The agency said on day %d that fever number %d had fallen in ward %c of the clinic. ", i, i*7, 'a'+rune(i%26))
	}
	for i, paper := range []string{"Herald", "Times", "Mail"} {
		ingest(t, c, "press", fmt.Sprintf("%d.md", i), "# Fever falls\n\nBy the staff of the "+paper+" and agencies.\n\n"+article.String()+"\n\nSubscribe to the "+paper+" today for more of this.\n")
	}
	ingest(t, c, "press", "other.md", "# Other\n\nFever had fallen elsewhere, the ministry said in a note of its own on Monday.\n")
	found, err := c.Search(t.Context(), tools.Scope{Sources: []string{"press"}}, documents.Query{Text: "the agency said fever had fallen", Limit: 20})
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]int{}
	for _, hit := range found.Hits {
		for _, quote := range hit.Quotes {
			if strings.Contains(quote.Text, "day 3 ") {
				said[hit.URI]++
			}
		}
		if hit.URI != "other.md" && hit.Copies != 2 {
			t.Errorf("%s has %d copies, want 2", hit.URI, hit.Copies)
		}
	}
	survey, err := c.Survey(t.Context(), tools.Scope{Sources: []string{"press"}}, "fever")
	if err != nil || len(survey.Documents) != 2 || survey.Total != 4 {
		t.Errorf("the survey lists %+v, %v, want one of the copies and the other", survey.Documents, err)
	}
	if len(said) != 1 {
		t.Errorf("the same sentence comes from %v, want one of the copies", said)
	}
}

func TestWindowOfDates(t *testing.T) {
	t.Parallel()
	c, _ := setup(t)
	for uri, date := range map[string]string{"old.md": "date: 2015-02-03", "new.md": "date: 2021-05-06", "year.md": "year: 2020", "undated.md": "x: y"} {
		ingest(t, c, "dated", uri, "---\n"+date+"\nauthor: A. Nobody\nurl: https://www.nature.com/x\n---\n\n# Fever "+uri+"\n\nFever fell in 12 of 20 patients, says "+uri+" today.\n")
	}
	scope := tools.Scope{Sources: []string{"dated"}, Published: tools.Window{From: "2020-06-01"}}
	found, err := c.Search(t.Context(), scope, documents.Query{Text: "fever", Limit: 20})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, hit := range found.Hits {
		got = append(got, hit.URI)
		if hit.Tier != "journal" || hit.Author != "A. Nobody" {
			t.Errorf("hit %+v", hit)
		}
	}
	slices.Sort(got)
	if want := []string{"new.md", "undated.md", "year.md"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	survey, err := c.Survey(t.Context(), scope, "fever")
	if err != nil || len(survey.Notes) != 1 || !strings.Contains(survey.Notes[0], "1 documents") || !strings.Contains(survey.Notes[0], "2020-06-01") {
		t.Errorf("survey %+v, %v", survey.Notes, err)
	}
}
