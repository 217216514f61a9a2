package corpus_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/corpus"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/documents"
	"github.com/quaestor-run/quaestor/tools/toolstest"
)

func setup(tb testing.TB) (*corpus.Corpora, *memory) {
	tb.Helper()
	m := newMemory()
	c := corpus.New(m, corpus.Options{})
	tb.Cleanup(func() {
		if err := c.Close(); err != nil {
			tb.Error(err)
		}
	})
	return c, m
}

func ingest(tb testing.TB, c *corpus.Corpora, name, uri, text string) store.Document {
	tb.Helper()
	doc, err := c.Ingest(tb.Context(), name, uri, strings.NewReader(text))
	if err != nil {
		tb.Fatal(err)
	}
	return doc
}

const fever = "# Fever\n\n## Results\n\nFever fell in 12 of 20 patients (P < 0.05). Cough did not change.\n"

func TestIngestSearchAndVerify(t *testing.T) {
	t.Parallel()
	c, _ := setup(t)
	doc := ingest(t, c, "clinic", "notes/fever.md", fever)
	ingest(t, c, "clinic", "copy of fever.md", fever)
	ingest(t, c, "other", "fever2.md", "# Other\n\nFever is elsewhere too.\n")
	scope := tools.Scope{Sources: []string{"clinic"}}
	found, err := c.Search(t.Context(), scope, documents.Query{Text: "What happened to the fever?"})
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Hits) != 1 || found.Documents != 1 {
		t.Fatalf("found %+v, want one hit: the same text is one source", found)
	}
	hit := found.Hits[0]
	if hit.Heading != "Results" || len(hit.Quotes) != 2 || hit.Quotes[0].Text != "Fever fell in 12 of 20 patients (P < 0.05)." {
		t.Errorf("hit %+v", hit)
	}
	citation := hit.Citation(hit.Quotes[0])
	evidence := agents.Evidence{ID: citation.ID(), Citation: citation}
	if err := c.Verify(t.Context(), evidence); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*agents.Evidence){
		"quote":  func(e *agents.Evidence) { e.Quote = "Fever fell in 13 of 20 patients (P < 0.05)." },
		"place":  func(e *agents.Evidence) { e.Start, e.End = 1<<20, 2<<20; e.ID = e.Citation.ID() },
		"id":     func(e *agents.Evidence) { e.ID = "e_000000000000" },
		"source": func(e *agents.Evidence) { e.SHA256 = strings.Repeat("0", 64); e.ID = e.Citation.ID() },
	} {
		forged := evidence
		change(&forged)
		if err := c.Verify(t.Context(), forged); err == nil {
			t.Errorf("evidence with a forged %s was taken for true", name)
		}
	}
	found, err = c.Search(t.Context(), tools.Scope{Sources: []string{doc.ID}}, documents.Query{Text: "fever", Document: doc.ID})
	if err != nil || len(found.Hits) != 1 {
		t.Errorf("searching one document by id: %+v, %v", found, err)
	}
}

func TestScopeIsKept(t *testing.T) {
	t.Parallel()
	c, _ := setup(t)
	ingest(t, c, "open", "a.md", fever)
	secret := ingest(t, c, "secret", "b.csv", "year,deaths\n2001,5\n2002,6\n")
	scope := tools.Scope{Sources: []string{"open"}}
	var input *tools.InputError
	if _, err := c.Table(t.Context(), scope, secret.ID); !errors.As(err, &input) {
		t.Errorf("foreign table: %v, want an input error", err)
	}
	if _, err := c.Search(t.Context(), scope, documents.Query{Text: "deaths", Document: secret.ID}); !errors.As(err, &input) {
		t.Errorf("foreign document: %v, want an input error", err)
	}
	if _, err := c.Search(t.Context(), tools.Scope{Sources: []string{"nowhere"}}, documents.Query{Text: "x"}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unknown corpus: %v", err)
	}
	found, err := c.Search(t.Context(), tools.Scope{}, documents.Query{Text: "fever"})
	if err != nil || len(found.Hits) != 0 {
		t.Errorf("the empty default corpus: %+v, %v", found, err)
	}
	table, err := c.Table(t.Context(), tools.Scope{Sources: []string{"secret"}}, secret.ID)
	if err != nil || table.Rows != 2 || table.Header.Quote != "year,deaths" {
		t.Errorf("table %+v, %v", table, err)
	}
}

