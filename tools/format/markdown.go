package format

import (
	"bytes"
	"fmt"
	"strings"
)

// Markdown renders a document as Markdown with the tables that GitHub and
// others know. Marks link to the references; a chart is a block of text bars and the table of its data.
func Markdown(document Document) []byte {
	w := &markdownWriter{citing: newCiting(document.References), words: document.words()}
	if cover := escapeMarkdown(document.style().Cover); cover != "" {
		w.block("**" + cover + "**")
	}
	w.block("# " + or(escapeMarkdown(document.Title), "Report"))
	if document.Notice != "" {
		w.block("> **" + w.words.Notice + ":** " + escapeMarkdown(document.Notice))
	}
	for _, field := range document.Meta {
		w.line("- **" + escapeMarkdown(field.Label) + ":** " + escapeMarkdown(field.Value))
	}
	w.end()
	for _, section := range document.Sections {
		w.section(section)
	}
	if len(document.References) > 0 {
		w.block("## " + w.words.References)
		for _, reference := range document.References {
			w.reference(reference)
		}
	}
	if disclaimer := escapeMarkdown(document.style().Disclaimer); disclaimer != "" {
		w.block("---")
		w.block("*" + disclaimer + "*")
	}
	return append(bytes.TrimRight(w.out.Bytes(), "\n"), '\n')
}

type markdownWriter struct {
	out     bytes.Buffer
	citing  citing
	words   words
	tables  int
	figures int
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// line writes a line of a block, block a whole block; end ends one that was
// written in lines.
func (w *markdownWriter) line(text string) { w.out.WriteString(text + "\n") }

func (w *markdownWriter) block(text string) { w.out.WriteString(text + "\n\n") }

func (w *markdownWriter) end() {
	if !bytes.HasSuffix(w.out.Bytes(), []byte("\n\n")) {
		w.out.WriteByte('\n')
	}
}

func (w *markdownWriter) section(section Section) {
	w.block("## " + or(escapeMarkdown(section.Heading), "Section"))
	for _, paragraph := range section.Paragraphs {
		w.paragraph(paragraph)
	}
	for _, table := range section.Tables {
		w.tables++
		w.block(fmt.Sprintf("**%s %d.** %s", w.words.Table, w.tables, w.marked(table.Caption, table.References)))
		w.table(table.Columns, table.Rows, table.width())
	}
	for _, chart := range section.Charts {
		w.figures++
		w.chart(chart)
	}
}

func (w *markdownWriter) paragraph(paragraph Paragraph) {
	sentences := make([]string, 0, len(paragraph.Sentences))
	for _, sentence := range paragraph.Sentences {
		text := w.marked(sentence.Text, sentence.References)
		if sentence.Marked {
			text += " **[" + w.words.Unsupported + "]**"
		}
		if strings.TrimSpace(text) != "" {
			sentences = append(sentences, text)
		}
	}
	switch {
	case len(sentences) == 0:
	case paragraph.List:
		w.block("- " + strings.Join(sentences, "\n- "))
	default:
		w.block(strings.Join(sentences, " "))
	}
}

// marked is a text with the marks of its references behind it.
func (w *markdownWriter) marked(text string, references []int) string {
	start, signs, end := w.citing.group(references)
	text = escapeMarkdown(text)
	if len(signs) == 0 {
		return text
	}
	text += " " + start
	for _, sign := range signs {
		mark := escapeMarkdown(sign.text)
		if sign.linked {
			mark = fmt.Sprintf("[%s](#ref-%d)", mark, sign.number)
		}
		text += sign.before + mark
	}
	return text + end
}

func (w *markdownWriter) table(columns []string, rows [][]string, width int) {
	if width == 0 {
		return
	}
	line := func(cells []string) {
		escaped := make([]string, width)
		for i := range escaped {
			escaped[i] = escapeMarkdown(cell(cells, i))
		}
		w.line("| " + strings.Join(escaped, " | ") + " |")
	}
	rules := make([]string, width)
	for i, right := range numeric(width, rows) {
		rules[i] = "---"
		if right {
			rules[i] = "---:"
		}
	}
	line(columns)
	w.line("| " + strings.Join(rules, " | ") + " |")
	for _, row := range rows {
		line(row)
	}
	w.end()
}

// A chart with more points than this has its data folded away.
const manyPoints = 60

func (w *markdownWriter) chart(chart Chart) {
	w.block(fmt.Sprintf("**%s %d.** %s", w.words.Figure, w.figures, w.marked(chart.Title, chart.References)))
	w.fenced(textChart(chart))
	rows := chart.rows()
	folded := len(rows) > manyPoints
	if folded {
		w.block(fmt.Sprintf("<details><summary>Data (%d values)</summary>", len(rows)))
	}
	w.table([]string{or(chart.XLabel, "Label"), or(chart.YLabel, "Value")}, rows, 2)
	if folded {
		w.block("</details>")
	}
	if chart.Note != "" {
		w.block("*" + w.words.Note + ":* " + escapeMarkdown(chart.Note))
	}
}

// fenced writes a code block; its fence is longer than any row of backticks in
// it.
func (w *markdownWriter) fenced(lines []string) {
	fence := "```"
	for strings.Contains(strings.Join(lines, "\n"), fence) {
		fence += "`"
	}
	w.line(fence + "text")
	for _, line := range lines {
		w.line(line)
	}
	w.block(fence)
}

func (w *markdownWriter) reference(reference Reference) {
	text := escapeMarkdown(reference.Text)
	if before, address, after := splitAtAddress(reference); address != "" {
		text = strings.TrimSpace(trailing(escapeMarkdown(before), before) + "<" + address + ">" + leading(escapeMarkdown(after), after))
	}
	number := fmt.Sprintf("**[%d]** ", reference.Number)
	if w.citing.named {
		number = ""
	}
	w.block(fmt.Sprintf("<a id=\"ref-%d\"></a>%s%s", reference.Number, number, text))
	for _, passage := range reference.Passages {
		if quote := plain(passage.Quote); quote != "" {
			w.line("- “" + escapeMarkdown(quote) + "” — " + escapeMarkdown(whereabouts(reference, passage)))
		} else {
			w.line("- " + escapeMarkdown(whereabouts(reference, passage)))
		}
		if passage.Computation != nil {
			w.line("  - " + escapeMarkdown(describeComputation(*passage.Computation)))
		}
	}
	w.end()
}

// trailing and leading keep the space of a text that escaping took off.
func trailing(escaped, text string) string {
	if strings.HasSuffix(text, " ") {
		return escaped + " "
	}
	return escaped
}

func leading(escaped, text string) string {
	if strings.HasPrefix(text, " ") {
		return " " + escaped
	}
	return escaped
}

// whereabouts says where in its source a passage stands.
func whereabouts(reference Reference, passage Passage) string {
	place := ""
	if passage.Page > 0 {
		place = fmt.Sprintf("page %d, ", passage.Page)
	}
	place += fmt.Sprintf("bytes %d–%d", passage.Start, passage.End)
	if hash := []rune(plain(reference.SHA256)); len(hash) > 0 {
		place += " of snapshot " + string(hash[:min(12, len(hash))])
	}
	return place
}
