package journal

import (
	"context"
	"database/sql"
	"errors"
)

// Database is what SQLite and PostgreSQL do differently.
type Database interface {
	// Transact runs change in a transaction of the one connection that writes.
	// The journal calls it from one goroutine. An error joined with ErrUnsure
	// says that the transaction may have been committed nevertheless, one joined
	// with ErrUnreachable that there was none.
	Transact(ctx context.Context, change func(Tx) error) error
	// Reader is for what only reads. It sees every transaction that ended.
	Reader() *sql.DB
	// Transient says whether a transaction that failed thus may succeed when it
	// is run again at once.
	Transient(err error) bool
	Close() error
}

// Tx is a transaction under way. A Tx may put writes off until it reads or
// ends, so that an error may come late.
type Tx interface {
	// Write runs a statement with every row of values.
	Write(ctx context.Context, s *Statement, rows [][]any) error
	// Select asks for the rows that have one of the keys, locked until the end
	// of the transaction where the database locks rows. Each row is put into
	// dest before each is called. That may be at once, or in Fetch.
	Select(ctx context.Context, q *Query, keys [][]any, dest []any, each func() error) error
	// AttemptIDs asks for n numbers that no attempt has, as Select does.
	AttemptIDs(ctx context.Context, n int, each func(id int64)) error
	// Fetch waits for everything that was asked for.
	Fetch(ctx context.Context) error
	// Unchanged says whether nobody else has written since the last transaction
	// of this connection, so that what was known then holds.
	Unchanged(ctx context.Context) (bool, error)
	// AlignPeriods makes those who change limits (alone) and those who open the
	// budgets of new periods (together) exclude each other. The latter hold
	// locks already and do not wait: their error is transient.
	AlignPeriods(ctx context.Context, alone bool) error
}

// ErrUnreachable says that no transaction could be begun.
var ErrUnreachable = errors.New("the database is out of reach")

// ErrUnsure says that nobody knows whether a transaction was committed.
var ErrUnsure = errors.New("the transaction may have been committed")
