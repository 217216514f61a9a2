package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/providertest"
	"github.com/quaestor-run/quaestor/tools"
)

// cachedCall may be answered from the cache, and is kept nowhere else.
func cachedCall(key string) gateway.Call {
	c := call(key)
	c.Cache, c.Transient = gateway.CacheExact, true
	return c
}

func (f *fixture) mustInvoke(t *testing.T, c gateway.Call) gateway.Result {
	t.Helper()
	result, err := f.Invoke(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestAHitCostsNothingAndIsRecorded(t *testing.T) {
	t.Parallel()
	f := setup(t, nil)
	first := f.mustInvoke(t, cachedCall("1"))
	if first.Cached || first.NanoUSD == 0 {
		t.Errorf("first %+v", first)
	}
	var p pieces
	c := cachedCall("2")
	c.Emit = p.emit
	hit := f.mustInvoke(t, c)
	if !hit.Cached || hit.NanoUSD != 0 || hit.Response.Message.Text != "ok" || p.text() != "ok" {
		t.Errorf("hit %+v, given %q", hit, p.texts)
	}
	attempts := f.attempts(t)
	if len(attempts) != 2 || !attempts[1].Cached || attempts[1].Key != "2" || attempts[1].Usage != (ledger.Usage{}) || attempts[1].Client != "c" {
		t.Errorf("attempts %+v", attempts)
	}
	if b := f.balance(t); b.Settled.NanoUSD != first.NanoUSD || b.Calls != 1 {
		t.Errorf("balance %+v", b)
	}
	if again := f.mustInvoke(t, cachedCall("2")); !again.Cached {
		t.Errorf("the same hit again: %+v", again)
	}
}

// Everything an answer depends on is part of what it is found by.
func TestWhatIsNotTheSameIsNotShared(t *testing.T) {
	t.Parallel()
	half, zero := 0.5, 0.0
	f := setup(t, nil)
	f.mustInvoke(t, cachedCall("first"))
	for name, change := range map[string]func(*gateway.Call){
		"client":      func(c *gateway.Call) { c.Client = "another" },
		"agent":       func(c *gateway.Call) { c.Agent = "another" },
		"version":     func(c *gateway.Call) { c.AgentVersion = "v2" },
		"model":       func(c *gateway.Call) { c.Model = "free" },
		"max_tokens":  func(c *gateway.Call) { c.MaxTokens = 5 },
		"temperature": func(c *gateway.Call) { c.Temperature = &zero },
		"top_p":       func(c *gateway.Call) { c.TopP = &half },
		"stop":        func(c *gateway.Call) { c.Stop = []string{"x"} },
		"tool choice": func(c *gateway.Call) { c.ToolChoice.Mode = provider.ToolNone },
		"input":       func(c *gateway.Call) { c.Input = json.RawMessage(`{}`) },
		"schema":      func(c *gateway.Call) { c.Output = json.RawMessage(`{}`) },
		"system":      func(c *gateway.Call) { c.System = "Be" },
		"system and message, cut elsewhere": func(c *gateway.Call) {
			c.System, c.Messages = "Be brief.How much?", []agents.Message{{Role: agents.RoleUser}}
		},
		"tools":    func(c *gateway.Call) { c.Tools = []tools.Spec{{Name: "t"}} },
		"role":     func(c *gateway.Call) { c.Messages = []agents.Message{{Role: agents.RoleAssistant, Text: "How much?"}} },
		"messages": func(c *gateway.Call) { c.Messages = append(c.Messages, agents.Message{Role: agents.RoleUser}) },
		"results": func(c *gateway.Call) {
			c.Messages = []agents.Message{{Role: agents.RoleUser, Text: "How much?", ToolResults: []agents.ToolResult{{CallID: "x"}}}}
		},
		"temperature above 0": func(c *gateway.Call) { c.Temperature = &half },
		"no client":           func(c *gateway.Call) { c.Client = "" },
		"no cache":            func(c *gateway.Call) { c.Cache = gateway.CacheNever },
	} {
		c := cachedCall(name)
		change(&c)
		if f.mustInvoke(t, c).Cached {
			t.Errorf("with another %s it was shared", name)
		}
	}
	if !f.mustInvoke(t, cachedCall("last")).Cached {
		t.Error("the same call was not found")
	}
	warm := cachedCall("warm")
	warm.Cache, warm.Temperature = gateway.CacheAlways, &half
	f.mustInvoke(t, warm)
	warm.Key = "warm again"
	if !f.mustInvoke(t, warm).Cached {
		t.Error("CacheAlways did not cache")
	}
}

func TestOnlyCompleteAnswersAreKept(t *testing.T) {
	t.Parallel()
	answer := func(reason provider.StopReason) func(context.Context, int, provider.Request) (provider.Response, error) {
		return func(context.Context, int, provider.Request) (provider.Response, error) {
			r := providertest.Text("ok")
			r.StopReason = reason
			return r, nil
		}
	}
	for name, c := range map[string]struct {
		reason provider.StopReason
		limit  ledger.Limit
		kept   bool
	}{
		"cut at what was asked":         {provider.StopLength, ledger.Limit{}, true},
		"cut at what the budget leaves": {provider.StopLength, ledger.Limit{Tokens: 800}, false},
		"whole, with a lowered limit":   {provider.StopEnd, ledger.Limit{Tokens: 800}, true},
		"filtered":                      {provider.StopFiltered, ledger.Limit{}, false},
		"calls of tools":                {provider.StopToolCalls, ledger.Limit{}, true},
	} {
		f := setup(t, answer(c.reason))
		limit(t, f, c.limit)
		f.mustInvoke(t, cachedCall("1"))
		if got := f.mustInvoke(t, cachedCall("2")).Cached; got != c.kept {
			t.Errorf("%s: cached %v", name, got)
		}
	}
	f := setup(t, down(provider.ClassUnavailable, "wide-v1 east", "wide-v1 west"), spread)
	f.mustInvoke(t, cachedCall("1"))
	if f.mustInvoke(t, cachedCall("2")).Cached {
		t.Error("a fallback's answer was kept for the model that was asked")
	}
}

func TestCallersCannotChangeWhatIsKept(t *testing.T) {
	t.Parallel()
	f := setup(t, func(context.Context, int, provider.Request) (provider.Response, error) {
		return providertest.Calls(agents.ToolCall{Name: "search", Arguments: json.RawMessage(`{"q":1}`)}), nil
	})
	for _, key := range []string{"1", "2", "3"} {
		result := f.mustInvoke(t, cachedCall(key))
		calls := result.Response.Message.ToolCalls
		if calls[0].Name != "search" || string(calls[0].Arguments) != `{"q":1}` {
			t.Errorf("call %s was given %+v", key, calls)
		}
		calls[0].Name, calls[0].Arguments[0] = "changed", '!'
	}
}

func TestIdenticalCallsUnderWayAreSentOnce(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	f := setup(t, nil)
	f.double.Gate = gate
	var group sync.WaitGroup
	results := make([]gateway.Result, 8)
	for i := range results {
		group.Go(func() { results[i], _ = f.Invoke(t.Context(), cachedCall(fmt.Sprint(i))) })
	}
	other := cachedCall("of another client")
	other.Client = "another"
	group.Go(func() {
		if result, err := f.Invoke(t.Context(), other); err != nil || result.Cached {
			t.Errorf("another client: %+v, %v", result, err)
		}
	})
	for f.double.Underway() < 2 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(10 * time.Millisecond)
	close(gate)
	group.Wait()
	var hits int
	for _, r := range results {
		if r.Cached && r.NanoUSD == 0 && r.Response.Message.Text == "ok" {
			hits++
		}
	}
	if n := len(f.double.Calls()); hits != 7 || n != 2 {
		t.Errorf("%d hits, %d sent", hits, n)
	}
}

func TestAFlightThatFailsDoesNotPoisonOthers(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(cancel func(), gate chan struct{}){
		"cancelled": func(cancel func(), _ chan struct{}) { cancel() },
		"failed":    func(_ func(), gate chan struct{}) { close(gate) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			entered, gate := make(chan struct{}), make(chan struct{})
			f := setup(t, func(ctx context.Context, call int, _ provider.Request) (provider.Response, error) {
				if call > 0 {
					return providertest.Text("second"), nil
				}
				close(entered)
				select {
				case <-ctx.Done():
					return provider.Response{}, &provider.Error{Class: provider.ClassCancelled, Provider: "double", Err: ctx.Err()}
				case <-gate:
					return provider.Response{}, providertest.Fail(provider.ClassInvalid)
				}
			})
			var group sync.WaitGroup
			group.Go(func() {
				if _, err := f.Invoke(ctx, cachedCall("1")); err == nil {
					t.Error("the first was answered")
				}
			})
			<-entered
			group.Go(func() {
				if result, err := f.Invoke(t.Context(), cachedCall("2")); err != nil || result.Response.Message.Text != "second" {
					t.Errorf("the other was given %+v, %v", result, err)
				}
			})
			time.Sleep(5 * time.Millisecond)
			fail(cancel, gate)
			group.Wait()
		})
	}
}

func TestTheCacheForgets(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f := setup(t, func(_ context.Context, call int, _ provider.Request) (provider.Response, error) {
		return providertest.Text(strings.Repeat("x", 1000)), nil
	}, func(o *gateway.Options) {
		o.Now = func() time.Time { return now }
		o.CacheBytes = 4 * 1600
	})
	ask := func(key, system string) bool {
		c := cachedCall(key)
		c.System = system
		return f.mustInvoke(t, c).Cached
	}
	ask("1", "a")
	for i, system := range []string{"b", "c", "d"} {
		ask(fmt.Sprint("fill", i), system)
	}
	if !ask("2", "a") {
		t.Error("what fits was forgotten")
	}
	ask("3", "e")
	if ask("4", "b") {
		t.Error("what was used longest ago made no room")
	}
	if !ask("5", "a") {
		t.Error("what was just used made room")
	}
	now = now.Add(time.Hour)
	if ask("6", "a") {
		t.Error("an answer lived longer than it should")
	}
}

// unrecorded is a ledger that cannot record hits.
type unrecorded struct{ ledger.Ledger }

func (unrecorded) RecordHit(context.Context, ledger.Reservation) error {
	return errors.New("disk full")
}

func TestAHitThatCannotBeRecordedIsRefused(t *testing.T) {
	t.Parallel()
	f := setup(t, nil, func(o *gateway.Options) { o.Ledger = unrecorded{o.Ledger} })
	f.mustInvoke(t, cachedCall("1"))
	_, err := f.Invoke(t.Context(), cachedCall("2"))
	var lost *gateway.LedgerError
	if !errors.As(err, &lost) {
		t.Errorf("error %v", err)
	}
	if n := len(f.double.Calls()); n != 1 {
		t.Errorf("sent %d times", n)
	}
}
