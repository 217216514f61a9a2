package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

func testSentAtOnce(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	r := reservation("k", 10, 100, client("c"))
	r.Dispatched = true
	first := reserve(t, l, r)
	equal(t, "state", first.State, ledger.StateDispatched)
	if err := l.Dispatch(t.Context(), first.ID); !errors.Is(err, ledger.ErrState) {
		t.Errorf("dispatching what was sent: %v", err)
	}
	must(t, l.Release(t.Context(), first.ID, "throttled"))
	second := reserve(t, l, r)
	equal(t, "balance", balance(t, l, client("c")), ledger.Balance{Held: ledger.Amount{Tokens: 10, NanoUSD: 100}, Calls: 1, Attempts: 2})
	settle(t, l, second.ID, settlement(1, 1, 1, "x"))
	equal(t, "states", states(t, l, client("c")), "k/1:released k/2:settled ")
}

func testWhatAnAttemptKeeps(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	r := reservation("k", 10, 100, client("c"), team("t"), run("r"))
	r.Wait, r.Expires = 1500*time.Millisecond, time.Now().Add(time.Minute).UTC().Truncate(time.Microsecond)
	a := dispatched(t, l, r)
	s := settlement(1, 2, 3, "x")
	s.Latency, s.FirstToken = 2*time.Second, 300*time.Millisecond
	settle(t, l, a.ID, s)
	kept, err := l.Attempts(t.Context(), ledger.AttemptFilter{Key: "k"})
	must(t, err)
	if len(kept) != 1 {
		t.Fatalf("%d attempts", len(kept))
	}
	got := kept[0]
	if got.Created.IsZero() || got.Ended.Before(got.Created) || !got.Created.Equal(a.Created) {
		t.Errorf("created %v, ended %v", got.Created, got.Ended)
	}
	got.Created, got.Ended = time.Time{}, time.Time{}
	equal(t, "attempt", got, ledger.Attempt{
		ID: a.ID, Key: "k", Ordinal: 1, State: ledger.StateSettled, Run: "r", Client: "c", Team: "t", Feature: "agent", Hold: r.Hold,
		Provider: "openai", Region: "here", Model: "small", Agent: "writer", AgentVersion: "v1",
		Wait: r.Wait, Usage: s.Usage, Latency: s.Latency, FirstToken: s.FirstToken, Expires: r.Expires,
	})
}

// testWithoutAResponse: what nobody can ask for is not stored, and is not paid
// again either.
func testWithoutAResponse(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	a := dispatched(t, l, reservation("k", 10, 100, client("c")))
	s := settlement(1, 1, 1, "")
	s.Response = nil
	settle(t, l, a.ID, s)
	settle(t, l, a.ID, s)
	if _, found, err := l.Find(t.Context(), "k"); found || err != nil {
		t.Errorf("found %v: %v", found, err)
	}
	if _, err := l.Reserve(t.Context(), reservation("k", 1, 1, client("c"))); !errors.Is(err, ledger.ErrAnswered) {
		t.Errorf("reserving for an answered call: %v", err)
	}
	if _, err := l.Settle(t.Context(), a.ID, settlement(1, 1, 1, "a response")); !errors.Is(err, ledger.ErrState) {
		t.Errorf("settling with a response afterwards: %v", err)
	}
}

func testFilters(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	settled := dispatched(t, l, reservation("a", 1, 1, client("c"), team("t"), run("r")))
	settle(t, l, settled.ID, settlement(1, 0, 0, ""))
	unclear := dispatched(t, l, reservation("b", 1, 1, client("c"), team("u")))
	must(t, l.Uncertain(t.Context(), unclear.ID, "cut"))
	free := reserve(t, l, reservation("c", 1, 1, client("d"), team("u")))
	must(t, l.Release(t.Context(), free.ID, "refused"))
	reserve(t, l, reservation("d", 1, 1, client("d")))
	dispatched(t, l, reservation("e", 1, 1, client("c"), run("r")))
	for _, c := range []struct {
		filter ledger.AttemptFilter
		want   string
	}{
		{ledger.AttemptFilter{}, "a b c d e "},
		{ledger.AttemptFilter{Client: "c"}, "a b e "},
		{ledger.AttemptFilter{Team: "u"}, "b c "},
		{ledger.AttemptFilter{Run: "r", Client: "c"}, "a e "},
		{ledger.AttemptFilter{State: ledger.StateUncertain}, "b "},
		{ledger.AttemptFilter{State: ledger.StateUncertain, Client: "d"}, ""},
		{ledger.AttemptFilter{State: ledger.StateReleased, Team: "u"}, "c "},
		{ledger.AttemptFilter{State: ledger.StateReserved}, "d "},
		{ledger.AttemptFilter{State: ledger.StateDispatched, Run: "r"}, "e "},
		{ledger.AttemptFilter{State: ledger.StateSettled, Client: "c"}, "a "},
		{ledger.AttemptFilter{Key: "b", State: ledger.StateUncertain}, "b "},
		{ledger.AttemptFilter{After: unclear.ID, Limit: 2}, "c d "},
		{ledger.AttemptFilter{Client: "nobody"}, ""},
	} {
		found, err := l.Attempts(t.Context(), c.filter)
		must(t, err)
		var keys string
		for _, a := range found {
			keys += a.Key + " "
		}
		equal(t, fmt.Sprintf("%+v", c.filter), keys, c.want)
	}
	if _, err := l.Attempts(t.Context(), ledger.AttemptFilter{State: "lost"}); err == nil {
		t.Error("a state that there is not was accepted")
	}
}

