// Package sqlite keeps the ledger in one SQLite file, for a single machine.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/quaestor-run/quaestor/runtime/ledger/internal/journal"
	"github.com/quaestor-run/quaestor/runtime/wal"
)

//go:embed migrations/*.sql
var migrations embed.FS

// checkpointEvery is after how many transactions the log is copied into the file.
const checkpointEvery = 256

// Ledger is a ledger.Ledger on a SQLite file.
type Ledger struct {
	*journal.Journal
}

// Options of a ledger's file.
type Options struct {
	// Synchronous is "full" (or empty: every commit is on the disk before it
	// returns) or "normal": what was committed outlives any process, but the
	// last commits may be lost when the machine itself stops.
	Synchronous string
}

// Open opens or creates the file and brings its tables up to date. Every commit
// is on the disk before it returns. Several processes may open the same file;
// they take turns. The caller closes the ledger.
func Open(ctx context.Context, path string) (*Ledger, error) {
	return OpenWith(ctx, path, Options{})
}

// OpenWith is Open with options.
func OpenWith(ctx context.Context, path string, o Options) (*Ledger, error) {
	return openAt(ctx, path, o, time.Now)
}

func openAt(ctx context.Context, path string, o Options, now func() time.Time) (*Ledger, error) {
	d, err := open(ctx, path, o)
	if err != nil {
		return nil, fmt.Errorf("opening ledger %q: %w", path, errors.Join(err, d.Close()))
	}
	return &Ledger{journal.New(d, now)}, nil
}

// open gives a database even when it fails, to be closed.
func open(ctx context.Context, path string, o Options) (*database, error) {
	d := &database{}
	synchronous, ok := map[string]string{"": "FULL", "full": "FULL", "normal": "NORMAL"}[o.Synchronous]
	if !ok {
		return d, fmt.Errorf("synchronous is %q; it can be full or normal", o.Synchronous)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return d, err
	}
	if err := os.MkdirAll(filepath.Dir(absolute), 0o700); err != nil {
		return d, err
	}
	// One connection: writers of one process queue before it, in order, instead
	// of polling for the file's lock.
	if d.writers, err = connect(absolute, 1, "synchronous("+synchronous+")", "cache_size(-16384)", "temp_store(MEMORY)", wal.Patience); err != nil {
		return d, err
	}
	if err := migrate(ctx, d.writers); err != nil {
		return d, fmt.Errorf("bringing its tables up to date: %w", err)
	}
	if d.readers, err = connect(absolute, max(4, runtime.GOMAXPROCS(0)), "query_only(1)"); err != nil {
		return d, err
	}
	if d.checkpoints, err = wal.Start(absolute, checkpointEvery); err != nil {
		return d, err
	}
	d.conn, err = d.writers.Conn(ctx)
	return d, err
}

func connect(path string, connections int, pragmas ...string) (*sql.DB, error) {
	query := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{
		"busy_timeout(10000)", // first: the others may have to wait
		"journal_mode(WAL)", "foreign_keys(1)", "journal_size_limit(67108864)",
	}, pragmas...)}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// migrate tries again when another process is at the same work: each migration
// is one transaction, so that the second to come finds it done.
func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithTableName("ledger_migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		_, err := provider.Up(ctx)
		if err == nil {
			return checkTables(ctx, db)
		}
		if try == 5 {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(try) * 50 * time.Millisecond):
		}
	}
}

// checkTables refuses the tables of a version that was never released: they
// hold no periods, and nothing can be told of which day its accounts are.
func checkTables(ctx context.Context, db *sql.DB) error {
	var old int
	err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master WHERE name = 'ledger_charges'").Scan(&old)
	if err == nil && old > 0 {
		return journal.ErrOldTables
	}
	return err
}
