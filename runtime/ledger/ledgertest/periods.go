package ledgertest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

func limit(t *testing.T, l ledger.Ledger, scope ledger.Scope, period ledger.Period, tokens, nano int64) {
	t.Helper()
	must(t, l.SetLimit(t.Context(), scope, period, ledger.Limit{Tokens: tokens, NanoUSD: nano}))
}

func testSeveralLimits(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	limit(t, l, client("c"), ledger.PeriodDay, 100, 0)
	limit(t, l, client("c"), ledger.PeriodMonth, 150, 0)
	limit(t, l, team("t"), ledger.PeriodDay, 0, 1000)
	limit(t, l, team("t"), ledger.PeriodTotal, 0, 2000)
	limit(t, l, run("r"), ledger.PeriodTotal, 500, 0)
	scopes := []ledger.Scope{run("r"), client("c"), team("t")}
	for _, c := range []struct {
		what         string
		tokens, nano int64
		want         ledger.ExceededError
	}{
		{"day", 101, 0, ledger.ExceededError{Scope: client("c"), Period: ledger.PeriodDay, Unit: "tokens", Limit: 100, Remaining: 100, Asked: 101}},
		{"team", 1, 1001, ledger.ExceededError{Scope: team("t"), Period: ledger.PeriodDay, Unit: "nano-dollars", Limit: 1000, Remaining: 1000, Asked: 1001}},
		{"run", 501, 0, ledger.ExceededError{Scope: run("r"), Period: ledger.PeriodTotal, Unit: "tokens", Limit: 500, Remaining: 500, Asked: 501}},
	} {
		equal(t, c.what, exceeded(t, l, reservation(c.what, c.tokens, c.nano, scopes...)), c.want)
	}
	for _, scope := range scopes {
		equal(t, "nothing is held", balance(t, l, scope).Held, ledger.Amount{})
	}
	reserve(t, l, reservation("fits", 90, 900, scopes...))
	for _, period := range []ledger.Period{ledger.PeriodDay, ledger.PeriodMonth, ledger.PeriodTotal} {
		for _, scope := range scopes[1:] {
			equal(t, string(period), balanceOf(t, l, scope, period).Held, ledger.Amount{Tokens: 90, NanoUSD: 900})
		}
	}
	limit(t, l, client("c"), ledger.PeriodDay, 1000, 0)
	equal(t, "month", exceeded(t, l, reservation("month", 61, 0, client("c"))),
		ledger.ExceededError{Scope: client("c"), Period: ledger.PeriodMonth, Unit: "tokens", Limit: 150, Remaining: 60, Asked: 61})
}

// clock is one that tests set.
type clock struct{ at atomic.Pointer[time.Time] }

func (c *clock) set(text string) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	c.at.Store(&at)
}

func (c *clock) now() time.Time { return *c.at.Load() }

func testMidnight(t *testing.T, openAt func(*testing.T, func() time.Time) ledger.Ledger) {
	c := &clock{}
	c.set("2026-01-31T23:59:59Z")
	l := openAt(t, c.now)
	limit(t, l, client("c"), ledger.PeriodDay, 100, 0)
	limit(t, l, client("c"), ledger.PeriodMonth, 1000, 0)
	late := dispatched(t, l, reservation("late", 80, 8, client("c")))
	refused := exceeded(t, l, reservation("too much", 21, 0, client("c")))
	equal(t, "the day's", refused.Remaining, 20)

	c.set("2026-02-01T01:30:00+02:00") // still the last of January in UTC
	equal(t, "held in another zone", balanceOf(t, l, client("c"), ledger.PeriodDay).Held.Tokens, 80)
	c.set("2026-02-01T00:00:01Z")
	equal(t, "a new day", balanceOf(t, l, client("c"), ledger.PeriodDay), ledger.Balance{Limit: ledger.Limit{Tokens: 100}})
	equal(t, "a new month", balanceOf(t, l, client("c"), ledger.PeriodMonth), ledger.Balance{Limit: ledger.Limit{Tokens: 1000}})
	reserve(t, l, reservation("early", 100, 0, client("c")))
	left := settle(t, l, late.ID, settlement(10, 20, 3, "x"))
	equal(t, "left of the day that was", left.Tokens, 70)
	equal(t, "of today", balanceOf(t, l, client("c"), ledger.PeriodDay).Held.Tokens, 100)
	equal(t, "in total", balance(t, l, client("c")).Settled.Tokens, 30)

	limit(t, l, client("c"), ledger.PeriodDay, 120, 0)
	reserve(t, l, reservation("more", 20, 0, client("c")))
	other := openAt(t, c.now)
	c.set("2026-02-02T12:00:00Z")
	equal(t, "tomorrow has today's limit", exceeded(t, other, reservation("121", 121, 0, client("c"))).Remaining, 120)
	reserve(t, other, reservation("120", 120, 0, client("c")))
	equal(t, "the month goes on", balanceOf(t, l, client("c"), ledger.PeriodMonth).Held.Tokens, 240)

	c.set("2026-01-31T12:00:00Z")
	yesterday := balanceOf(t, l, client("c"), ledger.PeriodDay)
	equal(t, "settled on the day it began", yesterday.Settled, ledger.Amount{Tokens: 30, NanoUSD: 3})
	equal(t, "held on the day it began", yesterday.Held, ledger.Amount{})
	rows, err := l.Usage(t.Context(), ledger.UsageQuery{By: []ledger.Dimension{ledger.ByDay}})
	must(t, err)
	if len(rows) != 1 || rows[0].Day != "2026-01-31" {
		t.Errorf("usage %+v", rows)
	}
}

