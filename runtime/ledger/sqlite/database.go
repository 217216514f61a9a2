package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/quaestor-run/quaestor/runtime/ledger/internal/journal"
	"github.com/quaestor-run/quaestor/runtime/wal"
)

// database implements journal.Database.
type database struct {
	readers *sql.DB
	writers *sql.DB // of one connection
	conn    *sql.Conn
	tx      transaction

	checkpoints *wal.Checkpointer
}

// Reader implements journal.Database.
func (d *database) Reader() *sql.DB { return d.readers }

// Close implements journal.Database.
func (d *database) Close() error {
	var errs []error
	if d.checkpoints != nil {
		errs = append(errs, d.checkpoints.Close())
	}
	if d.conn != nil {
		errs = append(errs, d.tx.close(), d.conn.Close())
	}
	for _, db := range []*sql.DB{d.readers, d.writers} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Transient implements journal.Database. While one process writes, no other
// does, so there is nothing to be tried again.
func (d *database) Transient(error) bool { return false }

// Transact implements journal.Database. It speaks to the driver itself: what
// database/sql does around a statement costs as much as the statement.
func (d *database) Transact(_ context.Context, change func(journal.Tx) error) error {
	return d.conn.Raw(func(conn any) error {
		d.tx.conn = conn.(driver.ConnPrepareContext)
		if err := d.tx.run("BEGIN IMMEDIATE"); err != nil {
			return errors.Join(journal.ErrUnreachable, fmt.Errorf("beginning a transaction: %w", err))
		}
		if err := change(&d.tx); err != nil {
			return errors.Join(err, d.tx.rollback())
		}
		if err := d.tx.run("COMMIT"); err != nil {
			return errors.Join(journal.ErrUnsure, fmt.Errorf("committing: %w", err), d.tx.rollback())
		}
		d.checkpoints.Committed()
		return nil
	})
}

// transaction implements journal.Tx. Statements run to their end whatever
// becomes of a context: to interrupt one would undo its neighbours.
type transaction struct {
	conn     driver.ConnPrepareContext
	prepared map[string]statement
	args     []driver.NamedValue
	values   []driver.Value
	version  int64 // of the data, as others changed it
	lastID   int64 // of attempts, 0 when it has to be read
}

type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

func (t *transaction) run(text string, row ...any) error {
	s, err := t.prepare(text)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(context.Background(), t.named(row))
	return err
}

// rollback undoes a transaction, unless its failure has done so already.
func (t *transaction) rollback() error {
	err := t.run("ROLLBACK")
	var failed *sqlite.Error
	if errors.As(err, &failed) && failed.Code() == sqlite3.SQLITE_ERROR {
		return nil // there is none
	}
	return err
}

// prepare keeps every statement compiled: their texts are few and constant.
func (t *transaction) prepare(text string) (statement, error) {
	if s, ok := t.prepared[text]; ok {
		return s, nil
	}
	prepared, err := t.conn.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, err
	}
	s, ok := prepared.(statement)
	if !ok {
		return nil, errors.Join(errors.New("the SQLite driver's statements take no contexts"), prepared.Close())
	}
	if t.prepared == nil {
		t.prepared = make(map[string]statement)
	}
	t.prepared[text] = s
	return s, nil
}

func (t *transaction) close() error {
	var errs []error
	for _, s := range t.prepared {
		errs = append(errs, s.Close())
	}
	t.prepared = nil
	return errors.Join(errs...)
}

func (t *transaction) named(row []any) []driver.NamedValue {
	t.args = t.args[:0]
	for i, value := range row {
		t.args = append(t.args, driver.NamedValue{Ordinal: i + 1, Value: value})
	}
	return t.args
}

// Write implements journal.Tx.
func (t *transaction) Write(ctx context.Context, s *journal.Statement, rows [][]any) error {
	prepared, err := t.prepare(s.Row)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := prepared.ExecContext(context.WithoutCancel(ctx), t.named(row)); err != nil {
			return err
		}
	}
	return nil
}

// Select implements journal.Tx. One query for each key: for a list of keys
// SQLite makes a table of its own, which costs more than a good many queries.
func (t *transaction) Select(_ context.Context, q *journal.Query, keys [][]any, dest []any, each func() error) error {
	for _, key := range keys {
		t.named(key)
		if err := t.query(q.Text, dest, each); err != nil {
			return err
		}
	}
	return nil
}

// query runs a query with t.args.
func (t *transaction) query(text string, dest []any, each func() error) (err error) {
	s, err := t.prepare(text)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(context.Background(), t.args)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if len(t.values) < len(dest) {
		t.values = make([]driver.Value, len(dest))
	}
	values := t.values[:len(dest)]
	for {
		if err := rows.Next(values); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := scan(values, dest); err != nil {
			return err
		}
		if err := each(); err != nil {
			return err
		}
	}
}

func scan(values []driver.Value, dest []any) error {
	for i, value := range values {
		var ok bool
		switch d := dest[i].(type) {
		case *int64:
			*d, ok = value.(int64)
		case *string:
			*d, ok = value.(string)
		case *[]byte:
			if *d, ok = value.([]byte); value == nil {
				*d, ok = []byte{}, true // as the driver gives an empty one
			}
		}
		if !ok {
			return fmt.Errorf("column %d is a %T where a %T is read", i+1, value, dest[i])
		}
	}
	return nil
}

// Unchanged implements journal.Tx.
func (t *transaction) Unchanged(context.Context) (bool, error) {
	version, err := t.number("PRAGMA data_version")
	unchanged := err == nil && version == t.version
	if !unchanged {
		t.lastID = 0
	}
	t.version = version
	return unchanged, err
}

// AttemptIDs implements journal.Tx. Attempts are never deleted, and nobody else
// writes now. A number that a transaction which failed has used up is left out.
func (t *transaction) AttemptIDs(_ context.Context, n int, each func(id int64)) error {
	if t.lastID == 0 {
		last, err := t.number("SELECT COALESCE(MAX(id), 0) FROM ledger_attempts")
		if err != nil {
			return err
		}
		t.lastID = last
	}
	for range n {
		t.lastID++
		each(t.lastID)
	}
	return nil
}

// Fetch implements journal.Tx. Everything is there.
func (t *transaction) Fetch(context.Context) error { return nil }

// number is the result of a query for one.
func (t *transaction) number(text string) (n int64, err error) {
	t.args = t.args[:0]
	err = t.query(text, []any{&n}, func() error { return nil })
	return n, err
}

// AlignPeriods implements journal.Tx. There is one transaction at a time.
func (t *transaction) AlignPeriods(context.Context, bool) error { return nil }
