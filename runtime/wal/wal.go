// Package wal keeps the write-ahead logs of SQLite files short, beside those who
// write them.
//
// What was committed is in a log beside the file until a checkpoint copies it
// there, which waits for the disk, a tenth of a second at times. SQLite has the
// connection do it whose commit made the log long. Here a connection of its own
// does, and the writer goes on meanwhile.
package wal

import (
	"context"
	"database/sql"
	"net/url"
	"path/filepath"
	"sync"

	_ "modernc.org/sqlite" // the driver
)

// Patience is the pragma of a writer's connection by which it checkpoints only
// when the log has become very long (32 MB), under a load that never pauses.
const (
	Patience      = PatienceName + "(" + PatiencePages + ")"
	PatienceName  = "wal_autocheckpoint"
	PatiencePages = "8000"
)

// Checkpointer copies the log of one file into it when it is told to.
type Checkpointer struct {
	db        *sql.DB
	every     int
	committed int // since the last; of the writer
	due       chan struct{}
	cancel    context.CancelFunc
	ended     sync.WaitGroup
}

// Start opens the file, which is in WAL mode, for a Checkpointer that works
// after every so many transactions. The caller closes it, before the writer's
// connection.
func Start(path string, every int) (*Checkpointer, error) {
	query := url.Values{"_pragma": {"busy_timeout(10000)", PatienceName + "(0)"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	ctx, cancel := context.WithCancel(context.Background())
	c := &Checkpointer{db: db, every: every, due: make(chan struct{}, 1), cancel: cancel}
	c.ended.Go(func() { c.run(ctx) })
	return c, nil
}

func (c *Checkpointer) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.due:
		}
		// One that fails leaves more to the next, or to the writer, whose
		// error it is then.
		_, _ = c.db.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
	}
}

// Committed counts a transaction of the writer, who alone calls it.
func (c *Checkpointer) Committed() {
	if c.committed++; c.committed >= c.every {
		c.committed = 0
		c.Checkpoint()
	}
}

// Checkpoint has the log copied soon.
func (c *Checkpointer) Checkpoint() {
	select {
	case c.due <- struct{}{}:
	default: // it is at work
	}
}

// Close ends it.
func (c *Checkpointer) Close() error {
	c.cancel()
	c.ended.Wait()
	return c.db.Close()
}
