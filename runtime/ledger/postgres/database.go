package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/quaestor-run/quaestor/runtime/ledger/internal/journal"
)

// database implements journal.Database.
type database struct {
	config  *pgx.ConnConfig
	readers *sql.DB
	conn    *pgx.Conn // that writes; nil when there is none
}

// Reader implements journal.Database.
func (d *database) Reader() *sql.DB { return d.readers }

// Close implements journal.Database.
func (d *database) Close() error {
	var errs []error
	if d.readers != nil {
		errs = append(errs, d.readers.Close())
	}
	return errors.Join(append(errs, d.disconnect())...)
}

func (d *database) disconnect() error {
	if d.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := d.conn.Close(ctx)
	d.conn = nil
	return err
}

// errPeriods says that limits are being changed.
var errPeriods = errors.New("limits are being changed at this moment")

// Transient implements journal.Database: what another transaction stood
// against may succeed, and a lost connection can be made again.
func (d *database) Transient(err error) bool {
	var failed *pgconn.PgError
	if !errors.As(err, &failed) {
		return errors.Is(err, errPeriods) || d.conn == nil && !errors.Is(err, journal.ErrUnreachable)
	}
	switch failed.Code {
	case "40P01", "40001", "23505", "55P03", // deadlock, serialisation, made by another, locked
		"57P01", "57P02", "57P03": // the server was stopped or is starting
		return true
	}
	return false
}

// Transact implements journal.Database. A connection whose state is in doubt is
// given up.
func (d *database) Transact(ctx context.Context, change func(journal.Tx) error) error {
	if d.conn == nil || d.conn.IsClosed() {
		conn, err := pgx.ConnectConfig(ctx, d.config)
		if err != nil {
			return errors.Join(journal.ErrUnreachable, fmt.Errorf("connecting: %w", err))
		}
		d.conn = conn
	}
	tx := &transaction{conn: d.conn}
	tx.queued.Queue("BEGIN")
	err := change(tx)
	if err == nil {
		tx.queued.Queue("COMMIT")
		if err = tx.send(ctx); err == nil {
			return nil
		}
		var failed *pgconn.PgError
		if !errors.As(err, &failed) {
			err = errors.Join(journal.ErrUnsure, err)
		}
	}
	if tx.begun {
		// Nothing else tells whether the server has ended the transaction.
		if _, undo := d.conn.Exec(ctx, "ROLLBACK"); undo != nil {
			d.giveUp()
		}
	}
	if d.conn != nil && d.conn.IsClosed() {
		d.conn = nil
	}
	return err
}

// giveUp leaves a connection that does not answer.
func (d *database) giveUp() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // no farewell
	_ = d.conn.Close(ctx)
	d.conn = nil
}

// transaction implements journal.Tx. What is written is sent with the next
// query, or the end: a journey to the server costs more than a statement.
type transaction struct {
	conn   *pgx.Conn
	queued pgx.Batch
	begun  bool
}

// send runs what is queued.
func (t *transaction) send(ctx context.Context) error {
	batch := t.queued
	t.queued, t.begun = pgx.Batch{}, true
	return t.conn.SendBatch(ctx, &batch).Close()
}

// Write implements journal.Tx.
func (t *transaction) Write(_ context.Context, s *journal.Statement, rows [][]any) error {
	args, err := arrays(s.Kinds, rows)
	if err != nil {
		return err
	}
	t.queued.Queue(s.Rows, args...)
	return nil
}

// Select implements journal.Tx.
func (t *transaction) Select(_ context.Context, q *journal.Query, keys [][]any, dest []any, each func() error) error {
	args, err := arrays(q.Kinds, keys)
	if err != nil {
		return err
	}
	t.query(q.Locking, args, dest, each)
	return nil
}

// Fetch implements journal.Tx.
func (t *transaction) Fetch(ctx context.Context) error {
	if t.queued.Len() == 0 {
		return nil
	}
	return t.send(ctx)
}

func (t *transaction) query(text string, args []any, dest []any, each func() error) {
	t.queued.Queue(text, args...).Query(func(rows pgx.Rows) error {
		defer rows.Close()
		for rows.Next() {
			if err := rows.Scan(dest...); err != nil {
				return err
			}
			if err := each(); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// arrays turns rows into one array for each column.
func arrays(kinds []journal.Kind, rows [][]any) ([]any, error) {
	args := make([]any, len(kinds))
	for c, kind := range kinds {
		var err error
		switch kind {
		case journal.Integer:
			args[c], err = array[int64](rows, c)
		case journal.Text:
			args[c], err = array[string](rows, c)
		case journal.Bytes:
			args[c], err = array[[]byte](rows, c)
		}
		if err != nil {
			return nil, err
		}
	}
	return args, nil
}

// array is a column; a nil in it is NULL.
func array[T any](rows [][]any, column int) (any, error) {
	values, nulls := make([]T, len(rows)), false
	for i, row := range rows {
		if row[column] == nil {
			nulls = true
			continue
		}
		value, ok := row[column].(T)
		if !ok {
			return nil, fmt.Errorf("column %d is a %T where a %T is written", column+1, row[column], value)
		}
		values[i] = value
	}
	if !nulls {
		return values, nil
	}
	optional := make([]*T, len(rows))
	for i := range rows {
		if rows[i][column] != nil {
			optional[i] = &values[i]
		}
	}
	return optional, nil
}

// Unchanged implements journal.Tx. Others may always have written.
func (t *transaction) Unchanged(context.Context) (bool, error) { return false, nil }

// AttemptIDs implements journal.Tx.
func (t *transaction) AttemptIDs(_ context.Context, n int, each func(id int64)) error {
	var id int64
	t.query("SELECT nextval('ledger_attempt_ids') FROM generate_series(1, $1)", []any{n}, []any{&id}, func() error {
		each(id)
		return nil
	})
	return nil
}

// periodsLock is an advisory lock of the ledger's own.
const periodsLock = 0x7175616573747064

// AlignPeriods implements journal.Tx.
func (t *transaction) AlignPeriods(ctx context.Context, alone bool) error {
	if alone {
		t.queued.Queue("SELECT pg_advisory_xact_lock($1)", int64(periodsLock))
		return t.send(ctx)
	}
	var got bool
	t.query("SELECT pg_try_advisory_xact_lock_shared($1)", []any{int64(periodsLock)}, []any{&got}, func() error { return nil })
	if err := t.send(ctx); err != nil {
		return err
	}
	if !got {
		return errPeriods
	}
	return nil
}
