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

	"golang.org/x/sync/errgroup"

	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools/documents"
)

// The longest names of a corpus and of a document, in bytes.
const (
	maxCorpusName = 64
	maxURI        = 1024
)

// readerVersion names what reads documents. It changes with whatever reads the
// same bytes to another text, or to more of it: they are then read again.
const readerVersion = "3"

// Ingest reads a document and puts it into a corpus under its URI, in place of
// what was there. The URI's extension helps to find the type. What the document
// holds that is one of its own (sheets, tables, attachments) is put beside it,
// see [PartURI].
//
// A document that cannot be read is kept too, with the reason in Unread, and
// the error, a [*documents.ReadError], says why; so that a report can name the
// gap. What was read before, here or in another corpus, is not read again:
// Intake of the document says which it was.
func (c *Corpora) Ingest(ctx context.Context, corpus, uri string, r io.Reader) (store.Document, error) {
	if err := checkNames(corpus, uri); err != nil {
		return store.Document{}, err
	}
	if strings.Contains(uri, partMark) {
		return store.Document{}, fmt.Errorf("document name %q: %s is kept for the parts of documents; give it another name", uri, partMark)
	}
	data, err := c.readBounded(uri, r)
	if err != nil {
		doc := store.Document{ID: DocumentID(corpus, uri), Corpus: corpus, URI: uri, Created: time.Now().UTC(), Reader: c.reader}
		kept, err := c.keepUnread(ctx, doc, err)
		return kept, errors.Join(err, c.removeParts(ctx, corpus, uri, nil))
	}
	parts := partsLeft{count: maxParts, bytes: 2 * c.limits.MaxBytes()}
	return c.take(ctx, intake{corpus: corpus, uri: uri, data: data}, &parts)
}

// intake is a document, or a part of one, that is to be taken in.
type intake struct {
	corpus, uri string
	mediaType   string // as declared; empty for what has a name only
	data        []byte
	depth       int // of parts in parts
}

// take takes a document in: as it is there, as another corpus has it, or read.
func (c *Corpora) take(ctx context.Context, in intake, left *partsLeft) (store.Document, error) {
	doc := store.Document{
		ID: DocumentID(in.corpus, in.uri), Corpus: in.corpus, URI: in.uri, Created: time.Now().UTC(),
		Original: blobRef(in.data), Reader: c.reader, Intake: store.IntakeAdded,
	}
	existing, err := c.store.Document(ctx, in.corpus, doc.ID)
	switch {
	case err == nil && existing.Original == doc.Original && (existing.Reader == doc.Reader || existing.Reader == "" && existing.Unread == ""):
		existing.Intake = store.IntakeUnchanged
		return existing, unreadError(existing)
	case err == nil:
		doc.Created, doc.Intake = existing.Created, store.IntakeChanged
	case !errors.Is(err, store.ErrNotFound):
		return store.Document{}, fmt.Errorf("looking for %q in corpus %q: %w", in.uri, in.corpus, err)
	}
	reused, err := c.reuse(ctx, doc, in.mediaType)
	if err != nil || reused.Intake == store.IntakeReused {
		return reused, errors.Join(err, unreadError(reused))
	}
	return c.readIn(ctx, doc, in, left)
}

// readIn reads a document and keeps it with its parts.
func (c *Corpora) readIn(ctx context.Context, doc store.Document, in intake, left *partsLeft) (store.Document, error) {
	extracted, err := c.extract(ctx, in.uri, in.mediaType, in.data)
	if err != nil {
		if _, err := c.store.PutBlob(ctx, in.data); err != nil {
			return store.Document{}, fmt.Errorf("storing %q: %w", in.uri, err)
		}
		doc.Title = in.uri
		kept, err := c.keepUnread(ctx, doc, err)
		return kept, errors.Join(err, c.removeParts(ctx, in.corpus, in.uri, nil))
	}
	// The parts first: whoever finds the document unchanged finds them too.
	if err := c.takeParts(ctx, in, extracted, left); err != nil {
		return store.Document{}, err
	}
	return c.keep(ctx, doc, in.data, extracted)
}

// unreadError says again why a document could not be read.
func unreadError(doc store.Document) error {
	if doc.Unread == "" {
		return nil
	}
	detail, remedy, _ := strings.Cut(doc.Unread, "; ")
	return &documents.ReadError{Name: doc.URI, Problem: documents.ProblemKnown, Detail: detail, Remedy: remedy}
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
func (c *Corpora) extract(ctx context.Context, uri, mediaType string, data []byte) (documents.Extracted, error) {
	extracted, err := c.extractor.Extract(ctx, uri, mediaType, data)
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

// leastTerms is how long a text is, in bytes, whose words are prepared for
// indexes: a shorter one is indexed in less than a millisecond.
const leastTerms = 16 << 10

func (c *Corpora) keep(ctx context.Context, doc store.Document, original []byte, extracted documents.Extracted) (store.Document, error) {
	segments, err := json.Marshal(extracted.Segments)
	if err != nil {
		return store.Document{}, fmt.Errorf("encoding the segments of %q: %w", doc.URI, err)
	}
	var writes errgroup.Group // at once: they share what makes them durable
	writes.Go(func() (err error) {
		doc.Original, err = c.store.PutBlob(ctx, original)
		return err
	})
	writes.Go(func() (err error) {
		doc.Snapshot, err = c.store.PutBlob(ctx, []byte(extracted.Text))
		return err
	})
	if len(extracted.Text) >= leastTerms && !isTable(extracted.MediaType) {
		writes.Go(func() (err error) {
			doc.Terms, err = c.store.PutBlob(ctx, documents.Prepare(extracted.Text, extracted.Segments))
			return err
		})
	}
	if err := writes.Wait(); err != nil {
		return store.Document{}, fmt.Errorf("storing the text of %q: %w", doc.URI, err)
	}
	doc.Title, doc.MediaType, doc.Year, doc.Words = extracted.Title, extracted.MediaType, extracted.Year, extracted.Words
	doc.Author, doc.Published, doc.URL = extracted.Author, extracted.Published, extracted.URL
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
