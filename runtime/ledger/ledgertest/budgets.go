package ledgertest

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

func exceeded(t *testing.T, l ledger.Ledger, r ledger.Reservation) ledger.ExceededError {
	t.Helper()
	_, err := l.Reserve(t.Context(), r)
	var refusal *ledger.ExceededError
	if !errors.As(err, &refusal) {
		t.Fatalf("reserving beyond the limit: %v", err)
	}
	return *refusal
}

func testRefusal(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	must(t, l.SetLimit(t.Context(), run("r"), ledger.PeriodTotal, ledger.Limit{Tokens: 100}))
	must(t, l.SetLimit(t.Context(), client("c"), ledger.PeriodTotal, ledger.Limit{NanoUSD: 1000}))
	reserve(t, l, reservation("first", 60, 700, run("r"), client("c")))
	equal(t, "tokens", exceeded(t, l, reservation("tokens", 41, 300, run("r"), client("c"))),
		ledger.ExceededError{Scope: run("r"), Period: ledger.PeriodTotal, Unit: "tokens", Limit: 100, Remaining: 40, Asked: 41})
	equal(t, "money", exceeded(t, l, reservation("money", 40, 301, run("r"), client("c"))),
		ledger.ExceededError{Scope: client("c"), Period: ledger.PeriodTotal, Unit: "nano-dollars", Limit: 1000, Remaining: 300, Asked: 301})
	equal(t, "nothing is written", states(t, l, client("c")), "first/1:reserved ")
	equal(t, "nothing is held", balance(t, l, run("r")).Held, ledger.Amount{Tokens: 60, NanoUSD: 700})
	reserve(t, l, reservation("fits", 40, 300, run("r"), client("c")))
}

func testFreeCalls(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	must(t, l.SetLimit(t.Context(), run("r"), ledger.PeriodTotal, ledger.Limit{NanoUSD: 100}))
	a := dispatched(t, l, reservation("paid", 10, 100, run("r")))
	settle(t, l, a.ID, settlement(5, 5, 120, ""))
	reserve(t, l, reservation("free", 10, 0, run("r")))
	exceeded(t, l, reservation("paid again", 10, 1, run("r")))
}

// testFreedByTheSameCall: what a call's own dead attempt held can be held again.
func testFreedByTheSameCall(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	must(t, l.SetLimit(t.Context(), run("r"), ledger.PeriodTotal, ledger.Limit{Tokens: 100}))
	reserve(t, l, reservation("k", 90, 0, run("r")))
	equal(t, "refusal", exceeded(t, l, reservation("k", 101, 0, run("r"))),
		ledger.ExceededError{Scope: run("r"), Period: ledger.PeriodTotal, Unit: "tokens", Limit: 100, Remaining: 100, Asked: 101})
	equal(t, "a refusal ends nothing", states(t, l, run("r")), "k/1:reserved ")
	reserve(t, l, reservation("k", 100, 0, run("r")))
	equal(t, "states", states(t, l, run("r")), "k/1:released k/2:reserved ")
	equal(t, "held", balance(t, l, run("r")).Held.Tokens, 100)
}

func testOverage(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	must(t, l.SetLimit(t.Context(), run("r"), ledger.PeriodTotal, ledger.Limit{Tokens: 100, NanoUSD: 1000}))
	a := dispatched(t, l, reservation("k", 50, 500, run("r")))
	settle(t, l, a.ID, settlement(40, 20, 450, "long"))
	b := balance(t, l, run("r"))
	equal(t, "settled", b.Settled, ledger.Amount{Tokens: 50, NanoUSD: 450})
	equal(t, "overage", b.Overage, ledger.Amount{Tokens: 10})
	equal(t, "what is left", exceeded(t, l, reservation("next", 41, 1, run("r"))).Remaining, 40)
	reserve(t, l, reservation("fits", 40, 550, run("r")))
}

func testLoweredLimit(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	a := dispatched(t, l, reservation("k", 80, 0, run("r")))
	must(t, l.SetLimit(t.Context(), run("r"), ledger.PeriodTotal, ledger.Limit{Tokens: 50}))
	equal(t, "the limit", balance(t, l, run("r")).Limit, ledger.Limit{Tokens: 50})
	equal(t, "nothing is left", exceeded(t, l, reservation("next", 1, 0, run("r"))).Remaining, 0)
	settle(t, l, a.ID, settlement(30, 10, 0, ""))
	equal(t, "left after settling", exceeded(t, l, reservation("next", 11, 0, run("r"))).Remaining, 10)
	reserve(t, l, reservation("fits", 10, 0, run("r")))
	must(t, l.SetLimit(t.Context(), run("r"), ledger.PeriodTotal, ledger.Limit{}))
	reserve(t, l, reservation("no limit", 1_000_000, 0, run("r")))
	if err := l.SetLimit(t.Context(), run("r"), ledger.PeriodTotal, ledger.Limit{Tokens: -1}); err == nil {
		t.Error("a negative limit was accepted")
	}
}

func testListing(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	for i := range 5 {
		reserve(t, l, reservation(fmt.Sprint("k", i), 1, 1, run("r"), client("c")))
	}
	reserve(t, l, reservation("other", 1, 1, run("other"), client("c")))
	var keys string
	var after int64
	for {
		page, err := l.Attempts(t.Context(), ledger.AttemptFilter{Run: "r", After: after, Limit: 2})
		must(t, err)
		if len(page) == 0 {
			break
		}
		for _, a := range page {
			keys, after = keys+a.Key+" ", a.ID
		}
	}
	equal(t, "attempts of the run", keys, "k0 k1 k2 k3 k4 ")
	all, err := l.Attempts(t.Context(), ledger.AttemptFilter{Client: "c"})
	must(t, err)
	equal(t, "attempts of the client", len(all), 6)
}

func testBadReservations(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	for name, r := range map[string]ledger.Reservation{
		"no key":         reservation("", 1, 1, run("r")),
		"no scope":       reservation("k", 1, 1),
		"no scope id":    reservation("k", 1, 1, run("")),
		"negative hold":  reservation("k", -1, 1, run("r")),
		"negative money": reservation("k", 1, -1, run("r")),
		"endless hold":   reservation("k", math.MaxInt64, 1, run("r")),
	} {
		if _, err := l.Reserve(t.Context(), r); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	a := dispatched(t, l, reservation("k", 1, 1, run("r")))
	if _, err := l.Settle(t.Context(), a.ID, settlement(-1, 0, 0, "")); err == nil {
		t.Error("a negative usage was accepted")
	}
}
