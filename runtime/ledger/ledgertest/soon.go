package ledgertest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// told collects what came of settlements that nobody waits for.
type told chan error

// soon settles an attempt and gives what is told of it.
func soon(t *testing.T, l ledger.Ledger, attempt int64, s ledger.Settlement) told {
	t.Helper()
	news := make(told, 2)
	must(t, l.SettleSoon(t.Context(), attempt, s, func(err error) { news <- err }))
	return news
}

// wait gives what was told, once and no more than once.
func (news told) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-news:
		if len(news) > 0 {
			t.Error("it was told twice")
		}
		return err
	case <-time.After(30 * time.Second):
		t.Fatal("nothing was told in 30 s")
		return nil
	}
}

// testSettledSoon: whoever looks after a settlement was queued sees it.
func testSettledSoon(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	for name, look := range map[string]func(key string){
		"balance": func(key string) {
			equal(t, "balance", balance(t, l, run(key)), ledger.Balance{
				Settled: ledger.Amount{Tokens: 5, NanoUSD: 7}, InputTokens: 3, OutputTokens: 2, Calls: 1, Attempts: 1,
			})
		},
		"attempts": func(key string) { equal(t, "states", states(t, l, run(key)), key+"/1:settled ") },
		"usage": func(key string) {
			rows := usage(t, l, ledger.UsageQuery{Client: key})
			if len(rows) != 1 || rows[0].Usage != (ledger.Usage{InputTokens: 3, OutputTokens: 2, NanoUSD: 7}) || rows[0].Calls != 1 {
				t.Errorf("usage %+v", rows)
			}
		},
		"sweep": func(string) {
			released, uncertain, err := l.Sweep(t.Context(), time.Now().Add(time.Hour))
			must(t, err)
			equal(t, "swept", released+uncertain, 0)
		},
		"answer": func(key string) {
			_, err := l.Reserve(t.Context(), reservation(key, 10, 10, run(key)))
			if !errors.Is(err, ledger.ErrAnswered) {
				t.Errorf("made again: %v", err)
			}
			if found, ok, err := l.Find(t.Context(), key); err != nil || !ok || string(found.Response) != "answer" {
				t.Errorf("found %v %q, %v", ok, found.Response, err)
			}
		},
	} {
		r := reservation(name, 10, 10, run(name), client(name))
		r.Dispatched, r.Expires = true, time.Now().Add(time.Minute)
		news := soon(t, l, reserve(t, l, r).ID, settlement(3, 2, 7, "answer"))
		look(name)
		must(t, news.wait(t))
	}
}

// testFreedSoon: what a settlement frees is there for who reserves after it.
func testFreedSoon(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	must(t, l.SetLimit(t.Context(), client("c"), ledger.PeriodDay, ledger.Limit{Tokens: 150}))
	for i := range 50 {
		r := reservation(fmt.Sprint("k", i), 100, 100, client("c"))
		r.Dispatched = true
		soon(t, l, reserve(t, l, r).ID, settlement(1, 0, 1, ""))
	}
	equal(t, "balance", balance(t, l, client("c")).Settled, ledger.Amount{Tokens: 50, NanoUSD: 50})
}

// testBadSettlementsSoon: what is refused is told, or is not queued.
func testBadSettlementsSoon(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	a := dispatched(t, l, reservation("k", 10, 10, run("r")))
	for _, s := range []ledger.Settlement{settlement(-1, 0, 0, ""), settlement(1<<60, 0, 0, "")} {
		if err := l.SettleSoon(t.Context(), a.ID, s, func(error) { t.Error("it was told") }); err == nil {
			t.Errorf("%+v was accepted", s.Usage)
		}
	}
	first, same, other := soon(t, l, a.ID, settlement(3, 2, 7, "")), soon(t, l, a.ID, settlement(3, 2, 7, "")), soon(t, l, a.ID, settlement(4, 2, 7, ""))
	must(t, first.wait(t))
	must(t, same.wait(t))
	if err := other.wait(t); !errors.Is(err, ledger.ErrState) {
		t.Errorf("settled otherwise: %v", err)
	}
	if err := soon(t, l, a.ID+1000, settlement(1, 1, 1, "")).wait(t); !errors.Is(err, ledger.ErrUnknownAttempt) {
		t.Errorf("an unknown attempt: %v", err)
	}
	equal(t, "settled", balance(t, l, run("r")).Settled, ledger.Amount{Tokens: 5, NanoUSD: 7})
}

