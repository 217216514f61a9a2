package format

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"time"
)

//go:embed docx_styles.xml
var docxStyles string

// DOCX renders a document for word processors: with styles, a footnote for each
// citation, comments beside the text, and what refinement changed as tracked
// changes that a reader accepts or rejects. Charts are images. The same
// document gives the same bytes.
func DOCX(document Document) ([]byte, error) {
	w := newDocxWriter(document)
	if err := w.write(); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, part := range w.parts() {
		header := &zip.FileHeader{Name: part.name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		file, err := archive.CreateHeader(header)
		if err != nil {
			return nil, fmt.Errorf("writing %s of the DOCX: %w", part.name, err)
		}
		if _, err := file.Write(part.data); err != nil {
			return nil, fmt.Errorf("writing %s of the DOCX: %w", part.name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("writing the DOCX: %w", err)
	}
	return out.Bytes(), nil
}

// docxPart is a file in the package.
type docxPart struct {
	name string
	data []byte
}

const (
	xmlHead     = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	wordSpaces  = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`
	drawSpaces  = ` xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"`
	officeRel   = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	packageRel  = "http://schemas.openxmlformats.org/package/2006/relationships"
	wordType    = "application/vnd.openxmlformats-officedocument.wordprocessingml."
	docxNumbers = `<w:numbering ` + wordSpaces + `><w:abstractNum w:abstractNumId="0"><w:multiLevelType w:val="hybridMultilevel"/><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val="•"/><w:lvlJc w:val="left"/><w:pPr><w:ind w:left="360" w:hanging="280"/></w:pPr></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>`
	docxLines   = `<w:footnote w:type="separator" w:id="-1"><w:p><w:pPr><w:spacing w:after="0" w:line="240" w:lineRule="auto"/></w:pPr><w:r><w:separator/></w:r></w:p></w:footnote><w:footnote w:type="continuationSeparator" w:id="0"><w:p><w:pPr><w:spacing w:after="0" w:line="240" w:lineRule="auto"/></w:pPr><w:r><w:continuationSeparator/></w:r></w:p></w:footnote>`
)

// parts are the files of the package, in their order.
func (w *docxWriter) parts() []docxPart {
	text := func(name, body string) docxPart { return docxPart{name, []byte(xmlHead + body)} }
	parts := []docxPart{
		text("[Content_Types].xml", contentTypes()),
		text("_rels/.rels", relations([]relation{
			{"rId1", officeRel + "officeDocument", "word/document.xml", false},
			{"rId2", "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties", "docProps/core.xml", false},
			{"rId3", officeRel + "extended-properties", "docProps/app.xml", false},
		})),
		text("docProps/core.xml", w.properties()),
		text("docProps/app.xml", `<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"><Application>Quaestor</Application></Properties>`),
		text("word/document.xml", `<w:document `+wordSpaces+drawSpaces+`><w:body>`+w.body.String()+docxSection+`</w:body></w:document>`),
		{"word/styles.xml", []byte(w.document.style().docx())},
		text("word/numbering.xml", docxNumbers),
		text("word/settings.xml", w.settings()),
		text("word/footnotes.xml", `<w:footnotes `+wordSpaces+`>`+docxLines+w.notes.String()+`</w:footnotes>`),
		text("word/comments.xml", `<w:comments `+wordSpaces+`>`+w.remarks.String()+`</w:comments>`),
		text("word/footer1.xml", w.footer()),
		text("word/_rels/document.xml.rels", relations(append([]relation{
			{"rId1", officeRel + "styles", "styles.xml", false},
			{"rId2", officeRel + "numbering", "numbering.xml", false},
			{"rId3", officeRel + "settings", "settings.xml", false},
			{"rId4", officeRel + "footnotes", "footnotes.xml", false},
			{"rId5", officeRel + "comments", "comments.xml", false},
			{"rId6", officeRel + "footer", "footer1.xml", false},
		}, w.relations...))),
	}
	return append(parts, w.images...)
}

func contentTypes() string {
	var out strings.Builder
	out.WriteString(`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>`)
	for _, part := range [][2]string{
		{"/word/document.xml", wordType + "document.main+xml"},
		{"/word/styles.xml", wordType + "styles+xml"},
		{"/word/numbering.xml", wordType + "numbering+xml"},
		{"/word/settings.xml", wordType + "settings+xml"},
		{"/word/footnotes.xml", wordType + "footnotes+xml"},
		{"/word/comments.xml", wordType + "comments+xml"},
		{"/word/footer1.xml", wordType + "footer+xml"},
		{"/docProps/core.xml", "application/vnd.openxmlformats-package.core-properties+xml"},
		{"/docProps/app.xml", "application/vnd.openxmlformats-officedocument.extended-properties+xml"},
	} {
		fmt.Fprintf(&out, `<Override PartName="%s" ContentType="%s"/>`, part[0], part[1])
	}
	return out.String() + `</Types>`
}

// relation is a link from one part to another, or outside.
type relation struct {
	id, kind, target string
	outside          bool
}

func relations(list []relation) string {
	var out strings.Builder
	out.WriteString(`<Relationships xmlns="` + packageRel + `">`)
	for _, r := range list {
		mode := ""
		if r.outside {
			mode = ` TargetMode="External"`
		}
		fmt.Fprintf(&out, `<Relationship Id="%s" Type="%s" Target="%s"%s/>`, r.id, r.kind, escapeXML(r.target), mode)
	}
	return out.String() + `</Relationships>`
}

func (w *docxWriter) properties() string {
	dates := ""
	if !w.document.Created.IsZero() {
		date := w.document.Created.UTC().Format(time.RFC3339)
		dates = `<dcterms:created xsi:type="dcterms:W3CDTF">` + date + `</dcterms:created><dcterms:modified xsi:type="dcterms:W3CDTF">` + date + `</dcterms:modified>`
	}
	return `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
		`<dc:title>` + escapeXML(w.title) + `</dc:title><dc:creator>Quaestor</dc:creator><dc:description>` + escapeXML(plain(w.document.Notice)) +
		`</dc:description>` + dates + `<dc:language>` + w.language() + `</dc:language></cp:coreProperties>`
}

func (w *docxWriter) language() string {
	if languageTag.MatchString(w.document.Language) {
		return w.document.Language
	}
	return "en"
}

// settings turn the tracking of changes on where there are some, so that a
// reader's own edits are tracked too.
func (w *docxWriter) settings() string {
	track := ""
	if len(w.document.Changes) > 0 {
		track = `<w:trackRevisions/>`
	}
	return `<w:settings ` + wordSpaces + `>` + track + `<w:defaultTabStop w:val="720"/>` +
		`<w:footnotePr><w:footnote w:id="-1"/><w:footnote w:id="0"/></w:footnotePr>` +
		`<w:compat><w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>` +
		`<w:themeFontLang w:val="` + w.language() + `"/></w:settings>`
}

// docxSection is the page: A4, with the footer.
const docxSection = `<w:sectPr><w:footerReference w:type="default" r:id="rId6"/><w:pgSz w:w="11906" w:h="16838"/>` +
	`<w:pgMar w:top="1200" w:right="1240" w:bottom="1200" w:left="1240" w:header="600" w:footer="600" w:gutter="0"/></w:sectPr>`

func (w *docxWriter) footer() string {
	return `<w:ftr ` + wordSpaces + `>` + paragraphXML("Footer", "", textRun("", shorten(w.title, 80))+`<w:r><w:tab/></w:r>`+
		textRun("", w.words.Page+" ")+fieldXML("PAGE", "1")+textRun("", " "+w.words.Of+" ")+fieldXML("NUMPAGES", "1")) + `</w:ftr>`
}

func fieldXML(code, shown string) string {
	return `<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> ` + code + ` </w:instrText></w:r>` +
		`<w:r><w:fldChar w:fldCharType="separate"/></w:r>` + textRun("", shown) + `<w:r><w:fldChar w:fldCharType="end"/></w:r>`
}
