package documents

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/quaestor-run/quaestor/tools"
)

// entries are files of an archive, name and content by turns.
func archiveOf(tb testing.TB, entries ...string) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := 0; i < len(entries); i += 2 {
		entry, err := w.Create(entries[i])
		if err == nil {
			_, err = entry.Write([]byte(entries[i+1]))
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

const (
	coreXML = `<?xml version="1.0"?><cp:coreProperties xmlns:cp="c" xmlns:dc="d" xmlns:dcterms="t"><dc:title>Sleep at work</dc:title>` +
		`<dc:creator>Ada Example</dc:creator><dcterms:created>2019-05-02T10:00:00Z</dcterms:created></cp:coreProperties>`
	stylesXML = `<w:styles xmlns:w="w"><w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>` +
		`<w:style w:styleId="Own"><w:name w:val="My own"/><w:basedOn w:val="berschrift1"/></w:style>` +
		`<w:style w:styleId="Verz"><w:name w:val="toc 1"/></w:style></w:styles>`
	docxRels = `<Relationships><Relationship Id="r1" Type="http://x/styles" Target="styles.xml"/>` +
		`<Relationship Id="r2" Type="http://x/footnotes" Target="footnotes.xml"/></Relationships>`
)

// docxOf is a document with the given body.
func docxOf(tb testing.TB, body string) []byte {
	tb.Helper()
	return archiveOf(
		tb, "[Content_Types].xml", "<Types/>", "docProps/core.xml", coreXML, "word/styles.xml", stylesXML, "word/_rels/document.xml.rels", docxRels,
		"word/footnotes.xml", `<w:footnotes xmlns:w="w"><w:footnote><w:p><w:r><w:t>This note was set at the foot of a page.</w:t></w:r></w:p></w:footnote></w:footnotes>`,
		"word/document.xml", `<?xml version="1.0"?><w:document xmlns:w="w" xmlns:mc="m"><w:body>`+body+`</w:body></w:document>`,
	)
}

func wp(style, text string) string {
	if style != "" {
		style = `<w:pPr><w:pStyle w:val="` + style + `"/></w:pPr>`
	}
	return `<w:p>` + style + `<w:r><w:t xml:space="preserve">` + text + `</w:t></w:r></w:p>`
}

func wtable(rows ...[]string) string {
	var out strings.Builder
	out.WriteString("<w:tbl>")
	for _, row := range rows {
		out.WriteString("<w:tr>")
		for _, cell := range row {
			out.WriteString("<w:tc>" + wp("", cell) + "</w:tc>")
		}
		out.WriteString("</w:tr>")
	}
	return out.String() + "</w:tbl>"
}

func TestDOCX(t *testing.T) {
	t.Parallel()
	body := wp("Verz", "Results 3") + wp("Own", "Results") +
		`<w:p><w:r><w:t>Nurses slept </w:t></w:r><w:del><w:r><w:delText>nine</w:delText></w:r></w:del><w:ins><w:r><w:t>six hours on average.</w:t></w:r></w:ins></w:p>` +
		`<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>Night work cost</w:t></w:r><w:r><w:tab/><w:t>an hour</w:t></w:r></w:p>` +
		wtable([]string{"Year", "Hours"}, []string{"2019", "6.5"}, []string{"2020", "6.1"}, []string{"2021", "5.9"}) +
		wtable([]string{"A cell may hold a sentence that is worth quoting."}) +
		`<w:p><mc:AlternateContent><mc:Choice><w:txbxContent>` + wp("", "A box holds this sentence of its own.") + `</w:txbxContent></mc:Choice><mc:Fallback>` +
		wp("", "A box holds this sentence of its own.") + `</mc:Fallback></mc:AlternateContent></w:p>`
	out := extract(t, "Report.docx", string(docxOf(t, body)))
	if out.Title != "Sleep at work" || out.Author != "Ada Example" || out.Published != "2019-05-02" || out.Year != 2019 || out.MediaType != DOCX {
		t.Errorf("%q by %q of %q (%d), %s", out.Title, out.Author, out.Published, out.Year, out.MediaType)
	}
	want := []string{
		"Nurses slept six hours on average.", "Night work cost an hour", "A cell may hold a sentence that is worth quoting.",
		"A box holds this sentence of its own.", "This note was set at the foot of a page.",
	}
	if got := quotes(out); !slices.Equal(got, want) {
		t.Errorf("quotes %q, want %q", got, want)
	}
	if out.Segments[0].Heading != "" && out.Segments[0].Heading != "Results" || strings.Contains(out.Text, "nine") || strings.Contains(out.Text, "Results 3") {
		t.Errorf("headings %+v of\n%s", out.Segments, out.Text)
	}
	wantTable(t, out, "table 1", 3, "Hours", tools.TypeNumber)
}

// wantTable fails when a part is not a table with such a column.
func wantTable(t *testing.T, out Extracted, name string, rows int, column string, kind tools.ColumnType) *tools.Column {
	t.Helper()
	for _, part := range out.Parts {
		if part.Name != name {
			continue
		}
		table, err := ReadTable(TableSource{MediaType: part.MediaType, Text: string(part.Data)}, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		got, ok := table.Column(column)
		if !ok || got.Type != kind || table.Rows != rows {
			t.Errorf("%s: %d rows, column %+v, want %d rows and %s of type %s in\n%s", name, table.Rows, got, rows, column, kind, part.Data)
		}
		return got
	}
	t.Errorf("no part %q among %+v", name, out.Parts)
	return nil
}

// workbook writes rows into the sheets of a workbook.
func workbook(tb testing.TB, write func(*excelize.File) error) []byte {
	tb.Helper()
	book := excelize.NewFile()
	if err := write(book); err != nil {
		tb.Fatal(err)
	}
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func TestXLSX(t *testing.T) {
	t.Parallel()
	data := workbook(t, func(book *excelize.File) error {
		percent, err := book.NewStyle(&excelize.Style{NumFmt: 9})
		if err != nil {
			return err
		}
		money := "$#,##0.00"
		dollars, err := book.NewStyle(&excelize.Style{CustomNumFmt: &money})
		if err != nil {
			return err
		}
		date, err := book.NewStyle(&excelize.Style{NumFmt: 14})
		if err != nil {
			return err
		}
		set := func(cell string, value any) { err = errors.Join(err, book.SetCellValue("Sheet1", cell, value)) }
		set("B1", "Sales of the north")
		for i, name := range []string{"Day", "Sold", "Share", "Note"} {
			set(fmt.Sprintf("%c3", 'B'+i), name)
		}
		for i := range 5 {
			row := 4 + i
			set(fmt.Sprintf("B%d", row), 43831+i)
			set(fmt.Sprintf("C%d", row), 1234.5678+float64(i))
			set(fmt.Sprintf("D%d", row), 0.12345)
		}
		set("E5", "This was a day of much snow in the north.")
		for _, style := range []struct {
			cells string
			id    int
		}{{"B", date}, {"C", dollars}, {"D", percent}} {
			err = errors.Join(err, book.SetCellStyle("Sheet1", style.cells+"4", style.cells+"8", style.id))
		}
		_, newErr := book.NewSheet("Secret")
		return errors.Join(err, newErr, book.SetCellValue("Secret", "A1", 1), book.SetSheetVisible("Secret", false))
	})
	out := extract(t, "sales.xlsx", string(data))
	sold := wantTable(t, out, "Sheet1", 5, "Sold", tools.TypeNumber)
	if sold != nil && sold.Numbers[0] != 1234.5678 {
		t.Errorf("the digits that do not show are lost: %v", sold.Text)
	}
	share := wantTable(t, out, "Sheet1", 5, "Share", tools.TypeNumber)
	if share != nil && share.Text[0] != "12.345%" {
		t.Errorf("share %v", share.Text)
	}
	day := wantTable(t, out, "Sheet1", 5, "Day", tools.TypeDate)
	if day != nil && day.Text[0] != "2020-01-01" {
		t.Errorf("days %v", day.Text)
	}
	if got := quotes(out); !slices.Equal(got, []string{"This was a day of much snow in the north."}) {
		t.Errorf("quotes %q", got)
	}
	if !slices.ContainsFunc(out.Parts, func(p Part) bool { return p.Name == "Secret" && p.Gap != "" }) {
		t.Errorf("the hidden sheet is not said: %+v", out.Parts)
	}
}

func TestPPTX(t *testing.T) {
	t.Parallel()
	shape := func(kind, text string) string {
		return `<p:sp><p:nvPr><p:ph type="` + kind + `"/></p:nvPr><p:txBody><a:p><a:r><a:t>` + text + `</a:t></a:r></a:p></p:txBody></p:sp>`
	}
	slide := func(shapes string) string {
		return `<p:sld xmlns:p="p" xmlns:a="a"><p:spTree>` + shapes + `</p:spTree></p:sld>`
	}
	out := extract(t, "talk.pptx", string(archiveOf(
		t, "ppt/presentation.xml", `<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst><p:sldId id="1" r:id="b"/><p:sldId id="2" r:id="a"/></p:sldIdLst></p:presentation>`,
		"ppt/_rels/presentation.xml.rels", `<Relationships><Relationship Id="a" Type="x/slide" Target="slides/slide1.xml"/><Relationship Id="b" Type="x/slide" Target="slides/slide2.xml"/></Relationships>`,
		"ppt/slides/slide1.xml", slide(shape("title", "Costs")+shape("body", "Each robot cost rather a lot of money.")+shape("sldNum", "2")),
		"ppt/slides/slide2.xml", slide(shape("ctrTitle", "Robots at work")+shape("body", "Robots lifted nine boxes an hour.")),
		"ppt/slides/_rels/slide1.xml.rels", `<Relationships><Relationship Id="n" Type="x/notesSlide" Target="../notesSlides/notes1.xml"/></Relationships>`,
		"ppt/notesSlides/notes1.xml", slide(shape("body", "The speaker says that prices fell in 2020.")),
	)))
	want := []string{"Robots lifted nine boxes an hour.", "Each robot cost rather a lot of money.", "The speaker says that prices fell in 2020."}
	if got := quotes(out); !slices.Equal(got, want) {
		t.Errorf("quotes %q, want %q", got, want)
	}
	if out.Title != "Robots at work" || out.Pages != 2 || len(out.Segments) != 2 || out.Segments[1].Heading != "Costs" || out.Segments[1].Blocks[0].Page != 2 {
		t.Errorf("%q, %d slides, %+v", out.Title, out.Pages, out.Segments)
	}
}

func TestEPUB(t *testing.T) {
	t.Parallel()
	chapter := func(text string) string { return "<html><body><h1>Chapter</h1><p>" + text + "</p></body></html>" }
	out := extract(t, "book.epub", string(archiveOf(
		t, "mimetype", EPUB, "META-INF/container.xml", `<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>`,
		"OPS/book.opf", `<package xmlns:dc="d"><metadata><dc:title>On bees</dc:title><dc:creator>B. Keeper</dc:creator><dc:date>1901-02-03</dc:date></metadata>`+
			`<manifest><item id="b" href="two%20b.xhtml" media-type="application/xhtml+xml"/><item id="a" href="one.xhtml" media-type="application/xhtml+xml"/>`+
			`<item id="gone" href="gone.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/><itemref idref="b"/><itemref idref="gone"/></spine></package>`,
		"OPS/two b.xhtml", chapter("Queens lay two thousand eggs a day."), "OPS/one.xhtml", chapter("Bees live in colonies of many thousands."),
	)))
	if out.Title != "On bees" || out.Author != "B. Keeper" || out.Published != "1901-02-03" || out.MediaType != EPUB {
		t.Errorf("%q by %q of %q, %s", out.Title, out.Author, out.Published, out.MediaType)
	}
	if got, want := quotes(out), []string{"Bees live in colonies of many thousands.", "Queens lay two thousand eggs a day."}; !slices.Equal(got, want) {
		t.Errorf("quotes %q, want %q", got, want)
	}
	if len(out.Parts) != 1 || out.Parts[0].Gap == "" {
		t.Errorf("the missing chapter is not said: %+v", out.Parts)
	}
}

const message = "From: Ada Example <ada@example.org>\r\nTo: bob@example.org\r\nSubject: =?utf-8?q?Caf=C3=A9_figures?=\r\nDate: Tue, 4 May 2021 10:00:00 +0200\r\n" +
	"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=xx\r\n\r\n--xx\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" +
	"Dear Bob,\r\n\r\nthe caf=C3=A9 sold many cakes in 2020.\r\n\r\n--xx\r\nContent-Type: text/csv; name=cakes.csv\r\nContent-Disposition: attachment; filename=cakes.csv\r\n\r\n" +
	"year,cakes\r\n2019,4\r\n2020,7\r\n--xx\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=tool.exe\r\n" +
	"Content-Transfer-Encoding: base64\r\n\r\nTVoAAA==\r\n--xx--\r\n"

func TestMail(t *testing.T) {
	t.Parallel()
	content := strings.Replace(message, "charset=utf-8\r\n\r\n", "charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", 1)
	out := extract(t, "figures.eml", strings.Replace(content, "the caf", "The caf", 1))
	if out.Title != "Café figures" || out.Author != "Ada Example" || out.Published != "2021-05-04" || !strings.HasPrefix(out.Text, "From: Ada Example") {
		t.Errorf("%q by %q of %q:\n%s", out.Title, out.Author, out.Published, out.Text)
	}
	if got := quotes(out); !slices.Equal(got, []string{"The café sold many cakes in 2020."}) {
		t.Errorf("quotes %q", got)
	}
	if len(out.Parts) != 2 || out.Parts[0].Name != "cakes.csv" || out.Parts[1].Name != "tool.exe" {
		t.Errorf("parts %+v", out.Parts)
	}
}
