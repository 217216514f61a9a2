package sqlite_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/ledger/ledgertest"
	"github.com/quaestor-run/quaestor/runtime/ledger/sqlite"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	var paths sync.Map
	ledgertest.Run(t, func(t *testing.T) ledger.Ledger {
		path, _ := paths.LoadOrStore(t.Name(), filepath.Join(t.TempDir(), "ledger #1?.db"))
		return open(t, path.(string))
	})
}

func open(tb testing.TB, path string) *sqlite.Ledger {
	tb.Helper()
	l, err := sqlite.Open(tb.Context(), path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := l.Close(); err != nil {
			tb.Error(err)
		}
	})
	return l
}

func TestOpenAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			l, err := sqlite.Open(context.Background(), path)
			if err != nil {
				t.Error(err)
				return
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func TestOpenNamesWhatItCannotOpen(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if _, err := sqlite.Open(t.Context(), folder); err == nil || !strings.Contains(err.Error(), folder) {
		t.Errorf("opening a folder: %v", err)
	}
}

// The database itself refuses what passes a limit, whoever asks.
func TestTheDatabaseRefuses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path)
	scope := ledger.Scope{Kind: ledger.ScopeRun, ID: "r"}
	if err := l.SetLimit(t.Context(), scope, ledger.PeriodTotal, ledger.Limit{Tokens: 10, NanoUSD: 10}); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, column := range []string{"held_tokens", "settled_tokens", "held_nano_usd", "settled_nano_usd"} {
		if _, err := db.ExecContext(t.Context(), "UPDATE ledger_budgets SET "+column+" = 11"); err == nil {
			t.Errorf("%s passed the limit", column)
		}
	}
	if _, err := db.ExecContext(t.Context(), "UPDATE ledger_budgets SET held_tokens = 4, settled_tokens = 6"); err != nil {
		t.Errorf("what fits was refused: %v", err)
	}
}

func Benchmark(b *testing.B) {
	for _, synchronous := range []string{"normal", "full"} {
		b.Run("synchronous="+synchronous, func(b *testing.B) {
			l, err := sqlite.OpenWith(b.Context(), filepath.Join(b.TempDir(), "ledger.db"), sqlite.Options{Synchronous: synchronous})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			ledgertest.Bench(b, l)
		})
	}
}
