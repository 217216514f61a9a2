//go:build !slim && unix

package devserver

import (
	"crypto/sha256"
	"encoding/hex"
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
	for _, name := range schemaFiles() {
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

// A file of the first edition keeps its rows and loses the indexes.
func TestAFileOfTheFirstEditionIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "temporal.db")
	db, err := openFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := reach(t.Context(), db, createTables); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"PRAGMA user_version = 1",
		`INSERT INTO executions_visibility (namespace_id, run_id, start_time, execution_time, workflow_id, workflow_type_name, status, encoding)
			VALUES ('n', 'r', '2026-01-01', '2026-01-01', 'kept', 'w', 1, '')`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	if err := ensureSchema(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if db, err = openFile(path); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var version, indexes, rows int
	err = db.QueryRowContext(t.Context(), `SELECT (SELECT user_version FROM pragma_user_version),
		(SELECT count(*) FROM sqlite_master WHERE type = 'index' AND tbl_name = 'executions_visibility' AND sql IS NOT NULL),
		(SELECT count(*) FROM executions_visibility WHERE workflow_id = 'kept')`).Scan(&version, &indexes, &rows)
	if err != nil {
		t.Fatal(err)
	}
	if version != edition || indexes != len(keptIndexes()) || rows != 1 {
		t.Errorf("edition %d with %d indexes and %d rows; want %d, %d, 1", version, indexes, rows, edition, len(keptIndexes()))
	}
}
