package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/ledger/sqlite"
)

func TestALedgerOfAnEarlyVersionIsRefusedWithAWord(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE ledger_charges (attempt BIGINT)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	book, err := sqlite.Open(t.Context(), path)
	if err == nil {
		t.Error(book.Close(), "a ledger without periods was opened")
	} else if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "move the file away") {
		t.Errorf("the error names neither the file nor what to do: %v", err)
	}
}
