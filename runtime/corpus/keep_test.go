package corpus_test

import (
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/corpus"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/documents"
)

func TestKeepKeepsTheTextThatWasRead(t *testing.T) {
	t.Parallel()
	m := newMemory()
	c := corpus.New(m, corpus.Options{})
	t.Cleanup(func() { c.Close() })
	read, err := c.Extract(t.Context(), "page.html", "text/html", []byte("<article><h1>Trains</h1><p>Night trains reduced flights by eight per cent.</p></article>"))
	if err != nil {
		t.Fatal(err)
	}
	read.Title = "A title of its own"
	first, err := c.Keep(t.Context(), "web-r_1", "https://a.example.com/x", []byte("the page as it came"), read)
	if err != nil || first.Title != "A title of its own" || first.MediaType != documents.HTML {
		t.Fatalf("kept %+v, %v", first, err)
	}
	again, err := c.Keep(t.Context(), "web-r_1", "https://a.example.com/x", []byte("the page as it came"), read)
	if err != nil || !again.Created.Equal(first.Created) || again.Snapshot != first.Snapshot {
		t.Errorf("kept again: %+v, %v", again, err)
	}
	found, err := c.Search(t.Context(), tools.Scope{Sources: []string{"web-r_1"}}, documents.Query{Text: "flights"})
	if err != nil || len(found.Hits) != 1 || found.Hits[0].Quotes[0].Text != "Night trains reduced flights by eight per cent." {
		t.Errorf("found %+v, %v", found, err)
	}
	if original, err := m.Blob(t.Context(), first.Original); err != nil || string(original) != "the page as it came" {
		t.Errorf("the original is %q, %v", original, err)
	}
	if _, err := c.Keep(t.Context(), "web-r_1", strings.Repeat("x", 2000), nil, read); err == nil {
		t.Error("a name of 2000 bytes is kept")
	}
}
