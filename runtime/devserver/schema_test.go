//go:build !slim && unix

package devserver

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"go.temporal.io/server/schema"
)

// The edition in a file promises these tables. When an upgrade of the server
// changes them this fails: raise the edition and write the migration.
func TestSchemaIsTheEdition(t *testing.T) {
	t.Parallel()
	hash := sha256.New()
	for _, name := range []string{mainSchema, visibilitySchema} {
		text, err := fs.ReadFile(schema.Assets(), name)
		if err != nil {
			t.Fatal(err)
		}
		hash.Write(text)
	}
	const want = "5f52b2917ee755a3f0cf2f91d73e15aee742c818644d7b95cc6af659846b3763"
	if got := hex.EncodeToString(hash.Sum(nil)); got != want {
		t.Errorf("the schema of edition %d is %s, not %s", edition, got, want)
	}
}

// A file of the first edition keeps its list of workflows, in a file of its own.
func TestAFileOfTheFirstEditionIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "temporal.db")
	run := func(path string, statements ...string) {
		t.Helper()
		db, err := openFile(path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for _, statement := range statements {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	first := func(ctx context.Context, tx *sql.Tx) error {
		return errors.Join(createTables(mainSchema)(ctx, tx), createTables(visibilitySchema)(ctx, tx))
	}
	if err := inFile(t.Context(), path, first); err != nil {
		t.Fatal(err)
	}
	run(path, "PRAGMA user_version = 1",
		`INSERT INTO executions_visibility (namespace_id, run_id, start_time, execution_time, workflow_id, workflow_type_name, status, encoding, search_attributes)
		VALUES ('n', 'r', '2026-01-01', '2026-01-01', 'kept', 'w', 1, '', '{"Keyword01": "acme"}')`)

	for range 2 { // the second time there is nothing to do
		if err := prepareFiles(t.Context(), path); err != nil {
			t.Fatal(err)
		}
	}
	count := func(path, query string, want int) {
		t.Helper()
		db, err := openFile(path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var got int
		if err := db.QueryRowContext(t.Context(), query).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %s gives %d, %v; want %d", filepath.Base(path), query, got, err, want)
		}
	}
	list := visibilityFile(path)
	count(path, "PRAGMA user_version", edition)
	count(list, "PRAGMA user_version", edition)
	count(path, "SELECT count(*) FROM sqlite_master WHERE name LIKE '%visibility%' AND type <> 'index' AND name <> 'visibility_tasks'", 0)
	count(list, "SELECT count(*) FROM executions_visibility WHERE Keyword01 = 'acme' AND workflow_id = 'kept'", 1)
	count(list, "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND tbl_name = 'executions_visibility' AND sql IS NOT NULL", len(keptIndexes()))
}
