package gateway_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/providertest"
)

// pieces collects what a streamed caller is given.
type pieces struct {
	mu    sync.Mutex
	texts []string
}

func (p *pieces) emit(d provider.Delta) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.texts = append(p.texts, d.Text)
	return nil
}

func (p *pieces) text() string { return strings.Join(p.texts, "") }

// afterFirst calls what it is told once a piece was given, and fails from then on.
func afterFirst(then func()) func(provider.Delta) error {
	var gone bool
	return func(provider.Delta) error {
		if gone {
			return errors.New("nobody is there")
		}
		gone = true
		then()
		return nil
	}
}

func TestAStreamIsHandedOverAndSettled(t *testing.T) {
	t.Parallel()
	f := setup(t, func(context.Context, int, provider.Request) (provider.Response, error) {
		return providertest.Text("one two three"), nil
	})
	var p pieces
	c := call("k")
	c.Emit = p.emit
	result, err := f.Invoke(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.texts) != 3 || p.text() != "one two three" || result.Response.Message.Text != p.text() {
		t.Errorf("given %q, answered %q", p.texts, result.Response.Message.Text)
	}
	if a := f.attempts(t)[0]; a.State != ledger.StateSettled || a.FirstToken <= 0 || a.Usage.Tokens() == 0 {
		t.Errorf("attempt %+v", a)
	}
	var again pieces
	c.Emit = again.emit
	if result, err := f.Invoke(t.Context(), c); err != nil || !result.Replayed || again.text() != "one two three" {
		t.Errorf("replayed %q: %+v, %v", again.texts, result, err)
	}
	if n := len(f.double.Calls()); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

func TestAStreamThatBreaksIsNotStartedAgain(t *testing.T) {
	t.Parallel()
	for _, class := range []provider.Class{provider.ClassUnavailable, provider.ClassInternal, provider.ClassThrottled, provider.ClassTimeout, provider.ClassBadResponse} {
		for _, after := range []int{0, 1} {
			failed := providertest.Fail(class)
			f := setup(t, nil, spread)
			f.double.Streams = providertest.Cut(providertest.Text("one two"), after, failed)
			var p pieces
			c := call("k")
			c.Emit = p.emit
			_, err := f.Invoke(t.Context(), c)
			var cause *provider.Error
			if !errors.As(err, &cause) || cause.Class != class || cause.Begun != (after > 0) {
				t.Errorf("%s after %d: %+v", class, after, cause)
			}
			sent := len(f.double.Calls())
			if after == 1 && (sent != 1 || f.states(t)[0] != ledger.StateUncertain) {
				t.Errorf("%s: sent %d times, %v", class, sent, f.states(t))
			}
			if again := class != provider.ClassBadResponse; after == 0 && (sent > 1) != again {
				t.Errorf("%s before anything was handed over: sent %d times", class, sent)
			}
		}
	}
}

func TestACallerWhoLeavesIsDrainedFor(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*gateway.Call, func()){
		"emit fails":  func(c *gateway.Call, _ func()) { c.Emit = afterFirst(func() {}) },
		"ctx is over": func(c *gateway.Call, cancel func()) { c.Emit = afterFirst(cancel) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t, nil)
			gate := make(chan struct{}, 3)
			f.double.Streams = providertest.Paced(providertest.Text("one two three"), gate)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c := call("k")
			leave(&c, cancel)
			for range 3 {
				gate <- struct{}{}
			}
			result, err := f.Invoke(ctx, c)
			if err != nil || result.Response.Message.Text != "one two three" {
				t.Fatalf("%+v, %v", result, err)
			}
			if a := f.attempts(t)[0]; a.State != ledger.StateSettled || a.Usage.NanoUSD != result.NanoUSD {
				t.Errorf("attempt %+v", a)
			}
		})
	}
}

