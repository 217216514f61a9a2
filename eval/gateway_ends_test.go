package eval_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/mock"
	"github.com/quaestor-run/quaestor/runtime/mock/mocktest"
)

// manyPieces is an answer of fifty pieces.
func manyPieces() string { return strings.Repeat("All ", 50) }

// newEnd is a gateway whose emulator does this, and a client of it.
func newEnd(t *testing.T, rule string, settings ...string) (w *world, url, key string) {
	t.Helper()
	w = newWorld(t, mocktest.StartScript(t, noCount+"  - "+rule), "", "")
	for i := 0; i < len(settings); i += 2 {
		w.set(settings[i], settings[i+1])
	}
	key, _ = w.addKey(t, "c")
	url = w.serve(t)
	return w, url, key
}

// attempt waits until the only attempt has ended.
func (w *world) attempt(t *testing.T) ledger.Attempt {
	t.Helper()
	var all []ledger.Attempt
	await(t, "the attempt ends", func() bool {
		all = w.attempts(t, ledger.AttemptFilter{})
		return len(all) > 0 && all[0].State != ledger.StateDispatched
	})
	if len(all) != 1 {
		t.Fatalf("%d attempts: %+v", len(all), all)
	}
	return all[0]
}

// only gives the only call that the emulator got, once it is over.
func (w *world) only(t *testing.T) mock.Entry {
	t.Helper()
	served := w.emulator.Ended(t, 1)
	if len(served) != 1 {
		t.Fatalf("the emulator got %d calls: %+v", len(served), served)
	}
	return served[0]
}

// leave takes the first piece of a stream and goes away.
func leave(t *testing.T, url, key, model string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	response, err := ask{model: model, text: markText, max: 200, stream: true}.post(ctx, newClient(t), url, key)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(line, "All") {
			return
		}
	}
}

// A client that goes away after the first piece: the answer is read to its end,
// and settled at what it cost.
func TestAStreamWhoseClientIsGoneIsSettledWhenItEndsInTime(t *testing.T) {
	t.Parallel()
	for _, model := range []string{viaOpenAI, viaBedrock} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			w, url, key := newEnd(t, fmt.Sprintf("{token_delay: 10ms, answer: {text: %q, usage: {input: 30, output: 50}}}", manyPieces()), "QUAESTOR_GATEWAY_DRAIN", "20s")
			leave(t, url, key, model)
			a, entry := w.attempt(t), w.only(t)
			if a.State != ledger.StateSettled || a.Usage.InputTokens != 30 || a.Usage.OutputTokens != 50 || a.FirstToken == 0 {
				t.Errorf("the attempt is %s with %+v, first piece after %v", a.State, a.Usage, a.FirstToken)
			}
			if !entry.Complete || entry.Pieces != 50 {
				t.Errorf("the emulator's answer was not read to its end: %+v", entry)
			}
			w.checkSums(t)
		})
	}
}

// Where that takes too long the connection is closed, and the hold stays: it may
// have been charged.
func TestAStreamWhoseClientIsGoneIsUncertainWhenTheDrainEnds(t *testing.T) {
	t.Parallel()
	for _, model := range []string{viaOpenAI, viaBedrock} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			w, url, key := newEnd(t, fmt.Sprintf("{token_delay: 100ms, answer: {text: %q, usage: full}}", manyPieces()), "QUAESTOR_GATEWAY_DRAIN", "300ms")
			leave(t, url, key, model)
			a, entry := w.attempt(t), w.only(t)
			if a.State != ledger.StateUncertain || w.balance(t, "c").Held != a.Hold {
				t.Errorf("the attempt is %s, and %+v of its %+v held", a.State, w.balance(t, "c").Held, a.Hold)
			}
			if entry.Complete || entry.Pieces == 50 {
				t.Errorf("the emulator's answer was read to its end: %+v", entry)
			}
			w.checkBooks(t)
		})
	}
}

