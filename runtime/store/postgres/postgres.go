// Package postgres keeps the store in a PostgreSQL database, for several
// processes on several machines.
package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/quaestor-run/quaestor/runtime/store/internal/sqlstore"
)

//go:embed migrations/*.sql
var embedded embed.FS

// connections is the most that one store opens.
const connections = 16

// migrationLock is the key of an advisory lock, "quaestor" as a number.
const migrationLock int64 = 0x7175616573746f72

// Store implements store.Store and store.Watcher on a PostgreSQL database.
type Store struct{ *sqlstore.Store }

// Open connects to the database at a postgres:// URL (or keyword string) and
// brings its schema to the newest version. The caller closes the store.
func Open(ctx context.Context, url string) (*Store, error) {
	d, err := connect(url)
	if err != nil {
		return nil, err
	}
	if err := d.migrate(ctx); err != nil {
		return nil, sqlstore.Explain(d, errors.Join(err, d.Close()), "opening the store at %s", d.place)
	}
	return &Store{sqlstore.New(d)}, nil
}

func connect(url string) (*database, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("reading the PostgreSQL URL of the store: %w", err) // pgx leaves the password out
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return &database{db: db, place: fmt.Sprintf("%s:%d/%s", config.Host, config.Port, config.Database)}, nil
}

// database implements sqlstore.Backend.
type database struct {
	db    *sql.DB
	place string
}

// migrate holds an advisory lock, so that processes that start together do not
// migrate at the same time. (The lock of goose is polled for, this one wakes.)
func (d *database) migrate(ctx context.Context) (err error) {
	migrations, err := fs.Sub(embedded, "migrations")
	if err != nil {
		return err
	}
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", migrationLock); err != nil {
		return fmt.Errorf("locking the migrations: %w", err)
	}
	defer func() {
		_, unlock := conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", migrationLock)
		err = errors.Join(err, unlock)
	}()
	return sqlstore.Migrate(ctx, goose.DialectPostgres, d.db, migrations)
}

// Reader implements sqlstore.Backend.
func (d *database) Reader() sqlstore.Reader { return d.db }

// Place implements sqlstore.Backend.
func (d *database) Place() string { return d.place }

// Close implements sqlstore.Backend.
func (d *database) Close() error { return d.db.Close() }

// Write implements sqlstore.Backend. Transactions that PostgreSQL ended to
// resolve a deadlock are tried again.
func (d *database) Write(ctx context.Context, fn func(context.Context, sqlstore.Tx) error) error {
	const tries = 5
	for try := 1; ; try++ {
		err := d.transact(ctx, fn)
		if err != nil && ctx.Err() != nil {
			return errors.Join(ctx.Err(), err) // a cancelled statement may end as a broken connection
		}
		if code := codeOf(err); try == tries || code != "40P01" && code != "40001" {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(rand.N(time.Duration(try) * 10 * time.Millisecond)):
		}
	}
}

func (d *database) transact(ctx context.Context, fn func(context.Context, sqlstore.Tx) error) error {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	if err := fn(ctx, tx); err != nil {
		if rollback := tx.Rollback(); rollback != nil && !errors.Is(rollback, sql.ErrTxDone) {
			return errors.Join(err, rollback)
		}
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

// Failure implements sqlstore.Backend.
func (d *database) Failure(err error) sqlstore.Failure {
	switch codeOf(err) {
	case "23503":
		return sqlstore.FailureForeignKey
	case "23505":
		return sqlstore.FailureUnique
	case "53100":
		return sqlstore.FailureDiskFull
	}
	return sqlstore.FailureOther
}

// codeOf is the SQLSTATE of an error, or empty.
func codeOf(err error) string {
	var failed *pgconn.PgError
	if errors.As(err, &failed) {
		return failed.Code
	}
	return ""
}
