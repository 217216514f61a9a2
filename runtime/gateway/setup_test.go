package gateway_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/ledger/sqlite"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/providertest"
)

// catalog: a dollar per million in, two out; the dearest input is a cache write.
func catalog() map[string]gateway.Model {
	return map[string]gateway.Model{
		"small":    {Provider: "double", ID: "small-v1", ContextWindow: 100_000, MaxOutput: 1000, Priced: true, Input: 1e9, Output: 2e9, CacheRead: 1e8, CacheWrite: 125e7},
		"free":     {Provider: "double", ID: "free-v1", ContextWindow: 100_000, MaxOutput: 1000, Priced: true},
		"unpriced": {Provider: "double", ID: "x", ContextWindow: 100_000, MaxOutput: 1000},
		"homeless": {Provider: "nobody", ID: "x", ContextWindow: 100_000, MaxOutput: 1000, Priced: true},
	}
}

type fixture struct {
	*gateway.Gateway
	ledger *sqlite.Ledger
	double *providertest.Provider

	mu    sync.Mutex
	waits []time.Duration
}

// setup makes a gateway on a fresh ledger whose provider answers as told, and
// whose waits are recorded and not waited.
func setup(tb testing.TB, answer func(ctx context.Context, call int, req provider.Request) (provider.Response, error), change ...func(*gateway.Options)) *fixture {
	tb.Helper()
	book, err := sqlite.Open(tb.Context(), filepath.Join(tb.TempDir(), "ledger.db"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := book.Close(); err != nil {
			tb.Error(err)
		}
	})
	f := &fixture{ledger: book, double: &providertest.Provider{Answer: answer}}
	options := gateway.Options{
		Ledger: book, Providers: map[string]provider.Provider{"double": f.double}, Catalog: catalog(),
		Routes: gateway.Routes{Default: "small"},
		Jitter: func(d time.Duration) time.Duration { return d },
		Sleep: func(ctx context.Context, d time.Duration) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.waits = append(f.waits, d)
			return ctx.Err()
		},
	}
	for _, c := range change {
		c(&options)
	}
	if f.Gateway, err = gateway.New(options); err != nil {
		tb.Fatal(err)
	}
	return f
}

func call(key string) gateway.Call {
	return gateway.Call{
		Key: key, Run: "r", Client: "c", Agent: "writer", AgentVersion: "v1", System: "Be brief.",
		Messages: []agents.Message{{Role: agents.RoleUser, Text: "How much?"}},
	}
}

// failing answers with these classes one after the other, then with "ok".
func failing(classes ...provider.Class) func(context.Context, int, provider.Request) (provider.Response, error) {
	return func(_ context.Context, call int, _ provider.Request) (provider.Response, error) {
		if call < len(classes) {
			return provider.Response{}, providertest.Fail(classes[call])
		}
		return providertest.Text("ok"), nil
	}
}

func (f *fixture) balance(tb testing.TB) ledger.Balance {
	tb.Helper()
	b, err := f.ledger.Balance(tb.Context(), ledger.Scope{Kind: ledger.ScopeRun, ID: "r"}, ledger.PeriodTotal)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func (f *fixture) attempts(tb testing.TB) []ledger.Attempt {
	tb.Helper()
	attempts, err := f.ledger.Attempts(tb.Context(), ledger.AttemptFilter{})
	if err != nil {
		tb.Fatal(err)
	}
	return attempts
}

func (f *fixture) states(tb testing.TB) (states []ledger.State) {
	tb.Helper()
	for _, a := range f.attempts(tb) {
		states = append(states, a.State)
	}
	return states
}
