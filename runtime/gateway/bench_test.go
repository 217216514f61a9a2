package gateway_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// bottomless is a ledger that says yes and keeps nothing, so that what is
// measured is the gateway.
type bottomless struct {
	ledger.Ledger
	ids atomic.Int64
}

func (b *bottomless) Reserve(_ context.Context, r ledger.Reservation) (ledger.Attempt, error) {
	return ledger.Attempt{ID: b.ids.Add(1), Key: r.Key, Ordinal: 1, Hold: r.Hold, Left: ledger.Left{Tokens: -1, NanoUSD: -1}}, nil
}

func (b *bottomless) Settle(context.Context, int64, ledger.Settlement) (ledger.Left, error) {
	return ledger.Left{Tokens: -1, NanoUSD: -1}, nil
}

func (b *bottomless) SettleSoon(_ context.Context, _ int64, _ ledger.Settlement, told func(error)) error {
	told(nil)
	return nil
}

func (b *bottomless) RecordHit(context.Context, ledger.Reservation) error { return nil }

// instant answers at once.
type instant struct{}

func (instant) Converse(context.Context, provider.Request) (provider.Response, error) {
	return provider.Response{
		Message:    agents.Message{Role: agents.RoleAssistant, Text: "Forty-two."},
		StopReason: provider.StopEnd, Usage: provider.Tokens{Input: 20, Output: 3}, RequestID: "req",
	}, nil
}

func (i instant) Stream(ctx context.Context, r provider.Request, emit func(provider.Delta) error) (provider.Response, error) {
	for _, text := range []string{"Forty", "-two."} {
		if err := emit(provider.Delta{Text: text}); err != nil {
			return provider.Response{}, err
		}
	}
	return i.Converse(ctx, r)
}

func bench(b *testing.B, change func(*gateway.Call)) {
	gate, err := gateway.New(gateway.Options{
		Ledger: &bottomless{}, Providers: map[string]provider.Provider{"double": instant{}}, Catalog: catalog(), Routes: gateway.Routes{Default: "small"},
	})
	if err != nil {
		b.Fatal(err)
	}
	c := call("")
	c.Run, c.Transient = "", true
	change(&c)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.Key = strconv.Itoa(i)
		if _, err := gate.Invoke(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOwnWork is what the gateway adds to ledger and provider.
func BenchmarkOwnWork(b *testing.B) {
	b.Run("whole", func(b *testing.B) { bench(b, func(*gateway.Call) {}) })
	b.Run("streamed", func(b *testing.B) {
		bench(b, func(c *gateway.Call) { c.Emit = func(provider.Delta) error { return nil } })
	})
	b.Run("cached", func(b *testing.B) { bench(b, func(c *gateway.Call) { c.Cache = gateway.CacheExact }) })
}
