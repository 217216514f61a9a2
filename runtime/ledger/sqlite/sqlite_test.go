package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
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
	if err := l.SetLimit(t.Context(), scope, ledger.Limit{Tokens: 10, NanoUSD: 10}); err != nil {
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

func BenchmarkCall(b *testing.B) {
	l := open(b, filepath.Join(b.TempDir(), "ledger.db"))
	scopes := []ledger.Scope{{Kind: ledger.ScopeRun, ID: "r"}, {Kind: ledger.ScopeClient, ID: "c"}}
	for i := 0; b.Loop(); i++ {
		a, err := l.Reserve(b.Context(), ledger.Reservation{Key: fmt.Sprint("k", i), Scopes: scopes, Hold: ledger.Amount{Tokens: 1000, NanoUSD: 1000}})
		if err != nil {
			b.Fatal(err)
		}
		if err := l.Dispatch(b.Context(), a.ID); err != nil {
			b.Fatal(err)
		}
		if err := l.Settle(b.Context(), a.ID, ledger.Settlement{Usage: ledger.Usage{InputTokens: 10, OutputTokens: 10}, Response: []byte("answer")}); err != nil {
			b.Fatal(err)
		}
	}
}
