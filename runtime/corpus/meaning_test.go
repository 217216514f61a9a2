package corpus_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/corpus"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/documents"
)

// meanings is an embedder to whom texts with words of one group mean the same.
type meanings struct {
	mu     sync.Mutex
	groups [][]string
	texts  []string // that were asked for
	runs   []string
	err    error
}

func (m *meanings) Model() string { return "meanings-1" }

func (m *meanings) Embed(_ context.Context, scope tools.Scope, texts []string) ([][]float32, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return nil, m.err
	}
	m.texts, m.runs = append(m.texts, texts...), append(m.runs, scope.Run)
	made := make([][]float32, len(texts))
	for i, text := range texts {
		vector := make([]float32, len(m.groups)+1)
		vector[len(m.groups)] = 0.1
		for g, group := range m.groups {
			for _, word := range group {
				if strings.Contains(strings.ToLower(text), word) {
					vector[g]++
				}
			}
		}
		made[i] = vector
	}
	return made, nil
}

func meaningful(t *testing.T, m *memory, e corpus.Embedder) *corpus.Corpora {
	t.Helper()
	c := corpus.New(m, corpus.Options{Meaning: e})
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestSearchByMeaning(t *testing.T) {
	t.Parallel()
	m, e := newMemory(), &meanings{groups: [][]string{{"heart attack", "myocardial infarction"}, {"sleep", "slumber"}}}
	c := meaningful(t, m, e)
	ingest(t, c, "clinic", "heart.md", "# Coronary disease\n\nMyocardial infarction was rare among those who walked each day.\n")
	ingest(t, c, "clinic", "sleep.md", "# Slumber\n\nSlumber of eight hours helped the nurses of the ward.\n")
	for i := range 20 {
		ingest(t, c, "clinic", fmt.Sprintf("%d.md", i), fmt.Sprintf("# Note %d\n\nThe attack of the team was strong in game number %d.\n", i, i))
	}
	scope := tools.Scope{Run: "r_1", Sources: []string{"clinic"}}
	query := documents.Query{Text: "who suffers a heart attack"}
	found, err := c.Search(t.Context(), scope, query)
	if err != nil || found.Note == "" || slices.ContainsFunc(found.Hits, func(h documents.Hit) bool { return h.URI == "heart.md" }) {
		t.Errorf("before there are vectors: %q, %v", found.Note, err)
	}
	if _, err := c.Survey(t.Context(), scope, "health"); err != nil {
		t.Fatal(err)
	}
	found, err = c.Search(t.Context(), scope, query)
	if err != nil || found.Note != "" || !slices.ContainsFunc(found.Hits[:2], func(h documents.Hit) bool { return h.URI == "heart.md" }) {
		t.Errorf("by meaning: %+v, %v", found, err)
	}
	paid := len(e.texts)
	if paid != 22+1 || e.runs[0] != "r_1" {
		t.Errorf("%d texts were embedded for %q, want each of 22 passages and the query once", paid, e.runs)
	}
	again := meaningful(t, m, e) // another process
	ingest(t, again, "copy", "heart.md", "# Coronary disease\n\nMyocardial infarction was rare among those who walked each day.\n")
	for _, name := range []string{"clinic", "copy"} {
		survey, err := again.Survey(t.Context(), tools.Scope{Run: "r_2", Sources: []string{name}}, "health")
		if err != nil || len(survey.Notes) != 0 {
			t.Errorf("%+v, %v", survey.Notes, err)
		}
	}
	if len(e.texts) != paid {
		t.Errorf("%q were paid for again", e.texts[paid:])
	}
}

func TestMeaningThatFailsLeavesTheWords(t *testing.T) {
	t.Parallel()
	m, e := newMemory(), &meanings{err: errors.New("the budget of the run is used up")}
	c := meaningful(t, m, e)
	ingest(t, c, "clinic", "fever.md", fever)
	scope := tools.Scope{Sources: []string{"clinic"}}
	survey, err := c.Survey(t.Context(), scope, "fever")
	if err != nil || len(survey.Notes) != 1 || !strings.Contains(survey.Notes[0], "budget") || len(survey.Documents) != 1 {
		t.Errorf("survey %+v, %v", survey, err)
	}
	found, err := c.Search(t.Context(), scope, documents.Query{Text: "fever"})
	if err != nil || len(found.Hits) != 1 || !strings.Contains(found.Note, "words alone") {
		t.Errorf("found %+v, %v", found, err)
	}
}