// A stream that the upstream cuts, or ends without saying that it ends, is an
// error to the client and never an end; it is not begun again, and its hold stays.
func TestAnUpstreamThatBreaksOffIsAnErrorAndUncertain(t *testing.T) {
	t.Parallel()
	for fault, models := range map[string][]string{
		"{kind: cut, after: 2}":          {viaOpenAI, viaBedrock},
		"{kind: end, after: 2}":          {viaOpenAI, viaBedrock},
		"{kind: malformed, after: 2}":    {viaOpenAI, viaBedrock},
		"{kind: internal, after: 2}":     {viaOpenAI, viaBedrock},
		"{kind: stream_error, after: 2}": {viaOpenAI, viaBedrock},
		"{kind: no_end}":                 {viaOpenAI, viaBedrock},
		"{kind: no_stop}":                {viaOpenAI, viaBedrock},
		"{kind: no_done}":                {viaOpenAI, viaBedrock},
	} {
		for _, model := range models {
			t.Run(fault+"/"+model, func(t *testing.T) {
				t.Parallel()
				w, url, key := newEnd(t, "{answer: {text: All that I know about it., usage: full}, fault: "+fault+"}")
				got := ask{model: model, text: markText, max: 200, stream: true}.send(t.Context(), newClient(t), url, key)
				if got.status != http.StatusOK || got.whole || got.message == "" || got.pieces < 2 {
					t.Errorf("the client got %s", got)
				}
				a := w.attempt(t)
				if a.State != ledger.StateUncertain || w.balance(t, "c").Held != a.Hold || w.balance(t, "c").Uncertain != 1 {
					t.Errorf("the attempt is %s: %+v", a.State, w.balance(t, "c"))
				}
				w.only(t)
				w.checkBooks(t)
			})
		}
	}
}

// An answer that is cut while it is not streamed may have been charged, too; the
// next attempt is another row.
func TestAnAnswerThatBreaksOffLeavesItsHoldToEachAttempt(t *testing.T) {
	t.Parallel()
	for _, model := range []string{viaOpenAI, viaBedrock} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			w, url, key := newEnd(t, "{match: {times: 1}, answer: {text: All that I know., usage: full}, fault: {kind: cut}}\n  - {answer: {text: All that I know., usage: full}}")
			got := ask{model: model, text: markText, max: 200}.send(t.Context(), newClient(t), url, key)
			if !got.whole {
				t.Errorf("the client got %s", got)
			}
			w.written(t)
			attempts := w.attempts(t, ledger.AttemptFilter{})
			if len(attempts) != 2 || attempts[0].State != ledger.StateUncertain || attempts[1].State != ledger.StateSettled {
				t.Errorf("attempts %+v", attempts)
			}
			if served := w.served(); len(served) != 2 {
				t.Errorf("the emulator got %+v", served)
			}
			w.checkBooks(t)
		})
	}
}

// An answer that does not say what it used is settled at its hold.
func TestAnAnswerWithoutUsageIsSettledAtItsHold(t *testing.T) {
	t.Parallel()
	for _, model := range []string{viaOpenAI, viaBedrock} {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/stream=%t", model, stream), func(t *testing.T) {
				t.Parallel()
				w, url, key := newEnd(t, "{answer: {text: All that I know., usage: none}}")
				got := ask{model: model, text: markText, max: 200, stream: stream}.send(t.Context(), newClient(t), url, key)
				a, entry := w.attempt(t), w.only(t)
				if !got.whole || a.State != ledger.StateSettled || a.Usage.Tokens() != a.Hold.Tokens || a.Usage.NanoUSD != a.Hold.NanoUSD {
					t.Errorf("the client got %s; the attempt is %s with %+v of %+v", got, a.State, a.Usage, a.Hold)
				}
				if !entry.UsageUntold || entry.Usage.Input+entry.Usage.Output > a.Usage.Tokens() {
					t.Errorf("the emulator has %+v", entry)
				}
				w.checkSums(t)
			})
		}
	}
}

// What ends a stream, come twice, settles it once.
func TestAnEndThatIsToldTwiceIsSettledOnce(t *testing.T) {
	t.Parallel()
	for _, model := range []string{viaOpenAI, viaBedrock} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			w, url, key := newEnd(t, "{answer: {text: All that I know., usage: {input: 30, output: 5}}, fault: {kind: replay_end}}")
			got := ask{model: model, text: markText, max: 200, stream: true}.send(t.Context(), newClient(t), url, key)
			a, entry, b := w.attempt(t), w.only(t), w.balance(t, "c")
			if !got.whole || got.text != "All that I know." {
				t.Errorf("the client got %s: %q", got, got.text)
			}
			if a.State != ledger.StateSettled || b.Settled.Tokens != 35 || b.Held.Tokens != 0 || b.Calls != 1 || entry.Usage != (mock.Usage{Input: 30, Output: 5}) {
				t.Errorf("the attempt is %s, the balance %+v, the emulator has %+v", a.State, b, entry)
			}
			w.checkBooks(t)
		})
	}
}
