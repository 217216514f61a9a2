package storetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/store"
)

var documentChecks = []check{
	{"documents/keep every field", testDocumentFields},
	{"documents/are replaced by URI", testReplaceDocument},
	{"documents/are listed by URI", testListDocuments},
	{"documents/are not found", func(t *testing.T, s store.Store) {
		_, err := s.Document(t.Context(), "c", "nobody")
		wantError(t, err, store.ErrNotFound, "nobody")
		if err := s.PutDocument(t.Context(), store.Document{ID: "d", Corpus: "c"}); err == nil {
			t.Error("a document without a URI was stored")
		}
		if corpora, err := s.Corpora(t.Context()); err != nil || len(corpora) != 0 {
			t.Errorf("corpora %v, %v, want none", corpora, err)
		}
	}},
	{"documents/are removed", testRemoveDocument},
	{"documents/are found by what they were made of", testDocumentByOriginal},
	{"vectors/are kept by model and text", func(t *testing.T, s store.Store) {
		must(t, s.PutVectors(t.Context(), "m", "sha256:1", []byte{1, 2}))
		must(t, s.PutVectors(t.Context(), "m", "sha256:1", []byte{3, 0, 4}))
		got, err := s.Vectors(t.Context(), "m", "sha256:1")
		if err != nil || !slices.Equal(got, []byte{3, 0, 4}) {
			t.Errorf("got %v, %v", got, err)
		}
		_, err = s.Vectors(t.Context(), "other", "sha256:1")
		wantError(t, err, store.ErrNotFound, "other")
	}},
	{"corpora/change their digest with their documents", testCorpusDigest},
	{"corpora/have a digest that knows no order", testCorpusOrder},
	{"corpora/count what many put at once", testCorpusConcurrently},
}

func document(corpus, uri string) store.Document {
	return store.Document{ID: "d_" + uri, Corpus: corpus, URI: uri, Title: "Title", Snapshot: "sha256:" + uri, Created: moment(0)}
}

func testDocumentFields(t *testing.T, s store.Store) {
	full := store.Document{
		ID: "d_1", Corpus: "briefs ü", URI: "file:///ü/" + strange, Title: strange, MediaType: "text/csv", Year: 2024, Words: 1234,
		Original: "sha256:1", Snapshot: "sha256:2", Segments: json.RawMessage(`[{"heading":"\u0000"}]`), Unread: "encrypted", Created: moment(1),
		Author: "Ä. Nobody", Published: "2024-05", URL: "https://example.org/", Reader: "2", Terms: "sha256:3",
	}
	must(t, s.PutDocument(t.Context(), full))
	must(t, s.PutDocument(t.Context(), store.Document{ID: "d_2", Corpus: "briefs ü", URI: "\xff\x00"}))
	got, err := s.Document(t.Context(), full.Corpus, full.ID)
	must(t, err)
	if !reflect.DeepEqual(got, full) {
		t.Errorf("got %+v, want %+v", got, full)
	}
	bare, err := s.Document(t.Context(), full.Corpus, "d_2")
	must(t, err)
	if time.Since(bare.Created) > time.Minute {
		t.Errorf("created %v, want now", bare.Created)
	}
	bare.Created = time.Time{}
	if want := (store.Document{ID: "d_2", Corpus: "briefs ü", URI: "\uFFFD\uFFFD"}); !reflect.DeepEqual(bare, want) {
		t.Errorf("got %+v, want %+v", bare, want)
	}
}

func testReplaceDocument(t *testing.T, s store.Store) {
	first := document("c", "u")
	must(t, s.PutDocument(t.Context(), first))
	same := first
	same.Created = moment(5)
	must(t, s.PutDocument(t.Context(), same))
	read := func() store.Document {
		t.Helper()
		got, err := s.Document(t.Context(), "c", first.ID)
		must(t, err)
		return got
	}
	if got := read(); !reflect.DeepEqual(got, first) {
		t.Errorf("the same again: got %+v, want %+v", got, first)
	}
	other := same
	other.Title, other.Snapshot, other.Words = "New", "sha256:new", 7
	must(t, s.PutDocument(t.Context(), other))
	if got := read(); !reflect.DeepEqual(got, other) {
		t.Errorf("got %+v, want %+v", got, other)
	}
	if n := corpus(t, s, "c").Documents; n != 1 {
		t.Errorf("%d documents, want 1", n)
	}
}

