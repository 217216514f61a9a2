package format

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// referenceName is the bookmark of a reference. Numbers below zero, which a
// document may hold, get names of their own.
func referenceName(number int) string {
	return strings.ReplaceAll(fmt.Sprintf("ref_%d", number), "-", "m")
}

// cited is what stands behind a sentence that cites: author and year where the
// style has them, and a footnote with the words that the sentence stands on.
func (w *docxWriter) cited(references []int, evidence []string) string {
	if len(references) == 0 {
		return ""
	}
	text := ""
	if w.citing.named {
		start, signs, end := w.citing.group(references)
		text = textRun("", " "+start)
		for _, s := range signs {
			text += textRun("", s.before) + w.toReference(s.number, s.text)
		}
		text += textRun("", end)
	}
	return text + w.footnote(references, evidence)
}

// toReference links a text to its reference, where there is one.
func (w *docxWriter) toReference(number int, text string) string {
	if _, ok := w.citing.labels[number]; !ok {
		return textRun("", text)
	}
	return linkXML(referenceName(number), textRun(`<w:rStyle w:val="Hyperlink"/>`, text))
}

// footnote writes the note and gives its sign for the text. Each source of the
// note is named, with the passages of it that the text stands on.
func (w *docxWriter) footnote(references []int, evidence []string) string {
	content := ""
	for i, number := range slices.Compact(slices.Sorted(slices.Values(references))) {
		if i > 0 {
			content += textRun("", "; ")
		}
		at := slices.IndexFunc(w.document.References, func(r Reference) bool { return r.Number == number })
		if at < 0 {
			content += textRun("", fmt.Sprintf("[%d]", number))
			continue
		}
		reference := w.document.References[at]
		label := fmt.Sprintf("[%d]", number)
		if w.citing.named {
			label = or(plain(reference.Label), label)
		}
		content += w.toReference(number, label)
		if !w.citing.named {
			content += textRun("", " "+plain(reference.Text))
		}
		for _, id := range evidence {
			if w.owner[id] == number {
				content += w.noted(w.passages[id])
			}
		}
	}
	w.noteID++
	fmt.Fprintf(&w.notes, `<w:footnote w:id="%d">%s</w:footnote>`, w.noteID,
		paragraphXML("FootnoteText", "", `<w:r><w:rPr><w:rStyle w:val="FootnoteReference"/></w:rPr><w:footnoteRef/></w:r>`+textRun("", " ")+content))
	return fmt.Sprintf(`<w:r><w:rPr><w:rStyle w:val="FootnoteReference"/></w:rPr><w:footnoteReference w:id="%d"/></w:r>`, w.noteID)
}

func (w *docxWriter) noted(p pagePassage) string {
	content := ""
	if p.Quote != "" {
		content = textRun("", " ") + textRun("<w:i/><w:iCs/>", "“"+shorten(p.Quote, 400)+"”")
	}
	return content + textRun("", " ("+strings.ToLower(p.Where[:1])+p.Where[1:]+")")
}

// remarked puts the comments of a document on the place that they are about. A
// comment whose place is not there any more stands on the title.
func (w *docxWriter) remarked(section, sentence, content string) string {
	for _, comment := range w.document.Comments {
		if w.placeOf(comment) == [2]string{section, sentence} {
			content = w.remark(comment, content)
		}
	}
	return content
}

// placeOf is the section and the sentence that a comment stands on.
func (w *docxWriter) placeOf(comment Comment) [2]string {
	heading, text := plain(comment.Section), plain(comment.Sentence)
	if heading == "" {
		return [2]string{}
	}
	for _, section := range w.document.Sections {
		if plain(section.Heading) != heading {
			continue
		}
		for _, paragraph := range section.Paragraphs {
			for _, sentence := range paragraph.Sentences {
				if text != "" && plain(sentence.Text) == text {
					return [2]string{heading, text}
				}
			}
		}
		return [2]string{heading}
	}
	return [2]string{}
}

// remark encloses a content and puts a comment beside it.
func (w *docxWriter) remark(comment Comment, content string) string {
	id := w.remarkID
	w.remarkID++
	author := or(plain(comment.Author), "Quaestor")
	text := ""
	for line := range strings.Lines(comment.Text) {
		if line = plain(line); line != "" {
			text += paragraphXML("CommentText", "", textRun("", line))
		}
	}
	if text == "" {
		text = paragraphXML("CommentText", "", textRun("", "–"))
	}
	fmt.Fprintf(&w.remarks, `<w:comment w:id="%d" w:author="%s"%s w:initials="%s">%s</w:comment>`,
		id, escapeXML(author), dateXML(comment.Date), escapeXML(initials(author)), text)
	return fmt.Sprintf(`<w:commentRangeStart w:id="%d"/>%s<w:commentRangeEnd w:id="%d"/><w:r><w:rPr><w:rStyle w:val="CommentReference"/></w:rPr><w:commentReference w:id="%d"/></w:r>`,
		id, content, id, id)
}

func dateXML(date time.Time) string {
	if date.IsZero() {
		return ""
	}
	return ` w:date="` + date.UTC().Format("2006-01-02T15:04:05Z") + `"`
}

func initials(name string) string {
	letters := ""
	for word := range strings.FieldsSeq(name) {
		letters += string([]rune(word)[:1])
	}
	return string([]rune(strings.ToUpper(letters))[:min(3, len([]rune(letters)))])
}
