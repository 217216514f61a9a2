package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/providertest"
)

func TestTheHoldIsAboveWhatCanBeConsumed(t *testing.T) {
	t.Parallel()
	var held ledger.Balance
	var f *fixture
	f = setup(t, func(context.Context, int, provider.Request) (provider.Response, error) {
		held = f.balance(t)
		return providertest.Text("ok"), nil
	})
	c := call("k")
	if _, err := f.Invoke(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	bytes := int64(len(c.System) + len(c.Messages[0].Text))
	if held.Held.Tokens < bytes+1000 {
		t.Errorf("held %d tokens for %d bytes and 1000 tokens of output", held.Held.Tokens, bytes)
	}
	// Every input token might be written to the cache, at 1250 nano-dollars.
	if least := (held.Held.Tokens-1000)*1250 + 1000*2000; held.Held.NanoUSD != least {
		t.Errorf("held %d nano-dollars, want %d", held.Held.NanoUSD, least)
	}
	if after := f.balance(t); after.Held != (ledger.Amount{}) {
		t.Errorf("after settling %+v is held", after.Held)
	}
}

// spend makes a budget of which one call's hold takes all but what is told.
func limit(t *testing.T, f *fixture, l ledger.Limit) {
	t.Helper()
	if err := f.EnsureRun(t.Context(), "r", l); err != nil {
		t.Fatal(err)
	}
}

func TestMaxTokensIsLoweredToWhatTheBudgetLeaves(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]ledger.Limit{
		"tokens": {Tokens: 600}, "dollars": {NanoUSD: 1_000_000}, "both": {Tokens: 800, NanoUSD: 900_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t, func(_ context.Context, _ int, r provider.Request) (provider.Response, error) {
				answer := providertest.Text("ok")
				answer.Usage = provider.Tokens{Input: 5, Output: int64(r.MaxTokens)}
				return answer, nil
			})
			limit(t, f, l)
			if _, err := f.Invoke(t.Context(), call("k")); err != nil {
				t.Fatal(err)
			}
			sent := f.double.Requests()[0].MaxTokens
			if sent >= 1000 || sent < gateway.DefaultMinOutput {
				t.Errorf("max_tokens %d", sent)
			}
			a := f.attempts(t)[0]
			if l.Tokens > 0 && a.Hold.Tokens > l.Tokens || l.NanoUSD > 0 && a.Hold.NanoUSD > l.NanoUSD {
				t.Errorf("hold %+v passes limit %+v", a.Hold, l)
			}
			// One token more would not have fitted.
			if l.Tokens-a.Hold.Tokens > 0 && l.NanoUSD-a.Hold.NanoUSD >= 2000 {
				t.Errorf("hold %+v leaves room in limit %+v", a.Hold, l)
			}
		})
	}
}

func TestWhatCannotFitIsRefused(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]ledger.Limit{
		"no room for the least answer": {Tokens: 300}, "none for the input": {NanoUSD: 100}, "none at all": {Tokens: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t, nil)
			limit(t, f, l)
			_, err := f.Invoke(t.Context(), call("k"))
			var refusal *ledger.ExceededError
			var failed *gateway.CallError
			if !errors.As(err, &refusal) || !errors.As(err, &failed) || failed.Retryable {
				t.Errorf("error %v", err)
			}
			if len(f.double.Requests()) > 0 {
				t.Error("it was sent")
			}
		})
	}
}

func TestAFreeModelWorksInASpentBudget(t *testing.T) {
	t.Parallel()
	f := setup(t, nil)
	limit(t, f, ledger.Limit{NanoUSD: 1})
	c := call("k")
	c.Model = "free"
	if _, err := f.Invoke(t.Context(), c); err != nil {
		t.Error(err)
	}
}

