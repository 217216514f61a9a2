package corpus

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/web"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/documents"
)

// pageSize is how many documents are listed at a time.
const pageSize = 200

// sourceSet is what the sources of a scope hold, at one state of their
// corpora: an index over the texts, and what is known of every document.
type sourceSet struct {
	index    *documents.Index
	indexed  []store.Document // as in the index, without segments
	unread   []store.Document
	notes    []string                  // what else bounds what can be found
	texts    int                       // documents with text, tables aside
	places   map[string]int            // in indexed, by id; of duplicates too
	original map[string]store.Document // by id; with the duplicates
	vectors  vectors

	inspecting   sync.Mutex // guards what follows
	inspected    bool
	instructions []agents.Instruction
}

// open gives the set of a scope, built or from the cache. A corpus that has
// changed since gives another set.
func (c *Corpora) open(ctx context.Context, scope tools.Scope) (*sourceSet, error) {
	parts, key, err := c.resolve(ctx, scope.Sources)
	if err != nil {
		return nil, err
	}
	if scope.Published != (tools.Window{}) {
		key += "\nfrom " + scope.Published.From + " to " + scope.Published.To
	}
	return c.sets.get(ctx, key, func(ctx context.Context) (*sourceSet, int64, error) {
		return c.load(ctx, parts, scope.Published)
	})
}

// part is a corpus, or one document of it.
type part struct{ corpus, document string }

// resolve finds out what sources mean, and a key that changes when any of the
// corpora does.
func (c *Corpora) resolve(ctx context.Context, sources []string) ([]part, string, error) {
	corpora, err := c.store.Corpora(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("listing corpora: %w", err)
	}
	digests := map[string]string{}
	for _, corpus := range corpora {
		digests[corpus.Name] = corpus.Digest
	}
	if len(sources) == 0 {
		return []part{{corpus: Default}}, "corpus " + Default + " " + digests[Default], nil
	}
	var parts []part
	var keys []string
	for _, source := range slices.Compact(slices.Sorted(slices.Values(sources))) {
		p := part{corpus: source}
		if strings.HasPrefix(source, "d_") {
			if p, err = c.locate(ctx, corpora, source); err != nil {
				return nil, "", err
			}
		} else if _, ok := digests[source]; !ok {
			return nil, "", fmt.Errorf("source %q: there is no such corpus; upload documents to it first: %w", source, store.ErrNotFound)
		}
		parts = append(parts, p)
		keys = append(keys, "corpus "+p.corpus+" "+digests[p.corpus]+" "+p.document)
	}
	return parts, strings.Join(keys, "\n"), nil
}

// locate finds the corpus of a document.
func (c *Corpora) locate(ctx context.Context, corpora []store.Corpus, id string) (part, error) {
	for _, corpus := range corpora {
		_, err := c.store.Document(ctx, corpus.Name, id)
		if err == nil {
			return part{corpus: corpus.Name, document: id}, nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return part{}, fmt.Errorf("looking for document %s: %w", id, err)
		}
	}
	return part{}, fmt.Errorf("source %q: there is no such document: %w", id, store.ErrNotFound)
}

// load reads the documents of a set and indexes them. The same text under
// several URIs is indexed once, under the first of them.
func (c *Corpora) load(ctx context.Context, parts []part, window tools.Window) (*sourceSet, int64, error) {
	loader := setLoader{
		corpora: c, window: window, set: &sourceSet{places: map[string]int{}, original: map[string]store.Document{}},
		seen: map[string]int{}, outside: map[string]bool{},
	}
	for _, p := range parts {
		if err := loader.part(ctx, p); err != nil {
			return nil, 0, err
		}
	}
	if n := len(loader.outside); n > 0 {
		loader.set.notes = append(loader.set.notes, fmt.Sprintf("Left out were %d documents published outside of the dates that were asked for (%s).", n, span(window)))
	}
	index, err := documents.NewIndex(ctx, loader.sources)
	if err != nil {
		return nil, 0, err
	}
	loader.set.index = index
	return loader.set, index.Size() + int64(len(loader.set.original))*512, nil
}

type setLoader struct {
	corpora *Corpora
	set     *sourceSet
	sources []documents.Source
	seen    map[string]int // snapshots, and their place
	window  tools.Window
	outside map[string]bool // of the window, by URI
	text    int64
}

