package format

import (
	"fmt"
	"strings"
	"unicode"
)

// docxWriter writes one document into the parts of a package.
type docxWriter struct {
	document  Document
	words     words
	title     string
	citing    citing
	passages  map[string]pagePassage
	owner     map[string]int
	body      strings.Builder
	notes     strings.Builder // footnotes
	remarks   strings.Builder // comments
	relations []relation
	images    []docxPart
	pending   revisions
	ids       int // of changes and bookmarks
	noteID    int
	remarkID  int
	tables    int
	figures   int
}

func newDocxWriter(document Document) *docxWriter {
	places := newLayout(document)
	return &docxWriter{
		document: document, words: document.words(), title: or(plain(document.Title), "Report"), citing: newCiting(document.References),
		passages: places.places, owner: places.owner, pending: newRevisions(document),
	}
}

// escapeXML writes a text into XML. Characters that XML cannot hold are left
// out.
func escapeXML(text string) string {
	var out strings.Builder
	for _, char := range text {
		switch {
		case char == '&':
			out.WriteString("&amp;")
		case char == '<':
			out.WriteString("&lt;")
		case char == '>':
			out.WriteString("&gt;")
		case char == '"':
			out.WriteString("&quot;")
		case char < ' ' || unicode.IsControl(char) || char == 0xfffe || char == 0xffff:
		default:
			out.WriteRune(char)
		}
	}
	return out.String()
}

// textRun is a text in one look; props are the XML of its properties.
func textRun(props, text string) string { return runXML(props, "w:t", text) }

func runXML(props, element, text string) string {
	if text == "" {
		return ""
	}
	if props != "" {
		props = "<w:rPr>" + props + "</w:rPr>"
	}
	return `<w:r>` + props + `<` + element + ` xml:space="preserve">` + escapeXML(text) + `</` + element + `></w:r>`
}

const boldRun = "<w:b/><w:bCs/>"

// paragraphXML is a paragraph in a style; mark is the XML of a change of the
// paragraph itself.
func paragraphXML(style, mark, content string) string {
	if mark != "" {
		mark = "<w:rPr>" + mark + "</w:rPr>"
	}
	return `<w:p><w:pPr><w:pStyle w:val="` + style + `"/>` + mark + `</w:pPr>` + content + `</w:p>`
}

func (w *docxWriter) paragraph(style, mark, content string) {
	w.body.WriteString(paragraphXML(style, mark, content))
}

func (w *docxWriter) nextID() int { w.ids++; return w.ids }

// bookmark is a place that links lead to.
func (w *docxWriter) bookmark(name, content string) string {
	id := w.nextID()
	return fmt.Sprintf(`<w:bookmarkStart w:id="%d" w:name="%s"/>%s<w:bookmarkEnd w:id="%d"/>`, id, name, content, id)
}

func linkXML(anchor, content string) string {
	return `<w:hyperlink w:anchor="` + anchor + `" w:history="1">` + content + `</w:hyperlink>`
}

// outsideLink is a link to an address in the text's own part.
func (w *docxWriter) outsideLink(address string) string {
	id := fmt.Sprintf("rId%d", 100+len(w.relations))
	w.relations = append(w.relations, relation{id, officeRel + "hyperlink", address, true})
	return `<w:hyperlink r:id="` + id + `" w:history="1">` + textRun(`<w:rStyle w:val="Hyperlink"/>`, address) + `</w:hyperlink>`
}

func (w *docxWriter) write() error {
	if cover := plain(w.document.style().Cover); cover != "" {
		w.paragraph("Facts", "", textRun(`<w:color w:val="`+w.document.style().accent().hex()+`"/>`, cover))
	}
	w.paragraph("Title", "", w.remarked("", "", textRun("", w.title)))
	if notice := plain(w.document.Notice); notice != "" {
		w.paragraph("Notice", "", textRun(boldRun, w.words.Notice+": ")+textRun("", notice))
	}
	for _, field := range w.document.Meta {
		w.paragraph("Facts", "", textRun(boldRun, plain(field.Label)+": ")+textRun("", plain(field.Value)))
	}
	w.contents()
	for i, section := range w.document.Sections {
		if err := w.section(i, section); err != nil {
			return err
		}
	}
	w.lostSections()
	w.references()
	if disclaimer := plain(w.document.style().Disclaimer); disclaimer != "" {
		w.paragraph("Note", "", textRun("", disclaimer))
	}
	return nil
}

