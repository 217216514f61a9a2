package ledgertest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

func testLife(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	must(t, l.SetLimit(t.Context(), run("r"), ledger.PeriodTotal, ledger.Limit{Tokens: 1000, NanoUSD: 5000}))
	a := reserve(t, l, reservation("k", 300, 2000, run("r"), client("c")))
	equal(t, "ordinal", a.Ordinal, 1)
	equal(t, "state", a.State, ledger.StateReserved)
	equal(t, "after reserving", balance(t, l, run("r")), ledger.Balance{
		Held: ledger.Amount{Tokens: 300, NanoUSD: 2000}, Limit: ledger.Limit{Tokens: 1000, NanoUSD: 5000},
	})

	must(t, l.Dispatch(t.Context(), a.ID))
	if _, found, err := l.Find(t.Context(), "k"); found || err != nil {
		t.Errorf("found an answer that was not given (%v)", err)
	}
	s := settlement(100, 20, 700, `{"text":"yes"}`)
	s.Usage.CacheReadTokens, s.Usage.CacheWriteTokens = 5, 6
	settle(t, l, a.ID, s)
	want := ledger.Balance{Settled: ledger.Amount{Tokens: 131, NanoUSD: 700}, InputTokens: 111, OutputTokens: 20, Calls: 1, Attempts: 1}
	equal(t, "the client's balance", balance(t, l, client("c")), want)
	want.Limit = ledger.Limit{Tokens: 1000, NanoUSD: 5000}
	equal(t, "the run's balance", balance(t, l, run("r")), want)

	found, ok, err := l.Find(t.Context(), "k")
	must(t, err)
	if !ok || string(found.Response) != `{"text":"yes"}` {
		t.Errorf("found %v, response %q", ok, found.Response)
	}
	equal(t, "usage", found.Attempt.Usage, s.Usage)
	if found.Attempt.Created.IsZero() || found.Attempt.Ended.Before(found.Attempt.Created) {
		t.Errorf("created %v, ended %v", found.Attempt.Created, found.Attempt.Ended)
	}
	equal(t, "who asked", [4]string{found.Attempt.Provider, found.Attempt.Model, found.Attempt.Agent, found.Attempt.AgentVersion},
		[4]string{"openai", "small", "writer", "v1"})
}

