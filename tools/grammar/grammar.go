// Package grammar is the tool "grammar": spelling, form and style of sentences,
// as edits with offsets. The rules are in process; a second opinion (a
// LanguageTool server) may be asked besides.
//
// An edit never touches what stands in quotation marks, names, numbers, code,
// addresses or words in other scripts, whoever proposes it.
package grammar

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/quaestor-run/quaestor/tools"
)

// Name is the name of the tool.
const Name = "grammar"

//go:embed grammar.md
var description string

// What one call takes.
const (
	maxTexts = 2000
	maxText  = 20_000  // bytes of one text
	maxBytes = 400_000 // of all
)

// The spellings of English.
const (
	British  = "british"
	American = "american"
)

// Input is what the tool takes.
type Input struct {
	Texts    []string `json:"texts" jsonschema:"minItems=1" jsonschema_description:"sentences or paragraphs in the order of the report"`
	Language string   `json:"language,omitempty" jsonschema_description:"BCP 47 tag, en when empty"`
}

// Edit proposes to put Replacements[0] in the place of Original. Start and End
// are byte offsets into the text as it was given. A replacement may be empty.
type Edit struct {
	Start        int      `json:"start"`
	End          int      `json:"end"`
	Original     string   `json:"original"`
	Replacements []string `json:"replacements"`
	Rule         string   `json:"rule"`
	Reason       string   `json:"reason"`
	Certain      bool     `json:"certain"` // it is made in Mended
}

// Advice names what a writer has to judge. Start and End are byte offsets into
// the text; both are 0 where it is about the whole.
type Advice struct {
	Rule   string `json:"rule"`
	Start  int    `json:"start,omitempty"`
	End    int    `json:"end,omitempty"`
	Reason string `json:"reason"`
}

// Checked is what is to be said of one text.
type Checked struct {
	Text   int      `json:"text"` // its place in the input
	Edits  []Edit   `json:"edits,omitempty"`
	Advice []Advice `json:"advice,omitempty"`
	Mended string   `json:"mended,omitempty"` // with the certain edits made; empty where there is none
}

// Output names the texts with something to say, in their order.
type Output struct {
	Texts  []Checked `json:"texts"`
	Report []Advice  `json:"report,omitempty"`
	Notes  []string  `json:"notes,omitempty"` // what could not be looked at
}

// Checker is a second opinion. The offsets of its edits are bytes.
type Checker interface {
	Check(ctx context.Context, text, language string) ([]Edit, error)
}

// Options of the tool; the zero value is the rules alone.
type Options struct {
	Spelling string  // British or American; empty is whatever prevails in the texts
	Second   Checker // nil is none
}

// New makes the tool.
func New(options Options) (tools.Tool, error) {
	reader := NewReader(options)
	return tools.New(Name, description, func(ctx context.Context, _ tools.Scope, in Input) (Output, error) {
		if err := bounded(in.Texts); err != nil {
			return Output{}, err
		}
		return reader.Read(ctx, in)
	})
}

func bounded(texts []string) error {
	if len(texts) > maxTexts {
		return &tools.InputError{Field: "texts", Reason: fmt.Sprintf("%d are too many for one call; give at most %d", len(texts), maxTexts)}
	}
	total := 0
	for i, text := range texts {
		if total += len(text); len(text) > maxText {
			return &tools.InputError{Field: "texts", Reason: fmt.Sprintf("text %d has %d bytes; give at most %d, sentence by sentence", i, len(text), maxText)}
		}
	}
	if total > maxBytes {
		return &tools.InputError{Field: "texts", Reason: fmt.Sprintf("%d bytes are too many for one call; give at most %d", total, maxBytes)}
	}
	return nil
}

// Reader applies the rules. It may be used by several goroutines.
type Reader struct {
	options Options
	words   func() dictionary
}

// NewReader makes a reader; its dictionary is made when a word is first looked
// up.
func NewReader(options Options) *Reader {
	return &Reader{options: options, words: lazily(newDictionary)}
}

// Read looks at the texts of a report. A second opinion that fails is named in
// the notes; the only error is the context's.
func (r *Reader) Read(ctx context.Context, in Input) (Output, error) {
	english := in.Language == "" || primary(in.Language) == "en"
	pages := make([]page, len(in.Texts))
	for i, text := range in.Texts {
		pages[i] = newPage(text, english)
	}
	out := Output{Texts: []Checked{}}
	edits := make([][]Edit, len(pages))
	if english {
		edits = r.consistent(pages, &out)
	}
	said, err := r.second(ctx, in, &out)
	if err != nil {
		return Output{}, err
	}
	for i := range pages {
		if err := ctx.Err(); err != nil {
			return Output{}, fmt.Errorf("reading the texts: %w", err)
		}
		all := append(r.form(pages[i]), edits[i]...)
		checked := Checked{Text: i, Edits: pages[i].admit(append(all, said[i]...)), Advice: pages[i].advice()}
		if checked.Mended = Apply(pages[i].text, checked.Edits); checked.Mended == pages[i].text {
			checked.Mended = ""
		}
		if len(checked.Edits)+len(checked.Advice) > 0 {
			out.Texts = append(out.Texts, checked)
		}
	}
	if english {
		out.Report = append(out.Report, habits(pages)...)
	}
	return out, nil
}

func primary(language string) string {
	tag, _, _ := strings.Cut(strings.ToLower(language), "-")
	return tag
}

// secondTime bounds what a second opinion on all texts may take: a tool call
// ends after a minute.
const secondTime = 40 * time.Second

// second asks for a second opinion, until it fails for the first time.
func (r *Reader) second(ctx context.Context, in Input, out *Output) ([][]Edit, error) {
	said := make([][]Edit, len(in.Texts))
	if r.options.Second == nil {
		return said, nil
	}
	language := in.Language
	if language == "" || language == "en" {
		language = map[string]string{British: "en-GB", American: "en-US"}[r.options.Spelling]
	}
	asking, cancel := context.WithTimeout(ctx, secondTime)
	defer cancel()
	for _, batch := range batches(in.Texts) {
		edits, err := r.options.Second.Check(asking, batch.text, language)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("asking for a second opinion: %w", ctx.Err())
		}
		if err != nil {
			out.Notes = append(out.Notes, "the second opinion is missing: "+err.Error())
			return said, nil
		}
		batch.share(edits, said)
	}
	return said, nil
}

// Apply gives a text with its certain edits made. Edits are in order and do not
// overlap, as a [Reader] gives them; others are left out.
func Apply(text string, edits []Edit) string {
	var mended strings.Builder
	at := 0
	for _, e := range edits {
		if !e.Certain || len(e.Replacements) == 0 || e.Start < at || e.End < e.Start || e.End > len(text) {
			continue
		}
		mended.WriteString(text[at:e.Start])
		mended.WriteString(e.Replacements[0])
		at = e.End
	}
	mended.WriteString(text[at:])
	return mended.String()
}
