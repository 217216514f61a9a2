package ledgertest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

func testRestart(t *testing.T, open func(*testing.T) ledger.Ledger) {
	before := open(t)
	must(t, before.SetLimit(t.Context(), run("r"), ledger.PeriodTotal, ledger.Limit{Tokens: 100}))
	answered := dispatched(t, before, reservation("answered", 20, 0, run("r")))
	settle(t, before, answered.ID, settlement(10, 5, 0, "answer"))
	dispatched(t, before, reservation("in flight", 30, 0, run("r")))

	after := open(t)
	found, ok, err := after.Find(t.Context(), "answered")
	must(t, err)
	if !ok || string(found.Response) != "answer" {
		t.Errorf("after a restart: found %v %q", ok, found.Response)
	}
	again := reserve(t, after, reservation("in flight", 30, 0, run("r")))
	equal(t, "ordinal", again.Ordinal, 2)
	equal(t, "states", states(t, after, run("r")), "answered/1:settled in flight/1:uncertain in flight/2:reserved ")
	equal(t, "left", exceeded(t, after, reservation("next", 26, 0, run("r"))).Remaining, 25)
}

// parallel runs n workers over several openings of the same ledger.
func parallel(t *testing.T, n int, open func(*testing.T) ledger.Ledger, work func(l ledger.Ledger, i int) error) {
	t.Helper()
	ledgers := []ledger.Ledger{open(t), open(t), open(t)}
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			if err := work(ledgers[i%len(ledgers)], i); err != nil {
				t.Errorf("worker %d: %v", i, err)
			}
		})
	}
	group.Wait()
}

func testExactlyTheHoldsThatFit(t *testing.T, open func(*testing.T) ledger.Ledger) {
	const fit = 100
	l := open(t)
	must(t, l.SetLimit(t.Context(), client("c"), ledger.PeriodTotal, ledger.Limit{NanoUSD: fit*1000 + 999}))
	var admitted atomic.Int64
	parallel(t, 200, open, func(l ledger.Ledger, i int) error {
		a, err := l.Reserve(t.Context(), reservation(fmt.Sprint("k", i), 10, 1000, client("c"), run(fmt.Sprint("r", i))))
		var refusal *ledger.ExceededError
		if errors.As(err, &refusal) {
			return nil
		}
		if err != nil {
			return err
		}
		admitted.Add(1)
		if err := l.Dispatch(t.Context(), a.ID); err != nil {
			return err
		}
		return settling(t.Context(), l, a.ID, settlement(5, 5, 1000, "all of it"))
	})
	equal(t, "admitted", admitted.Load(), fit)
	b := balance(t, l, client("c"))
	equal(t, "settled", b.Settled, ledger.Amount{Tokens: fit * 10, NanoUSD: fit * 1000})
	equal(t, "held", b.Held, ledger.Amount{})
	equal(t, "attempts", b.Attempts, fit)
}

// testOneCallAtOnce: of several who make the same call at once, each gets an
// ordinal of its own, and all but the last are ended.
func testOneCallAtOnce(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	const n = 12
	var ordinals sync.Map
	parallel(t, n, open, func(l ledger.Ledger, _ int) error {
		a, err := l.Reserve(t.Context(), reservation("k", 10, 10, run("r")))
		if _, taken := ordinals.LoadOrStore(a.Ordinal, true); taken && err == nil {
			t.Errorf("ordinal %d was given twice", a.Ordinal)
		}
		return err
	})
	equal(t, "held", balance(t, l, run("r")).Held, ledger.Amount{Tokens: 10, NanoUSD: 10})
}

// testScopesInAnyOrder would deadlock a ledger that locks in the order asked.
func testScopesInAnyOrder(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	const n = 30
	parallel(t, n, open, func(l ledger.Ledger, i int) error {
		// Each names the scopes of the others in other roles.
		ids := []string{"a", "b", "c"}
		scopes := []ledger.Scope{run(ids[i%3]), client(ids[(i+1)%3]), team(ids[(i+2)%3])}
		a, err := l.Reserve(t.Context(), reservation(fmt.Sprint("k", i), 1, 1, scopes...))
		if err != nil {
			return err
		}
		if err := l.Dispatch(t.Context(), a.ID); err != nil {
			return err
		}
		return settling(t.Context(), l, a.ID, settlement(1, 0, 1, "x"))
	})
	equal(t, "settled", balance(t, l, client("b")).Settled, ledger.Amount{Tokens: n / 3, NanoUSD: n / 3})
}

// testConcurrentEnds: an attempt that is settled, released and declared
// uncertain at once ends in one way, and its hold is given back once.
func testConcurrentEnds(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	for round := range 5 {
		scope := run(fmt.Sprint("r", round))
		a := dispatched(t, l, reservation(fmt.Sprint("k", round), 10, 10, scope))
		parallel(t, 9, open, func(l ledger.Ledger, i int) error {
			var err error
			switch i % 3 {
			case 0:
				_, err = l.Settle(t.Context(), a.ID, settlement(4, 3, 7, "answer"))
			case 1:
				err = l.Release(t.Context(), a.ID, "refused")
			default:
				err = l.Uncertain(t.Context(), a.ID, "cut")
			}
			if errors.Is(err, ledger.ErrState) {
				return nil
			}
			return err
		})
		b := balance(t, l, scope)
		equal(t, "held", b.Held, ledger.Amount{})
		equal(t, "uncertain", b.Uncertain, 0)
		if b.Settled != (ledger.Amount{}) && b.Settled != (ledger.Amount{Tokens: 7, NanoUSD: 7}) {
			t.Errorf("settled %+v", b.Settled)
		}
	}
}
