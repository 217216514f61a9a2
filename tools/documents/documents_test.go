package documents

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/tools"
)

// oneIndex searches one index, whatever the scope.
type oneIndex struct{ *Index }

func (o oneIndex) Search(ctx context.Context, _ tools.Scope, q Query) (Found, error) {
	hits, err := o.Index.Search(ctx, q)
	return Found{Hits: hits, Documents: o.Len()}, err
}

func newTool(t *testing.T, texts ...string) tools.Tool {
	t.Helper()
	var sources []Source
	for i, text := range texts {
		sources = append(sources, Source{
			ID: "d_" + string(rune('a'+i)), Title: "Title", Text: text, SHA256: "hash",
			Segments: []Segment{{Heading: "Part", Blocks: []Block{{End: len(text), Page: 3}}}},
		})
	}
	index, err := NewIndex(t.Context(), sources)
	if err != nil {
		t.Fatal(err)
	}
	tool, err := New(oneIndex{index})
	if err != nil {
		t.Fatal(err)
	}
	return tool
}

func TestToolCitesEverySentenceItShows(t *testing.T) {
	t.Parallel()
	tool := newTool(t, "Rain fell on the town all night. The river rose by two metres.", "Nothing here is about that.")
	result, err := tool.Call(t.Context(), tools.Scope{}, json.RawMessage(`{"query":"river and rain"}`))
	if err != nil {
		t.Fatal(err)
	}
	var out Output
	if err := json.Unmarshal(result.Value, &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Hits) != 1 || out.SearchedDocuments != 2 || len(out.Hits[0].Sentences) != 2 || len(result.Citations) != 2 {
		t.Fatalf("%s with %d citations", result.Value, len(result.Citations))
	}
	for i, sentence := range out.Hits[0].Sentences {
		if citation := result.Citations[i]; sentence.ID != citation.ID() || sentence.Text != citation.Quote || citation.Page != 3 {
			t.Errorf("sentence %+v is cited as %+v", sentence, citation)
		}
	}
}

func TestToolRefusesAnEmptyQuery(t *testing.T) {
	t.Parallel()
	var input *tools.InputError
	for _, arguments := range []string{`{"query":"  "}`, `{"query":""}`, `{}`, `{"query":"x","limit":99}`} {
		if _, err := newTool(t).Call(t.Context(), tools.Scope{}, json.RawMessage(arguments)); !errors.As(err, &input) {
			t.Errorf("%s: %v, want an input error", arguments, err)
		}
	}
}

func TestSearchSpreadsOverDocuments(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Rain is what this long paper about rain is all about here. ", 14)
	blocks := func(text string, n int) (string, []Segment) {
		segment := Segment{}
		var all strings.Builder
		for i := range n {
			start := all.Len()
			all.WriteString(text + strings.Repeat("x", i) + ". ")
			segment.Blocks = append(segment.Blocks, Block{Start: start, End: all.Len()})
		}
		return all.String(), []Segment{segment}
	}
	text, segments := blocks(long, 12)
	sources := []Source{{ID: "d_long", Text: text, Segments: segments}}
	for _, id := range []string{"d_1", "d_2", "d_3", "d_4", "d_5"} {
		text := "Some rain fell over the village of " + id + "."
		sources = append(sources, Source{ID: id, Text: text, Segments: []Segment{{Blocks: []Block{{End: len(text)}}}}})
	}
	index, err := NewIndex(t.Context(), sources)
	if err != nil {
		t.Fatal(err)
	}
	hits, err := index.Search(t.Context(), Query{Text: "rain"})
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for i, hit := range hits {
		count[hit.Document]++
		if i > 0 && hit.Score > hits[i-1].Score {
			t.Errorf("hit %d scores more than the one before", i)
		}
	}
	if len(hits) != DefaultLimit || count["d_long"] != perDocument || len(count) != 6 {
		t.Errorf("hits by document: %v", count)
	}
	only, err := index.Search(t.Context(), Query{Text: "rain", Document: "d_long", Limit: 5})
	if err != nil || len(only) != 5 {
		t.Errorf("%d hits in one document, %v", len(only), err)
	}
}

func TestSearchFindsAcronymsAndVariants(t *testing.T) {
	t.Parallel()
	for query, text := range map[string]string{
		"Is double balloon enteroscopy safe?": "In 2007 there were 88 DBE procedures done.",
		"the nurse cystoscopist":              "Bladder tumours were seen by flexible cystoscopy.",
		"diseases of the oesophagus":          "The esophagus is where disease was seen.",
		"Café in Zürich":                      "A cafe of Zurich was opened in spring.",
		"rain \u0301\u0302 ́":                 "Rain fell on \u0301 \u0301\u0302 the roofs.", // marks alone are no words
		"無線LAN":                               "公衆無線を安全に使うための方法。",
	} {
		index, err := NewIndex(t.Context(), []Source{
			{ID: "d_1", Text: text, Segments: []Segment{{Blocks: []Block{{End: len(text)}}}}},
			{ID: "d_2", Text: "Other words stand here.", Segments: []Segment{{Blocks: []Block{{End: 23}}}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if hits, err := index.Search(t.Context(), Query{Text: query}); err != nil || len(hits) != 1 || hits[0].Document != "d_1" {
			t.Errorf("%q found %+v, %v", query, hits, err)
		}
	}
}
