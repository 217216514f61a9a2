// Package websearch is the tool with which an agent looks for sources on the
// web. It makes no request: a [Searcher] does. What several services or sites
// give in the same words is given once.
package websearch

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/quaestor-run/quaestor/tools"
)

// Name is the name of the tool.
const Name = "websearch"

//go:embed websearch.md
var description string

// The results of one search.
const (
	DefaultLimit = 10
	MaxLimit     = 20
)

// Searcher asks search services. Its errors that wrap [tools.InputError] are
// shown to the model.
type Searcher interface {
	Search(ctx context.Context, scope tools.Scope, q Query) (Found, error)
}

// Query asks for sources. From and To are days, zero where the window is open.
type Query struct {
	Text     string
	From, To time.Time
	Limit    int // 1 to MaxLimit
}

// Within says whether a day lies in the query's window.
func (q Query) Within(day time.Time) bool {
	return (q.From.IsZero() || !day.Before(q.From)) && (q.To.IsZero() || day.Before(q.To.AddDate(0, 0, 1)))
}

// Found is what services gave, best first, and which of them failed.
type Found struct {
	Hits     []Hit
	Failures []string
}

// Hit is one source as a service described it.
type Hit struct {
	Title    string
	URL      string
	Snippet  string
	Date     time.Time // of publication; zero when unknown
	Tier     string
	Provider string
}

// Input is what the tool is called with.
type Input struct {
	Query string `json:"query" jsonschema:"minLength=1,maxLength=400" jsonschema_description:"what to look for, in the words of a source about it"`
	From  string `json:"from,omitempty" jsonschema:"maxLength=10" jsonschema_description:"earliest day of publication, YYYY-MM-DD"`
	To    string `json:"to,omitempty" jsonschema:"maxLength=10" jsonschema_description:"latest day of publication, YYYY-MM-DD"`
	Limit int    `json:"limit,omitempty" jsonschema:"minimum=1,maximum=20" jsonschema_description:"how many results to give; 10 when left out"`
}

// Output is what the tool gives.
type Output struct {
	Results  []Result `json:"results"`
	Failures []string `json:"failures,omitempty"` // services that did not answer
	Note     string   `json:"note,omitempty"`
}

// Result is one source as the model sees it.
type Result struct {
	Title   string `json:"title"`
	URL     string `json:"url"`
	Snippet string `json:"snippet,omitempty"`
	Date    string `json:"date,omitempty"` // YYYY-MM-DD
	Tier    string `json:"tier"`
	// Copies are other addresses of the same text.
	Copies []string `json:"copies,omitempty"`
}

// New makes the tool.
func New(searcher Searcher) (tools.Tool, error) {
	return tools.New(Name, description, func(ctx context.Context, scope tools.Scope, in Input) (Output, error) {
		q, err := in.query()
		if err != nil {
			return Output{}, err
		}
		q = q.inside(scope.Published)
		found, err := searcher.Search(ctx, scope, q)
		if err != nil {
			return Output{}, fmt.Errorf("searching the web: %w", err)
		}
		return newOutput(q, found), nil
	})
}

func (in Input) query() (Query, error) {
	q := Query{Text: strings.Join(strings.Fields(in.Query), " "), Limit: in.Limit}
	if q.Text == "" {
		return q, &tools.InputError{Field: "query", Reason: "is empty; give the words to look for"}
	}
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	q.Limit = min(q.Limit, MaxLimit)
	var err error
	if q.From, err = day("from", in.From); err != nil {
		return q, err
	}
	if q.To, err = day("to", in.To); err != nil {
		return q, err
	}
	if !q.From.IsZero() && !q.To.IsZero() && q.To.Before(q.From) {
		return q, &tools.InputError{Field: "to", Reason: "is before from; exchange them"}
	}
	return q, nil
}

// inside narrows the query's window to the run's, whose days were checked.
func (q Query) inside(window tools.Window) Query {
	if from, err := time.Parse(time.DateOnly, window.From); err == nil && from.After(q.From) {
		q.From = from
	}
	if to, err := time.Parse(time.DateOnly, window.To); err == nil && (q.To.IsZero() || to.Before(q.To)) {
		q.To = to
	}
	return q
}

func day(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return at, &tools.InputError{Field: field, Reason: fmt.Sprintf("%q is no day; write it like 2024-05-31", text)}
	}
	return at, nil
}

// newOutput keeps what lies in the window. What bears no date may lie in it.
func newOutput(q Query, found Found) Output {
	var hits []Hit
	undated := 0
	for _, hit := range found.Hits {
		if hit.Date.IsZero() {
			undated++
		} else if !q.Within(hit.Date) {
			continue
		}
		hits = append(hits, hit)
	}
	groups := Collapse(hits)
	out := Output{Results: make([]Result, 0, len(groups)), Failures: found.Failures}
	for _, group := range groups[:min(len(groups), q.Limit)] {
		out.Results = append(out.Results, group.result())
	}
	switch {
	case len(out.Results) == 0:
		out.Note = "Nothing was found. Try other words, or a wider window of dates."
	case undated > 0 && (!q.From.IsZero() || !q.To.IsZero()):
		out.Note = "Results without a date may lie outside the window; see the page."
	}
	return out
}

func (g Group) result() Result {
	r := Result{Title: g.Title, URL: g.URL, Snippet: g.Snippet, Tier: g.Tier, Copies: g.Copies}
	if !g.Date.IsZero() {
		r.Date = g.Date.Format(time.DateOnly)
	}
	return r
}
