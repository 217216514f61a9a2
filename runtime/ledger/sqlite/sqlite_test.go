package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/ledger/ledgertest"
	"github.com/quaestor-run/quaestor/runtime/ledger/sqlite"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	var paths sync.Map
	ledgertest.Run(t, func(t *testing.T, now func() time.Time) ledger.Ledger {
		path, _ := paths.LoadOrStore(t.Name(), filepath.Join(t.TempDir(), "ledger #1?.db"))
		return openAt(t, path.(string), now)
	})
}

func open(tb testing.TB, path string) *sqlite.Ledger {
	tb.Helper()
	return openAt(tb, path, time.Now)
}

func openAt(tb testing.TB, path string, now func() time.Time) *sqlite.Ledger {
	tb.Helper()
	l, err := sqlite.OpenAt(tb.Context(), path, now)
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

func TestUnknownSynchronousIsRefused(t *testing.T) {
	t.Parallel()
	_, err := sqlite.OpenWith(t.Context(), filepath.Join(t.TempDir(), "ledger.db"), sqlite.Options{Synchronous: "off"})
	if err == nil || !strings.Contains(err.Error(), `"off"`) {
		t.Errorf("synchronous off: %v", err)
	}
}

// failing is a ledger whose database refuses a change of its attempts.
func failing(t *testing.T, change string) *sqlite.Ledger {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE TRIGGER bad BEFORE "+change+" BEGIN SELECT RAISE(ABORT, 'no such luck'); END"); err != nil {
		t.Fatal(err)
	}
	return l
}

// What fails in a shared transaction fails alone.
func TestAFailureIsOneCallersOwn(t *testing.T) {
	t.Parallel()
	l := failing(t, "INSERT ON ledger_attempts WHEN NEW.key LIKE 'bad%'")
	var group sync.WaitGroup
	for i := range 60 {
		group.Go(func() {
			bad := i%10 == 7
			key := map[bool]string{true: "bad", false: "good"}[bad]
			_, err := l.Reserve(t.Context(), ledger.Reservation{Key: fmt.Sprint(key, i), Client: "c", Hold: ledger.Amount{Tokens: 1}})
			if (err != nil) != bad {
				t.Errorf("%s%d: %v", key, i, err)
			}
		})
	}
	group.Wait()
	b, err := l.Balance(t.Context(), ledger.Scope{Kind: ledger.ScopeClient, ID: "c"}, ledger.PeriodTotal)
	if err != nil || b.Held.Tokens != 54 {
		t.Errorf("held %+v (%v), want what was admitted", b.Held, err)
	}
}

// What fails in a shared transaction and nobody waits for is told so.
func TestAFailureIsToldWhereNobodyWaits(t *testing.T) {
	t.Parallel()
	l := failing(t, "UPDATE ON ledger_attempts WHEN NEW.key LIKE 'bad%' AND NEW.state = 'settled'")
	var group sync.WaitGroup
	for i := range 60 {
		bad := i%10 == 7
		key := map[bool]string{true: "bad", false: "good"}[bad]
		a, err := l.Reserve(t.Context(), ledger.Reservation{Key: fmt.Sprint(key, i), Client: "c", Hold: ledger.Amount{Tokens: 1}, Dispatched: true})
		if err != nil {
			t.Fatal(err)
		}
		group.Add(1)
		err = l.SettleSoon(t.Context(), a.ID, ledger.Settlement{Usage: ledger.Usage{InputTokens: 1}}, func(err error) {
			defer group.Done()
			if (err != nil) != bad {
				t.Errorf("%s%d: %v", key, i, err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	group.Wait()
	b, err := l.Balance(t.Context(), ledger.Scope{Kind: ledger.ScopeClient, ID: "c"}, ledger.PeriodTotal)
	if err != nil || b.Held.Tokens != 6 || b.Settled.Tokens != 54 {
		t.Errorf("held %+v, settled %+v (%v)", b.Held, b.Settled, err)
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
