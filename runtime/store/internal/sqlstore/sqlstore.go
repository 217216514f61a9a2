// Package sqlstore implements the store on database/sql. One text of each
// statement serves both databases: SQLite takes $1 for a placeholder too, and
// a row is locked by updating it. What differs is behind [Backend].
package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/quaestor-run/quaestor/runtime/store"
)

// Backend is what differs between the databases.
type Backend interface {
	// Reader serves statements outside of a write; they see what is committed.
	Reader() Reader
	// Write runs fn in one transaction and commits it. It may call fn again
	// after a failure that is not fn's own.
	Write(ctx context.Context, fn func(context.Context, Tx) error) error
	// Failure tells failures apart that callers can do something about.
	Failure(err error) Failure
	// Place names the database to a person, without credentials.
	Place() string
	Close() error
}

// Reader is a database as statements outside of a write see it.
type Reader interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Tx is a transaction as its statements see it.
type Tx interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Failure is a kind of database error.
type Failure int

// The failures that are told apart.
const (
	FailureOther      Failure = iota
	FailureForeignKey         // what a row belongs to is not there
	FailureUnique             // another row has the value
	FailureDiskFull
)

// Store implements store.Store and store.Watcher.
type Store struct {
	backend Backend
	read    Reader
	blobs   blobCache
	watch   watchers
}

// New makes a store on a migrated database, which Close closes.
func New(backend Backend) *Store {
	return &Store{backend: backend, read: backend.Reader()}
}

// Ping asks the database for an answer.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	err := s.read.QueryRowContext(ctx, "SELECT 1").Scan(&one)
	return s.explain(err, "asking the database at %s for an answer", s.backend.Place())
}

// Close ends the writes under way and closes the database.
func (s *Store) Close() error { return s.backend.Close() }

func (s *Store) exec(ctx context.Context, query string, args ...any) (affected int64, err error) {
	err = s.backend.Write(ctx, func(ctx context.Context, tx Tx) error {
		result, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		affected, err = result.RowsAffected()
		return err
	})
	return affected, err
}

// oneRow is store.ErrNotFound for an update that found no row.
func oneRow(result sql.Result) error {
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		return store.ErrNotFound
	}
	return err
}

func (s *Store) explain(err error, format string, args ...any) error {
	return Explain(s.backend, err, format, args...)
}

// Explain says what failed while doing what, as an error of package store
// where there is one. A nil error stays nil.
func Explain(backend Backend, err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	doing := fmt.Sprintf(format, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", doing, store.ErrNotFound)
	}
	switch backend.Failure(err) {
	case FailureForeignKey:
		return fmt.Errorf("%s: what it belongs to: %w", doing, store.ErrNotFound)
	case FailureUnique:
		return fmt.Errorf("%s: it exists already: %w", doing, store.ErrConflict)
	case FailureDiskFull:
		return fmt.Errorf("%s: %w at %s; free some space or move it to a larger volume, then try again (%w)",
			doing, store.ErrDiskFull, backend.Place(), err)
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}

type row interface{ Scan(dest ...any) error }

// collect reads all rows of a query; the result is nil when there are none.
func collect[T any](ctx context.Context, db Reader, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

func bound(limit, standard, most int) int {
	return min(cmp.Or(max(limit, 0), standard), most)
}

// micros is how times are kept: microseconds since 1970 UTC, 0 for the zero
// time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func microsOrNow(t time.Time) int64 {
	if t.IsZero() {
		return time.Now().UnixMicro()
	}
	return t.UnixMicro()
}

// instant scans what micros wrote.
type instant struct{ time *time.Time }

// Scan implements sql.Scanner.
func (i instant) Scan(value any) error {
	n, ok := value.(int64)
	if !ok {
		return fmt.Errorf("a time is kept as %T, want an integer", value)
	}
	*i.time = time.Time{}
	if n != 0 {
		*i.time = time.UnixMicro(n).UTC()
	}
	return nil
}
