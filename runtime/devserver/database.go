//go:build !slim && unix

package devserver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"
	"go.temporal.io/server/common/config"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/schema"
	_ "modernc.org/sqlite" // the driver Temporal's plugin uses too
)

const (
	lockSuffix = ".lock"
	// edition is what a file's user_version says about its schema. A change of
	// Temporal's schema (a test watches it) needs the next number here and a
	// migration from this one. 2 is 1 with fewer indexes.
	edition = 2
)

// keptIndexes are those of Temporal's visibility table that remain. It comes
// with one for each of 58 columns, and every start and end of a workflow would
// write to each; the rows of one machine are few enough to be filtered.
func keptIndexes() []string {
	return []string{"default_idx", "by_workflow_id", "by_workflow_type", "by_temporal_namespace_division"}
}

func schemaFiles() []string {
	return []string{"sqlite/v3/temporal/schema.sql", "sqlite/v3/visibility/schema.sql"}
}

// memoryStore is a database that lives as long as the process.
func memoryStore() *config.SQL {
	return &config.SQL{
		PluginName:        sqliteplugin.PluginName,
		DatabaseName:      uuid.NewString(),
		ConnectAttributes: map[string]string{"mode": "memory", "cache": "shared"},
	}
}

// fileStore makes or checks the file and gives the way to open it. The caller
// holds its lock.
func fileStore(ctx context.Context, path string) (*config.SQL, error) {
	store := &config.SQL{
		PluginName:   sqliteplugin.PluginName,
		DatabaseName: uriPath(path),
		ConnectAttributes: map[string]string{
			"mode":         "rwc",
			"journal_mode": "wal",
			"synchronous":  "full",
			"busy_timeout": "5000", // a reader of ours beside the server's one connection
		},
	}
	if err := ensureSchema(ctx, path); err != nil {
		return nil, fmt.Errorf("preparing Temporal's database %s: %w", path, err)
	}
	return store, nil
}

// ensureSchema makes the tables in one transaction, so that a file either has
// them all or none, whenever the process is killed.
func ensureSchema(ctx context.Context, path string) (err error) {
	db, err := openFile(path)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := db.Close(); err == nil {
			err = closeErr
		}
	}()
	var found, tables int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&found); err != nil {
		return fmt.Errorf("reading its version: %w", err)
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&tables); err != nil {
		return fmt.Errorf("reading its tables: %w", err)
	}
	switch {
	case found == edition:
		return nil
	case found == 1:
		return reach(ctx, db, dropIndexes)
	case found == 0 && tables == 0:
		return reach(ctx, db, createTables, dropIndexes)
	}
	return fmt.Errorf("its schema is edition %d with %d tables, this binary knows edition %d: "+
		"open it with the version that made it, or choose another folder", found, tables, edition)
}

// reach brings a file to this edition by steps in one transaction.
func reach(ctx context.Context, db *sql.DB, steps ...func(context.Context, *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it has nothing to do, before it the first error counts
	for _, step := range steps {
		if err := step(ctx, tx); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", edition)); err != nil {
		return fmt.Errorf("writing the edition of the schema: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing the schema: %w", err)
	}
	return nil
}

func createTables(ctx context.Context, tx *sql.Tx) error {
	for _, name := range schemaFiles() {
		statements, err := fs.ReadFile(schema.Assets(), name)
		if err != nil {
			return fmt.Errorf("reading schema %s: %w", name, err)
		}
		if _, err := tx.ExecContext(ctx, string(statements)); err != nil {
			return fmt.Errorf("creating the tables of %s: %w", name, err)
		}
	}
	return nil
}

func dropIndexes(ctx context.Context, tx *sql.Tx) error {
	const list = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'executions_visibility' AND sql IS NOT NULL"
	rows, err := tx.QueryContext(ctx, list)
	if err != nil {
		return fmt.Errorf("listing indexes: %w", err)
	}
	defer rows.Close()
	var dropped []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return fmt.Errorf("listing indexes: %w", err)
		}
		if !slices.Contains(keptIndexes(), name) {
			dropped = append(dropped, name)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("listing indexes: %w", err)
	}
	for _, name := range dropped {
		if _, err := tx.ExecContext(ctx, `DROP INDEX "`+name+`"`); err != nil {
			return fmt.Errorf("dropping index %s: %w", name, err)
		}
	}
	return nil
}

// checkpoint moves the write-ahead log into the file, so that after Stop the
// file alone is the whole database.
func checkpoint(ctx context.Context, path string) error {
	db, err := openFile(path)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return fmt.Errorf("checkpointing %s: %w", path, err)
	}
	return nil
}

func openFile(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+uriPath(path)+"?_pragma=busy_timeout=5000&_pragma=journal_mode=wal&_pragma=synchronous=full")
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// makeFile makes the folder and an empty file that only its owner can read;
// SQLite gives its log the same mode. A file that exists is not opened: closing
// it would drop the locks that SQLite holds on it in this process.
func makeFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("making the folder of Temporal's database: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("making Temporal's database: %w", err)
	}
	return file.Close()
}

// uriPath escapes what would end the path of an SQLite URI.
func uriPath(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
}
