package corpus

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools/documents"
)

// The longest names of a corpus and of a document, in bytes.
const (
	maxCorpusName = 64
	maxURI        = 1024
)

// Ingest reads a document and puts it into a corpus under its URI, in place of
// what was there. The URI's extension helps to find the type.
//
// A document that cannot be read is kept too, with the reason in Unread, and
// the error, a [*documents.ReadError], says why; so that a report can name the
// gap. The same content under the same URI is stored once and costs one look.
func (c *Corpora) Ingest(ctx context.Context, corpus, uri string, r io.Reader) (store.Document, error) {
	if err := checkNames(corpus, uri); err != nil {
		return store.Document{}, err
	}
	doc := store.Document{ID: DocumentID(corpus, uri), Corpus: corpus, URI: uri, Created: time.Now().UTC()}
	data, err := c.readBounded(uri, r)
	if err != nil {
		return c.keepUnread(ctx, doc, err)
	}
	existing, err := c.store.Document(ctx, corpus, doc.ID)
	switch {
	case err == nil && existing.Unread == "" && existing.Original == blobRef(data):
		return existing, nil
	case err == nil:
		doc.Created = existing.Created
	case !errors.Is(err, store.ErrNotFound):
		return store.Document{}, fmt.Errorf("looking for %q in corpus %q: %w", uri, corpus, err)
	}
	if doc.Original, err = c.store.PutBlob(ctx, data); err != nil {
		return store.Document{}, fmt.Errorf("storing %q: %w", uri, err)
	}
	extracted, err := c.extract(ctx, uri, data)
	if err != nil {
		doc.Title = uri
		return c.keepUnread(ctx, doc, err)
	}
	return c.keep(ctx, doc, extracted)
}

func checkNames(corpus, uri string) error {
	switch {
	case corpus == "" || len(corpus) > maxCorpusName || strings.HasPrefix(corpus, "d_") ||
		strings.Trim(corpus, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != "":
		return fmt.Errorf("corpus name %q: use 1 to %d letters, digits, points, dashes and underscores, not beginning with d_", corpus, maxCorpusName)
	case uri == "" || len(uri) > maxURI || !utf8.ValidString(uri) || strings.ContainsRune(uri, 0):
		return fmt.Errorf("document name %q: use 1 to %d bytes of UTF-8", strings.ToValidUTF8(uri[:min(len(uri), 80)], ""), maxURI)
	}
	return nil
}

// readBounded reads all of r, or refuses: at once where r knows its size.
func (c *Corpora) readBounded(uri string, r io.Reader) ([]byte, error) {
	limit := c.limits.MaxBytes()
	size := int64(-1)
	switch sized := r.(type) {
	case interface{ Stat() (fs.FileInfo, error) }:
		if info, err := sized.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
	case interface{ Len() int }:
		size = int64(sized.Len())
	}
	if size > limit {
		return nil, documents.TooLarge(uri, limit)
	}
	var data bytes.Buffer
	if size > 0 {
		data.Grow(int(size) + bytes.MinRead)
	}
	if _, err := data.ReadFrom(io.LimitReader(r, limit+1)); err != nil {
		return nil, fmt.Errorf("reading %q: %w", uri, err)
	}
	if int64(data.Len()) > limit {
		return nil, documents.TooLarge(uri, limit)
	}
	return data.Bytes(), nil
}

// extract reads a document, and a table also as such, so that what is no table
// is refused here and not in the middle of a run.
func (c *Corpora) extract(ctx context.Context, uri string, data []byte) (documents.Extracted, error) {
	extracted, err := c.extractor.Extract(ctx, uri, "", data)
	if err != nil {
		return extracted, err
	}
	if isTable(extracted.MediaType) {
		source := documents.TableSource{URI: uri, MediaType: extracted.MediaType, Text: extracted.Text}
		if _, err := documents.ReadTable(source, c.limits); err != nil {
			return extracted, err
		}
	}
	return extracted, nil
}

func (c *Corpora) keep(ctx context.Context, doc store.Document, extracted documents.Extracted) (store.Document, error) {
	segments, err := json.Marshal(extracted.Segments)
	if err != nil {
		return store.Document{}, fmt.Errorf("encoding the segments of %q: %w", doc.URI, err)
	}
	if doc.Snapshot, err = c.store.PutBlob(ctx, []byte(extracted.Text)); err != nil {
		return store.Document{}, fmt.Errorf("storing the text of %q: %w", doc.URI, err)
	}
	doc.Title, doc.MediaType, doc.Year, doc.Words = extracted.Title, extracted.MediaType, extracted.Year, extracted.Words
	doc.Segments = segments
	if err := c.store.PutDocument(ctx, doc); err != nil {
		return store.Document{}, fmt.Errorf("storing %q in corpus %q: %w", doc.URI, doc.Corpus, err)
	}
	return doc, nil
}

// keepUnread keeps a document that is at fault itself. Other errors are given
// back as they are, and nothing is kept.
func (c *Corpora) keepUnread(ctx context.Context, doc store.Document, cause error) (store.Document, error) {
	var unreadable *documents.ReadError
	if !errors.As(cause, &unreadable) {
		return store.Document{}, cause
	}
	doc.Title, doc.Unread = doc.URI, unreadable.Reason()
	if err := c.store.PutDocument(ctx, doc); err != nil {
		return store.Document{}, fmt.Errorf("noting that %q cannot be read: %w", doc.URI, errors.Join(err, cause))
	}
	return doc, cause
}

// blobRef is the name the store gives a blob.
func blobRef(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func isTable(mediaType string) bool {
	return mediaType == documents.CSV || mediaType == documents.TSV
}
