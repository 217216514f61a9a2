package sqlite

import (
	"context"
	"database/sql"
	"sync"
)

// mostPrepared bounds the statements that are kept compiled; their texts are
// few, but for limits that callers choose.
const mostPrepared = 100

// reader runs statements outside of a write on a pool of connections that can
// only read. SQLite compiles a statement each time it is not prepared, which
// takes longer than most of them.
type reader struct {
	*sql.DB

	mu       sync.RWMutex
	prepared map[string]*sql.Stmt
}

func newReader(db *sql.DB) *reader { return &reader{DB: db, prepared: map[string]*sql.Stmt{}} }

// QueryRowContext implements sqlstore.Reader.
func (r *reader) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if statement := r.statement(ctx, query); statement != nil { //nolint:sqlclosecheck // kept as long as the pool
		return statement.QueryRowContext(ctx, args...)
	}
	return r.DB.QueryRowContext(ctx, query, args...)
}

// QueryContext implements sqlstore.Reader.
func (r *reader) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if statement := r.statement(ctx, query); statement != nil { //nolint:sqlclosecheck // kept as long as the pool
		return statement.QueryContext(ctx, args...)
	}
	return r.DB.QueryContext(ctx, query, args...)
}

// statement is nil where the query is to be run as it is: there are too many, or
// it cannot be compiled, and running it says why.
func (r *reader) statement(ctx context.Context, query string) *sql.Stmt {
	r.mu.RLock()
	statement, known := r.prepared[query]
	full := len(r.prepared) >= mostPrepared
	r.mu.RUnlock()
	if known || full {
		return statement
	}
	statement, err := r.PrepareContext(ctx, query) //nolint:sqlclosecheck // kept as long as the pool
	if err != nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.prepared[query] = statement // of two callers the last stays; the pool ends the other
	return statement
}