// contents is a field that word processors fill with page numbers when asked;
// until then it lists the headings as links.
func (w *docxWriter) contents() {
	headings := make([]string, 0, len(w.document.Sections)+1)
	for _, section := range w.document.Sections {
		headings = append(headings, or(plain(section.Heading), "Section"))
	}
	if len(w.document.References) > 0 {
		headings = append(headings, w.words.References)
	}
	if len(headings) < 3 {
		return
	}
	w.paragraph("TOCHeading", "", textRun("", w.words.Contents))
	for i, heading := range headings {
		content := linkXML(headingName(i), textRun("", heading))
		if i == 0 {
			content = `<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> TOC \o "1-1" \n \h \z \u </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>` + content
		}
		if i == len(headings)-1 {
			content += `<w:r><w:fldChar w:fldCharType="end"/></w:r>`
		}
		w.paragraph("TOC1", "", content)
	}
}

func headingName(i int) string { return fmt.Sprintf("_Toc%08d", i+1) }

func (w *docxWriter) section(i int, section Section) error {
	heading := plain(section.Heading)
	w.paragraph("Heading1", "", w.bookmark(headingName(i), w.remarked(heading, "", textRun("", or(heading, "Section")))))
	for _, paragraph := range section.Paragraphs {
		w.sentences(heading, paragraph)
	}
	w.removed(heading)
	for _, table := range section.Tables {
		w.tables++
		w.caption(w.words.Table, w.tables, table.Caption, table.References)
		w.table(newGrid(table.Columns, table.Rows, table.width()))
	}
	for _, chart := range section.Charts {
		w.figures++
		if err := w.chart(chart); err != nil {
			return err
		}
	}
	return nil
}

// sentences prints a paragraph, or a list with a sentence in each item. A
// paragraph all of whose sentences are new is new itself.
func (w *docxWriter) sentences(heading string, paragraph Paragraph) {
	content, added, count := "", 0, 0
	var last *Change
	for _, sentence := range paragraph.Sentences {
		text := plain(sentence.Text)
		if text == "" {
			continue
		}
		change := w.pending.of(heading, text)
		if !paragraph.List && count > 0 {
			content += textRun("", " ")
		}
		count++
		if change != nil && change.Kind == ChangeAdded {
			added, last = added+1, change
		}
		content += w.sentence(heading, text, sentence, change)
		if paragraph.List {
			w.paragraph("ListBullet", w.paragraphMark("ins", change), content)
			content = ""
		}
	}
	if content == "" {
		return
	}
	if added < count {
		last = nil
	}
	w.paragraph("Normal", w.paragraphMark("ins", last), content)
}

// sentence is one sentence with its change, its citation as a footnote, and
// the comments on it.
func (w *docxWriter) sentence(heading, text string, sentence Sentence, change *Change) string {
	after := w.cited(sentence.References, sentence.Evidence)
	if sentence.Marked {
		after += textRun(`<w:rStyle w:val="Unsupported"/>`, " ["+w.words.Unsupported+"]")
	}
	var content string
	switch {
	case change == nil:
		content = textRun("", text) + after
	case change.Kind == ChangeAdded:
		content = w.revised("ins", *change, textRun("", text)+after)
	default:
		content = w.difference(*change, text) + after
	}
	if change != nil && change.Reason != "" {
		content = w.remark(Comment{Author: change.Author, Date: change.Date, Text: change.Reason}, content)
	}
	return w.remarked(heading, text, content)
}

func (w *docxWriter) caption(kind string, number int, title string, references []int) {
	w.paragraph("Caption", "", textRun(boldRun, fmt.Sprintf("%s %d. ", kind, number))+textRun("", plain(title))+w.cited(references, nil))
}

// references prints the sources; footnotes lead here.
func (w *docxWriter) references() {
	if len(w.document.References) == 0 {
		return
	}
	w.paragraph("Heading1", "", w.bookmark(headingName(len(w.document.Sections)), textRun("", w.words.References)))
	for _, reference := range w.document.References {
		label := ""
		if !w.citing.named {
			label = textRun(boldRun, fmt.Sprintf("[%d]", reference.Number)) + `<w:r><w:tab/></w:r>`
		}
		before, address, after := referenceParts(reference)
		text := textRun("", before)
		if address != "" {
			text += w.outsideLink(address) + textRun("", after)
		}
		w.paragraph("Reference", "", w.bookmark(referenceName(reference.Number), label+text))
		for i := range reference.Passages {
			w.passage(newPassage(reference, i))
		}
	}
}

func (w *docxWriter) passage(p pagePassage) {
	content := ""
	if p.Quote != "" {
		content = textRun("<w:i/><w:iCs/>", "“"+p.Quote+"”") + textRun("", " ")
	}
	text := p.Where
	if p.Computed != "" {
		text += ". " + p.Computed
	}
	w.paragraph("Passage", "", content+textRun(`<w:color w:val="5A6472"/>`, text))
}
