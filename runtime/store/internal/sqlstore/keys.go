package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quaestor-run/quaestor/runtime/store"
)

const keyColumns = "id, hash, client, name, role, replaces, created, expires, revoked"

const insertKey = "INSERT INTO keys (" + keyColumns + ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"

func keyValues(key store.Key) []any {
	return []any{
		key.ID, key.Hash, key.Client, plain(key.Name), key.Role, key.Replaces,
		microsOrNow(key.Created), micros(key.Expires), micros(key.Revoked),
	}
}

func scanKey(row row) (store.Key, error) {
	var k store.Key
	err := row.Scan(&k.ID, &k.Hash, &k.Client, &k.Name, &k.Role, &k.Replaces,
		instant{&k.Created}, instant{&k.Expires}, instant{&k.Revoked})
	return k, err
}

// CreateKey implements store.Keys. An id or hash that exists is ErrConflict.
func (s *Store) CreateKey(ctx context.Context, key store.Key) error {
	if key.ID == "" || key.Hash == "" {
		return errors.New("creating an API key: id and hash are required")
	}
	_, err := s.exec(ctx, insertKey, keyValues(key)...)
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

// RotateKey implements store.Keys.
func (s *Store) RotateKey(ctx context.Context, id string, next store.Key, expires time.Time) (store.Key, error) {
	if next.ID == "" || next.Hash == "" {
		return store.Key{}, errors.New("rotating an API key: id and hash of the next one are required")
	}
	var made store.Key
	err := s.backend.Write(ctx, func(ctx context.Context, tx Tx) error {
		// The row is locked by an update, so that of two rotations one is first.
		old, err := scanKey(tx.QueryRowContext(ctx, "UPDATE keys SET id = id WHERE id = $1 RETURNING "+keyColumns, id))
		if err != nil {
			return err
		}
		if !old.Revoked.IsZero() {
			return fmt.Errorf("it is revoked: %w", store.ErrConflict)
		}
		var successors int
		if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM keys WHERE replaces = $1", id).Scan(&successors); err != nil {
			return err
		}
		if successors > 0 {
			return fmt.Errorf("it was rotated before: %w", store.ErrConflict)
		}
		if old.Expires.IsZero() || expires.Before(old.Expires) {
			if _, err := tx.ExecContext(ctx, "UPDATE keys SET expires = $2 WHERE id = $1", id, microsOrNow(expires)); err != nil {
				return err
			}
		}
		made = next
		made.Client, made.Name, made.Role, made.Replaces = old.Client, old.Name, old.Role, old.ID
		_, err = tx.ExecContext(ctx, insertKey, keyValues(made)...)
		return err
	})
	return made, s.explain(err, "rotating API key %q", id)
}