func testLimitOfACall(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	call := ledger.Scope{Kind: ledger.ScopeRequest, ID: "k"}
	bounded := func(tokens, limit int64) ledger.Reservation {
		r := reservation("k", tokens, 0, client("c"))
		r.Limit.Tokens = limit
		return r
	}
	equal(t, "refusal", exceeded(t, l, bounded(101, 100)),
		ledger.ExceededError{Scope: call, Period: ledger.PeriodTotal, Unit: "tokens", Limit: 100, Remaining: 100, Asked: 101})
	dispatched(t, l, bounded(60, 100))
	// The first attempt becomes uncertain, and keeps its hold.
	equal(t, "what the first leaves", exceeded(t, l, bounded(41, 100)).Remaining, 40)
	second := dispatched(t, l, bounded(40, 100))
	equal(t, "balance", balance(t, l, call), ledger.Balance{
		Held: ledger.Amount{Tokens: 100}, Limit: ledger.Limit{Tokens: 100}, Calls: 1, Attempts: 2, Uncertain: 1,
	})
	third := reserve(t, l, bounded(20, 120)) // the limit may be another
	equal(t, "states", states(t, l, call), "k/1:uncertain k/2:uncertain k/3:reserved ")
	equal(t, "limit", balance(t, l, call).Limit.Tokens, 120)
	must(t, l.Release(t.Context(), third.ID, "not needed"))
	equal(t, "left", settle(t, l, second.ID, settlement(10, 10, 0, "x")).Tokens, 40)
	equal(t, "of nobody", balance(t, l, ledger.Scope{Kind: ledger.ScopeRequest, ID: "other"}), ledger.Balance{})
}

func testWhatIsLeft(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	a := dispatched(t, l, reservation("free", 10, 10, client("c"), team("t"), run("r")))
	equal(t, "without limits", settle(t, l, a.ID, settlement(1, 1, 1, "")), ledger.Left{Tokens: -1, NanoUSD: -1})
	limit(t, l, client("c"), ledger.PeriodMonth, 100, 0)
	limit(t, l, team("t"), ledger.PeriodDay, 90, 1000)
	limit(t, l, run("r"), ledger.PeriodTotal, 0, 500)
	b := dispatched(t, l, reservation("bound", 10, 10, client("c"), team("t"), run("r")))
	s := settlement(4, 4, 20, "x")
	want := ledger.Left{Tokens: 80, NanoUSD: 479} // of the team, and of the run, whose overage counts
	equal(t, "the tightest", settle(t, l, b.ID, s), want)
	equal(t, "told again", settle(t, l, b.ID, s), want)
	limit(t, l, client("c"), ledger.PeriodMonth, 5, 0)
	c := dispatched(t, l, reservation("zero", 0, 0, client("c")))
	equal(t, "below what is used", settle(t, l, c.ID, settlement(0, 0, 0, "")).Tokens, 0)
}

func testLimits(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	limit(t, l, client("c"), ledger.PeriodMonth, 5, 6)
	limit(t, l, client("c"), ledger.PeriodDay, 1, 0)
	limit(t, l, client("c"), ledger.PeriodTotal, 0, 7)
	limit(t, l, client("other"), ledger.PeriodTotal, 9, 9)
	reserve(t, l, reservation("k", 1, 1, client("c")))
	list := func() string {
		limits, err := l.Limits(t.Context(), client("c"))
		must(t, err)
		return fmt.Sprint(limits)
	}
	equal(t, "limits", list(), "[{day {1 0}} {month {5 6}} {total {0 7}}]")
	limit(t, l, client("c"), ledger.PeriodDay, 0, 0)
	equal(t, "without that of the day", list(), "[{month {5 6}} {total {0 7}}]")
	reserve(t, l, reservation("no limit by day", 3, 1, client("c")))
}

func testBadLimits(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	for _, bad := range []struct {
		scope  ledger.Scope
		period ledger.Period
	}{
		{run("r"), ledger.PeriodDay},
		{client("c"), "year"},
		{client("c"), ""},
		{client(""), ledger.PeriodDay},
		{ledger.Scope{Kind: "world", ID: "w"}, ledger.PeriodTotal},
		{ledger.Scope{Kind: ledger.ScopeRequest, ID: "k"}, ledger.PeriodTotal},
	} {
		if err := l.SetLimit(t.Context(), bad.scope, bad.period, ledger.Limit{Tokens: 1}); err == nil {
			t.Errorf("a limit of %+v by %q was accepted", bad.scope, bad.period)
		}
	}
	if _, err := l.Balance(t.Context(), run("r"), ledger.PeriodDay); err == nil {
		t.Error("a run has a balance by day")
	}
}

// testLimitsChangeMeanwhile: whoever opens the budget of a day while its limit
// is being set has that limit or the one before, never none for good.
func testLimitsChangeMeanwhile(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	parallel(t, 60, open, func(l ledger.Ledger, i int) error {
		scope := client(fmt.Sprint("c", i/3))
		if i%3 == 0 {
			return l.SetLimit(t.Context(), scope, ledger.PeriodDay, ledger.Limit{Tokens: 100})
		}
		_, err := l.Reserve(t.Context(), reservation(fmt.Sprint("k", i), 50, 0, scope, team("t")))
		var refusal *ledger.ExceededError
		if errors.As(err, &refusal) {
			return fmt.Errorf("what fits was refused: %w", err)
		}
		return err
	})
	for i := range 20 {
		scope := client(fmt.Sprint("c", i))
		equal(t, "limit", balanceOf(t, l, scope, ledger.PeriodDay).Limit.Tokens, 100)
		equal(t, "what is left", exceeded(t, l, reservation(fmt.Sprint("more", i), 1, 0, scope)).Remaining, 0)
	}
}