func testHits(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	limit(t, l, client("c"), ledger.PeriodTotal, 1, 1)
	hit := reservation("k", 100, 100, client("c"))
	for range 2 { // told again is the same hit
		must(t, l.RecordHit(t.Context(), hit))
	}
	equal(t, "balance", balance(t, l, client("c")), ledger.Balance{Limit: ledger.Limit{Tokens: 1, NanoUSD: 1}})
	found, err := l.Attempts(t.Context(), ledger.AttemptFilter{Client: "c"})
	must(t, err)
	if len(found) != 1 || !found[0].Cached || found[0].State != ledger.StateSettled || found[0].Usage != (ledger.Usage{}) || found[0].Hold != (ledger.Amount{}) {
		t.Fatalf("attempts %+v", found)
	}
	if _, err := l.Settle(t.Context(), found[0].ID, settlement(0, 0, 0, "x")); !errors.Is(err, ledger.ErrState) {
		t.Errorf("settling a hit: %v", err)
	}
	if _, known, err := l.Find(t.Context(), "k"); known || err != nil {
		t.Errorf("found a hit (%v)", err)
	}
	// The cache has forgotten the answer: the call is made after all.
	a := dispatched(t, l, reservation("k", 1, 1, client("c")))
	equal(t, "ordinal", a.Ordinal, 2)
	settle(t, l, a.ID, settlement(1, 0, 1, "x"))
	answered := reservation("answered", 0, 0, client("c"))
	b := dispatched(t, l, answered)
	settle(t, l, b.ID, settlement(0, 0, 0, "x"))
	if err := l.RecordHit(t.Context(), answered); !errors.Is(err, ledger.ErrAnswered) {
		t.Errorf("a hit of a call that was answered: %v", err)
	}
	rows, err := l.Usage(t.Context(), ledger.UsageQuery{})
	must(t, err)
	if len(rows) != 1 || rows[0].CacheHits != 1 || rows[0].Calls != 2 {
		t.Errorf("usage %+v", rows)
	}
}

func testSweep(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	now := time.Now()
	expiring := func(key string, in time.Duration) ledger.Reservation {
		r := reservation(key, 10, 10, client("c"))
		r.Expires = now.Add(in)
		return r
	}
	reserve(t, l, expiring("reserved", -time.Second))
	dispatched(t, l, expiring("sent", -time.Second))
	reserve(t, l, expiring("later", time.Hour))
	reserve(t, l, reservation("never", 10, 10, client("c")))
	done := dispatched(t, l, expiring("done", -time.Second))
	settle(t, l, done.ID, settlement(1, 0, 0, ""))
	released, uncertain, err := l.Sweep(t.Context(), now)
	must(t, err)
	equal(t, "swept", [2]int{released, uncertain}, [2]int{1, 1})
	equal(t, "states", states(t, l, client("c")), "reserved/1:released sent/1:uncertain later/1:reserved never/1:reserved done/1:settled ")
	b := balance(t, l, client("c"))
	equal(t, "held", b.Held.Tokens, 30)
	equal(t, "uncertain", b.Uncertain, 1)
	released, uncertain, err = l.Sweep(t.Context(), now)
	must(t, err)
	equal(t, "swept again", released+uncertain, 0)

	for i := range 70 { // more than share a transaction
		reserve(t, l, expiring(fmt.Sprint("many", i), -time.Minute))
	}
	var swept atomic.Int64
	parallel(t, 3, open, func(l ledger.Ledger, _ int) error {
		released, uncertain, err := l.Sweep(t.Context(), now)
		swept.Add(int64(released + uncertain))
		return err
	})
	equal(t, "swept by three, each once", swept.Load(), 70)
	equal(t, "held", balance(t, l, client("c")).Held.Tokens, 30)
}

func testCancelled(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Reserve(gone, reservation("gone", 1, 1, client("c"))); !errors.Is(err, context.Canceled) {
		t.Errorf("reserving for a caller that has gone: %v", err)
	}
	equal(t, "nothing is written", states(t, l, client("c")), "")
	// Callers that go at any moment: what they were told is what was written.
	var admitted, told atomic.Int64
	parallel(t, 120, open, func(l ledger.Ledger, i int) error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%12)*500*time.Microsecond)
		defer cancel()
		_, err := l.Reserve(ctx, reservation(fmt.Sprint("k", i), 1, 1, client("c")))
		if errors.Is(err, context.DeadlineExceeded) {
			told.Add(1)
			return nil
		}
		admitted.Add(1)
		return err
	})
	equal(t, "held is admitted", balance(t, l, client("c")).Held.Tokens, admitted.Load())
	equal(t, "everybody has an answer", admitted.Load()+told.Load(), 120)
}
