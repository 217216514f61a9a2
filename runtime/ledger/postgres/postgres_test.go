package postgres_test

import (
	"context"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/ledger/ledgertest"
	"github.com/quaestor-run/quaestor/runtime/ledger/postgres"
	"github.com/quaestor-run/quaestor/runtime/store/postgrestest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	var databases sync.Map
	ledgertest.Run(t, func(t *testing.T) ledger.Ledger {
		url, known := databases.Load(t.Name())
		if !known {
			url = postgrestest.Start(t)
			databases.Store(t.Name(), url)
		}
		return open(t, url.(string))
	})
}

func open(t *testing.T, url string) *postgres.Ledger {
	t.Helper()
	l, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func TestOpenAtOnce(t *testing.T) {
	t.Parallel()
	url := postgrestest.Start(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			l, err := postgres.Open(t.Context(), url)
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

// The database itself refuses what passes a limit, whoever asks.
func TestTheDatabaseRefuses(t *testing.T) {
	t.Parallel()
	url := postgrestest.Start(t)
	l := open(t, url)
	if err := l.SetLimit(t.Context(), ledger.Scope{Kind: ledger.ScopeRun, ID: "r"}, ledger.PeriodTotal, ledger.Limit{Tokens: 10}); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if _, err := conn.Exec(t.Context(), "UPDATE ledger_budgets SET held_tokens = 11"); err == nil {
		t.Error("a hold passed the limit")
	}
	if _, err := conn.Exec(t.Context(), "UPDATE ledger_budgets SET held_tokens = 4, settled_tokens = 6"); err != nil {
		t.Errorf("what fits was refused: %v", err)
	}
}

func Benchmark(b *testing.B) {
	l, err := postgres.Open(b.Context(), postgrestest.Start(b))
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	ledgertest.Bench(b, l)
}
