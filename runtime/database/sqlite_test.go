package database_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/database"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/sqlquery/sqlquerytest"
)

func sqliteFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a shop? & more.db")
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer(" ", "%20", "?", "%3f").Replace(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range sqlquerytest.Schema() {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	return path
}

func TestSQLiteAttacksAreRefusedAndChangeNothing(t *testing.T) {
	t.Parallel()
	path := sqliteFile(t)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d, kept := open(t, "sqlite:"+path, database.Limits{})
	for _, attack := range sqlquerytest.SQLiteAttacks() {
		if _, err := d.Query(t.Context(), tools.Scope{}, "shop", attack); !refusedAs(err, "") {
			t.Errorf("%q: %v, want an InputError", attack, err)
		}
	}
	after, err := os.ReadFile(path)
	if err != nil || string(after) != string(before) || len(kept.kept) > 0 {
		t.Errorf("the file changed, or %d results were kept: %v", len(kept.kept), err)
	}
}

func TestSQLiteAnalyticsRun(t *testing.T) {
	t.Parallel()
	d, _ := open(t, "sqlite:"+sqliteFile(t), database.Limits{})
	for _, query := range sqlquerytest.SQLiteAnalytics() {
		if _, err := d.Query(t.Context(), tools.Scope{}, "shop", query); err != nil {
			t.Errorf("%q: %v", query, err)
		}
	}
	result, err := d.Query(t.Context(), tools.Scope{}, "shop", "SELECT id, placed, amount, note FROM orders WHERE id < 4")
	if want := "id,placed,amount,note\n1,2024-01-15,10.5,first\n2,2024-02-20,20,\"\"\n3,2024-02-25,5.25,\\N\n"; err != nil || result.Snapshot.Text != want {
		t.Errorf("%q, %v", result.Snapshot.Text, err)
	}
	schema, err := d.Schema(t.Context(), tools.Scope{}, "shop", nil)
	if err != nil || len(schema.Tables) != 2 || schema.Tables[1].Columns[2].Type != "date" {
		t.Errorf("%+v, %v", schema, err)
	}
}

func TestSQLiteLimits(t *testing.T) {
	t.Parallel()
	d, _ := open(t, "sqlite:"+sqliteFile(t), database.Limits{Rows: 2, Bytes: 100_000, Time: 300 * time.Millisecond})
	result, err := d.Query(t.Context(), tools.Scope{}, "shop", "SELECT id FROM orders ORDER BY id")
	if err != nil || len(result.Snapshot.Rows) != 2 || !result.Snapshot.Truncated {
		t.Errorf("%+v, %v", result, err)
	}
	cross := "WITH r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r"
	if _, err := d.Query(t.Context(), tools.Scope{}, "shop", cross); !refusedAs(err, "took longer") {
		t.Errorf("an endless query: %v", err)
	}
	blow := "WITH a AS (SELECT 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' AS t), b AS (SELECT replace(t, 'x', t) AS t FROM a), c AS (SELECT replace(t, 'x', t) AS t FROM b), d AS (SELECT replace(t, 'x', t) AS t FROM c) SELECT t FROM d"
	if _, err := d.Query(t.Context(), tools.Scope{}, "shop", blow); err == nil {
		t.Error("a text of a megabyte was made under a limit of 100 kB")
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"": "begins with none", "oracle://x": "begins with none", "sqlite:": "names no file", "sqlite::memory:": "names no file",
		"mysql://h/d": "incomplete", "mysql://u:hunter2@h/d?allowAllFiles=true": "allowAllFiles", "postgres://u:hunter2@h:port/d": "cannot be read",
	} {
		_, err := database.Open(map[string]database.Source{"shop": {URL: address}}, &blobs{}, database.Limits{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"shop"`) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
	d, _ := open(t, "sqlite:"+filepath.Join(t.TempDir(), "nowhere.db"), database.Limits{})
	if _, err := d.Query(t.Context(), tools.Scope{}, "shop", "SELECT 1"); err == nil {
		t.Error("a file that is not there was opened")
	}
}
