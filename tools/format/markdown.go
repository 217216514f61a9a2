package format

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/quaestor-run/quaestor/tools"
)

// Markdown renders a document as Markdown with the tables that GitHub and
// others know. Marks link to the references; a chart is a block of text bars and the table of its data.
func Markdown(document Document) []byte {
	w := &markdownWriter{known: map[int]bool{}}
	for _, reference := range document.References {
		w.known[reference.Number] = true
	}
	w.block("# " + or(escapeMarkdown(document.Title), "Report"))
	if document.Notice != "" {
		w.block("> **Notice:** " + escapeMarkdown(document.Notice))
	}
	for _, field := range document.Meta {
		w.line("- **" + escapeMarkdown(field.Label) + ":** " + escapeMarkdown(field.Value))
	}
	w.end()
	for _, section := range document.Sections {
		w.section(section)
	}
	if len(document.References) > 0 {
		w.block("## References")
		for _, reference := range document.References {
			w.reference(reference)
		}
	}
	return append(bytes.TrimRight(w.out.Bytes(), "\n"), '\n')
}

type markdownWriter struct {
	out     bytes.Buffer
	known   map[int]bool // the reference numbers there are
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
		w.block(fmt.Sprintf("**Table %d.** %s", w.tables, w.marked(table.Caption, table.References)))
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
			text += " **[unsupported]**"
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
	runs := tools.Runs(references)
	text = escapeMarkdown(text)
	if len(runs) == 0 {
		return text
	}
	marks := make([]string, 0, len(runs))
	for _, run := range runs {
		mark := w.mark(run.First)
		if run.Last > run.First {
			mark += "–" + w.mark(run.Last)
		}
		marks = append(marks, mark)
	}
	return text + " [" + strings.Join(marks, ", ") + "]"
}

func (w *markdownWriter) mark(number int) string {
	if !w.known[number] {
		return fmt.Sprint(number)
	}
	return fmt.Sprintf("[%d](#ref-%d)", number, number)
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
	w.block(fmt.Sprintf("**Figure %d.** %s", w.figures, w.marked(chart.Title, chart.References)))
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
		w.block("*Note:* " + escapeMarkdown(chart.Note))
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
	if address, ok := webAddress(reference.URI); ok {
		if before, after, found := strings.Cut(reference.Text, address); found {
			text = strings.TrimSpace(escapeMarkdown(before) + " <" + address + "> " + escapeMarkdown(after))
		}
	}
	w.block(fmt.Sprintf("<a id=\"ref-%d\"></a>**[%d]** %s", reference.Number, reference.Number, text))
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
