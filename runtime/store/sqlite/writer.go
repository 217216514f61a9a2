package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/internal/sqlstore"
	"github.com/quaestor-run/quaestor/runtime/wal"
)

const (
	queueLength = 256 // writes that may wait; further callers wait to queue
	batchLength = 64  // writes in one transaction
)

// writer runs all writes of a process on one connection. Those that queue
// while a transaction is being synced to the disk share the next one: the sync
// costs more than the statements. Nobody waits for a batch to fill.
type writer struct {
	conn        *sql.Conn
	prepared    map[string]*sql.Stmt
	checkpoints *wal.Checkpointer
	queue       chan *write
	stopping    chan struct{}
	stopped     chan struct{}
	stopOnce    sync.Once
}

// write is one caller's function and what came of it. It runs to its end once
// begun: to interrupt a statement would roll back its neighbours as well.
type write struct {
	ctx  context.Context
	fn   func(context.Context, sqlstore.Tx) error
	err  error
	done chan struct{}
}

func startWriter(ctx context.Context, db *sql.DB, checkpoints *wal.Checkpointer) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{
		conn: conn, prepared: make(map[string]*sql.Stmt), checkpoints: checkpoints, queue: make(chan *write, queueLength),
		stopping: make(chan struct{}), stopped: make(chan struct{}),
	}
	go w.run()
	return w, nil
}

// Write implements sqlstore.Backend. It must not be called from within fn.
func (w *writer) Write(ctx context.Context, fn func(context.Context, sqlstore.Tx) error) error {
	job := &write{ctx: ctx, fn: fn, done: make(chan struct{})}
	select {
	case <-w.stopping:
		return store.ErrClosed
	default:
	}
	select {
	case w.queue <- job:
	case <-w.stopping:
		return store.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-job.done:
		return job.err
	case <-w.stopped:
	}
	select {
	case <-job.done:
		return job.err
	default: // queued after the last batch was taken
		return store.ErrClosed
	}
}

// stop runs what is queued and ends the writer.
func (w *writer) stop() error {
	w.stopOnce.Do(func() { close(w.stopping) })
	<-w.stopped
	if err := w.conn.Close(); !errors.Is(err, sql.ErrConnDone) {
		return err
	}
	return nil
}

func (w *writer) run() {
	defer close(w.stopped)
	for {
		select {
		case job := <-w.queue:
			w.runBatch(w.take(job))
		case <-w.stopping:
			for batch := w.take(); len(batch) > 0; batch = w.take() {
				w.runBatch(batch)
			}
			return
		}
	}
}

// take adds what is queued to a batch, without waiting.
func (w *writer) take(batch ...*write) []*write {
	for len(batch) < batchLength {
		select {
		case job := <-w.queue:
			batch = append(batch, job)
		default:
			return batch
		}
	}
	return batch
}

// runBatch runs the writes in one transaction. When one of them fails, or the
// transaction does, each runs again in its own, so that everybody gets their
// own result. (A savepoint for each costs more than failures, which are rare.)
func (w *writer) runBatch(batch []*write) {
	err := w.transact(batch...)
	for _, job := range batch {
		if err != nil && len(batch) > 1 {
			job.err = w.transact(job)
		} else {
			job.err = err
		}
		close(job.done)
	}
}

// transact commits all of the writes, or none when it gives an error.
func (w *writer) transact(batch ...*write) (err error) {
	ctx := context.Background()
	if _, err := w.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	defer func() {
		if err != nil {
			// Some failures have rolled the transaction back already; this one
			// then says that there is none.
			_, _ = w.ExecContext(ctx, "ROLLBACK")
		}
	}()
	for _, job := range batch {
		if err := job.ctx.Err(); err != nil {
			return err
		}
		if err := job.fn(context.WithoutCancel(job.ctx), w); err != nil {
			return err
		}
	}
	if _, err := w.ExecContext(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	w.checkpoints.Committed()
	return nil
}

// ExecContext implements sqlstore.Tx.
func (w *writer) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	statement, err := w.prepare(ctx, query) //nolint:sqlclosecheck // kept as long as the connection
	if err != nil {
		return nil, err
	}
	return statement.ExecContext(ctx, args...)
}

// QueryRowContext implements sqlstore.Tx.
func (w *writer) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	statement, err := w.prepare(ctx, query) //nolint:sqlclosecheck // kept as long as the connection
	if err != nil {
		return w.conn.QueryRowContext(ctx, query, args...) // fails alike; only database/sql can make the Row
	}
	return statement.QueryRowContext(ctx, args...)
}

// prepare keeps every statement compiled: their texts are few and constant.
func (w *writer) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if statement, ok := w.prepared[query]; ok {
		return statement, nil
	}
	statement, err := w.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	w.prepared[query] = statement
	return statement, nil
}
