package server

import (
	"context"
	"errors"
	"math"
	"net/http"

	"github.com/quaestor-run/quaestor/runtime/server/api"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/documents"
)

// SearchDocuments finds passages in corpora and documents.
func (o operations) SearchDocuments(ctx context.Context, in api.SearchDocumentsRequestObject) (api.SearchDocumentsResponseObject, error) {
	if o.search == nil {
		return nil, newProblem(http.StatusServiceUnavailable, "This server searches no documents.")
	}
	var r reading
	query := r.text("/query", in.Body.Query)
	if err := o.checkSources(ctx, &r, "/sources/", in.Body.Sources); err != nil {
		return nil, err
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	sources := in.Body.Sources
	if len(sources) == 0 {
		var err error
		if sources, err = o.sourcesWhereNoneAreNamed(ctx); err != nil {
			return nil, err
		}
	}
	scope := tools.Scope{Client: principalOf(ctx).client, Sources: sources}
	found, err := o.search.Search(ctx, scope, documents.Query{Text: query, Limit: positive(in.Body.Limit, documents.DefaultLimit)})
	if wrong, ok := errors.AsType[*tools.InputError](err); ok {
		return nil, invalid(inBody("/query", "%s", wrong.Reason))
	}
	if err != nil {
		return nil, err
	}
	answer := api.SearchDocuments200JSONResponse{Documents: found.Documents, Passages: make([]api.FoundPassage, 0, len(found.Hits))}
	for _, hit := range found.Hits {
		answer.Passages = append(answer.Passages, passageOf(hit))
	}
	return answer, nil
}

func passageOf(hit documents.Hit) api.FoundPassage {
	passage := api.FoundPassage{
		Document: hit.Document, Heading: hit.Heading, Page: hit.Page, Score: float32(math.Round(hit.Score*100) / 100),
		Source: api.Source{URI: hit.URI, Title: hit.Title, SHA256: hit.SHA256, Year: hit.Year, Snapshot: snapshotLink(hit.SHA256)},
		Quotes: make([]api.FoundQuote, 0, len(hit.Quotes)),
	}
	for _, quote := range hit.Quotes {
		passage.Quotes = append(passage.Quotes, api.FoundQuote{Text: quote.Text, Start: quote.Start, End: quote.End})
	}
	return passage
}
