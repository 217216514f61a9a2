package gateway_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/ledger/spool"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/providertest"
)

// outage is a ledger that can be out of reach.
type outage struct {
	ledger.Ledger
	down atomic.Bool
}

var errDown = errors.New("connection refused")

func (o *outage) Reserve(ctx context.Context, r ledger.Reservation) (ledger.Attempt, error) {
	if o.down.Load() {
		return ledger.Attempt{}, errDown
	}
	return o.Ledger.Reserve(ctx, r)
}

func (o *outage) Settle(ctx context.Context, id int64, s ledger.Settlement) (ledger.Left, error) {
	if o.down.Load() {
		return ledger.Left{}, errDown
	}
	return o.Ledger.Settle(ctx, id, s)
}

func (o *outage) SettleSoon(ctx context.Context, id int64, s ledger.Settlement, told func(error)) error {
	if o.down.Load() {
		told(errDown)
		return nil
	}
	return o.Ledger.SettleSoon(ctx, id, s, told)
}

func (o *outage) Uncertain(ctx context.Context, id int64, reason string) error {
	if o.down.Load() {
		return errDown
	}
	return o.Ledger.Uncertain(ctx, id, reason)
}

func (o *outage) Sweep(ctx context.Context, now time.Time) (released, uncertain int, err error) {
	if o.down.Load() {
		return 0, 0, errDown
	}
	return o.Ledger.Sweep(ctx, now)
}

// What a provider charged is not lost with a ledger that goes away meanwhile,
// nor with the process.
func TestALedgerThatGoesAwayIsToldLater(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]bool{"answered": false, "failed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			journal, err := spool.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			var book *outage
			var options gateway.Options
			f := setup(t, func(context.Context, int, provider.Request) (provider.Response, error) {
				book.down.Store(true)
				if fails {
					return provider.Response{}, providertest.Fail(provider.ClassBadResponse)
				}
				return providertest.Text("paid"), nil
			}, func(o *gateway.Options) {
				book = &outage{Ledger: o.Ledger}
				o.Ledger, o.Spool, o.SweepEvery = book, journal, 5*time.Millisecond
				options = *o
			})
			result, err := f.Invoke(t.Context(), call("k"))
			if (err != nil) != fails || !fails && (!result.Unsettled || result.Response.Message.Text != "paid") {
				t.Fatalf("%+v, %v", result, err)
			}
			if got := f.states(t); !slices.Equal(got, []ledger.State{ledger.StateDispatched}) || !journal.Pending() {
				t.Errorf("attempts %v, pending %v", got, journal.Pending())
			}
			if _, err := f.Invoke(t.Context(), call("l")); !errors.Is(err, errDown) {
				t.Errorf("a call without a ledger: %v", err)
			}
			if err := journal.Close(); err != nil { // the process dies
				t.Fatal(err)
			}
			next, err := spool.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer next.Close()
			options.Spool = next
			after, err := gateway.New(options)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			stopped := make(chan struct{})
			go func() { defer close(stopped); after.Run(ctx) }()
			defer func() { cancel(); <-stopped }()
			time.Sleep(20 * time.Millisecond)
			book.down.Store(false)
			want := []ledger.State{ledger.StateSettled}
			if fails {
				want[0] = ledger.StateUncertain
			}
			for deadline := time.Now().Add(time.Minute); !slices.Equal(f.states(t), want); time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("attempts %v", f.states(t))
				}
			}
			if fails {
				return
			}
			if b := f.balance(t); b.Settled.NanoUSD != result.NanoUSD || b.Held != (ledger.Amount{}) {
				t.Errorf("balance %+v, cost %d", b, result.NanoUSD)
			}
			if again := f.mustInvoke(t, call("k")); !again.Replayed || again.Response.Message.Text != "paid" {
				t.Errorf("asked again: %+v", again)
			}
		})
	}
}

// lostAfterSending is a gateway that is answered while its ledger goes out of
// reach.
func lostAfterSending(t *testing.T, change func(*gateway.Options)) (*fixture, *outage) {
	t.Helper()
	var book *outage
	f := setup(t, func(context.Context, int, provider.Request) (provider.Response, error) {
		book.down.Store(true)
		return providertest.Text("paid"), nil
	}, func(o *gateway.Options) {
		book = &outage{Ledger: o.Ledger}
		o.Ledger = book
		change(o)
	})
	return f, book
}

// An answer that the ledger does not know yet is not paid again by who asks
// again meanwhile, and the ledger is told soon after it is back.
func TestAnAnswerTheLedgerDoesNotKnowYetIsGivenAgain(t *testing.T) {
	t.Parallel()
	journal, err := spool.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	f, book := lostAfterSending(t, func(o *gateway.Options) { o.Spool, o.SweepEvery = journal, time.Hour })
	f.mustInvoke(t, call("k"))
	for range 2 { // while the ledger is out of reach, and just after
		var pieces string
		again := call("k")
		again.Emit = func(d provider.Delta) error { pieces += d.Text; return nil }
		if result := f.mustInvoke(t, again); !result.Replayed || result.Response.Message.Text != "paid" || pieces != "paid" {
			t.Errorf("asked again: %+v, %q", result, pieces)
		}
		book.down.Store(false)
	}
	foreign := call("k")
	foreign.Client = "d"
	if _, err := f.Invoke(t.Context(), foreign); err == nil {
		t.Error("another client is given the answer")
	}
	if n := len(f.double.Requests()); n != 1 {
		t.Errorf("the provider was asked %d times", n)
	}
	f.Sweep(t.Context())
	if got := f.states(t); !slices.Equal(got, []ledger.State{ledger.StateSettled}) {
		t.Errorf("attempts %v", got)
	}
	if again := f.mustInvoke(t, call("k")); !again.Replayed || again.Unsettled {
		t.Errorf("asked again, once it is settled: %+v", again)
	}
}

// full is a spool on a full disk.
type full struct{}

func (full) Append(spool.Entry) error { return errors.New("no space left on device") }

func (full) Replay(context.Context, ledger.Ledger) (spool.Report, error) {
	return spool.Report{}, errors.New("no space left on device")
}

func TestNeitherLedgerNorSpool(t *testing.T) {
	t.Parallel()
	f, _ := lostAfterSending(t, func(o *gateway.Options) { o.Spool = full{} })
	result := f.mustInvoke(t, call("k"))
	if !result.Unsettled || result.Response.Message.Text != "paid" || f.balance(t).Held == (ledger.Amount{}) {
		t.Errorf("%+v, %+v", result, f.balance(t))
	}
}

func TestExpiredAttemptsAreSwept(t *testing.T) {
	t.Parallel()
	f := setup(t, nil, func(o *gateway.Options) { o.SweepEvery = 5 * time.Millisecond })
	for key, dispatched := range map[string]bool{"reserved": false, "sent": true} {
		if _, err := f.ledger.Reserve(t.Context(), ledger.Reservation{
			Key: key, Run: "r", Hold: ledger.Amount{Tokens: 10}, Dispatched: dispatched, Expires: time.Now().Add(-time.Second), Model: "small", Provider: "double",
		}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() { defer close(stopped); f.Run(ctx) }()
	defer func() { cancel(); <-stopped }()
	for deadline := time.Now().Add(time.Minute); f.balance(t).Held.Tokens != 10; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("attempts %+v", f.attempts(t))
		}
	}
	for _, a := range f.attempts(t) {
		if want := map[string]ledger.State{"reserved": ledger.StateReleased, "sent": ledger.StateUncertain}[a.Key]; a.State != want {
			t.Errorf("%s is %s", a.Key, a.State)
		}
	}
}
