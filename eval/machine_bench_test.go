package eval_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
)

// BenchmarkMachine measures nothing of ours: two updates and an insert in one
// transaction of SQLite on a file. Figures of two machines can be compared by
// it; the goals were set on one that takes 70 µs with NORMAL and 188 µs with
// FULL.
func BenchmarkMachine(b *testing.B) {
	for _, synchronous := range []string{"normal", "full"} {
		b.Run("sqlite-"+synchronous, func(b *testing.B) { benchmarkTransaction(b, synchronous) })
	}
}

func benchmarkTransaction(b *testing.B, synchronous string) {
	path := filepath.Join(b.TempDir(), "machine.db")
	db, err := sql.Open("sqlite", fmt.Sprintf("file:%s?_pragma=journal_mode=wal&_pragma=synchronous=%s", path, synchronous))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	const schema = `CREATE TABLE budget (scope TEXT PRIMARY KEY, held INTEGER NOT NULL) WITHOUT ROWID;
		INSERT INTO budget VALUES ('client', 0), ('run', 0);
		CREATE TABLE hold (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL);`
	if _, err := db.ExecContext(b.Context(), schema); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := holdOnce(b, db); err != nil {
			b.Fatal(err)
		}
	}
}

func holdOnce(b *testing.B, db *sql.DB) error {
	tx, err := db.BeginTx(b.Context(), nil)
	if err != nil {
		return fmt.Errorf("beginning: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back
	for _, statement := range []string{
		"UPDATE budget SET held = held + 1 WHERE scope = 'client'",
		"UPDATE budget SET held = held + 1 WHERE scope = 'run'",
		"INSERT INTO hold (amount) VALUES (1)",
	} {
		if _, err := tx.ExecContext(b.Context(), statement); err != nil {
			return fmt.Errorf("holding: %w", err)
		}
	}
	return tx.Commit()
}
