// Package corpus binds the documents in the store to what runs do with them:
// it takes documents in, searches them, reads tables, surveys what there is,
// and checks quotes against their snapshots.
package corpus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/documents"
)

// Default is the corpus of runs that name no sources.
const Default = "default"

// Store is the part of [store.Store] that corpora are kept in.
type Store interface {
	store.Blobs
	store.Documents
}

// Options configure [New]. Zero values mean the defaults.
type Options struct {
	Limits documents.Limits
	// CacheDir keeps the compiled PDF engine between processes; see
	// [documents.ExtractorOptions].
	CacheDir string
	// Scans reads pages of PDFs that are pictures; without it they are gaps.
	Scans documents.Recognizer
	// Meaning makes vectors of texts; without it passages are found by their
	// words alone.
	Meaning Embedder
	// IndexBytes bounds the memory of all cached indexes together, and the
	// text of one set of sources; 256 MB.
	IndexBytes int64
	// TableBytes bounds the memory of all cached tables together; 64 MB.
	TableBytes int64
}

// Corpora gives access to the documents of a store. It is safe for concurrent
// use.
type Corpora struct {
	store     Store
	limits    documents.Limits
	reader    string // see readerVersion; with "+ocr" where scans are read
	extractor *documents.Extractor
	maxText   int64
	meaning   Embedder
	sets      *cache[*sourceSet]
	tables    *cache[*tools.Table]
}

// New makes the corpora of a store.
func New(s Store, options Options) *Corpora {
	if options.IndexBytes <= 0 {
		options.IndexBytes = 256 << 20
	}
	if options.TableBytes <= 0 {
		options.TableBytes = 64 << 20
	}
	reader := readerVersion
	if options.Scans != nil {
		reader += "+ocr"
	}
	return &Corpora{
		store:     s,
		limits:    options.Limits,
		reader:    reader,
		extractor: documents.NewExtractor(documents.ExtractorOptions{Limits: options.Limits, CacheDir: options.CacheDir, Scans: options.Scans}),
		maxText:   options.IndexBytes,
		meaning:   options.Meaning,
		sets:      newCache[*sourceSet](options.IndexBytes),
		tables:    newCache[*tools.Table](options.TableBytes),
	}
}

// Close frees what reading PDFs has started.
func (c *Corpora) Close() error { return c.extractor.Close() }

// DocumentID names a document: "d_" and 12 hexadecimal digits over corpus and
// URI.
func DocumentID(corpus, uri string) string {
	sum := sha256.Sum256([]byte(corpus + "\x00" + uri))
	return "d_" + hex.EncodeToString(sum[:])[:12]
}

// Search implements [documents.Searcher] over the sources of the scope.
func (c *Corpora) Search(ctx context.Context, scope tools.Scope, q documents.Query) (documents.Found, error) {
	set, err := c.open(ctx, scope)
	if err != nil {
		return documents.Found{}, err
	}
	found := documents.Found{Documents: set.texts}
	if q.Document != "" {
		place, ok := set.places[q.Document]
		if !ok {
			return documents.Found{}, &tools.InputError{Field: "document", Reason: fmt.Sprintf("no document %q among the sources of this run; leave it out to search all", q.Document)}
		}
		q.Document = set.indexed[place].ID // where it was indexed, if it is a duplicate
		found.Documents = 1
	}
	q.Nearest, found.Note = c.nearest(ctx, scope, set, q.Text)
	found.Hits, err = set.index.Search(ctx, q)
	return found, err
}

// Snapshot gives the text of a snapshot by its blob ref.
func (c *Corpora) Snapshot(ctx context.Context, ref string) (string, error) {
	text, err := c.store.Blob(ctx, ref)
	if err != nil {
		return "", fmt.Errorf("fetching snapshot %s: %w", ref, err)
	}
	return string(text), nil
}
