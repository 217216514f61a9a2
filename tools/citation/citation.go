// Package citation turns evidence ids into numbered references. It also is the
// tool "citation", which does the same for an agent.
package citation

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/quaestor-run/quaestor/tools"
)

// Name is the name of the tool.
const Name = "citation"

//go:embed citation.md
var description string

// Input is the evidence of a text in the order of first use. The same evidence
// may come more than once.
type Input struct {
	Citations []Evidence `json:"citations"`
	Style     Style      `json:"style,omitempty" jsonschema:"enum=plain,enum=apa,enum=chicago,enum=ieee,enum=vancouver,enum=harvard" jsonschema_description:"plain when empty"`
}

// Evidence is a citation with the id by which the text refers to it. Without an
// id it gets that of its content.
type Evidence struct {
	ID string `json:"id,omitempty"`
	tools.Citation
}

// List is what is printed at the end of a text.
type List struct {
	References []Reference    `json:"references"` // by number; by author where the style cites so
	Marks      map[string]int `json:"marks"`      // the reference number of each evidence id
}

// Reference is one source, that is one snapshot: a document that changed
// between two readings is two references.
type Reference struct {
	Number int    `json:"number"`          // from 1
	Text   string `json:"text"`            // the reference as it is printed
	Label  string `json:"label,omitempty"` // what the text prints instead of the number, in styles that cite by author
	URI    string `json:"uri"`
	Title  string `json:"title"`
	Year   int    `json:"year,omitempty"`
	Origin
	SHA256   string    `json:"sha256"`
	Passages []Passage `json:"passages"` // in the order of the source
}

// Origin is what a source says of itself, or its place on the web does.
type Origin struct {
	Author    string `json:"author,omitempty"`
	Published string `json:"published,omitempty"` // YYYY-MM-DD, or as much of it as is known
	Tier      string `json:"tier,omitempty"`      // kind of a source of the web
	Accessed  string `json:"accessed,omitempty"`  // the day a page was read, YYYY-MM-DD
}

// Passage is a place in the source of a reference. Start and End are byte
// offsets into the snapshot's text.
type Passage struct {
	ID          string             `json:"id"`
	Page        int                `json:"page,omitempty"`
	Start       int                `json:"start"`
	End         int                `json:"end"`
	Quote       string             `json:"quote"`
	Computation *tools.Computation `json:"computation,omitempty"`
}

// New makes the tool.
func New() (tools.Tool, error) {
	return tools.New(Name, description, func(_ context.Context, _ tools.Scope, in Input) (List, error) {
		list, err := Number(in.Citations)
		if err == nil {
			list.Print(in.Style, nil)
		}
		return list, err
	})
}

// Number groups evidence by source and numbers the sources in the order of
// first use. Evidence that cannot be right is a [tools.InputError]: without a
// snapshot, with offsets that do not fit its quote, or one id for two places.
func Number(evidence []Evidence) (List, error) {
	list := List{References: []Reference{}, Marks: map[string]int{}}
	seen := map[string]Evidence{}
	numbers := map[string]int{}
	for i, e := range evidence {
		e.ID = cmp.Or(e.ID, e.Citation.ID())
		if err := check(i, e); err != nil {
			return List{}, err
		}
		if before, ok := seen[e.ID]; ok {
			if !reflect.DeepEqual(before, e) {
				return List{}, faulty(i, "id", "the id %q already names another place", e.ID)
			}
			continue
		}
		seen[e.ID] = e
		number, ok := numbers[e.SHA256]
		if !ok {
			number = len(list.References) + 1
			numbers[e.SHA256] = number
			list.References = append(list.References, Reference{
				Number: number, URI: e.URI, Title: e.Title, Year: e.Year, SHA256: e.SHA256,
				Origin: Origin{Author: oneLine(e.Author), Published: e.Published, Tier: e.Tier, Accessed: e.Accessed},
			})
		}
		list.Marks[e.ID] = number
		reference := &list.References[number-1]
		reference.Passages = append(reference.Passages, Passage{
			ID: e.ID, Page: e.Page, Start: e.Start, End: e.End, Quote: e.Quote, Computation: e.Computation,
		})
	}
	for _, reference := range list.References {
		slices.SortStableFunc(reference.Passages, func(a, b Passage) int {
			return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
		})
	}
	writeTexts(list.References)
	return list, nil
}

// Print sets the references in a style. What is known of a source beyond its
// evidence is in records, by the hash of its snapshot. In a style that cites by
// author the list is in its order, and the numbers stay those of the marks.
func (l *List) Print(style Style, records map[string]Record) {
	if style == "" || style == Plain {
		return
	}
	known := make([]Record, len(l.References))
	for i, reference := range l.References {
		known[i] = RecordOf(reference.Title, reference.URI, reference.Year).From(reference.Origin).With(records[reference.SHA256])
	}
	printed := style.PrintAll(known)
	ordered := make([]Reference, len(l.References))
	for i, reference := range l.References {
		reference.Text, reference.Label = printed[i].Text, printed[i].Label
		if note := reference.note(style == APA); note != "" { // the others print when a page was read
			reference.Text += " " + note
		}
		ordered[printed[i].Place] = reference
	}
	l.References = ordered
	tellApart(l.References)
}