// testManySettledSoon: among reservations and others that wait, each is told
// once, and the sums are right.
func testManySettledSoon(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	const n = 300
	var tellings, failures atomic.Int64
	parallel(t, n, open, func(l ledger.Ledger, i int) error {
		r := reservation(fmt.Sprint("k", i), 10, 10, client("c"), run(fmt.Sprint("r", i%7)))
		r.Dispatched = true
		a, err := l.Reserve(t.Context(), r)
		if err != nil {
			return err
		}
		if i%3 == 0 {
			return settling(t.Context(), l, a.ID, settlement(4, 1, 3, ""))
		}
		done := make(chan struct{})
		err = l.SettleSoon(t.Context(), a.ID, settlement(4, 1, 3, ""), func(err error) {
			tellings.Add(1)
			if err != nil {
				failures.Add(1)
			}
			close(done)
		})
		if err == nil && i%2 == 0 {
			<-done
		}
		return err
	})
	for deadline := time.Now().Add(30 * time.Second); tellings.Load() < n*2/3; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d were told in 30 s", tellings.Load())
		}
	}
	equal(t, "told", tellings.Load(), n*2/3)
	equal(t, "failed", failures.Load(), 0)
	equal(t, "balance", balance(t, l, client("c")), ledger.Balance{
		Settled: ledger.Amount{Tokens: 5 * n, NanoUSD: 3 * n}, InputTokens: 4 * n, OutputTokens: n, Calls: n, Attempts: n,
	})
}

// testClosedMeanwhile: what was queued is in the ledger when it is opened again,
// unless something else was told; nothing is never told.
func testClosedMeanwhile(t *testing.T, open func(*testing.T) ledger.Ledger) {
	after := open(t)
	for round := range 10 {
		l := open(t)
		var news [8]told
		var ids [8]int64
		for i := range ids {
			r := reservation(fmt.Sprintf("k%d/%d", round, i), 10, 10, run("r"))
			r.Dispatched = true
			ids[i], news[i] = reserve(t, l, r).ID, make(told, 2)
		}
		var group sync.WaitGroup
		for i := range ids {
			group.Go(func() {
				if err := l.SettleSoon(t.Context(), ids[i], settlement(1, 1, 1, ""), func(err error) { news[i] <- err }); err != nil {
					news[i] <- err
				}
			})
		}
		if round%2 == 0 {
			group.Wait()
		}
		must(t, l.(interface{ Close() error }).Close())
		group.Wait()
		for i, id := range ids {
			err, want := news[i].wait(t), ledger.StateSettled
			if err != nil {
				want = ledger.StateDispatched
			}
			if err != nil && round%2 == 0 {
				t.Errorf("queued before the end: %v", err)
			}
			page, failed := after.Attempts(t.Context(), ledger.AttemptFilter{After: id - 1, Limit: 1})
			must(t, failed)
			equal(t, fmt.Sprintf("attempt %d, told %v", id, err), page[0].State, want)
		}
		if err := l.SettleSoon(t.Context(), ids[0], settlement(1, 1, 1, ""), func(error) { t.Error("it was told") }); err == nil {
			t.Error("a closed ledger queued a settlement")
		}
	}
}

// testLeftBy: what a reservation says that its settlement will leave is what
// that leaves.
func testLeftBy(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	attempt := 0
	check := func(hold ledger.Amount, s ledger.Settlement) {
		t.Helper()
		attempt++
		r := reservation(fmt.Sprint("k", attempt), hold.Tokens, hold.NanoUSD, client("c"), team("t"), run("r"))
		r.Dispatched, r.Limit = true, ledger.Limit{Tokens: int64(attempt) * 1000}
		a := reserve(t, l, r)
		if said, left := a.LeftBy(s.Usage), settle(t, l, a.ID, s); said != left {
			t.Errorf("with %+v held and %+v used, the reservation said that %+v is left, and it is %+v", hold, s.Usage, said, left)
		}
	}
	check(ledger.Amount{Tokens: 100, NanoUSD: 100}, settlement(40, 20, 50, "")) // the call alone has a limit
	limit(t, l, client("c"), ledger.PeriodMonth, 5000, 0)
	limit(t, l, team("t"), ledger.PeriodDay, 600, 900)
	limit(t, l, run("r"), ledger.PeriodTotal, 0, 700)
	check(ledger.Amount{Tokens: 100, NanoUSD: 100}, settlement(40, 20, 50, "")) // below the hold
	check(ledger.Amount{Tokens: 100, NanoUSD: 100}, settlement(80, 20, 100, ""))
	check(ledger.Amount{Tokens: 100, NanoUSD: 100}, settlement(120, 20, 110, "")) // above it
	check(ledger.Amount{Tokens: 100, NanoUSD: 100}, settlement(50, 20, 5000, "")) // above all
	check(ledger.Amount{Tokens: 100}, settlement(50, 20, 0, ""))                  // of a model that costs nothing
	check(ledger.Amount{Tokens: 10}, settlement(9000, 20, 30, ""))
}
