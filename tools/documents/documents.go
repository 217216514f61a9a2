// Package documents reads documents, finds passages in them, and is the tool
// with which an agent looks for what they say.
//
// An [Extractor] turns the bytes of a document into a snapshot (UTF-8 text) and
// its segments; [NewIndex] finds passages in snapshots; [ReadTable] makes a
// typed table of a CSV. Every offset is a byte offset into a snapshot, so that
// a quote can be checked against it.
package documents

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"strings"

	"github.com/quaestor-run/quaestor/tools"
)

// Name is the name of the tool.
const Name = "documents"

//go:embed documents.md
var description string

// Searcher finds passages in what a run may read. Its errors that wrap
// [tools.InputError] are shown to the model.
type Searcher interface {
	Search(ctx context.Context, scope tools.Scope, q Query) (Found, error)
}

// Input is what the tool is called with.
type Input struct {
	Query    string `json:"query" jsonschema:"minLength=1,maxLength=1000" jsonschema_description:"what to look for: the words a passage about it would use"`
	Limit    int    `json:"limit,omitempty" jsonschema:"minimum=1,maximum=20" jsonschema_description:"how many passages to give; 8 when left out"`
	Document string `json:"document,omitempty" jsonschema_description:"id of the one document to look in; all when left out"`
}

// Output is what the tool gives.
type Output struct {
	Hits              []Result `json:"hits"`
	SearchedDocuments int      `json:"searched_documents"`
	Note              string   `json:"note,omitempty"`

	citations []tools.Citation
}

// Citations implements [tools.Cited]: one for each sentence shown.
func (o Output) Citations() []tools.Citation { return o.citations }

// Result is one passage as the model sees it.
type Result struct {
	Document  string           `json:"document"`
	Title     string           `json:"title"`
	URI       string           `json:"uri"`
	Author    string           `json:"author,omitempty"`
	Published string           `json:"published,omitempty"`
	Year      int              `json:"year,omitempty"`
	Tier      string           `json:"tier,omitempty"`
	Copies    int              `json:"copies,omitempty"` // other documents that say nearly the same
	Page      int              `json:"page,omitempty"`
	Heading   string           `json:"heading,omitempty"`
	Score     float64          `json:"score"`
	Sentences []ResultSentence `json:"sentences"`
}

// ResultSentence is an exact quote and the evidence id to cite it by.
type ResultSentence struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// New makes the tool.
func New(searcher Searcher) (tools.Tool, error) {
	return tools.New(Name, description, func(ctx context.Context, scope tools.Scope, in Input) (Output, error) {
		if strings.TrimSpace(in.Query) == "" {
			return Output{}, &tools.InputError{Field: "query", Reason: "is empty; give the words to look for"}
		}
		found, err := searcher.Search(ctx, scope, Query{Text: in.Query, Limit: in.Limit, Document: in.Document})
		if err != nil {
			return Output{}, fmt.Errorf("searching documents: %w", err)
		}
		return newOutput(found), nil
	})
}

func newOutput(found Found) Output {
	out := Output{Hits: make([]Result, 0, len(found.Hits)), SearchedDocuments: found.Documents, Note: found.Note}
	for _, hit := range found.Hits {
		result := Result{
			Document: hit.Document, Title: hit.Title, URI: hit.URI, Year: hit.Year, Page: hit.Page,
			Author: hit.Author, Published: hit.Published, Tier: hit.Tier, Copies: hit.Copies,
			Heading: hit.Heading, Score: math.Round(hit.Score*100) / 100,
			Sentences: make([]ResultSentence, 0, len(hit.Quotes)),
		}
		for _, quote := range hit.Quotes {
			citation := hit.Citation(quote)
			out.citations = append(out.citations, citation)
			result.Sentences = append(result.Sentences, ResultSentence{ID: citation.ID(), Text: quote.Text})
		}
		out.Hits = append(out.Hits, result)
	}
	return out
}

// Citation is the place of one of the hit's sentences.
func (h Hit) Citation(quote Quote) tools.Citation {
	return tools.Citation{
		SHA256: h.SHA256, URI: h.URI, Title: h.Title, Year: h.Year, Heading: h.Heading, Page: quote.Page,
		Start: quote.Start, End: quote.End, Quote: quote.Text,
	}
}
