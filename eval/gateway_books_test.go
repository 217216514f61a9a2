package eval_test

import (
	"testing"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// In the tests that compare the emulator's log with the ledger, calls have texts
// of one length, so that max_tokens names a call: in the log as it is, in the
// ledger by its hold.
const (
	markText  = "Tell me all that you know about it."
	markBound = 64 + 16 + int64(len(markText))
)

// account is what log and ledger have of one call.
type account struct {
	served  int // reached the emulator and was answered, or may have been
	refused int // reached it and was refused, which costs nothing
	usage   int64
	states  map[ledger.State]int
	settled int64
	open    int64 // holds of attempts that may have been charged
}

// accounts reads both.
func (w *world) accounts(t *testing.T) map[int64]*account {
	t.Helper()
	accounts := map[int64]*account{}
	of := func(mark int64) *account {
		if accounts[mark] == nil {
			accounts[mark] = &account{states: map[ledger.State]int{}}
		}
		return accounts[mark]
	}
	// The log first: what it has must be in the ledger by then.
	served := w.served()
	for _, a := range w.attempts(t, ledger.AttemptFilter{}) {
		mark := of(a.Hold.Tokens - markBound)
		mark.states[a.State]++
		switch a.State {
		case ledger.StateSettled:
			mark.settled += a.Usage.Tokens()
		case ledger.StateDispatched, ledger.StateUncertain:
			mark.open += a.Hold.Tokens
		}
	}
	for _, entry := range served {
		mark := of(entry.MaxTokens)
		if cost := entry.Usage.Input + entry.Usage.Output; cost > 0 {
			mark.served++
			mark.usage += cost
			continue
		}
		mark.refused++
	}
	return accounts
}

// written waits until the gateways have written what became of every call: an
// answer that nobody asks for again may be there before it is settled.
func (w *world) written(t *testing.T) {
	t.Helper()
	await(t, "every attempt has ended", func() bool {
		return len(w.attempts(t, ledger.AttemptFilter{State: ledger.StateDispatched})) == 0
	})
}

// checkBooks compares everything the emulator served with everything the ledger
// has: nothing served is missing, nothing is settled twice, what was settled and
// what is uncertain cover what was served, and no budget was passed.
func (w *world) checkBooks(t *testing.T) {
	t.Helper()
	for mark, a := range w.accounts(t) {
		settled, open := a.states[ledger.StateSettled], a.states[ledger.StateUncertain]+a.states[ledger.StateDispatched]
		if a.served > settled+open {
			t.Errorf("call %d was served %d times, and the ledger has %v", mark, a.served, a.states)
		}
		if settled > a.served {
			t.Errorf("call %d was served %d times and settled %d times", mark, a.served, settled)
		}
		if a.settled+a.open < a.usage {
			t.Errorf("call %d used %d tokens; %d are settled and %d uncertain", mark, a.usage, a.settled, a.open)
		}
		if a.served > 0 && a.settled != int64(settled)*(a.usage/int64(a.served)) {
			t.Errorf("call %d used %d tokens in %d attempts; %d are settled for %d of them", mark, a.usage, a.served, a.settled, settled)
		}
	}
	w.checkSums(t)
}

// checkSums compares budgets and usage with the attempts they are the sums of.
func (w *world) checkSums(t *testing.T) {
	t.Helper()
	settled, held := map[string]ledger.Amount{}, map[string]ledger.Amount{}
	var all int64
	for _, a := range w.attempts(t, ledger.AttemptFilter{}) {
		add := func(to map[string]ledger.Amount, amount ledger.Amount) {
			for _, name := range []string{a.Client, ""} {
				to[name] = ledger.Amount{Tokens: to[name].Tokens + amount.Tokens, NanoUSD: to[name].NanoUSD + amount.NanoUSD}
			}
		}
		switch a.State {
		case ledger.StateSettled:
			add(settled, ledger.Amount{Tokens: a.Usage.Tokens(), NanoUSD: a.Usage.NanoUSD})
			all += a.Usage.Tokens()
		case ledger.StateReserved, ledger.StateDispatched, ledger.StateUncertain:
			add(held, a.Hold)
		}
		add(settled, ledger.Amount{}) // also of those with nothing settled
	}
	delete(settled, "")
	for client := range settled {
		b := w.balance(t, client)
		if b.Settled != settled[client] || b.Held != held[client] || b.Overage != (ledger.Amount{}) {
			t.Errorf("%s: the budget says settled %+v, held %+v, overage %+v; the attempts say %+v and %+v", client, b.Settled, b.Held, b.Overage, settled[client], held[client])
		}
		if b.Limit.Tokens > 0 && b.Settled.Tokens+b.Held.Tokens > b.Limit.Tokens || b.Limit.NanoUSD > 0 && b.Settled.NanoUSD+b.Held.NanoUSD > b.Limit.NanoUSD {
			t.Errorf("%s: settled %+v and held %+v pass the limit %+v", client, b.Settled, b.Held, b.Limit)
		}
	}
	rows, err := w.book.Usage(t.Context(), ledger.UsageQuery{})
	if err != nil {
		t.Fatal(err)
	}
	var used int64
	for _, row := range rows {
		used += row.Usage.Tokens()
	}
	if used != all {
		t.Errorf("usage is %d tokens, and %d are settled", used, all)
	}
}
