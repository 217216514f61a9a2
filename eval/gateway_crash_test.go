//go:build unix

package eval_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/mock/mocktest"
	"github.com/quaestor-run/quaestor/runtime/store/postgrestest"
)

// A gateway is killed at every transition of the journal. Afterwards the
// emulator's own log and the ledger agree, and what was answered before is
// answered again without asking the model.
func TestSIGKILLOnSQLiteLosesNothingAndPaysNothingTwice(t *testing.T) {
	t.Parallel()
	const groups, rounds = 4, 25
	for group := range groups {
		t.Run(fmt.Sprint(group), func(t *testing.T) {
			t.Parallel()
			newCrash(t, "", uint64(group)).rounds(t, rounds, group*7)
		})
	}
}

// With PostgreSQL one of two gateways is killed, and the other asked again.
func TestSIGKILLOnPostgreSQLLosesNothingAndPaysNothingTwice(t *testing.T) {
	t.Parallel()
	c := newCrash(t, postgrestest.Start(t), 99)
	c.other = c.start(t)
	c.rounds(t, 22, 0)
}

// An answer that nobody asks for again is given before it is settled. A gateway
// that is killed just then leaves its hold, and loses and repeats nothing.
func TestSIGKILLBetweenAnswerAndSettlementLeavesTheHold(t *testing.T) {
	t.Parallel()
	const rounds, calls = 12, 3
	c := newCrash(t, "", 7)
	client, open := newClient(t), 0
	key, _ := c.addKey(t, "c")
	for range rounds {
		for range calls {
			c.lastMax++
			call := ask{model: viaOpenAI, text: markText, max: c.lastMax, stream: c.lastMax%2 == 0}
			if got := call.send(t.Context(), client, c.gateway.url, key); !got.whole {
				t.Fatalf("a call: %s; the gateway said:\n%s", got, c.gateway.log)
			}
		}
		c.gateway.kill()
		c.checkBooks(t)
		c.gateway = c.start(t)
	}
	for _, a := range c.attempts(t, ledger.AttemptFilter{}) {
		if a.State == ledger.StateDispatched {
			open++
		} else if a.State != ledger.StateSettled {
			t.Errorf("attempt %d is %s", a.ID, a.State)
		}
	}
	if open > rounds {
		t.Errorf("%d calls are open, and %d were the last ones", open, rounds)
	}
	c.sweepAll(t)
	c.checkBooks(t)
	if n, uncertain := len(c.attempts(t, ledger.AttemptFilter{})), c.balance(t, "c").Uncertain; n != rounds*calls || uncertain != int64(open) {
		t.Errorf("the ledger has %d attempts, %d uncertain, of %d calls, of which %d were open", n, uncertain, rounds*calls, open)
	}
	t.Logf("%d kills: of %d calls %d were answered and not settled", rounds, rounds*calls, open)
}

// crash is a gateway that is killed again and again.
type crash struct {
	*world
	way     *relay // to the emulator
	random  *rand.Rand
	gateway *gatewayProcess
	other   *gatewayProcess // on the same database, never killed; nil without one
	lastMax int
	figures map[string]int
}

// storm is one round: the calls under way when the gateway dies.
type storm struct {
	*crash
	client  string
	key     string
	asks    []ask
	answers []answer
	fits    int // calls that the budget has room for at once
	before  int // calls the emulator had got
	pieces  chan int
	sending sync.WaitGroup
}

func newCrash(t *testing.T, database string, seed uint64) *crash {
	t.Helper()
	emulator := mocktest.StartScript(t, calm)
	way := newRelay(t, "tcp", emulator.URL[len("http://"):])
	w := newWorld(t, emulator, database, "http://"+way.address())
	w.set("QUAESTOR_GATEWAY_SYNCHRONOUS", "normal") // outlives any process
	c := &crash{world: w, way: way, random: rand.New(rand.NewPCG(seed, 1)), figures: map[string]int{}}
	c.gateway = c.start(t)
	return c
}

// rounds kills the gateway that often, at one moment after the other.
func (c *crash) rounds(t *testing.T, number, first int) {
	t.Helper()
	for round := range number {
		m := moments()[(first+round)%len(moments())]
		c.round(t, round, m)
		if t.Failed() {
			t.Fatalf("round %d: killed %s", round, m.name)
		}
	}
	c.sweepAll(t)
	c.checkBooks(t)
	total := account{states: map[ledger.State]int{}}
	for _, a := range c.accounts(t) {
		total.served, total.usage, total.settled, total.open = total.served+a.served, total.usage+a.usage, total.settled+a.settled, total.open+a.open
		for state, n := range a.states {
			total.states[state] += n
		}
	}
	t.Logf("%d kills: %d attempts served for %d tokens; attempts in the ledger: %v; tokens settled %d, uncertain %d; calls asked again: %v",
		number, total.served, total.usage, total.states, total.settled, total.open, c.figures)
}

