package server_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/documents"
)

// finder finds one passage and notes what it was asked.
type finder struct {
	scope   tools.Scope
	query   documents.Query
	failure error
}

func (f *finder) Search(_ context.Context, scope tools.Scope, q documents.Query) (documents.Found, error) {
	f.scope, f.query = scope, q
	return documents.Found{Documents: 2, Hits: []documents.Hit{{
		Document: "d_1", Title: "A", URI: "a.md", SHA256: strings.Repeat("a", 64), Score: 2.345,
		Quotes: []documents.Quote{{Text: "Words.", Sentence: documents.Sentence{Span: documents.Span{Start: 3, End: 9}}}},
	}}}, f.failure
}

func TestSearchDocuments(t *testing.T) {
	t.Parallel()
	found := &finder{}
	w := setup(t, func(o *server.Options) { o.Search = found })
	w.upload("@a.md=one two", "corpus=c1").want(201)
	var got struct {
		Documents int
		Passages  []struct {
			Document string
			Score    float64
			Source   struct{ URI, Snapshot string }
			Quotes   []struct {
				Text       string
				Start, End int
			}
		}
	}
	w.call("POST", "/v1/documents/search", `{"query":" one ","sources":["c1"],"limit":3}`).want(200).into(&got)
	if len(got.Passages) != 1 || got.Documents != 2 || got.Passages[0].Quotes[0].End != 9 || got.Passages[0].Source.URI != "a.md" {
		t.Errorf("got %+v", got)
	}
	if found.query.Text != "one" || found.query.Limit != 3 || len(found.scope.Sources) != 1 || found.scope.Sources[0] != "c1" {
		t.Errorf("asked %+v in %+v", found.query, found.scope)
	}
	w.call("POST", "/v1/documents/search", `{"query":"one"}`).want(200)
	if found.query.Limit != documents.DefaultLimit || len(found.scope.Sources) != 1 || found.scope.Sources[0] != "default" {
		t.Errorf("without sources asked %+v in %+v", found.query, found.scope)
	}
	for _, body := range []string{`{}`, `{"query":""}`, `{"query":"  "}`, `{"query":"x","limit":21}`, `{"query":"x","sources":["nothing"]}`, `{"query":"x","more":1}`} {
		w.call("POST", "/v1/documents/search", body).want(422)
	}
	found.failure = &tools.InputError{Field: "query", Reason: "no"}
	w.call("POST", "/v1/documents/search", `{"query":"x"}`).want(422)
	found.failure = errors.New("broken")
	w.call("POST", "/v1/documents/search", `{"query":"x"}`).want(500)
	setup(t).call("POST", "/v1/documents/search", `{"query":"x"}`).want(503)
}
