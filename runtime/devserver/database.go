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
	"strings"

	"github.com/google/uuid"
	"go.temporal.io/server/common/config"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	_ "modernc.org/sqlite" // the driver Temporal's plugin uses too

	"github.com/quaestor-run/quaestor/runtime/wal"
)

const lockSuffix = ".lock"

// stores are the two databases of a server: the list of workflows, which
// Temporal calls visibility, is one of its own, so that its writes do not hold
// up the work.
type stores struct {
	main, visibility *config.SQL
}

// visibilityFile stands beside the main file.
func visibilityFile(path string) string {
	extension := filepath.Ext(path)
	return strings.TrimSuffix(path, extension) + "-visibility" + extension
}

// memoryStores are databases that live as long as the process.
func memoryStores() stores {
	store := func() *config.SQL {
		return &config.SQL{
			PluginName:        sqliteplugin.PluginName,
			DatabaseName:      uuid.NewString(),
			ConnectAttributes: map[string]string{"mode": "memory", "cache": "shared"},
		}
	}
	return stores{store(), store()}
}

// fileStores makes or checks the files and gives the way to open them. The
// caller holds the lock. The list of workflows is always written at once: what
// the main file says is in it must be.
func fileStores(ctx context.Context, path, synchronous string) (stores, error) {
	if err := prepareFiles(ctx, path); err != nil {
		return stores{}, fmt.Errorf("preparing Temporal's database %s: %w", path, err)
	}
	store := func(path, synchronous string) *config.SQL {
		return &config.SQL{
			PluginName:   sqliteplugin.PluginName,
			DatabaseName: uriPath(path),
			ConnectAttributes: map[string]string{
				"mode":         "rwc",
				"journal_mode": "wal",
				"synchronous":  synchronous,
				"busy_timeout": "5000", // a reader of ours beside the server's one connection
			},
		}
	}
	main := store(path, synchronous)
	main.ConnectAttributes[wal.PatienceName] = wal.PatiencePages // the keeper does it
	return stores{main, store(visibilityFile(path), SynchronousFull)}, nil
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
