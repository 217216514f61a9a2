package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/quaestor-run/quaestor/runtime/store"
)

const keyColumns = "id, hash, client, name, created, revoked"

func scanKey(row row) (store.Key, error) {
	var k store.Key
	err := row.Scan(&k.ID, &k.Hash, &k.Client, &k.Name, instant{&k.Created}, instant{&k.Revoked})
	return k, err
}

// CreateKey implements store.Keys. An id or hash that exists is ErrConflict.
func (s *Store) CreateKey(ctx context.Context, key store.Key) error {
	if key.ID == "" || key.Hash == "" {
		return errors.New("creating an API key: id and hash are required")
	}
	_, err := s.exec(ctx, "INSERT INTO keys ("+keyColumns+") VALUES ($1, $2, $3, $4, $5, $6)",
		key.ID, key.Hash, key.Client, plain(key.Name), microsOrNow(key.Created), micros(key.Revoked))
	return s.explain(err, "creating API key %q", key.ID)
}

// KeyByHash implements store.Keys.
func (s *Store) KeyByHash(ctx context.Context, hash string) (store.Key, error) {
	key, err := scanKey(s.read.QueryRowContext(ctx, "SELECT "+keyColumns+" FROM keys WHERE hash = $1 AND revoked = 0", hash))
	if err != nil {
		return store.Key{}, s.explain(err, "finding an API key")
	}
	return key, nil
}

// Keys implements store.Keys, oldest first.
func (s *Store) Keys(ctx context.Context) ([]store.Key, error) {
	keys, err := collect(ctx, s.read, scanKey, "SELECT "+keyColumns+" FROM keys ORDER BY created, id")
	return keys, s.explain(err, "listing API keys")
}

// RevokeKey implements store.Keys. A key that is revoked stays revoked since
// the first time.
func (s *Store) RevokeKey(ctx context.Context, id string, at time.Time) error {
	n, err := s.exec(ctx, "UPDATE keys SET revoked = CASE WHEN revoked = 0 THEN $2 ELSE revoked END WHERE id = $1", id, microsOrNow(at))
	if err == nil && n == 0 {
		err = store.ErrNotFound
	}
	return s.explain(err, "revoking API key %q", id)
}
