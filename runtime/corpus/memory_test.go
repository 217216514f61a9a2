package corpus_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/quaestor-run/quaestor/runtime/store"
)

// memory is a store of documents in memory.
type memory struct {
	mu    sync.Mutex
	blobs map[string][]byte
	docs  map[string]store.Document // by corpus and URI
	reads int                       // of blobs
}

func newMemory() *memory {
	return &memory{blobs: map[string][]byte{}, docs: map[string]store.Document{}}
}

func (m *memory) PutBlob(_ context.Context, data []byte) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	sum := sha256.Sum256(data)
	ref := "sha256:" + hex.EncodeToString(sum[:])
	m.blobs[ref] = slices.Clone(data)
	return ref, nil
}

func (m *memory) Blob(_ context.Context, ref string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	data, ok := m.blobs[ref]
	if !ok {
		return nil, store.ErrNotFound
	}
	return slices.Clone(data), nil
}

func (m *memory) PutDocument(_ context.Context, doc store.Document) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.docs[doc.Corpus+"\x00"+doc.URI] = doc
	return nil
}

func (m *memory) Document(_ context.Context, name, id string) (store.Document, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, doc := range m.docs {
		if doc.Corpus == name && doc.ID == id {
			return doc, nil
		}
	}
	return store.Document{}, store.ErrNotFound
}

func (m *memory) RemoveDocument(_ context.Context, name, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, doc := range m.docs {
		if doc.Corpus == name && doc.ID == id {
			delete(m.docs, key)
			return nil
		}
	}
	return store.ErrNotFound
}

func (m *memory) PutVectors(_ context.Context, model, snapshot string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.blobs[model+" "+snapshot] = slices.Clone(data)
	return nil
}

func (m *memory) Vectors(_ context.Context, model, snapshot string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.blobs[model+" "+snapshot]
	if !ok {
		return nil, store.ErrNotFound
	}
	return data, nil
}

func (m *memory) DocumentByOriginal(_ context.Context, original, reader string) (store.Document, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(m.docs)) {
		if doc := m.docs[key]; doc.Original == original && doc.Reader == reader {
			return doc, nil
		}
	}
	return store.Document{}, store.ErrNotFound
}

func (m *memory) DocumentsIn(_ context.Context, name, after string, limit int) ([]store.Document, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var page []store.Document
	for _, key := range slices.Sorted(maps.Keys(m.docs)) {
		if doc := m.docs[key]; doc.Corpus == name && doc.URI > after && len(page) < limit {
			page = append(page, doc)
		}
	}
	return page, nil
}

func (m *memory) Corpora(context.Context) ([]store.Corpus, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	byName := map[string]store.Corpus{}
	for _, key := range slices.Sorted(maps.Keys(m.docs)) {
		doc := m.docs[key]
		c := byName[doc.Corpus]
		sum := sha256.Sum256([]byte(c.Digest + doc.URI + doc.Snapshot + doc.Unread))
		byName[doc.Corpus] = store.Corpus{Name: doc.Corpus, Documents: c.Documents + 1, Digest: hex.EncodeToString(sum[:])}
	}
	return slices.SortedFunc(maps.Values(byName), func(a, b store.Corpus) int { return strings.Compare(a.Name, b.Name) }), nil
}
