package sqlite

import (
	"context"
	"database/sql"
	"sync"
)

// What was committed is in a log beside the file until a checkpoint copies it
// there, which waits for the disk. A connection of its own does that, every so
// many transactions, while the writer goes on. The writer copies itself only
// what is left when the log is long, so that the log begins anew even under a
// load that never pauses.
const (
	checkpointEvery = 256                        // transactions
	longLog         = "wal_autocheckpoint(8000)" // pages, 32 MB
)

// checkpointer copies the log into the file.
type checkpointer struct {
	db        *sql.DB
	committed int // since the last; of the writer
	due       chan struct{}
	cancel    context.CancelFunc
	ended     sync.WaitGroup
}

func startCheckpointer(path string) (*checkpointer, error) {
	db, err := connect(path, 1, "wal_autocheckpoint(0)")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &checkpointer{db: db, due: make(chan struct{}, 1), cancel: cancel}
	c.ended.Go(func() { c.run(ctx) })
	return c, nil
}

func (c *checkpointer) run(ctx context.Context) {
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

// commit counts a transaction of the writer.
func (c *checkpointer) commit() {
	if c.committed++; c.committed < checkpointEvery {
		return
	}
	c.committed = 0
	select {
	case c.due <- struct{}{}:
	default: // it is at work
	}
}

func (c *checkpointer) close() error {
	c.cancel()
	c.ended.Wait()
	return c.db.Close()
}