func TestTheLimitOfACallIsTheRunsFirst(t *testing.T) {
	t.Parallel()
	f := setup(t, nil)
	c := call("k")
	c.Limit = ledger.Limit{Tokens: 5000}
	if _, err := f.Invoke(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	c.Key, c.Limit = "l", ledger.Limit{Tokens: 9000}
	if _, err := f.Invoke(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if got := f.balance(t).Limit; got != (ledger.Limit{Tokens: 5000}) {
		t.Errorf("limit %+v", got)
	}
	limit(t, f, ledger.Limit{Tokens: 7000})
	if got := f.balance(t).Limit; got != (ledger.Limit{Tokens: 7000}) {
		t.Errorf("limit %+v after EnsureRun", got)
	}
}

// Many calls at once never consume more than the budget, and what is admitted
// is what the provider saw.
func TestTheBudgetHoldsUnderARace(t *testing.T) {
	t.Parallel()
	f := setup(t, func(_ context.Context, _ int, r provider.Request) (provider.Response, error) {
		answer := providertest.Text("ok")
		answer.Usage = provider.Tokens{CacheWrite: 90, Output: int64(r.MaxTokens)}
		return answer, nil
	}, func(o *gateway.Options) { o.MinOutput = 1000 })
	one := ledger.Limit{NanoUSD: 10 * 2_200_000} // ten calls, each held at about 2.1 million
	limit(t, f, one)
	var admitted, refused atomic.Int64
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			_, err := f.Invoke(t.Context(), call(fmt.Sprint("k", i)))
			var refusal *ledger.ExceededError
			switch {
			case err == nil:
				admitted.Add(1)
			case errors.As(err, &refusal):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	group.Wait()
	b := f.balance(t)
	if admitted.Load() != 10 || refused.Load() != 30 || len(f.double.Requests()) != 10 {
		t.Errorf("%d admitted, %d refused, %d sent", admitted.Load(), refused.Load(), len(f.double.Requests()))
	}
	if b.Settled.NanoUSD > one.NanoUSD || b.Overage != (ledger.Amount{}) || b.Held != (ledger.Amount{}) {
		t.Errorf("balance %+v", b)
	}
}

func TestAnAnswerWithoutUsageIsSettledAtItsHold(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]provider.Response{
		"missing":  {UsageMissing: true},
		"negative": {Usage: provider.Tokens{Input: -5, Output: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t, func(context.Context, int, provider.Request) (provider.Response, error) { return answer, nil })
			result, err := f.Invoke(t.Context(), call("k"))
			if err != nil {
				t.Fatal(err)
			}
			a := f.attempts(t)[0]
			if a.State != ledger.StateSettled || a.Usage.Tokens() != a.Hold.Tokens || a.Usage.NanoUSD != a.Hold.NanoUSD || result.NanoUSD != a.Hold.NanoUSD {
				t.Errorf("attempt %+v, result %+v", a, result)
			}
		})
	}
}

func TestOverageIsRecordedApart(t *testing.T) {
	t.Parallel()
	f := setup(t, func(context.Context, int, provider.Request) (provider.Response, error) {
		answer := providertest.Text("ok")
		answer.Usage = provider.Tokens{Input: 10, Output: 3000}
		return answer, nil
	})
	result, err := f.Invoke(t.Context(), call("k"))
	if err != nil {
		t.Fatal(err)
	}
	b := f.balance(t)
	if b.Overage.Tokens == 0 || b.Settled.NanoUSD+b.Overage.NanoUSD != result.NanoUSD {
		t.Errorf("balance %+v, cost %d", b, result.NanoUSD)
	}
	usage, err := f.Usage(t.Context(), "r")
	if err != nil || usage.CostNanoUSD != result.NanoUSD || usage.OutputTokens != 3000 {
		t.Errorf("usage %+v, %v", usage, err)
	}
}

// broken is a ledger that fails where it is told to.
type broken struct {
	ledger.Ledger
	reserve, settle error
}

func (b *broken) Reserve(ctx context.Context, r ledger.Reservation) (ledger.Attempt, error) {
	if b.reserve != nil {
		return ledger.Attempt{}, b.reserve
	}
	return b.Ledger.Reserve(ctx, r)
}

func (b *broken) Settle(ctx context.Context, id int64, s ledger.Settlement) (ledger.Left, error) {
	if err := b.settle; err != nil {
		return ledger.Left{}, err
	}
	return b.Ledger.Settle(ctx, id, s)
}

func (b *broken) SettleSoon(ctx context.Context, id int64, s ledger.Settlement, told func(error)) error {
	if err := b.settle; err != nil {
		return err
	}
	return b.Ledger.SettleSoon(ctx, id, s, told)
}

func TestALedgerThatFailsBeforeDispatch(t *testing.T) {
	t.Parallel()
	gone := errors.New("disk full")
	f := setup(t, nil, func(o *gateway.Options) { o.Ledger = &broken{Ledger: o.Ledger, reserve: gone} })
	_, err := f.Invoke(t.Context(), call("k"))
	var failed *gateway.CallError
	var lost *gateway.LedgerError
	if !errors.Is(err, gone) || !errors.As(err, &failed) || !failed.Retryable || !errors.As(err, &lost) {
		t.Errorf("error %v", err)
	}
	if len(f.double.Requests()) > 0 {
		t.Error("it was sent")
	}
	if b := f.balance(t); b.Held != (ledger.Amount{}) {
		t.Errorf("held %+v", b.Held)
	}
}

func TestALedgerThatFailsAfterwards(t *testing.T) {
	t.Parallel()
	f := setup(t, nil, func(o *gateway.Options) {
		o.Ledger = &broken{Ledger: o.Ledger, settle: fmt.Errorf("settling: %w", ledger.ErrState)}
	})
	result, err := f.Invoke(t.Context(), call("k"))
	if err != nil || !result.Unsettled || result.Response.Message.Text != "ok" {
		t.Errorf("the paid answer was lost: %+v, %v", result, err)
	}
	if b := f.balance(t); b.Held == (ledger.Amount{}) {
		t.Error("the hold was given back")
	}
}

// The caller's going away must not lose what the provider said.
func TestTheOutcomeIsWrittenAfterTheCallerLeft(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	f := setup(t, func(context.Context, int, provider.Request) (provider.Response, error) {
		cancel()
		return providertest.Text("late"), nil
	})
	if _, err := f.Invoke(ctx, call("k")); err != nil {
		t.Fatal(err)
	}
	if got := f.states(t); !slices.Equal(got, []ledger.State{ledger.StateSettled}) {
		t.Errorf("attempts %v", got)
	}
	result, err := f.Invoke(t.Context(), call("k"))
	if err != nil || !result.Replayed || result.Response.Message.Text != "late" {
		t.Errorf("replayed %+v, %v", result, err)
	}
}

func BenchmarkInvoke(b *testing.B) {
	f := setup(b, nil)
	for i := 0; b.Loop(); i++ {
		if _, err := f.Invoke(b.Context(), call(fmt.Sprint("k", i))); err != nil {
			b.Fatal(err)
		}
	}
}
