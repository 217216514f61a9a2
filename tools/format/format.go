// Package format renders reports: as Markdown that reads well on GitHub and in
// a terminal, and as one self-contained HTML page with charts as SVG. It also is
// the tool "format".
//
// Every text of a document is untrusted. It is shown as it stands, without its
// control characters and line breaks; markup in it stays text. The same
// document always gives the same bytes.
package format

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/quaestor-run/quaestor/tools"
)

// Name is the name of the tool.
const Name = "format"

//go:embed format.md
var description string

// Document is a report to be rendered.
type Document struct {
	Title      string      `json:"title"`
	Language   string      `json:"language,omitempty" jsonschema_description:"BCP 47 tag, en when empty"`
	Notice     string      `json:"notice,omitempty" jsonschema_description:"label of a partial or offline report"`
	Meta       []Field     `json:"meta,omitempty" jsonschema_description:"facts about the report, such as its date"`
	Sections   []Section   `json:"sections"`
	References []Reference `json:"references,omitempty"`
	Changes    []Change    `json:"changes,omitempty" jsonschema_description:"what refinement changed; shown as tracked changes in docx"`
	Comments   []Comment   `json:"comments,omitempty" jsonschema_description:"shown beside the text in docx"`
	Created    time.Time   `json:"created,omitzero" jsonschema_description:"date in the properties of pdf and docx"`
	Style      *Style      `json:"style,omitempty" jsonschema_description:"how the report looks; none is the look of all others"`
}

// The kinds of a [Change].
const (
	ChangeAdded    = "added"
	ChangeRemoved  = "removed"
	ChangeReplaced = "replaced"
)

// Change is a sentence that the text has, had, or has in place of another.
type Change struct {
	Kind    string    `json:"kind" jsonschema:"enum=added,enum=removed,enum=replaced"`
	Section string    `json:"section" jsonschema_description:"heading"`
	Before  string    `json:"before,omitempty"`
	After   string    `json:"after,omitempty" jsonschema_description:"the sentence as it stands in the section"`
	Author  string    `json:"author,omitempty"`
	Date    time.Time `json:"date,omitzero"`
	Reason  string    `json:"reason,omitempty"`
}

// Comment is a remark on a sentence, on a section where it names none, or on
// the whole report.
type Comment struct {
	Section  string    `json:"section,omitempty"`
	Sentence string    `json:"sentence,omitempty"`
	Author   string    `json:"author,omitempty"`
	Date     time.Time `json:"date,omitzero"`
	Text     string    `json:"text"`
}

// Field is one labelled fact about the report.
type Field struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// Section is a heading with paragraphs, tables and charts, printed in this
// order. Name is its heading in the drafts, where it is printed under another.
type Section struct {
	Heading    string      `json:"heading"`
	Name       string      `json:"name,omitempty"`
	Paragraphs []Paragraph `json:"paragraphs,omitempty"`
	Tables     []Table     `json:"tables,omitempty"`
	Charts     []Chart     `json:"charts,omitempty"`
}

// Paragraph is a run of sentences, or a bulleted list of them.
type Paragraph struct {
	List      bool       `json:"list,omitempty"`
	Sentences []Sentence `json:"sentences"`
}

// Sentence is one sentence with what it stands on: numbers of references and,
// where known, the ids of the passages.
type Sentence struct {
	Text       string   `json:"text"`
	References []int    `json:"references,omitempty"`
	Evidence   []string `json:"evidence,omitempty"`
	Marked     bool     `json:"marked,omitempty" jsonschema_description:"nothing supports this sentence"`
}

// Table is a table with a caption. A row may be shorter than the widest one.
type Table struct {
	Caption    string     `json:"caption"`
	Columns    []string   `json:"columns"`
	Rows       [][]string `json:"rows"`
	References []int      `json:"references,omitempty"`
}

// The kinds of charts.
const (
	KindLine = "line"
	KindBar  = "bar"
)

// Chart shows Y over X, one value for each label. A value that is not finite is
// a gap. Line charts place labels that are numbers or dates to scale.
type Chart struct {
	Kind       string    `json:"kind" jsonschema:"enum=line,enum=bar"`
	Title      string    `json:"title"`
	XLabel     string    `json:"x_label"`
	YLabel     string    `json:"y_label"`
	X          []string  `json:"x"`
	Y          []float64 `json:"y"`
	Note       string    `json:"note,omitempty" jsonschema_description:"such as a period that was left out"`
	References []int     `json:"references,omitempty"`
}