func TestADrainIsBounded(t *testing.T) {
	t.Parallel()
	f := setup(t, nil, func(o *gateway.Options) { o.Drain = 20 * time.Millisecond })
	gate := make(chan struct{}, 2)
	f.double.Streams = providertest.Paced(providertest.Text("one two three"), gate)
	gate <- struct{}{}
	gate <- struct{}{}
	c := call("k")
	c.Emit = afterFirst(func() {})
	_, err := f.Invoke(t.Context(), c)
	var cause *provider.Error
	if !errors.As(err, &cause) || cause.Class != provider.ClassCancelled || !cause.Begun {
		t.Errorf("error %+v", err)
	}
	if got := f.states(t); !slices.Equal(got, []ledger.State{ledger.StateUncertain}) {
		t.Errorf("attempts %v", got)
	}
	if b := f.balance(t); b.Held == (ledger.Amount{}) || b.Uncertain != 1 {
		t.Errorf("balance %+v", b)
	}
}

// A slow caller slows the provider down: nothing is kept in between.
func TestBackPressure(t *testing.T) {
	t.Parallel()
	f := setup(t, func(context.Context, int, provider.Request) (provider.Response, error) {
		return providertest.Text("one two three four"), nil
	})
	reached, goOn := make(chan struct{}), make(chan struct{})
	c := call("k")
	c.Emit = func(provider.Delta) error {
		reached <- struct{}{}
		<-goOn
		return nil
	}
	done := make(chan error, 1)
	go func() {
		_, err := f.Invoke(t.Context(), c)
		done <- err
	}()
	for i := range 4 {
		<-reached
		if taken := f.double.Calls()[0].Pieces; taken != i {
			t.Errorf("the provider was rid of %d pieces when %d were taken", taken, i)
		}
		goOn <- struct{}{}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestAnAttemptThatHangsTimesOut(t *testing.T) {
	t.Parallel()
	for name, emit := range map[string]func(provider.Delta) error{"whole": nil, "streamed": func(provider.Delta) error { return nil }} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t, nil, func(o *gateway.Options) { o.AttemptTimeout = 20 * time.Millisecond })
			f.double.Gate = make(chan struct{})
			c := call("k")
			c.Emit = emit
			_, err := f.Invoke(t.Context(), c)
			var cause *provider.Error
			if !errors.As(err, &cause) || cause.Class != provider.ClassTimeout {
				t.Errorf("error %v", err)
			}
			if r := f.double.Requests(); len(r) != 2 || r[1].MaxTokens != r[0].MaxTokens/2 {
				t.Errorf("%d requests", len(r))
			}
		})
	}
}

func TestAStreamedCallerOfAFlightUnderWay(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	f := setup(t, func(context.Context, int, provider.Request) (provider.Response, error) {
		return providertest.Text(strings.Repeat("word ", 500)), nil
	})
	f.double.Gate = gate
	var group sync.WaitGroup
	group.Go(func() {
		if _, err := f.Invoke(t.Context(), call("k")); err != nil {
			t.Error(err)
		}
	})
	for f.double.Underway() == 0 {
		time.Sleep(time.Millisecond)
	}
	var p pieces
	group.Go(func() {
		c := call("k")
		c.Emit = p.emit
		if result, err := f.Invoke(t.Context(), c); err != nil || !result.Replayed {
			t.Errorf("%+v, %v", result, err)
		}
	})
	time.Sleep(5 * time.Millisecond)
	close(gate)
	group.Wait()
	if len(p.texts) < 2 || p.text() != strings.Repeat("word ", 500) {
		t.Errorf("%d pieces of %d bytes", len(p.texts), len(p.text()))
	}
}

func TestAKeyBelongsToItsCaller(t *testing.T) {
	t.Parallel()
	f := setup(t, nil)
	if _, err := f.Invoke(t.Context(), call("k")); err != nil {
		t.Fatal(err)
	}
	other := call("k")
	other.Client = "another"
	_, err := f.Invoke(t.Context(), other)
	var failed *gateway.CallError
	if !errors.As(err, &failed) || failed.Retryable || !strings.Contains(err.Error(), "another run or client") {
		t.Errorf("error %v", err)
	}
	other.Key, other.Run = "l", ""
	if _, err := f.Invoke(t.Context(), other); err != nil {
		t.Errorf("a call without a run: %v", err)
	}
}
