package corpus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools/documents"
)

// Extract reads a document and keeps nothing of it.
func (c *Corpora) Extract(ctx context.Context, name, mediaType string, data []byte) (documents.Extracted, error) {
	return c.extractor.Extract(ctx, name, mediaType, data)
}

// Keep puts a document into a corpus whose text was read by somebody else, such
// as a page of the web, in place of what was there under its URI. Original is
// what the text was read from. The same text of the same original is stored
// once.
func (c *Corpora) Keep(ctx context.Context, corpus, uri string, original []byte, read documents.Extracted) (store.Document, error) {
	if err := checkNames(corpus, uri); err != nil {
		return store.Document{}, err
	}
	doc := store.Document{ID: DocumentID(corpus, uri), Corpus: corpus, URI: uri, Created: time.Now().UTC(), Intake: store.IntakeAdded}
	existing, err := c.store.Document(ctx, corpus, doc.ID)
	switch {
	case err == nil && existing.Unread == "" && existing.Original == blobRef(original) && existing.Snapshot == blobRef([]byte(read.Text)):
		existing.Intake = store.IntakeUnchanged
		return existing, nil
	case err == nil:
		doc.Created, doc.Intake = existing.Created, store.IntakeChanged
	case !errors.Is(err, store.ErrNotFound):
		return store.Document{}, fmt.Errorf("looking for %q in corpus %q: %w", uri, corpus, err)
	}
	return c.keep(ctx, doc, original, read)
}
