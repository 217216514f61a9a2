package format

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"
)

var (
	//go:embed page.html
	pageSource string
	//go:embed page.css
	pageStyle string

	pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{"plain": plain}).Parse(pageSource))
	languageTag  = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$`)
)

// The page is what its template needs, with every anchor made by us: no id of
// the document becomes one.
type page struct {
	Title, Language, Notice string
	Style                   template.CSS
	Meta                    []Field
	Sections                []pageSection
	References              []pageReference
	Named                   bool // references are cited by author and year, not by number
	Cover, Disclaimer       string
	Words                   words
}

type pageSection struct {
	Heading    string
	Paragraphs []pageParagraph
	Tables     []pageTable
	Charts     []pageChart
}

type pageParagraph struct {
	List      bool
	Sentences []pageSentence
}

type pageSentence struct {
	Text  string
	Tag   string // of a sentence that is marked
	Marks []mark
}

// mark is one of a group of marks, and what stands around it.
type mark struct {
	Before, Href, Quote, Text, After string
}

type grid struct {
	Columns []string
	Rows    [][]string
	Figures []bool // the columns that hold figures
}

type pageTable struct {
	Number  int
	Caption string
	Marks   []mark
	Grid    grid
}

type pageChart struct {
	Number       int
	Title, Note  string
	Marks        []mark
	Grid         grid
	Wide, Narrow template.HTML
}

type pageReference struct {
	Number                 int
	Before, Address, After string // the text of the reference around its address
	Passages               []pagePassage
}

type pagePassage struct{ Anchor, Quote, Where, Computed string }

// HTML renders a document as one page that needs nothing else: no script, no
// font, no image from outside. It follows the reader's colour scheme, fits small
// screens and prints.
func HTML(document Document) ([]byte, error) {
	l := newLayout(document)
	p := page{
		Title: or(plain(document.Title), "Report"), Language: "en", Notice: document.Notice, Meta: document.Meta,
		Style: template.CSS(pageStyle) + document.style().css(), Words: document.words(),
		Cover: plain(document.style().Cover), Disclaimer: plain(document.style().Disclaimer),
	}
	if languageTag.MatchString(document.Language) {
		p.Language = document.Language
	}
	for _, section := range document.Sections {
		p.Sections = append(p.Sections, l.section(section))
	}
	p.Named = l.citing.named
	for _, reference := range document.References {
		p.References = append(p.References, layOutReference(reference))
	}
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, p); err != nil {
		return nil, fmt.Errorf("rendering a page: %w", err)
	}
	return out.Bytes(), nil
}

// layout knows where marks lead to.
type layout struct {
	citing  citing
	words   words
	anchors map[int]string         // of references
	places  map[string]pagePassage // of passages, by evidence id
	owner   map[string]int         // the reference of a passage
	tables  int
	figures int
}

func newLayout(document Document) *layout {
	l := &layout{citing: newCiting(document.References), words: document.words(), anchors: map[int]string{}, places: map[string]pagePassage{}, owner: map[string]int{}}
	for _, reference := range document.References {
		l.anchors[reference.Number] = fmt.Sprintf("ref-%d", reference.Number)
		for i, passage := range reference.Passages {
			l.owner[passage.ID] = reference.Number
			l.places[passage.ID] = newPassage(reference, i)
		}
	}
	return l
}

func newPassage(reference Reference, i int) pagePassage {
	passage := reference.Passages[i]
	out := pagePassage{
		Anchor: fmt.Sprintf("ref-%d-%d", reference.Number, i+1),
		Quote:  plain(passage.Quote), Where: sentenceCase(whereabouts(reference, passage)),
	}
	if passage.Computation != nil {
		out.Computed = describeComputation(*passage.Computation)
	}
	return out
}

func sentenceCase(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func (l *layout) section(section Section) pageSection {
	out := pageSection{Heading: section.Heading}
	for _, paragraph := range section.Paragraphs {
		laid := pageParagraph{List: paragraph.List}
		for _, sentence := range paragraph.Sentences {
			laid.Sentences = append(laid.Sentences, pageSentence{
				Text: sentence.Text, Tag: l.tag(sentence), Marks: l.marks(sentence.References, sentence.Evidence),
			})
		}
		out.Paragraphs = append(out.Paragraphs, laid)
	}
	for _, table := range section.Tables {
		l.tables++
		out.Tables = append(out.Tables, pageTable{
			Number: l.tables, Caption: table.Caption, Marks: l.marks(table.References, nil),
			Grid: newGrid(table.Columns, table.Rows, table.width()),
		})
	}
	for _, chart := range section.Charts {
		l.figures++
		out.Charts = append(out.Charts, pageChart{
			Number: l.figures, Title: chart.Title, Note: chart.Note, Marks: l.marks(chart.References, nil),
			Grid: newGrid([]string{or(chart.XLabel, "Label"), or(chart.YLabel, "Value")}, chart.rows(), 2),
			// Drawn by us, with every text in it escaped.
			Wide:   template.HTML(drawChart(chart, wideChart, false)),
			Narrow: template.HTML(drawChart(chart, narrowChart, false)),
		})
	}
	return out
}

func (l *layout) tag(sentence Sentence) string {
	if !sentence.Marked {
		return ""
	}
	return l.words.Unsupported
}

func newGrid(columns []string, rows [][]string, width int) grid {
	fill := func(cells []string) []string {
		filled := make([]string, width)
		for i := range filled {
			filled[i] = cell(cells, i)
		}
		return filled
	}
	g := grid{Columns: fill(columns), Figures: numeric(width, rows)}
	for _, row := range rows {
		g.Rows = append(g.Rows, fill(row))
	}
	return g
}

// marks are the numbers behind a sentence. Each leads to the passage that the
// sentence cites, or to the reference where no passage is known.
func (l *layout) marks(references []int, evidence []string) []mark {
	start, signs, end := l.citing.group(references)
	marks := make([]mark, 0, len(signs))
	for i, sign := range signs {
		m := l.mark(sign.number, evidence)
		m.Before, m.Text = sign.before, sign.text
		if i == 0 {
			m.Before = start
		}
		if i == len(signs)-1 {
			m.After = end
		}
		marks = append(marks, m)
	}
	return marks
}

func (l *layout) mark(number int, evidence []string) mark {
	var m mark
	anchor, ok := l.anchors[number]
	if !ok {
		return m
	}
	m.Href = "#" + anchor
	if i := slices.IndexFunc(evidence, func(id string) bool { return l.owner[id] == number }); i >= 0 {
		place := l.places[evidence[i]]
		m.Href, m.Quote = "#"+place.Anchor, shorten(place.Quote, 300)
	}
	return m
}

func layOutReference(reference Reference) pageReference {
	out := pageReference{Number: reference.Number, Before: plain(reference.Text)}
	if before, address, after := splitAtAddress(reference); address != "" {
		out.Before, out.Address, out.After = before, address, after
	}
	for i := range reference.Passages {
		out.Passages = append(out.Passages, newPassage(reference, i))
	}
	return out
}
