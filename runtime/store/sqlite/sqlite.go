// Package sqlite keeps the store in one file, without a server.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/quaestor-run/quaestor/runtime/store/internal/sqlstore"
	"github.com/quaestor-run/quaestor/runtime/wal"
)

//go:embed migrations/*.sql
var embedded embed.FS

// Store implements store.Store and store.Watcher on a SQLite file. Readers do
// not wait for the writer. Other processes may use the file at the same time.
type Store struct{ *sqlstore.Store }

// Open opens the store in the file at path, creating the file and its folder
// where they are missing, and brings its schema to the newest version. The
// caller closes the store.
func Open(ctx context.Context, path string) (*Store, error) {
	d, err := open(ctx, path)
	if err != nil {
		return nil, sqlstore.Explain(d, err, "opening the store at %s", path)
	}
	return &Store{sqlstore.New(d)}, nil
}

// checkpointEvery is after how many transactions the log is copied into the file.
const checkpointEvery = 64

// database implements sqlstore.Backend.
type database struct {
	path        string
	readers     *reader
	writers     *sql.DB // of one connection
	checkpoints *wal.Checkpointer
	*writer
}

// open gives a database even when it fails, to explain the error by.
func open(ctx context.Context, path string, pragmas ...string) (_ *database, err error) {
	d := &database{path: path}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if d.path, err = createFile(path); err != nil {
		return d, err
	}
	if d.writers, err = connect(d.path, 1, append(pragmas, wal.Patience)...); err != nil {
		return d, err
	}
	if err := migrate(ctx, d.writers); err != nil {
		return d, err
	}
	readers, err := connect(d.path, max(4, runtime.GOMAXPROCS(0)), "query_only(1)")
	if err != nil {
		return d, err
	}
	d.readers = newReader(readers)
	if d.checkpoints, err = wal.Start(d.path, checkpointEvery); err != nil {
		return d, err
	}
	d.writer, err = startWriter(ctx, d.writers, d.checkpoints)
	return d, err
}

// createFile makes the file before SQLite would: readable by its owner alone,
// and with an error that says why it cannot be.
func createFile(path string) (absolute string, err error) {
	absolute, err = filepath.Abs(path)
	if err != nil {
		return path, err
	}
	if err := os.MkdirAll(filepath.Dir(absolute), 0o700); err != nil {
		return absolute, err
	}
	file, err := os.OpenFile(absolute, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return absolute, err
	}
	return absolute, file.Close()
}

func connect(path string, connections int, pragmas ...string) (*sql.DB, error) {
	pragmas = append([]string{
		"busy_timeout(10000)", // first: the others may have to wait
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"foreign_keys(1)",
		"journal_size_limit(67108864)",
	}, pragmas...)
	source := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}.Encode()}
	db, err := sql.Open("sqlite", source.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// migrate tries again when another process that opens the same new file was
// faster: one of the two then finds a table that it was about to create.
func migrate(ctx context.Context, db *sql.DB) error {
	migrations, err := fs.Sub(embedded, "migrations")
	if err != nil {
		return err
	}
	const tries = 5
	for try := 1; ; try++ {
		err := sqlstore.Migrate(ctx, goose.DialectSQLite3, db, migrations)
		if err == nil || try == tries || ctx.Err() != nil {
			return err
		}
		time.Sleep(time.Duration(try) * 20 * time.Millisecond)
	}
}

// Reader implements sqlstore.Backend.
func (d *database) Reader() sqlstore.Reader { return d.readers }

// Place implements sqlstore.Backend.
func (d *database) Place() string { return d.path }

// Failure implements sqlstore.Backend.
func (d *database) Failure(err error) sqlstore.Failure {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return sqlstore.FailureDiskFull
	}
	var failed *sqlite.Error
	if !errors.As(err, &failed) {
		return sqlstore.FailureOther
	}
	switch failed.Code() {
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return sqlstore.FailureForeignKey
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return sqlstore.FailureUnique
	case sqlite3.SQLITE_FULL:
		return sqlstore.FailureDiskFull
	}
	return sqlstore.FailureOther
}

// Close implements sqlstore.Backend.
func (d *database) Close() error {
	var errs []error
	if d.writer != nil {
		errs = append(errs, d.writer.stop())
	}
	if d.checkpoints != nil {
		errs = append(errs, d.checkpoints.Close())
	}
	if d.readers != nil {
		errs = append(errs, d.readers.Close())
	}
	if d.writers != nil {
		errs = append(errs, d.writers.Close())
	}
	return errors.Join(errs...)
}
