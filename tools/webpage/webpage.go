// Package webpage is the tool with which an agent reads a page of the web, and
// finds what a page says: its main content, and what it says of itself.
//
// It makes no request: a [Reader] does, and keeps what was read as a snapshot,
// so that every quote can be checked against it byte for byte.
package webpage

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"strings"

	"github.com/quaestor-run/quaestor/tools"
)

// Name is the name of the tool.
const Name = "webpage"

//go:embed webpage.md
var description string

// The passages of one call.
const (
	DefaultLimit = 8
	MaxLimit     = 20
)

// Reader reads pages and keeps them as documents of the run. Its errors that
// wrap [tools.InputError] are shown to the model.
type Reader interface {
	Read(ctx context.Context, scope tools.Scope, q Query) (Page, error)
}

// Query asks for a page, and for those of its passages that answer a text; the
// first ones where the text is empty.
type Query struct {
	URL   string
	Text  string
	Limit int // 1 to MaxLimit
}

// Page is a page that was read.
type Page struct {
	Document  string // id of the document that keeps it
	URL       string // where it was in the end
	Canonical string
	Title     string
	Byline    string
	Published string // YYYY-MM-DD; empty when unknown
	Year      int
	Accessed  string // the day it was read, YYYY-MM-DD
	Language  string
	Tier      string
	SHA256    string // of the snapshot
	Words     int
	Truncated bool // only the beginning was read
	Matched   bool // passages answer the query's text
	Passages  []Passage
}

// Passage is a run of sentences of a page.
type Passage struct {
	Heading   string
	Score     float64
	Sentences []Sentence
}

// Sentence is an exact quote: Text is the snapshot from Start to End.
type Sentence struct {
	Start, End int
	Page       int // of a PDF
	Text       string
}

// Input is what the tool is called with.
type Input struct {
	URL   string `json:"url" jsonschema:"minLength=1,maxLength=1024" jsonschema_description:"address of the page, http or https, as a search gave it"`
	Query string `json:"query,omitempty" jsonschema:"maxLength=1000" jsonschema_description:"what to look for on the page; its beginning when left out"`
	Limit int    `json:"limit,omitempty" jsonschema:"minimum=1,maximum=20" jsonschema_description:"how many passages to give; 8 when left out"`
}

// Output is what the tool gives.
type Output struct {
	URL       string   `json:"url"`
	Canonical string   `json:"canonical,omitempty"`
	Title     string   `json:"title"`
	Byline    string   `json:"byline,omitempty"`
	Published string   `json:"published,omitempty"`
	Language  string   `json:"language,omitempty"`
	Tier      string   `json:"tier"`
	Words     int      `json:"words"`
	Note      string   `json:"note,omitempty"`
	Hits      []Result `json:"hits"`

	citations []tools.Citation
}

// Citations implements [tools.Cited]: one for each sentence shown.
func (o Output) Citations() []tools.Citation { return o.citations }

// Result is one passage as the model sees it, in the form of the documents tool.
type Result struct {
	Document  string           `json:"document"`
	Title     string           `json:"title"`
	Heading   string           `json:"heading,omitempty"`
	Score     float64          `json:"score,omitempty"`
	Sentences []ResultSentence `json:"sentences"`
}

// ResultSentence is an exact quote and the evidence id to cite it by.
type ResultSentence struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// New makes the tool.
func New(reader Reader) (tools.Tool, error) {
	return tools.New(Name, description, func(ctx context.Context, scope tools.Scope, in Input) (Output, error) {
		address := strings.TrimSpace(in.URL)
		if address == "" {
			return Output{}, &tools.InputError{Field: "url", Reason: "is empty; give the address of a page"}
		}
		limit := in.Limit
		if limit == 0 {
			limit = DefaultLimit
		}
		page, err := reader.Read(ctx, scope, Query{URL: address, Text: strings.TrimSpace(in.Query), Limit: min(limit, MaxLimit)})
		if err != nil {
			return Output{}, fmt.Errorf("reading the page: %w", err)
		}
		return newOutput(page, in.Query), nil
	})
}

func newOutput(page Page, query string) Output {
	out := Output{
		URL: page.URL, Title: page.Title, Byline: page.Byline, Published: page.Published, Language: page.Language,
		Tier: page.Tier, Words: page.Words, Note: note(page, query), Hits: make([]Result, 0, len(page.Passages)),
	}
	if page.Canonical != page.URL {
		out.Canonical = page.Canonical
	}
	for _, passage := range page.Passages {
		result := Result{
			Document: page.Document, Title: page.Title, Heading: passage.Heading, Score: math.Round(passage.Score*100) / 100,
			Sentences: make([]ResultSentence, 0, len(passage.Sentences)),
		}
		for _, sentence := range passage.Sentences {
			citation := page.Citation(passage.Heading, sentence)
			out.citations = append(out.citations, citation)
			result.Sentences = append(result.Sentences, ResultSentence{ID: citation.ID(), Text: sentence.Text})
		}
		out.Hits = append(out.Hits, result)
	}
	return out
}

func note(page Page, query string) string {
	var notes []string
	if page.Truncated {
		notes = append(notes, "The page is longer than is read; this is from its beginning.")
	}
	if strings.TrimSpace(query) != "" && !page.Matched {
		notes = append(notes, "No passage shares a word with the query; these are the first.")
	}
	return strings.Join(notes, " ")
}

// Citation is the place of a sentence of the page.
func (p Page) Citation(heading string, sentence Sentence) tools.Citation {
	return tools.Citation{
		SHA256: p.SHA256, URI: p.URL, Title: p.Title, Year: p.Year, Heading: heading, Page: sentence.Page,
		Published: p.Published, Author: p.Byline, Tier: p.Tier, Accessed: p.Accessed,
		Start: sentence.Start, End: sentence.End, Quote: sentence.Text,
	}
}
