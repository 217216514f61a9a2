// Package journal is the ledger for SQLite and PostgreSQL.
//
// Whatever changes is queued, and one goroutine takes all that waits into one
// transaction: it reads the attempts and budgets that are concerned, judges the
// operations one after the other, in memory, and writes every row once. Rows
// are locked in one order, attempts by id and then budgets by name, so that
// processes wait for each other but not in a circle.
package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// Journal implements ledger.Ledger on a migrated database. With PostgreSQL the
// isolation level must be READ COMMITTED, with SQLite transactions must begin
// IMMEDIATE.
type Journal struct {
	db       Database
	now      func() time.Time
	sql      *statements
	known    *memory // of the goroutine that writes
	queue    chan *operation
	untold   atomic.Int64 // settlements that are queued and nobody waits for
	stopping chan struct{}
	stopped  chan struct{}
	stopOnce sync.Once
	closed   error
}

var _ ledger.Ledger = (*Journal)(nil)

// New makes a journal on a database that has its tables, and owns it. Now is the
// clock that tells days apart.
func New(db Database, now func() time.Time) *Journal {
	j := &Journal{
		db: db, now: now, sql: newStatements(), known: newMemory(), queue: make(chan *operation, queueLength),
		stopping: make(chan struct{}), stopped: make(chan struct{}),
	}
	go j.run()
	return j
}

// Ping says whether the database answers.
func (j *Journal) Ping(ctx context.Context) error {
	if err := j.db.Reader().PingContext(ctx); err != nil {
		return fmt.Errorf("reaching the ledger: %w", err)
	}
	return nil
}

// Close runs what is queued and closes the database.
func (j *Journal) Close() error {
	j.stopOnce.Do(func() {
		close(j.stopping)
		<-j.stopped
		j.refuseQueued()
		j.closed = j.db.Close()
	})
	<-j.stopped
	return j.closed
}

// Times are whole microseconds since 1970, 0 for none, the same in both
// databases.
func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

func oneIf(condition bool) int64 {
	if condition {
		return 1
	}
	return 0
}

// ErrOldTables says that a ledger was made by a version of before the first
// release.
var ErrOldTables = errors.New("its tables are those of an early version, without days and months: " +
	"move the file away (on PostgreSQL: the tables whose names begin with ledger_), and a new ledger is made")
