package servertest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/quaestor-run/quaestor/runtime/store"
)

// Ingester is a server.Ingester that takes every document for plain text. An
// empty one cannot be read.
type Ingester struct {
	Store store.Store
}

// Remove implements server.Ingester.
func (i Ingester) Remove(ctx context.Context, corpus, id string) error {
	return i.Store.RemoveDocument(ctx, corpus, id)
}

// Ingest implements server.Ingester.
func (i Ingester) Ingest(ctx context.Context, corpus, uri string, content io.Reader) (store.Document, error) {
	text, err := io.ReadAll(content)
	if err != nil {
		return store.Document{}, fmt.Errorf("reading document %q: %w", uri, err)
	}
	ref, err := i.Store.PutBlob(ctx, text)
	if err != nil {
		return store.Document{}, err
	}
	id := sha256.Sum256([]byte(corpus + "\x00" + uri))
	document := store.Document{
		ID: "d_" + hex.EncodeToString(id[:])[:12], Corpus: corpus, URI: uri, Title: uri, MediaType: "text/plain",
		Words: len(strings.Fields(string(text))), Original: ref, Snapshot: ref,
	}
	if len(text) == 0 {
		document.Unread = "the file is empty"
	}
	if err := i.Store.PutDocument(ctx, document); err != nil {
		return store.Document{}, err
	}
	if document.Unread != "" {
		return document, fmt.Errorf("reading %q: %s", uri, document.Unread)
	}
	return i.Store.Document(ctx, corpus, document.ID)
}
