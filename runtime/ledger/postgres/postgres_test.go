package postgres_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/ledger/ledgertest"
	"github.com/quaestor-run/quaestor/runtime/ledger/postgres"
	"github.com/quaestor-run/quaestor/runtime/store/postgrestest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	var databases sync.Map
	ledgertest.Run(t, func(t *testing.T, now func() time.Time) ledger.Ledger {
		url, known := databases.Load(t.Name())
		if !known {
			url = postgrestest.Start(t)
			databases.Store(t.Name(), url)
		}
		return openAt(t, url.(string), now)
	})
}

func open(t *testing.T, url string) *postgres.Ledger {
	t.Helper()
	return openAt(t, url, time.Now)
}

func openAt(t *testing.T, url string, now func() time.Time) *postgres.Ledger {
	t.Helper()
	l, err := postgres.OpenAt(t.Context(), url, now)
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

// A connection that is lost is made again.
func TestLostConnection(t *testing.T) {
	t.Parallel()
	url := postgrestest.Start(t)
	l := open(t, url)
	reserve := func(key string) (ledger.Attempt, error) {
		return l.Reserve(t.Context(), ledger.Reservation{Key: key, Client: "c", Hold: ledger.Amount{Tokens: 1}, Dispatched: true})
	}
	a, err := reserve("before")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Settle(t.Context(), a.ID, ledger.Settlement{Usage: ledger.Usage{InputTokens: 1}}); err != nil {
		t.Errorf("settling after the connection was lost: %v", err)
	}
	if _, err := reserve("after"); err != nil {
		t.Errorf("reserving after the connection was lost: %v", err)
	}
}

func TestOutOfReach(t *testing.T) {
	t.Parallel()
	if _, err := postgres.Open(t.Context(), "postgres://localhost:1/none?connect_timeout=2"); err == nil {
		t.Error("a ledger without a server was opened")
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
