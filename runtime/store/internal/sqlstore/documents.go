package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/quaestor-run/quaestor/runtime/store"
)

const documentColumns = "id, corpus, uri, title, media_type, year, words, original, snapshot, segments, unread, created, author, published, url, reader, terms"

func scanDocument(row row) (store.Document, error) {
	var d store.Document
	err := row.Scan(&d.ID, &d.Corpus, &d.URI, &d.Title, &d.MediaType, &d.Year, &d.Words,
		&d.Original, &d.Snapshot, (*[]byte)(&d.Segments), &d.Unread, instant{&d.Created},
		&d.Author, &d.Published, &d.URL, &d.Reader, &d.Terms)
	return d, err
}

// PutDocument implements store.Documents. The corpus row is locked first, and
// its digest kept up to date: the sum of the digests of the documents can give
// up one and take another without reading the rest.
func (s *Store) PutDocument(ctx context.Context, doc store.Document) error {
	if doc.ID == "" || doc.Corpus == "" || doc.URI == "" {
		return fmt.Errorf("storing document %q: id %q, corpus %q and URI are required", doc.URI, doc.ID, doc.Corpus)
	}
	doc.URI, doc.Title, doc.Unread = plain(doc.URI), plain(doc.Title), plain(doc.Unread)
	doc.Author, doc.Published, doc.URL = plain(doc.Author), plain(doc.Published), plain(doc.URL)
	digest := documentDigest(doc)
	if before, err := digestOf(ctx, s.read, doc); err == nil && before == digest {
		return nil // already there: an upload again costs no write
	}
	err := s.backend.Write(ctx, func(ctx context.Context, tx Tx) error {
		return putDocument(ctx, tx, doc, digest)
	})
	return s.explain(err, "storing document %q in corpus %q", doc.URI, doc.Corpus)
}

func putDocument(ctx context.Context, tx Tx, doc store.Document, digest setDigest) error {
	var count int
	var sum setDigest
	err := tx.QueryRowContext(ctx, `INSERT INTO corpora (name, documents, digest) VALUES ($1, 0, $2)
		ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING documents, digest`,
		doc.Corpus, sum[:]).Scan(&count, &sum)
	if err != nil {
		return err
	}
	before, err := digestOf(ctx, tx, doc)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		count++
	case err != nil:
		return err
	case before == digest:
		return nil
	default:
		sum.subtract(before)
	}
	sum.add(digest)
	_, err = tx.ExecContext(ctx, `INSERT INTO documents (`+documentColumns+`, digest)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		ON CONFLICT (corpus, uri) DO UPDATE SET id = excluded.id, title = excluded.title, media_type = excluded.media_type,
			year = excluded.year, words = excluded.words, original = excluded.original, snapshot = excluded.snapshot,
			segments = excluded.segments, unread = excluded.unread, created = excluded.created, digest = excluded.digest,
			author = excluded.author, published = excluded.published, url = excluded.url, reader = excluded.reader, terms = excluded.terms`,
		doc.ID, doc.Corpus, doc.URI, doc.Title, doc.MediaType, doc.Year, doc.Words, doc.Original, doc.Snapshot,
		raw(doc.Segments), doc.Unread, microsOrNow(doc.Created), doc.Author, doc.Published, doc.URL, doc.Reader, doc.Terms, digest[:])
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE corpora SET documents = $2, digest = $3 WHERE name = $1", doc.Corpus, count, sum[:])
	return err
}

func digestOf(ctx context.Context, tx rowQuerier, doc store.Document) (digest setDigest, err error) {
	err = tx.QueryRowContext(ctx, "SELECT digest FROM documents WHERE corpus = $1 AND uri = $2", doc.Corpus, doc.URI).Scan(&digest)
	return digest, err
}

type rowQuerier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Document implements store.Documents.
func (s *Store) Document(ctx context.Context, corpus, id string) (store.Document, error) {
	doc, err := scanDocument(s.read.QueryRowContext(ctx, "SELECT "+documentColumns+" FROM documents WHERE corpus = $1 AND id = $2", corpus, id))
	if err != nil {
		return store.Document{}, s.explain(err, "reading document %q of corpus %q", id, corpus)
	}
	return doc, nil
}

// DocumentByOriginal implements store.Documents.
func (s *Store) DocumentByOriginal(ctx context.Context, original, reader string) (store.Document, error) {
	doc, err := scanDocument(s.read.QueryRowContext(ctx, "SELECT "+documentColumns+` FROM documents
		WHERE original = $1 AND reader = $2 ORDER BY corpus, uri LIMIT 1`, original, reader))
	if err != nil {
		return store.Document{}, s.explain(err, "looking for a document made of %s", original)
	}
	return doc, nil
}

