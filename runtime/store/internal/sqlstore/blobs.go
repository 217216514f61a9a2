package sqlstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/quaestor-run/quaestor/runtime/store"
)

const blobPrefix = "sha256:"

// PutBlob implements store.Blobs.
func (s *Store) PutBlob(ctx context.Context, data []byte) (string, error) {
	if len(data) > store.MaxBlob {
		return "", fmt.Errorf("storing a blob of %d bytes: %w: at most %d bytes are kept", len(data), store.ErrTooLarge, store.MaxBlob)
	}
	hash := sha256.Sum256(data)
	ref := blobPrefix + hex.EncodeToString(hash[:])
	if _, known := s.blobs.get(hash); known {
		return ref, nil
	}
	var one int
	err := s.read.QueryRowContext(ctx, "SELECT 1 FROM blobs WHERE hash = $1", hash[:]).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		if data == nil {
			data = []byte{} // a nil slice would be NULL
		}
		_, err = s.exec(ctx, "INSERT INTO blobs (hash, data) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING", hash[:], data)
	}
	if err != nil {
		return "", s.explain(err, "storing blob %s", ref)
	}
	s.blobs.put(hash, bytes.Clone(data)) // the caller may use data again
	return ref, nil
}

// Blob implements store.Blobs.
func (s *Store) Blob(ctx context.Context, ref string) ([]byte, error) {
	digits, ok := strings.CutPrefix(ref, blobPrefix)
	hash, err := hex.DecodeString(digits)
	if !ok || err != nil || len(hash) != sha256.Size {
		return nil, fmt.Errorf("reading blob %q: not a name of a blob (%s and 64 hex digits): %w", ref, blobPrefix, store.ErrNotFound)
	}
	if data, known := s.blobs.get(blobHash(hash)); known {
		return data, nil
	}
	var data []byte
	err = s.read.QueryRowContext(ctx, "SELECT data FROM blobs WHERE hash = $1", hash).Scan(&data)
	if err != nil {
		return nil, s.explain(err, "reading blob %s", ref)
	}
	s.blobs.put(blobHash(hash), data)
	return data, nil
}