// Reference is a numbered source and the passages of it that the text stands
// on.
type Reference struct {
	Number int    `json:"number" jsonschema:"minimum=1"`
	Text   string `json:"text" jsonschema_description:"the reference as it is printed"`
	Label  string `json:"label,omitempty" jsonschema_description:"in the text instead of the number, such as Grady et al., 2019"`
	URI    string `json:"uri"`
	Title  string `json:"title,omitempty"`
	Year   int    `json:"year,omitempty"`
	// What the source says of itself, or its place on the web does; the text has it too.
	Author    string `json:"author,omitempty"`
	Published string `json:"published,omitempty" jsonschema_description:"YYYY-MM-DD, or as much of it as is known"`
	Tier      string `json:"tier,omitempty" jsonschema_description:"kind of a source of the web"`
	Accessed  string `json:"accessed,omitempty" jsonschema_description:"day a page was read, YYYY-MM-DD"`

	SHA256   string    `json:"sha256"`
	Passages []Passage `json:"passages,omitempty"`
}

// Passage is a place in a source: byte offsets into the text of its snapshot,
// and the exact words there.
type Passage struct {
	ID          string             `json:"id"`
	Page        int                `json:"page,omitempty"`
	Start       int                `json:"start"`
	End         int                `json:"end"`
	Quote       string             `json:"quote"`
	Computation *tools.Computation `json:"computation,omitempty"`
}

// Input is what the tool takes.
type Input struct {
	Document Document `json:"document"`
	Format   string   `json:"format" jsonschema:"enum=md,enum=html"`
}

// Output is the rendered report.
type Output struct {
	MediaType string `json:"media_type"`
	Text      string `json:"text"`
}

// New makes the tool.
func New() (tools.Tool, error) {
	return tools.New(Name, description, func(_ context.Context, _ tools.Scope, in Input) (Output, error) {
		if err := Check(in.Document); err != nil {
			return Output{}, err
		}
		if in.Format == "md" {
			return Output{MediaType: "text/markdown; charset=utf-8", Text: string(Markdown(in.Document))}, nil
		}
		page, err := HTML(in.Document)
		if err != nil {
			return Output{}, err
		}
		return Output{MediaType: "text/html; charset=utf-8", Text: string(page)}, nil
	})
}

// Check looks for what a reader of the report would stumble over: references
// that do not exist or share a number, charts whose labels and values do not
// match, and sections that say nothing. Its error is a [tools.InputError].
// The renderers take such documents all the same and print what there is.
func Check(document Document) error {
	known := map[int]bool{}
	for i, reference := range document.References {
		if known[reference.Number] {
			return faulty(fmt.Sprintf("references[%d].number", i), "%d is taken already", reference.Number)
		}
		known[reference.Number] = true
	}
	for i, section := range document.Sections {
		if err := checkSection(fmt.Sprintf("sections[%d]", i), section, known); err != nil {
			return err
		}
	}
	return nil
}

func checkSection(path string, section Section, known map[int]bool) error {
	if len(section.Paragraphs)+len(section.Tables)+len(section.Charts) == 0 {
		return faulty(path, "%q has neither paragraphs nor tables nor charts", section.Heading)
	}
	for i, paragraph := range section.Paragraphs {
		for j, sentence := range paragraph.Sentences {
			if err := checkNumbers(fmt.Sprintf("%s.paragraphs[%d].sentences[%d]", path, i, j), sentence.References, known); err != nil {
				return err
			}
		}
	}
	for i, table := range section.Tables {
		if err := checkNumbers(fmt.Sprintf("%s.tables[%d]", path, i), table.References, known); err != nil {
			return err
		}
	}
	for i, chart := range section.Charts {
		at := fmt.Sprintf("%s.charts[%d]", path, i)
		if len(chart.X) != len(chart.Y) || len(chart.X) == 0 {
			return faulty(at, "has %d labels and %d values; it needs as many of both, at least one", len(chart.X), len(chart.Y))
		}
		if err := checkNumbers(at, chart.References, known); err != nil {
			return err
		}
	}
	return nil
}

func checkNumbers(path string, numbers []int, known map[int]bool) error {
	for _, number := range numbers {
		if !known[number] {
			return faulty(path+".references", "there is no reference %d", number)
		}
	}
	return nil
}

func faulty(field, format string, args ...any) error {
	return &tools.InputError{Field: field, Reason: fmt.Sprintf(format, args...)}
}