// RemoveDocument implements store.Documents.
func (s *Store) RemoveDocument(ctx context.Context, corpus, id string) error {
	err := s.backend.Write(ctx, func(ctx context.Context, tx Tx) error {
		var count int
		var sum, digest setDigest
		// The corpus row is locked first, as in PutDocument.
		err := tx.QueryRowContext(ctx, "UPDATE corpora SET name = name WHERE name = $1 RETURNING documents, digest", corpus).Scan(&count, &sum)
		if err != nil {
			return err
		}
		err = tx.QueryRowContext(ctx, "DELETE FROM documents WHERE corpus = $1 AND id = $2 RETURNING digest", corpus, id).Scan(&digest)
		if err != nil {
			return err
		}
		sum.subtract(digest)
		_, err = tx.ExecContext(ctx, "UPDATE corpora SET documents = $2, digest = $3 WHERE name = $1", corpus, count-1, sum[:])
		return err
	})
	return s.explain(err, "removing document %q of corpus %q", id, corpus)
}

// PutVectors implements store.Documents.
func (s *Store) PutVectors(ctx context.Context, model, snapshot string, data []byte) error {
	_, err := s.exec(ctx, `INSERT INTO vectors (model, snapshot, data) VALUES ($1, $2, $3)
		ON CONFLICT (model, snapshot) DO UPDATE SET data = excluded.data`, model, snapshot, data)
	return s.explain(err, "storing the vectors of %s by %s", snapshot, model)
}

// Vectors implements store.Documents.
func (s *Store) Vectors(ctx context.Context, model, snapshot string) ([]byte, error) {
	var data []byte
	err := s.read.QueryRowContext(ctx, "SELECT data FROM vectors WHERE model = $1 AND snapshot = $2", model, snapshot).Scan(&data)
	if err != nil {
		return nil, s.explain(err, "reading the vectors of %s by %s", snapshot, model)
	}
	return data, nil
}

// DocumentsIn implements store.Documents.
func (s *Store) DocumentsIn(ctx context.Context, corpus, afterURI string, limit int) ([]store.Document, error) {
	docs, err := collect(ctx, s.read, scanDocument, "SELECT "+documentColumns+` FROM documents
		WHERE corpus = $1 AND uri > $2 ORDER BY uri LIMIT $3`, corpus, plain(afterURI), bound(limit, 100, 1000))
	return docs, s.explain(err, "listing the documents of corpus %q", corpus)
}

// Corpora implements store.Documents.
func (s *Store) Corpora(ctx context.Context) ([]store.Corpus, error) {
	corpora, err := collect(ctx, s.read, func(row row) (store.Corpus, error) {
		var c store.Corpus
		var digest setDigest
		err := row.Scan(&c.Name, &c.Documents, &digest)
		c.Digest = hex.EncodeToString(digest[:])
		return c, err
	}, "SELECT name, documents, digest FROM corpora ORDER BY name")
	return corpora, s.explain(err, "listing corpora")
}

// documentDigest covers everything but when the document was put.
func documentDigest(doc store.Document) setDigest {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q %q %d %d %q %q %q ", doc.ID, doc.URI, doc.Title, doc.MediaType, doc.Year, doc.Words,
		doc.Original, doc.Snapshot, doc.Unread)
	h.Write(doc.Segments)
	if doc.Author+doc.Published+doc.URL+doc.Reader+doc.Terms != "" { // else as before there were these
		fmt.Fprintf(h, " %q %q %q %q %q", doc.Author, doc.Published, doc.URL, doc.Reader, doc.Terms)
	}
	return setDigest(h.Sum(nil))
}

// setDigest is a 256-bit number, big-endian: a SHA-256 or a sum of some. It
// tells changes apart; it is no defence against documents made to collide.
type setDigest [sha256.Size]byte

func (d *setDigest) add(other setDigest) {
	var carry uint16
	for i := len(d) - 1; i >= 0; i-- {
		carry += uint16(d[i]) + uint16(other[i])
		d[i] = byte(carry)
		carry >>= 8
	}
}

func (d *setDigest) subtract(other setDigest) {
	for i := range other {
		other[i] = ^other[i] // minus x is not x plus one
	}
	d.add(other)
	d.add(setDigest{len(d) - 1: 1})
}

// Scan implements sql.Scanner.
func (d *setDigest) Scan(value any) error {
	digest, ok := value.([]byte)
	if !ok || len(digest) != len(d) {
		return fmt.Errorf("a digest is kept as %T of %d bytes, want %d bytes", value, len(digest), len(d))
	}
	copy(d[:], digest)
	return nil
}