func testListDocuments(t *testing.T, s store.Store) {
	want := []string{"A", "B", "Z", "a", "b-1", "b1", "ä", "é"} // by bytes, whatever the database's language
	for _, uri := range []string{"é", "b1", "a", "Z", "B", "ä", "b-1", "A"} {
		must(t, s.PutDocument(t.Context(), document("c", uri)))
		must(t, s.PutDocument(t.Context(), document("other", uri)))
	}
	var got []string
	after := ""
	for {
		page, err := s.DocumentsIn(t.Context(), "c", after, 3)
		must(t, err)
		if len(page) == 0 {
			break
		}
		for _, d := range page {
			got = append(got, d.URI)
		}
		after = got[len(got)-1]
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func corpus(t *testing.T, s store.Store, name string) store.Corpus {
	t.Helper()
	corpora, err := s.Corpora(t.Context())
	must(t, err)
	for _, c := range corpora {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no corpus %q among %v", name, corpora)
	return store.Corpus{}
}

func testCorpusDigest(t *testing.T, s store.Store) {
	for n := range 5 {
		must(t, s.PutDocument(t.Context(), document("c", fmt.Sprint(n))))
		must(t, s.PutDocument(t.Context(), document("other", fmt.Sprint(n))))
	}
	other, seen := corpus(t, s, "other"), map[string]string{corpus(t, s, "c").Digest: "the start"}
	original := document("c", "3")
	for name, change := range map[string]func(*store.Document){
		"snapshot": func(d *store.Document) { d.Snapshot = "sha256:x" },
		"title":    func(d *store.Document) { d.Title = "x" },
		"unread":   func(d *store.Document) { d.Unread = "x" },
		"author":   func(d *store.Document) { d.Author = "x" },
		"terms":    func(d *store.Document) { d.Terms = "x" },
		"year":     func(d *store.Document) { d.Year = 1999 },
		"segments": func(d *store.Document) { d.Segments = json.RawMessage(`[]`) },
		"new":      func(d *store.Document) { d.ID, d.URI = "d_new", "new" },
	} {
		d := original
		change(&d)
		must(t, s.PutDocument(t.Context(), d))
		now := corpus(t, s, "c").Digest
		if before, ok := seen[now]; ok {
			t.Errorf("after a change of %s the digest is that of %s", name, before)
		}
		seen[now] = name
	}
	if now := corpus(t, s, "other"); now != other {
		t.Errorf("another corpus changed from %v to %v", other, now)
	}
	if got := corpus(t, s, "c").Documents; got != 6 {
		t.Errorf("%d documents, want 6", got)
	}
}

func testCorpusOrder(t *testing.T, s store.Store) {
	for n := range 10 {
		must(t, s.PutDocument(t.Context(), document("c", fmt.Sprint(n))))
	}
	before := corpus(t, s, "c").Digest
	changed := document("c", "4")
	changed.Title = "for a while"
	must(t, s.PutDocument(t.Context(), changed))
	must(t, s.PutDocument(t.Context(), document("c", "4")))
	if now := corpus(t, s, "c").Digest; now != before {
		t.Errorf("the same documents, digest %s and before %s", now, before)
	}
	for n := 9; n >= 0; n-- {
		must(t, s.PutDocument(t.Context(), document("backwards", fmt.Sprint(n))))
	}
	if got := corpus(t, s, "backwards").Digest; got != before {
		t.Errorf("put backwards: digest %s, want %s", got, before)
	}
}

func testCorpusConcurrently(t *testing.T, s store.Store) {
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			for m := range 5 {
				for _, d := range []store.Document{document("c", fmt.Sprint(n, m)), document("c", fmt.Sprint("shared", m))} {
					if err := s.PutDocument(t.Context(), d); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
	for m := range 5 {
		must(t, s.PutDocument(t.Context(), document("alone", fmt.Sprint("shared", m))))
		for n := range 8 {
			must(t, s.PutDocument(t.Context(), document("alone", fmt.Sprint(n, m))))
		}
	}
	together, alone := corpus(t, s, "c"), corpus(t, s, "alone")
	if together.Documents != 45 || together.Digest != alone.Digest {
		t.Errorf("%+v, want as one by one: %+v", together, alone)
	}
}

func testRemoveDocument(t *testing.T, s store.Store) {
	must(t, s.PutDocument(t.Context(), document("c", "stays")))
	before := corpus(t, s, "c")
	goes := document("c", "goes")
	must(t, s.PutDocument(t.Context(), goes))
	must(t, s.RemoveDocument(t.Context(), "c", goes.ID))
	if now := corpus(t, s, "c"); now != before {
		t.Errorf("after the removal %+v, want as before: %+v", now, before)
	}
	_, err := s.Document(t.Context(), "c", goes.ID)
	wantError(t, err, store.ErrNotFound, goes.ID)
	wantError(t, s.RemoveDocument(t.Context(), "c", goes.ID), store.ErrNotFound, goes.ID)
	wantError(t, s.RemoveDocument(t.Context(), "nowhere", goes.ID), store.ErrNotFound, "nowhere")
}

func testDocumentByOriginal(t *testing.T, s store.Store) {
	made := document("c", "u")
	made.Original, made.Reader = "sha256:bytes", "reader 2"
	must(t, s.PutDocument(t.Context(), made))
	got, err := s.DocumentByOriginal(t.Context(), made.Original, made.Reader)
	must(t, err)
	if !reflect.DeepEqual(got, made) {
		t.Errorf("got %+v, want %+v", got, made)
	}
	_, err = s.DocumentByOriginal(t.Context(), made.Original, "reader 3")
	wantError(t, err, store.ErrNotFound, made.Original)
}
