//go:build unix

package eval_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/mock"
	"github.com/quaestor-run/quaestor/runtime/mock/mocktest"
	"github.com/quaestor-run/quaestor/runtime/store/postgrestest"
)

// dear answers with an answer that uses up the whole hold, and cannot count
// tokens, so that holds are what the bytes of a request bound.
const dear = `rules:
  - {name: no count, match: {operation: count-tokens}, fault: {kind: access}}
  - {name: dear, latency: 10ms, jitter: 50ms, answer: {text: "That was an expensive question, and this is the answer to it.", usage: full}}
`

// In the races each call holds the same: its text as bytes and what surrounds
// it, and max_tokens, which is too little to be lowered.
const (
	raceText = "How much is the fish?"
	raceMax  = 100
	raceHold = 64 + 16 + int64(len(raceText)) + raceMax
	// A dollar per million in, two out, in nano-dollars.
	raceCost = (raceHold-raceMax)*1000 + raceMax*2000
	holds    = 100
	racers   = 200
)

// A budget in which exactly 100 holds fit lets exactly 100 of 200 concurrent
// calls through, and the others are refused before anything is sent.
func TestRaceInOneProcessOnSQLiteAdmitsExactlyTheHoldsThatFit(t *testing.T) {
	t.Parallel()
	race(t, "", 1)
}

// With three processes it is 100 of 600.
func TestRaceOfThreeProcessesOnPostgreSQLAdmitsExactlyTheHoldsThatFit(t *testing.T) {
	t.Parallel()
	race(t, postgrestest.Start(t), 3)
}

func race(t *testing.T, database string, processes int) {
	t.Helper()
	w := newWorld(t, mocktest.StartScript(t, dear), database, "")
	key, _ := w.addKey(t, "racer")
	w.limit(t, "racer", ledger.Limit{Tokens: holds * raceHold, NanoUSD: holds * raceCost})
	urls := make([]string, processes)
	var starting sync.WaitGroup
	for i := range urls {
		starting.Go(func() { urls[i] = w.start(t).url })
	}
	starting.Wait()

	asks := []ask{
		{model: viaOpenAI}, {model: viaOpenAI, stream: true}, {model: viaBedrock}, {model: viaBedrock, stream: true},
	}
	answers := make([]answer, processes*racers)
	client := newClient(t)
	ready := make(chan struct{})
	var racing sync.WaitGroup
	for i := range answers {
		racing.Go(func() {
			call := asks[i/processes%len(asks)]
			call.text, call.max = raceText, raceMax
			<-ready
			answers[i] = call.send(t.Context(), client, urls[i%processes], key)
		})
	}
	close(ready)
	racing.Wait()

	admitted := 0
	for _, a := range answers {
		switch {
		case a.whole:
			admitted++
		case a.status != http.StatusTooManyRequests || a.code != "insufficient_quota" || a.kind != "insufficient_quota":
			t.Errorf("a call that does not fit: %s", a)
		}
	}
	if admitted != holds {
		t.Errorf("%d calls were admitted, and %d holds fit", admitted, holds)
	}
	served := w.served()
	if len(served) != holds {
		t.Errorf("the emulator got %d calls, and %d holds fit", len(served), holds)
	}
	for _, entry := range served {
		if entry.Usage != (mock.Usage{Input: raceHold - raceMax, Output: raceMax}) {
			t.Fatalf("a call did not use its hold up: %+v", entry)
		}
	}
	await(t, "what was spooled on a slow machine is told to the ledger", func() bool { return len(w.spooled(t)) == 0 })
	w.written(t)
	b := w.balance(t, "racer")
	if b.Settled != (ledger.Amount{Tokens: holds * raceHold, NanoUSD: holds * raceCost}) || b.Held != (ledger.Amount{}) || b.Overage != (ledger.Amount{}) {
		t.Errorf("the ledger settled %+v and holds %+v, with an overage of %+v; the limit is %+v", b.Settled, b.Held, b.Overage, b.Limit)
	}
	if attempts := w.attempts(t, ledger.AttemptFilter{}); len(attempts) != holds {
		t.Errorf("the ledger has %d attempts", len(attempts))
	}
	t.Logf("%d processes, %d calls: %d admitted, %d reached the emulator, %d of %d tokens settled", processes, len(answers), admitted, len(served), b.Settled.Tokens, b.Limit.Tokens)
}
