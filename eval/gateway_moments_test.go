//go:build unix

package eval_test

import (
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// moment is when a gateway is killed.
type moment struct {
	name   string
	script string // of the emulator meanwhile
	// kill sends the calls and comes back when the moment is there. What it
	// gives back is undone when the gateway is dead.
	kill        func(t *testing.T, s *storm) (undo func())
	untouched   bool // nothing has reached the emulator by then
	startsBadly bool // the gateway is killed again while it starts
}

// Scripts of the emulator; all but the refusals use the whole hold up.
const (
	noCount = "rules:\n  - {name: no count, match: {operation: count-tokens}, fault: {kind: access}}\n"
	calm    = noCount + `  - {answer: {text: "All that I know about it.", usage: full}}`
	slow    = noCount + `  - {latency: 3s, answer: {text: "All that I know about it.", usage: full}}`
	brisk   = noCount + `  - {latency: 600ms, answer: {text: "All that I know about it.", usage: full}}`
	uneven  = noCount + `  - {jitter: 120ms, token_delay: 5ms, answer: {text: "All that I know about it.", usage: full}}`
	slowly  = noCount + `  - {token_delay: 30ms, answer: {text: "All that I know about it, and then some more of it.", usage: full}}`
	busy    = noCount + `  - {fault: {kind: throttled, retry_after: 1s}}`
	broken  = noCount + `  - {fault: {kind: cut}, answer: {text: "All that I know about it.", usage: full}}`
)

// moments are the transitions of the journal, and the times between them.
func moments() []moment {
	return []moment{
		{name: "before anything is reserved", script: calm, untouched: true, kill: beforeReserving},
		{name: "after reserving, before sending", script: calm, untouched: true, kill: beforeSending},
		{name: "after sending, before it arrives", script: calm, kill: onTheWay},
		{name: "while the provider works", script: slow, kill: atWork},
		{name: "in the middle of a stream", script: slowly, kill: midStream},
		{name: "after the answer, before it is settled", script: brisk, kill: beforeSettling},
		{name: "after settling, before the reply", script: uneven, kill: settled},
		{name: "after an attempt was released", script: busy, kill: released},
		{name: "after an attempt became uncertain", script: broken, kill: uncertain},
		{name: "while outcomes go to the spool", script: brisk, kill: spooling, startsBadly: true},
		{name: "at any time", script: uneven, kill: anyTime},
	}
}

func (s *storm) pause(most time.Duration) { time.Sleep(time.Duration(s.random.Int64N(int64(most)))) }

func beforeReserving(t *testing.T, s *storm) func() {
	t.Helper()
	unlock := s.lock(t)
	s.send(t)
	time.Sleep(60 * time.Millisecond)
	s.pause(60 * time.Millisecond)
	if n := len(s.attempts(t, ledger.AttemptFilter{Client: s.client})); n > 0 {
		t.Errorf("%d attempts were written to a locked ledger", n)
	}
	return unlock
}

func beforeSending(t *testing.T, s *storm) func() {
	t.Helper()
	s.way.block()
	s.send(t)
	await(t, "attempts are dispatched and on their way", func() bool {
		return s.rows(t, ledger.StateDispatched) == s.fits && s.way.heldBack() >= s.fits
	})
	return s.way.sever
}

func onTheWay(t *testing.T, s *storm) func() {
	t.Helper()
	return func(func()) func() { return s.way.mend }(beforeSending(t, s))
}

func atWork(t *testing.T, s *storm) func() {
	t.Helper()
	s.send(t)
	await(t, "the emulator works at the calls", func() bool { return s.arrived() == s.fits })
	return nil
}

func midStream(t *testing.T, s *storm) func() {
	t.Helper()
	s.send(t)
	for piece := range s.pieces {
		if piece >= 3 {
			break
		}
	}
	s.pause(20 * time.Millisecond)
	return nil
}

func beforeSettling(t *testing.T, s *storm) func() {
	t.Helper()
	s.send(t)
	await(t, "the emulator works at the calls", func() bool { return s.arrived() == s.fits })
	unlock := s.lock(t)
	await(t, "the emulator has answered", func() bool {
		for _, entry := range s.served() {
			if !entry.Ended {
				return false
			}
		}
		return true
	})
	s.pause(30 * time.Millisecond)
	return unlock
}

func settled(t *testing.T, s *storm) func() {
	t.Helper()
	s.send(t)
	after := 1 + s.random.IntN(3)
	await(t, "attempts are settled", func() bool { return s.rows(t, ledger.StateSettled) >= after })
	return nil
}

func released(t *testing.T, s *storm) func() {
	t.Helper()
	s.send(t)
	after := 1 + s.random.IntN(3)
	await(t, "attempts are released", func() bool { return s.rows(t, ledger.StateReleased) >= after })
	return nil
}

func uncertain(t *testing.T, s *storm) func() {
	t.Helper()
	s.send(t)
	after := 1 + s.random.IntN(3)
	await(t, "attempts are uncertain", func() bool { return s.rows(t, ledger.StateUncertain) >= after })
	return nil
}

func spooling(t *testing.T, s *storm) func() {
	t.Helper()
	unlock := beforeSettling(t, s)
	await(t, "outcomes go to the spool", func() bool { return len(s.spooled(t)) > 0 })
	s.pause(3 * time.Millisecond)
	return unlock
}

func anyTime(t *testing.T, s *storm) func() {
	t.Helper()
	s.send(t)
	s.pause(200 * time.Millisecond)
	return nil
}