func testUnknownAttempt(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	for name, transition := range transitions(l) {
		if err := transition(t.Context(), 12345); !errors.Is(err, ledger.ErrUnknownAttempt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	equal(t, "balance of nobody", balance(t, l, run("nobody")), ledger.Balance{})
}

func transitions(l ledger.Ledger) map[ledger.State]func(context.Context, int64) error {
	return map[ledger.State]func(context.Context, int64) error{
		ledger.StateDispatched: l.Dispatch,
		ledger.StateSettled: func(ctx context.Context, id int64) error {
			return settling(ctx, l, id, settlement(1, 1, 1, "answer"))
		},
		ledger.StateReleased:  func(ctx context.Context, id int64) error { return l.Release(ctx, id, "refused") },
		ledger.StateUncertain: func(ctx context.Context, id int64) error { return l.Uncertain(ctx, id, "cut") },
	}
}

// testIllegalTransitions tries every transition from every state.
func testIllegalTransitions(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	paths := map[ledger.State][]ledger.State{
		ledger.StateReserved:   {},
		ledger.StateDispatched: {ledger.StateDispatched},
		ledger.StateSettled:    {ledger.StateDispatched, ledger.StateSettled},
		ledger.StateReleased:   {ledger.StateReleased},
		ledger.StateUncertain:  {ledger.StateDispatched, ledger.StateUncertain},
	}
	allowed := map[ledger.State][]ledger.State{
		ledger.StateReserved:   {ledger.StateDispatched, ledger.StateReleased},
		ledger.StateDispatched: {ledger.StateSettled, ledger.StateReleased, ledger.StateUncertain},
		ledger.StateSettled:    {ledger.StateSettled},
		ledger.StateReleased:   {ledger.StateReleased},
		ledger.StateUncertain:  {ledger.StateSettled, ledger.StateReleased, ledger.StateUncertain},
	}
	for from, path := range paths {
		for to, transition := range transitions(l) {
			a := reserve(t, l, reservation(string(from)+" to "+string(to), 10, 10, run("r")))
			for _, step := range path {
				must(t, transitions(l)[step](t.Context(), a.ID))
			}
			before := balance(t, l, run("r"))
			err := transition(t.Context(), a.ID)
			if slices.Contains(allowed[from], to) {
				if err != nil {
					t.Errorf("%s to %s: %v", from, to, err)
				}
				continue
			}
			if !errors.Is(err, ledger.ErrState) {
				t.Errorf("%s to %s: %v, want ErrState", from, to, err)
			}
			equal(t, "balance after a refused transition", balance(t, l, run("r")), before)
		}
	}
}

func testRepeatedTransitions(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	a := dispatched(t, l, reservation("settled", 10, 10, run("r")))
	s := settlement(3, 4, 5, "answer")
	settle(t, l, a.ID, s)
	before := balance(t, l, run("r"))
	settle(t, l, a.ID, s)
	equal(t, "balance after settling twice", balance(t, l, run("r")), before)
	for _, other := range []ledger.Settlement{settlement(3, 4, 6, "answer"), settlement(3, 4, 5, "another")} {
		if _, err := l.Settle(t.Context(), a.ID, other); !errors.Is(err, ledger.ErrState) {
			t.Errorf("settling otherwise: %v", err)
		}
	}

	b := dispatched(t, l, reservation("uncertain", 10, 10, run("r")))
	for range 2 {
		must(t, l.Uncertain(t.Context(), b.ID, "cut"))
	}
	equal(t, "uncertain attempts", balance(t, l, run("r")).Uncertain, 1)
	for range 2 {
		must(t, l.Release(t.Context(), b.ID, "the provider never saw it"))
	}
	equal(t, "uncertain attempts", balance(t, l, run("r")).Uncertain, 0)
	equal(t, "held", balance(t, l, run("r")).Held, ledger.Amount{})
}

func testKeyReuse(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	reserve(t, l, reservation("k", 10, 100, run("r")))
	second := dispatched(t, l, reservation("k", 10, 100, run("r")))
	equal(t, "ordinal", second.Ordinal, 2)
	third := dispatched(t, l, reservation("k", 10, 100, run("r")))
	equal(t, "states", states(t, l, run("r")), "k/1:released k/2:uncertain k/3:dispatched ")
	equal(t, "balance", balance(t, l, run("r")), ledger.Balance{
		Held: ledger.Amount{Tokens: 20, NanoUSD: 200}, Calls: 1, Attempts: 2, Uncertain: 1,
	})
	settle(t, l, third.ID, settlement(1, 1, 1, "third"))
	if _, err := l.Reserve(t.Context(), reservation("k", 10, 100, run("r"))); !errors.Is(err, ledger.ErrAnswered) {
		t.Errorf("reserving for an answered call: %v", err)
	}
	equal(t, "states", states(t, l, run("r")), "k/1:released k/2:uncertain k/3:settled ")
}

func testLateSettlement(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	a := dispatched(t, l, reservation("k", 10, 100, run("r")))
	must(t, l.Uncertain(t.Context(), a.ID, "cut"))
	settle(t, l, a.ID, settlement(2, 3, 50, "late"))
	equal(t, "balance", balance(t, l, run("r")), ledger.Balance{
		Settled: ledger.Amount{Tokens: 5, NanoUSD: 50}, InputTokens: 2, OutputTokens: 3, Calls: 1, Attempts: 1,
	})
	found, ok, err := l.Find(t.Context(), "k")
	must(t, err)
	if !ok || string(found.Response) != "late" {
		t.Errorf("found %v %q", ok, found.Response)
	}
}

func testFirstSettlementWins(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	first := dispatched(t, l, reservation("k", 10, 100, run("r")))
	second := dispatched(t, l, reservation("k", 10, 100, run("r")))
	settle(t, l, second.ID, settlement(1, 1, 10, "second"))
	settle(t, l, first.ID, settlement(1, 1, 10, "first"))
	found, ok, err := l.Find(t.Context(), "k")
	must(t, err)
	if !ok || string(found.Response) != "second" || found.Attempt.ID != second.ID {
		t.Errorf("found %v %q of attempt %d", ok, found.Response, found.Attempt.ID)
	}
	equal(t, "both are paid", balance(t, l, run("r")).Settled, ledger.Amount{Tokens: 4, NanoUSD: 20})
}

func testReleaseAfterUncertain(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	a := dispatched(t, l, reservation("k", 10, 100, run("r")))
	must(t, l.Uncertain(t.Context(), a.ID, "cut"))
	must(t, l.Release(t.Context(), a.ID, "the provider has no record of it"))
	equal(t, "balance", balance(t, l, run("r")), ledger.Balance{Calls: 1, Attempts: 1})
	if _, err := l.Settle(t.Context(), a.ID, settlement(1, 1, 1, "late")); !errors.Is(err, ledger.ErrState) {
		t.Errorf("settling what was released: %v", err)
	}
	if _, found, _ := l.Find(t.Context(), "k"); found {
		t.Error("a released attempt answers its call")
	}
}
