package documents

import (
	"errors"
	"testing"
)

// fuzzPart feeds an extractor with an archive one part of which is anything.
func fuzzPart(f *testing.F, name string, wrap func(*testing.T, string) []byte) {
	f.Helper()
	e := NewExtractor(ExtractorOptions{Limits: Limits{Unpacked: 8 << 20, Text: 1 << 20}})
	f.Fuzz(func(t *testing.T, part string) {
		out, err := e.Extract(t.Context(), name, "", wrap(t, part))
		var unreadable *ReadError
		if err != nil && !errors.As(err, &unreadable) {
			t.Fatal(err)
		}
		if err == nil {
			checkExtracted(t, out)
		}
	})
}

func FuzzDOCX(f *testing.F) {
	f.Add(wp("Own", "A heading") + wp("", "And a sentence of some words.") + wtable([]string{"a", "b"}, []string{"1", "2"}))
	f.Add(`<w:tbl><w:tc><w:gridSpan w:val="9999999"/></w:tc><w:tr><w:tc><w:gridSpan w:val="-5"/><w:p><w:t>x`)
	fuzzPart(f, "a.docx", func(t *testing.T, body string) []byte { return docxOf(t, body) })
}

func FuzzPPTX(f *testing.F) {
	f.Add(`<p:sp><p:ph type="title"/><p:txBody><a:p><a:t>x</a:t></a:p></p:txBody></p:sp><a:tbl><a:tr><a:tc><a:txBody><a:p><a:t>1`)
	fuzzPart(f, "a.pptx", func(t *testing.T, slide string) []byte {
		return archiveOf(t, "ppt/presentation.xml", `<p xmlns:r="r"><sldId r:id="a"/></p>`,
			"ppt/_rels/presentation.xml.rels", `<r><Relationship Id="a" Type="x/slide" Target="s.xml"/></r>`, "ppt/s.xml", slide)
	})
}

func FuzzEPUB(f *testing.F) {
	f.Add(`<package><title>T</title><item id="a" href="a.xhtml" media-type="html"/><itemref idref="a"/></package>`)
	fuzzPart(f, "a.epub", func(t *testing.T, book string) []byte {
		return archiveOf(t, "META-INF/container.xml", `<rootfile full-path="b.opf"/>`, "b.opf", book, "a.xhtml", "<p>One sentence of some words.</p>")
	})
}

func FuzzSheet(f *testing.F) {
	f.Add(`<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="9"><c r="C9" t="inlineStr"><is><t>x</t></is></c></row></sheetData></worksheet>`)
	fuzzPart(f, "a.xlsx", func(t *testing.T, sheet string) []byte {
		return archiveOf(
			t, "[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
			"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
			"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="a"/></sheets></workbook>`,
			"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
			"xl/worksheets/sheet1.xml", sheet,
		)
	})
}

func FuzzMail(f *testing.F) {
	f.Add([]byte(message))
	f.Add([]byte("Subject: x\r\nContent-Type: text/html\r\n\r\n<p>One sentence of some words.</p>"))
	fuzzExtract(f, "a.eml")
}