func TestSameContentAgainCostsOneLook(t *testing.T) {
	t.Parallel()
	c, m := setup(t)
	first := ingest(t, c, "clinic", "fever.md", fever)
	second := ingest(t, c, "clinic", "fever.md", fever)
	if first.Created != second.Created || len(m.blobs) != 1 {
		t.Errorf("the same again gave %+v and %d blobs", second, len(m.blobs))
	}
	changed := ingest(t, c, "clinic", "fever.md", fever+"\nIt came back later.\n")
	if changed.ID != first.ID || changed.Snapshot == first.Snapshot {
		t.Errorf("changed content gave %+v", changed)
	}
	found, err := c.Search(t.Context(), tools.Scope{Sources: []string{"clinic"}}, documents.Query{Text: "come back later"})
	if err != nil || len(found.Hits) == 0 {
		t.Errorf("a changed document is not found: %+v, %v", found, err)
	}
}

// hugeFile says that it holds 200 MB, and fails the test when it is read.
type hugeFile struct{ t *testing.T }

func (h hugeFile) Read([]byte) (int, error) { h.t.Error("a huge file was read"); return 0, io.EOF }
func (h hugeFile) Len() int                 { return 200 << 20 }

func TestUnreadableDocumentsAreNamed(t *testing.T) {
	t.Parallel()
	c, _ := setup(t)
	for uri, test := range map[string]struct {
		content io.Reader
		problem documents.Problem
	}{
		"empty.md":   {strings.NewReader(""), documents.ProblemEmpty},
		"photo.jpg":  {strings.NewReader("\xff\xd8\xff\xe0\x00\x10JFIF"), documents.ProblemUnsupported},
		"binary.txt": {strings.NewReader("MZ\x00\x00\x01\x02\x03"), documents.ProblemNotText},
		"huge.txt":   {hugeFile{t}, documents.ProblemTooLarge},
		"stream.txt": {io.LimitReader(zeros{}, 200<<20), documents.ProblemTooLarge},
	} {
		doc, err := c.Ingest(t.Context(), "clinic", uri, test.content)
		var read *documents.ReadError
		if !errors.As(err, &read) || read.Problem != test.problem || !strings.Contains(err.Error(), uri) {
			t.Errorf("%s: %v, want %s", uri, err, test.problem)
		}
		if doc.Unread == "" {
			t.Errorf("%s: not kept as unread", uri)
		}
	}
	ingest(t, c, "clinic", "fever.md", fever)
	survey, err := c.Survey(t.Context(), tools.Scope{Sources: []string{"clinic"}}, "fever")
	if err != nil || survey.Total != 6 || len(survey.Unread) != 5 || len(survey.Documents) != 1 {
		t.Errorf("survey %+v, %v", survey, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestSurveyPutsTheTopicFirst(t *testing.T) {
	t.Parallel()
	c, _ := setup(t)
	for i := range 70 {
		ingest(t, c, "mixed", fmt.Sprintf("%02d.md", i), fmt.Sprintf("# Note %d\n\nNothing of interest is here, in note number %d.\n", i, i))
	}
	fevers := ingest(t, c, "mixed", "zz.md", fever)
	table := ingest(t, c, "mixed", "fever cases.csv", "year,fever\n2001,4\n2002,oops,1\n2003,6\n")
	survey, err := c.Survey(t.Context(), tools.Scope{Sources: []string{"mixed"}}, "How is fever treated?")
	if err != nil {
		t.Fatal(err)
	}
	if survey.Total != 72 || len(survey.Documents) != 60 || survey.Documents[0].ID != fevers.ID {
		t.Errorf("total %d, %d documents, first %+v", survey.Total, len(survey.Documents), survey.Documents[0])
	}
	if len(survey.Tables) != 1 || survey.Tables[0].ID != table.ID || survey.Tables[0].Dropped != 1 || survey.Tables[0].Rows != 2 {
		t.Errorf("tables %+v", survey.Tables)
	}
}

func TestManySearchersBuildOnce(t *testing.T) {
	t.Parallel()
	c, m := setup(t)
	for i := range 20 {
		ingest(t, c, "mixed", fmt.Sprintf("%02d.md", i), fmt.Sprintf("# Note %d\n\nFever number %d was high.\n", i, i))
	}
	m.mu.Lock()
	m.reads = 0
	m.mu.Unlock()
	var runs sync.WaitGroup
	for range 50 {
		runs.Go(func() {
			found, err := c.Search(t.Context(), tools.Scope{Sources: []string{"mixed"}}, documents.Query{Text: "fever"})
			if err != nil || len(found.Hits) != 8 {
				t.Errorf("%d hits, %v", len(found.Hits), err)
			}
		})
	}
	runs.Wait()
	if m.reads != 20 {
		t.Errorf("%d snapshots were read, want each of 20 once", m.reads)
	}
}

// digitalHealth gives the files of the real data the main job runs on.
func digitalHealth(tb testing.TB) map[string][]byte {
	tb.Helper()
	root := toolstest.Data(tb, "digital-health")
	files := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[path], err = os.ReadFile(filepath.Join(root, path))
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return files
}

func TestRealDocuments(t *testing.T) {
	t.Parallel()
	c, _ := setup(t)
	for name, data := range digitalHealth(t) {
		if doc, err := c.Ingest(t.Context(), corpus.Default, name, strings.NewReader(string(data))); err != nil || doc.Title == "" || doc.Words == 0 {
			t.Fatalf("%s: %+v, %v", name, doc, err)
		}
	}
	survey, err := c.Survey(t.Context(), tools.Scope{}, "How is AI changing medical devices and care?")
	if err != nil {
		t.Fatal(err)
	}
	if len(survey.Documents) != 60 || len(survey.Tables) != 3 || survey.Total != 63 {
		t.Errorf("%d documents, %d tables of %d", len(survey.Documents), len(survey.Tables), survey.Total)
	}
	tool, err := documents.New(c)
	if err != nil {
		t.Fatal(err)
	}
	result, err := tool.Call(t.Context(), tools.Scope{}, json.RawMessage(`{"query":"acute appendicitis in the elderly","limit":20}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Citations) < 20 {
		t.Errorf("only %d sentences", len(result.Citations))
	}
	for _, citation := range result.Citations {
		if err := c.Verify(t.Context(), agents.Evidence{ID: citation.ID(), Citation: citation}); err != nil {
			t.Error(err)
		}
	}
}

func BenchmarkIngestAndIndex(b *testing.B) {
	files := digitalHealth(b)
	names := slices.Sorted(maps.Keys(files))
	for b.Loop() {
		c := corpus.New(newMemory(), corpus.Options{})
		for _, name := range names {
			if _, err := c.Ingest(b.Context(), corpus.Default, name, strings.NewReader(string(files[name]))); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := c.Survey(b.Context(), tools.Scope{}, "How is AI changing medical devices and care?"); err != nil {
			b.Fatal(err)
		}
		if err := c.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	c, _ := setup(b)
	for name, data := range digitalHealth(b) {
		if _, err := c.Ingest(b.Context(), corpus.Default, name, strings.NewReader(string(data))); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, err := c.Search(b.Context(), tools.Scope{}, documents.Query{Text: "How is AI changing medical devices and care?"}); err != nil {
			b.Fatal(err)
		}
	}
}
