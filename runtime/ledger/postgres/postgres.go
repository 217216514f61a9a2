// Package postgres keeps the ledger in PostgreSQL, for many processes at once.
package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/quaestor-run/quaestor/runtime/ledger/internal/journal"
)

//go:embed migrations/*.sql
var migrations embed.FS

// maxReaders bounds the connections of one process that read; one more writes.
const maxReaders = 8

// Ledger is a ledger.Ledger on a PostgreSQL database.
type Ledger struct {
	*journal.Journal
}

// Open connects to a database by its URL (or key=value string) and brings the
// ledger's tables up to date; they live beside others, with a version table of
// their own, ledger_migrations.
func Open(ctx context.Context, url string) (*Ledger, error) {
	return openAt(ctx, url, time.Now)
}

func openAt(ctx context.Context, url string, now func() time.Time) (*Ledger, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("reading the ledger's database URL: %w", err)
	}
	config.RuntimeParams["application_name"] = "quaestor ledger"
	config.RuntimeParams["default_transaction_isolation"] = "read committed"
	// A process that is stopped in a transaction shall not stop the others.
	config.RuntimeParams["idle_in_transaction_session_timeout"] = "20s"
	d := &database{config: config.Copy(), readers: stdlib.OpenDB(*config)}
	// Everything that writes finds its rows by key, whatever statistics say of
	// tables that grow fast, and is planned once.
	for name, value := range map[string]string{
		"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off",
	} {
		d.config.RuntimeParams[name] = value
	}
	d.readers.SetMaxOpenConns(maxReaders)
	d.readers.SetMaxIdleConns(maxReaders)
	if err := migrate(ctx, d.readers); err != nil {
		err = fmt.Errorf("bringing the ledger's tables on %s/%s up to date: %w", config.Host, config.Database, err)
		return nil, errors.Join(err, d.Close())
	}
	return &Ledger{journal.New(d, now)}, nil
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	// A lock of the ledger's own: others migrate in the same database.
	const lockID = 0x7175616573746c67
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(lockID), lock.WithLockTimeout(1, 60))
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithTableName("ledger_migrations"),
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return err
	}
	var old sql.NullString // a table of a version that was never released, without periods
	err = db.QueryRowContext(ctx, "SELECT to_regclass('ledger_charges')::text").Scan(&old)
	if err == nil && old.Valid {
		return journal.ErrOldTables
	}
	return err
}
