// Package journal is the ledger in SQL that SQLite and PostgreSQL both speak.
//
// Rows are locked in one order, so that transactions wait for each other but
// never in a circle: the call, its attempts by id, then budgets by id.
package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// Journal implements ledger.Ledger on a migrated database. With PostgreSQL the
// isolation level must be READ COMMITTED, with SQLite transactions must begin
// IMMEDIATE.
type Journal struct {
	db *sql.DB
}

var _ ledger.Ledger = (*Journal)(nil)

// New makes a journal on a database that has its tables.
func New(db *sql.DB) *Journal { return &Journal{db: db} }

// Ping says whether the database answers.
func (j *Journal) Ping(ctx context.Context) error {
	if err := j.db.PingContext(ctx); err != nil {
		return fmt.Errorf("reaching the ledger: %w", err)
	}
	return nil
}

// Close closes the database.
func (j *Journal) Close() error { return j.db.Close() }

// period of a budget row. A row of another period than total will carry the
// first day of the period as its start.
const (
	periodTotal = "total"
	startTotal  = ""
)

// transact runs change in one transaction.
func (j *Journal) transact(ctx context.Context, change func(*sql.Tx) error) error {
	err := j.attempt(ctx, change)
	if err != nil && ctx.Err() != nil {
		return errors.Join(ctx.Err(), err) // a cancelled statement may end as a broken connection
	}
	return err
}

func (j *Journal) attempt(ctx context.Context, change func(*sql.Tx) error) error {
	tx, err := j.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	if err := change(tx); err != nil {
		if undo := tx.Rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) {
			return errors.Join(err, fmt.Errorf("rolling back: %w", undo))
		}
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

// each runs scan for every row of a query.
func each(ctx context.Context, tx queryer, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func changed(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// Times are whole microseconds since 1970, the same in both databases.
func stamp(t time.Time) int64 { return t.UnixMicro() }

func moment(micros sql.NullInt64) time.Time {
	if !micros.Valid {
		return time.Time{}
	}
	return time.UnixMicro(micros.Int64).UTC()
}