func (l *setLoader) part(ctx context.Context, p part) error {
	if p.document != "" {
		doc, err := l.corpora.store.Document(ctx, p.corpus, p.document)
		if err != nil {
			return fmt.Errorf("reading document %s: %w", p.document, err)
		}
		parts, err := l.corpora.partsOf(ctx, p.corpus, doc.URI)
		if err != nil {
			return err
		}
		for _, doc := range append([]store.Document{doc}, parts...) {
			if err := l.add(ctx, doc); err != nil {
				return err
			}
		}
		return nil
	}
	after := ""
	for {
		page, err := l.corpora.store.DocumentsIn(ctx, p.corpus, after, pageSize)
		if err != nil {
			return fmt.Errorf("listing corpus %q: %w", p.corpus, err)
		}
		for _, doc := range page {
			if err := l.add(ctx, doc); err != nil {
				return err
			}
		}
		if len(page) < pageSize {
			return nil
		}
		after = page[len(page)-1].URI
	}
}

func (l *setLoader) add(ctx context.Context, doc store.Document) error {
	if _, ok := l.set.original[doc.ID]; ok {
		return nil
	}
	if l.leftOut(doc) {
		return nil
	}
	segments := doc.Segments
	doc.Segments = nil
	if doc.Unread != "" {
		l.set.unread = append(l.set.unread, doc)
		return nil
	}
	l.set.original[doc.ID] = doc
	if place, ok := l.seen[doc.Snapshot]; ok {
		l.set.places[doc.ID] = place
		return nil
	}
	source := documents.Source{
		ID: doc.ID, Title: doc.Title, URI: doc.URI, Year: doc.Year, Author: doc.Author, Published: doc.Published, Tier: tierOf(doc.URL),
		SHA256: strings.TrimPrefix(doc.Snapshot, "sha256:"),
	}
	text, err := l.corpora.store.Blob(ctx, doc.Snapshot)
	if err != nil {
		return fmt.Errorf("fetching the text of %q: %w", doc.URI, err)
	}
	if l.text+int64(len(text)) > l.corpora.maxText {
		doc.Unread = fmt.Sprintf("left out of the search, which holds %d MB of text at most; name fewer sources", l.corpora.maxText>>20)
		l.set.unread = append(l.set.unread, doc)
		delete(l.set.original, doc.ID)
		return nil
	}
	if isTable(doc.MediaType) {
		source.Title += " " + firstLine(text) // the names of its columns tell what it is about
	} else {
		if err := l.cut(ctx, doc, segments, &source); err != nil {
			return err
		}
		source.Text = unsafe.String(unsafe.SliceData(text), len(text)) // nobody may change a blob, and a copy of all of them is much
		l.text += int64(len(text))
		l.set.texts++
	}
	l.seen[doc.Snapshot], l.set.places[doc.ID] = len(l.sources), len(l.sources)
	l.sources = append(l.sources, source)
	l.set.indexed = append(l.set.indexed, doc)
	return nil
}

// leftOut says that a document, or what it is a part of, was published outside
// of the window. What bears no date may lie in it.
func (l *setLoader) leftOut(doc store.Document) bool {
	published := doc.Published
	if published == "" && doc.Year > 0 {
		published = fmt.Sprintf("%04d", doc.Year)
	}
	if whole := doc.Corpus + "\x00" + partOf(doc.URI); l.outside[whole] || !l.window.Admits(published) {
		l.outside[doc.Corpus+"\x00"+doc.URI] = true
		return true
	}
	return false
}

func span(window tools.Window) string {
	return cmp.Or(window.From, "the beginning") + " to " + cmp.Or(window.To, "today")
}

// cut finds how the text of a document is cut into passages: by the terms that
// were prepared for it, or else by its segments.
func (l *setLoader) cut(ctx context.Context, doc store.Document, segments []byte, source *documents.Source) error {
	if doc.Terms != "" {
		terms, err := l.corpora.store.Blob(ctx, doc.Terms)
		if err != nil {
			return fmt.Errorf("fetching the terms of %q: %w", doc.URI, err)
		}
		if documents.Prepared(terms) {
			source.Prepared = terms
			return nil
		}
	}
	if err := json.Unmarshal(segments, &source.Segments); err != nil {
		return fmt.Errorf("reading the segments of %q: %w", doc.URI, err)
	}
	return nil
}

// tierOf is the kind of place a document was published in; empty for those that
// name none.
func tierOf(address string) string {
	if parsed, err := url.Parse(address); address != "" && err == nil && parsed.Hostname() != "" {
		return string(web.TierOf(parsed.Hostname()))
	}
	return ""
}

func firstLine(text []byte) string {
	line, _, _ := strings.Cut(string(text[:min(len(text), 4096)]), "\n")
	return strings.ToValidUTF8(line, "")
}
