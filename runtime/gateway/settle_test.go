package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/ledger/spool"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/providertest"
)

// fleeting is a call that nobody asks for again.
func fleeting(key string) gateway.Call {
	c := call(key)
	c.Transient = true
	return c
}

// slow is a ledger that settles nothing, of what nobody waits for, until it is let.
type slow struct {
	ledger.Ledger
	let chan struct{}
}

func (s *slow) SettleSoon(ctx context.Context, id int64, end ledger.Settlement, told func(error)) error {
	ctx = context.WithoutCancel(ctx)
	go func() {
		<-s.let
		_, err := s.Settle(ctx, id, end)
		told(err)
	}()
	return nil
}

// The answer does not wait for the ledger; Wait does.
func TestATransientAnswerDoesNotWaitForItsSettlement(t *testing.T) {
	t.Parallel()
	let := make(chan struct{})
	f := setup(t, nil, func(o *gateway.Options) { o.Ledger = &slow{o.Ledger, let} })
	f.Wait(t.Context()) // for nothing
	result := f.mustInvoke(t, fleeting("k"))
	if result.Unsettled || result.Response.Message.Text == "" {
		t.Errorf("%+v", result)
	}
	if got := f.states(t); !slices.Equal(got, []ledger.State{ledger.StateDispatched}) {
		t.Errorf("before the ledger has it, attempts are %v", got)
	}
	limited, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	f.Wait(limited)
	if limited.Err() == nil {
		t.Error("waiting ended before the settlement")
	}
	close(let)
	f.Wait(t.Context())
	if got := f.states(t); !slices.Equal(got, []ledger.State{ledger.StateSettled}) {
		t.Errorf("after waiting, attempts are %v", got)
	}
}

// Whoever can ask again is answered when the answer is in the ledger.
func TestAnAnswerThatIsKeptIsSettledFirst(t *testing.T) {
	t.Parallel()
	f := setup(t, nil, func(o *gateway.Options) { o.Ledger = &slow{o.Ledger, nil} })
	f.mustInvoke(t, call("k"))
	if got := f.states(t); !slices.Equal(got, []ledger.State{ledger.StateSettled}) {
		t.Errorf("attempts are %v", got)
	}
}

// A settlement that comes to nothing after the answer goes to the spool, as any
// other, and Wait waits until it is there.
func TestATransientSettlementThatFailsGoesToTheSpool(t *testing.T) {
	t.Parallel()
	journal, err := spool.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	f, book := lostAfterSending(t, func(o *gateway.Options) { o.Spool = journal })
	result := f.mustInvoke(t, fleeting("k"))
	if result.Unsettled || result.Response.Message.Text != "paid" || journal.Pending() {
		t.Errorf("%+v, in the spool already: %v", result, journal.Pending())
	}
	f.Wait(t.Context())
	if got := f.states(t); !slices.Equal(got, []ledger.State{ledger.StateDispatched}) || !journal.Pending() {
		t.Errorf("attempts %v, in the spool: %v", got, journal.Pending())
	}
	book.down.Store(false)
	f.Sweep(t.Context())
	if b := f.balance(t); b.Settled.NanoUSD != result.NanoUSD || b.Held != (ledger.Amount{}) || b.Calls != 1 {
		t.Errorf("balance %+v, cost %d", b, result.NanoUSD)
	}
}

// Where the ledger does not take it at all, the caller waits as ever.
func TestATransientSettlementThatIsNotQueued(t *testing.T) {
	t.Parallel()
	f := setup(t, nil, func(o *gateway.Options) {
		o.Ledger = &broken{Ledger: o.Ledger, settle: fmt.Errorf("settling: %w", ledger.ErrState)}
	})
	result := f.mustInvoke(t, fleeting("k"))
	if !result.Unsettled || f.balance(t).Held == (ledger.Amount{}) {
		t.Errorf("%+v, %+v", result, f.balance(t))
	}
	f.Wait(t.Context())
}

// What an answer freed is there for the next call, though it is not on the disk.
func TestABudgetOfOneHoldServesOneCallAfterAnother(t *testing.T) {
	t.Parallel()
	const calls = 200
	f := setup(t, func(context.Context, int, provider.Request) (provider.Response, error) {
		answer := providertest.Text("ok")
		answer.Usage = provider.Tokens{Input: 1}
		return answer, nil
	}, func(o *gateway.Options) { o.MinOutput = 1000 }) // a call is not squeezed into less
	f.mustInvoke(t, fleeting("first"))
	hold := f.attempts(t)[0].Hold
	limit(t, f, ledger.Limit{Tokens: hold.Tokens + calls})
	for i := range calls {
		if left := f.mustInvoke(t, fleeting(fmt.Sprint("k", i))).Left.Tokens; left != hold.Tokens+calls-int64(i+2) {
			t.Errorf("after call %d %d tokens are left", i, left)
		}
	}
	if b := f.balance(t); b.Settled.Tokens != calls+1 || b.Held != (ledger.Amount{}) {
		t.Errorf("balance %+v", b)
	}
}

// A transient call tells of its budgets what any other would.
func TestWhatATransientCallLeaves(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		output int64
		limit  ledger.Limit
	}{
		"without a limit":             {10, ledger.Limit{}},
		"of tokens":                   {10, ledger.Limit{Tokens: 4000}},
		"of dollars":                  {10, ledger.Limit{NanoUSD: 9_000_000}},
		"above its hold":              {1700, ledger.Limit{Tokens: 4000, NanoUSD: 9_000_000}},
		"above its hold and the rest": {9000, ledger.Limit{Tokens: 4000, NanoUSD: 9_000_000}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			left := func(transient bool) (all []ledger.Left) {
				f := setup(t, func(context.Context, int, provider.Request) (provider.Response, error) {
					answer := providertest.Text("ok")
					answer.Usage = provider.Tokens{Input: 10, Output: c.output}
					return answer, nil
				})
				limit(t, f, c.limit)
				if err := f.ledger.SetLimit(t.Context(), ledger.Scope{Kind: ledger.ScopeClient, ID: "c"}, ledger.PeriodDay, c.limit); err != nil {
					t.Fatal(err)
				}
				for i := range 3 {
					one := call(fmt.Sprint("k", i))
					one.Transient, one.RequestLimit = transient, ledger.Limit{Tokens: c.limit.Tokens}
					result, err := f.Invoke(t.Context(), one)
					var refusal *ledger.ExceededError
					if errors.As(err, &refusal) {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					all = append(all, result.Left)
				}
				return all
			}
			if got, want := left(true), left(false); !slices.Equal(got, want) {
				t.Errorf("left are %+v, want %+v", got, want)
			}
		})
	}
}
