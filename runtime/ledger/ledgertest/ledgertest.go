// Package ledgertest is what every ledger must do.
package ledgertest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// Run checks a backend. Open gives a ledger on the same data each time it is
// called with the same t, as another process would open it, with a clock, and
// closes it when the test ends.
func Run(t *testing.T, openAt func(t *testing.T, now func() time.Time) ledger.Ledger) {
	open := func(t *testing.T) ledger.Ledger { return openAt(t, time.Now) }
	for _, c := range []struct {
		name string
		test func(*testing.T, func(*testing.T) ledger.Ledger)
	}{
		{"Life", testLife},
		{"UnknownAttempt", testUnknownAttempt},
		{"IllegalTransitions", testIllegalTransitions},
		{"RepeatedTransitions", testRepeatedTransitions},
		{"KeyReuse", testKeyReuse},
		{"LateSettlement", testLateSettlement},
		{"FirstSettlementWins", testFirstSettlementWins},
		{"ReleaseAfterUncertain", testReleaseAfterUncertain},
		{"Refusal", testRefusal},
		{"FreeCallsInASpentBudget", testFreeCalls},
		{"FreedByTheSameCall", testFreedByTheSameCall},
		{"Overage", testOverage},
		{"LoweredLimit", testLoweredLimit},
		{"Listing", testListing},
		{"BadReservations", testBadReservations},
		{"Restart", testRestart},
		{"ExactlyTheHoldsThatFit", testExactlyTheHoldsThatFit},
		{"OneCallAtOnce", testOneCallAtOnce},
		{"ScopesInAnyOrder", testScopesInAnyOrder},
		{"ConcurrentEnds", testConcurrentEnds},
		{"SentAtOnce", testSentAtOnce},
		{"WhatAnAttemptKeeps", testWhatAnAttemptKeeps},
		{"WithoutAResponse", testWithoutAResponse},
		{"Filters", testFilters},
		{"SeveralLimits", testSeveralLimits},
		{"LimitOfACall", testLimitOfACall},
		{"WhatIsLeft", testWhatIsLeft},
		{"Limits", testLimits},
		{"BadLimits", testBadLimits},
		{"Hits", testHits},
		{"Sweep", testSweep},
		{"Usage", testUsage},
		{"UsagePages", testUsagePages},
		{"Cancelled", testCancelled},
		{"LimitsChangeMeanwhile", testLimitsChangeMeanwhile},
		{"SettledSoon", testSettledSoon},
		{"FreedSoon", testFreedSoon},
		{"BadSettlementsSoon", testBadSettlementsSoon},
		{"ManySettledSoon", testManySettledSoon},
		{"ClosedMeanwhile", testClosedMeanwhile},
		{"LeftBy", testLeftBy},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open)
		})
	}
	t.Run("Midnight", func(t *testing.T) {
		t.Parallel()
		testMidnight(t, openAt)
	})
}

// Scopes of the tests.
func run(id string) ledger.Scope    { return ledger.Scope{Kind: ledger.ScopeRun, ID: id} }
func client(id string) ledger.Scope { return ledger.Scope{Kind: ledger.ScopeClient, ID: id} }

func team(id string) ledger.Scope { return ledger.Scope{Kind: ledger.ScopeTeam, ID: id} }

func reservation(key string, tokens, nano int64, scopes ...ledger.Scope) ledger.Reservation {
	r := ledger.Reservation{
		Key: key, Hold: ledger.Amount{Tokens: tokens, NanoUSD: nano}, Feature: "agent",
		Provider: "openai", Region: "here", Model: "small", Agent: "writer", AgentVersion: "v1",
	}
	for _, scope := range scopes {
		switch scope.Kind {
		case ledger.ScopeRun:
			r.Run = scope.ID
		case ledger.ScopeClient:
			r.Client = scope.ID
		case ledger.ScopeTeam:
			r.Team = scope.ID
		}
	}
	return r
}

func settlement(in, out, nano int64, response string) ledger.Settlement {
	return ledger.Settlement{Usage: ledger.Usage{InputTokens: in, OutputTokens: out, NanoUSD: nano}, Response: []byte(response)}
}

func reserve(t *testing.T, l ledger.Ledger, r ledger.Reservation) ledger.Attempt {
	t.Helper()
	a, err := l.Reserve(t.Context(), r)
	must(t, err)
	return a
}

// dispatched reserves and dispatches.
func dispatched(t *testing.T, l ledger.Ledger, r ledger.Reservation) ledger.Attempt {
	t.Helper()
	a := reserve(t, l, r)
	must(t, l.Dispatch(t.Context(), a.ID))
	return a
}

func settle(t *testing.T, l ledger.Ledger, attempt int64, s ledger.Settlement) ledger.Left {
	t.Helper()
	left, err := l.Settle(t.Context(), attempt, s)
	must(t, err)
	return left
}

func settling(ctx context.Context, l ledger.Ledger, attempt int64, s ledger.Settlement) error {
	_, err := l.Settle(ctx, attempt, s)
	return err
}

func balance(t *testing.T, l ledger.Ledger, scope ledger.Scope) ledger.Balance {
	t.Helper()
	return balanceOf(t, l, scope, ledger.PeriodTotal)
}

func balanceOf(t *testing.T, l ledger.Ledger, scope ledger.Scope, period ledger.Period) ledger.Balance {
	t.Helper()
	b, err := l.Balance(t.Context(), scope, period)
	must(t, err)
	return b
}

func states(t *testing.T, l ledger.Ledger, scope ledger.Scope) string {
	t.Helper()
	filter := ledger.AttemptFilter{}
	switch scope.Kind {
	case ledger.ScopeRun:
		filter.Run = scope.ID
	case ledger.ScopeClient:
		filter.Client = scope.ID
	case ledger.ScopeTeam:
		filter.Team = scope.ID
	case ledger.ScopeRequest:
		filter.Key = scope.ID
	}
	attempts, err := l.Attempts(t.Context(), filter)
	must(t, err)
	var text string
	for _, a := range attempts {
		text += fmt.Sprintf("%s/%d:%s ", a.Key, a.Ordinal, a.State)
	}
	return text
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}
