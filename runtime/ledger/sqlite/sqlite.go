// Package sqlite keeps the ledger in one SQLite file, for a single machine.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/quaestor-run/quaestor/runtime/ledger/internal/journal"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Ledger is a ledger.Ledger on a SQLite file.
type Ledger struct {
	*journal.Journal
}

// Open opens or creates the file and brings its tables up to date. Every commit
// is on the disk before it returns (WAL, synchronous=FULL). Several processes
// may open the same file; they take turns.
func Open(ctx context.Context, path string) (*Ledger, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening ledger %q: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(absolute), 0o700); err != nil {
		return nil, fmt.Errorf("opening ledger %q: %w", path, err)
	}
	db, err := sql.Open("sqlite", source(absolute))
	if err != nil {
		return nil, fmt.Errorf("opening ledger %q: %w", path, err)
	}
	// One connection: writers of one process queue here, in order, instead of
	// polling for the file's lock.
	db.SetMaxOpenConns(1)
	if err := migrate(ctx, db); err != nil {
		db.Close()
		return nil, fmt.Errorf("bringing the tables of ledger %q up to date: %w", path, err)
	}
	return &Ledger{journal.New(db)}, nil
}

func source(path string) string {
	query := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
	}}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query.Encode()}).String()
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
		if err == nil || try == 5 {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(try) * 50 * time.Millisecond):
		}
	}
}
