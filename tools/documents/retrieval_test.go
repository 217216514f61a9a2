package documents

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/tools/toolstest"
)

type question struct {
	Question string   `json:"QUESTION"`
	Contexts []string `json:"CONTEXTS"`
}

func readQuestions(tb testing.TB) (map[string]question, []Source) {
	tb.Helper()
	raw, err := os.ReadFile(toolstest.Data(tb, "pubmedqa", "dev.json"))
	if err != nil {
		tb.Fatal(err)
	}
	questions := map[string]question{}
	if err := json.Unmarshal(raw, &questions); err != nil {
		tb.Fatal(err)
	}
	var sources []Source
	for _, id := range slices.Sorted(maps.Keys(questions)) {
		text := strings.Join(questions[id].Contexts, "\n\n")
		segment := Segment{}
		start := 0
		for _, context := range questions[id].Contexts {
			segment.Blocks = append(segment.Blocks, Block{Start: start, End: start + len(context)})
			start += len(context) + 2
		}
		sources = append(sources, Source{ID: id, Text: text, Segments: []Segment{segment}})
	}
	return questions, sources
}

func TestRetrieval(t *testing.T) {
	t.Parallel()
	questions, sources := readQuestions(t)
	index, err := NewIndex(t.Context(), sources)
	if err != nil {
		t.Fatal(err)
	}
	first, among := 0, 0
	for _, source := range sources {
		hits, err := index.Search(t.Context(), Query{Text: questions[source.ID].Question, Limit: MaxLimit})
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, hit := range hits {
			if !slices.Contains(found, hit.Document) {
				found = append(found, hit.Document)
			}
		}
		place := slices.Index(found, source.ID)
		if place == 0 {
			first++
		} else {
			t.Logf("place %d: %s", place+1, questions[source.ID].Question)
		}
		if place >= 0 && place < 10 {
			among++
		}
	}
	n := float64(len(sources))
	t.Logf("recall@1 %.3f, recall@10 %.3f", float64(first)/n, float64(among)/n)
	if float64(first)/n < 0.97 || float64(among)/n < 0.995 {
		t.Errorf("recall@1 %.3f (wanted 0.970), recall@10 %.3f (wanted 0.995)", float64(first)/n, float64(among)/n)
	}
}