// RecordOf is what evidence tells of its source.
func RecordOf(title, uri string, year int) Record {
	r := Record{Kind: KindDocument, Title: oneLine(title), URL: oneLine(uri), Issued: Date{Year: year}}
	switch strings.ToLower(path.Ext(r.URL)) {
	case ".csv", ".tsv", ".xlsx", ".parquet":
		r.Kind = KindDataset
	default:
		if r.online() {
			r.Kind = KindWebpage
		}
	}
	return r
}

// With adds what a document says of itself, which goes before what evidence
// tells.
func (r Record) With(own Record) Record {
	if own.Kind == "" {
		own.Kind = r.Kind
	}
	if own.Title == "" {
		own.Title = r.Title
	}
	if own.Issued.Year == 0 {
		own.Issued = r.Issued
	}
	if own.URL == "" {
		own.URL = r.URL
	}
	if len(own.Authors) == 0 {
		own.Authors = r.Authors
	}
	if own.Accessed.Year == 0 {
		own.Accessed = r.Accessed
	}
	return own
}

// From adds where a source is from.
func (r Record) From(o Origin) Record {
	if r.Authors = namesOf(bare(o.Author)); len(r.Authors) == 0 {
		r.Authors = nil
	}
	if issued := readDate(o.Published); issued.Year != 0 {
		r.Issued = issued
	}
	r.Accessed = readDate(o.Accessed)
	return r
}

// bare is a byline without its by.
func bare(byline string) string {
	if len(byline) > 3 && strings.EqualFold(byline[:3], "by ") {
		return strings.TrimSpace(byline[3:])
	}
	return byline
}

// note tells what styles have no place for: the kind of a source of the web,
// and when it was read.
func (r Reference) note(accessed bool) string {
	var parts []string
	if r.Tier != "" && r.Tier != "other" {
		parts = append(parts, r.Tier)
	}
	if accessed && r.Accessed != "" {
		parts = append(parts, "accessed "+r.Accessed)
	}
	if len(parts) == 0 {
		return ""
	}
	return "[" + oneLine(strings.Join(parts, "; ")) + "]"
}

func check(i int, e Evidence) error {
	switch {
	case e.SHA256 == "":
		return faulty(i, "sha256", "is empty; evidence needs the hash of its snapshot")
	case e.Start < 0 || e.End-e.Start != len(e.Quote):
		return faulty(i, "quote", "has %d bytes, but the offsets %d to %d have %d", len(e.Quote), e.Start, e.End, e.End-e.Start)
	}
	return nil
}

func faulty(i int, field, format string, args ...any) error {
	return &tools.InputError{Field: fmt.Sprintf("citations[%d].%s", i, field), Reason: fmt.Sprintf(format, args...)}
}

// writeTexts renders the references: "Author. Title (date). URI [kind; accessed
// day]", as far as it is known. Two snapshots that
// would read the same are told apart by the start of their hash.
func writeTexts(references []Reference) {
	for i := range references {
		references[i].Text = render(references[i])
	}
	tellApart(references)
}

func tellApart(references []Reference) {
	count := map[string]int{}
	for _, reference := range references {
		count[reference.Text]++
	}
	for i := range references {
		if count[references[i].Text] > 1 {
			hash := references[i].SHA256
			references[i].Text += " (snapshot " + hash[:min(12, len(hash))] + ")"
		}
	}
}

func render(r Reference) string {
	uri := oneLine(r.URI)
	title := oneLine(r.Title)
	if title == "" {
		title = path.Base(strings.TrimRight(uri, "/"))
		if title == "." || title == "/" {
			title = "Untitled document"
		}
	}
	date := strconv.Itoa(r.Year)
	if published := oneLine(r.Published); published != "" {
		date = published
	}
	if date != "0" && !strings.HasSuffix(title, "("+date+")") {
		title = strings.TrimSuffix(title, ".") + " (" + date + ")"
	}
	text := stopped(title)
	if author := bare(r.Author); author != "" && !strings.EqualFold(author, title) {
		text = stopped(author) + " " + text
	}
	for _, part := range []string{uri, r.note(true)} {
		if part != "" {
			text += " " + part
		}
	}
	return text
}

// stopped ends a text with a full stop, unless it has an end.
func stopped(text string) string {
	if strings.ContainsAny(text[len(text)-1:], ".?!") {
		return text
	}
	return text + "."
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// Mark prints reference numbers as they stand in a text: [1], [1, 3], [2–4].
// No number gives no mark.
func Mark(numbers []int) string {
	runs := tools.Runs(numbers)
	if len(runs) == 0 {
		return ""
	}
	parts := make([]string, 0, len(runs))
	for _, run := range runs {
		part := strconv.Itoa(run.First)
		if run.Last > run.First {
			part += "–" + strconv.Itoa(run.Last)
		}
		parts = append(parts, part)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
