package corpus

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools/documents"
)

// reuse takes over what was read of the same bytes under another name or in
// another corpus, with its parts. Where nothing was, it gives doc as it is.
func (c *Corpora) reuse(ctx context.Context, doc store.Document, mediaType string) (store.Document, error) {
	twin, err := c.store.DocumentByOriginal(ctx, doc.Original, doc.Reader)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return doc, nil
	case err != nil:
		return store.Document{}, fmt.Errorf("looking for what %q was read to: %w", doc.URI, err)
	}
	// What is read of bytes depends on the ending of their name, too, and for
	// attachments on the type they declare.
	if !strings.EqualFold(path.Ext(twin.URI), path.Ext(doc.URI)) || mediaType != "" && partOf(twin.URI) == "" || mediaType == "" && partOf(twin.URI) != "" {
		return doc, nil
	}
	parts, err := c.partsOf(ctx, twin.Corpus, twin.URI)
	if err != nil {
		return store.Document{}, err
	}
	kept := map[string]bool{}
	for _, part := range parts {
		name := strings.TrimPrefix(part.URI, PartURI(twin.URI, ""))
		top, _, _ := strings.Cut(name, partMark)
		kept[top] = true
		uri := PartURI(doc.URI, name)
		if len(uri) > maxURI {
			return doc, nil
		}
		copied := part
		copied.Corpus, copied.URI, copied.ID, copied.Created = doc.Corpus, uri, DocumentID(doc.Corpus, uri), doc.Created
		copied.Title = renamed(part, uri)
		if err := c.store.PutDocument(ctx, copied); err != nil {
			return store.Document{}, fmt.Errorf("storing %q in corpus %q: %w", uri, doc.Corpus, err)
		}
	}
	if err := c.removeParts(ctx, doc.Corpus, doc.URI, kept); err != nil {
		return store.Document{}, err
	}
	copied := twin
	copied.Corpus, copied.URI, copied.ID, copied.Created = doc.Corpus, doc.URI, doc.ID, doc.Created
	copied.Title = renamed(twin, doc.URI)
	if err := c.store.PutDocument(ctx, copied); err != nil {
		return store.Document{}, fmt.Errorf("storing %q in corpus %q: %w", doc.URI, doc.Corpus, err)
	}
	copied.Intake = store.IntakeReused
	return copied, nil
}

// renamed is the title of a document under another name: its own, unless it had
// it from its name.
func renamed(doc store.Document, uri string) string {
	switch doc.Title {
	case doc.URI:
		return uri
	case documents.TitleOf(doc.URI):
		return documents.TitleOf(uri)
	}
	return doc.Title
}