func (c *crash) round(t *testing.T, round int, m moment) {
	t.Helper()
	s := c.gather(t, round)
	c.emulator.Script(t, m.script)
	undo := m.kill(t, s)
	c.gateway.kill()
	if undo != nil {
		undo()
	}
	s.sending.Wait()
	c.way.mend()
	c.emulator.Script(t, calm)
	if m.untouched && c.other == nil && len(c.served()) != s.before {
		t.Errorf("%d calls reached the emulator", len(c.served())-s.before)
	}
	if m.startsBadly {
		broken, _ := c.spawn(t)
		time.Sleep(time.Duration(c.random.IntN(400)) * time.Millisecond)
		go func() { _ = broken.cmd.Wait(); close(broken.ended) }()
		broken.kill()
	}
	c.gateway = c.start(t)
	s.repeat(t)
	await(t, "what was spooled is told to the ledger", func() bool { return len(c.spooled(t)) == 0 })
	c.checkBooks(t)
}

// gather prepares six calls against a budget in which any five of them fit, or
// all of them, almost twice.
func (c *crash) gather(t *testing.T, round int) *storm {
	t.Helper()
	s := &storm{crash: c, client: fmt.Sprintf("client-%d", round), before: len(c.served()), pieces: make(chan int, 10_000)}
	s.key, _ = c.addKey(t, s.client)
	s.fits = 5 + round%2
	var limit int64
	for i := range 6 {
		c.lastMax++
		call := ask{model: viaOpenAI, text: markText, max: c.lastMax, stream: i%2 == 1, again: fmt.Sprintf("%d/%d", round, i)}
		if i >= 4 {
			call.model = viaBedrock
		}
		s.asks = append(s.asks, call)
		if i > 0 {
			limit += markBound + int64(call.max)
		}
	}
	if s.fits == len(s.asks) {
		limit *= 2
	}
	c.limit(t, s.client, ledger.Limit{Tokens: limit})
	s.answers = make([]answer, len(s.asks))
	return s
}

// send sends the calls, all at once.
func (s *storm) send(t *testing.T) {
	t.Helper()
	client := newClient(t)
	for i, call := range s.asks {
		url := s.gateway.url
		if s.other != nil && i%3 == 0 {
			url = s.other.url
		}
		s.sending.Go(func() {
			s.answers[i] = call.send(context.WithoutCancel(t.Context()), client, url, s.key, func(piece int) { s.pieces <- piece })
		})
	}
}

// rows counts the attempts of this round in a state.
func (s *storm) rows(t *testing.T, states ...ledger.State) (n int) {
	t.Helper()
	for _, a := range s.attempts(t, ledger.AttemptFilter{Client: s.client}) {
		if slices.Contains(states, a.State) {
			n++
		}
	}
	return n
}

// arrived says how many calls of this round the emulator got.
func (s *storm) arrived() int { return len(s.served()) - s.before }

// repeat asks for everything again, with the same keys. What was answered is
// answered the same, without asking the model; what was not may be answered
// now, unless attempts whose outcome nobody knows leave no budget for it.
func (s *storm) repeat(t *testing.T) {
	t.Helper()
	client := newClient(t)
	url := s.gateway.url
	if s.other != nil {
		url = s.other.url
	}
	for i, call := range s.asks {
		before, served := s.answers[i], len(s.served())
		again := call.send(t.Context(), client, url, s.key)
		refused := again.status == http.StatusTooManyRequests && again.code == "insufficient_quota"
		switch {
		case before.whole && (!again.whole || again.text != before.text):
			t.Errorf("call %d was answered with %q, and asked again: %s %q", i, before.text, again, again.text)
		case before.whole && len(s.served()) != served:
			t.Errorf("call %d was answered, and asked again it was sent again", i)
		case !again.whole && !refused:
			t.Errorf("call %d, asked again: %s; the gateway said:\n%s", i, again, s.gateway.log)
		}
		switch {
		case before.whole:
			s.figures["replayed"]++
		case again.whole:
			s.figures["made anew"]++
		default:
			s.figures["refused"]++
		}
	}
}
