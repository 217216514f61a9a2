package gateway_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/providertest"
)

func TestACallIsPaidOnce(t *testing.T) {
	t.Parallel()
	f := setup(t, func(context.Context, int, provider.Request) (provider.Response, error) {
		r := providertest.Text("42")
		r.Usage = provider.Tokens{Input: 1000, Output: 10, CacheRead: 100, CacheWrite: 8}
		return r, nil
	})
	first, err := f.Invoke(t.Context(), call("k"))
	if err != nil {
		t.Fatal(err)
	}
	const cost = 1000*1000 + 10*2000 + 100*100 + 8*1250
	if first.NanoUSD != cost || first.Replayed || first.Model != "small" || first.Response.Message.Text != "42" {
		t.Errorf("first: %+v", first)
	}
	again, err := f.Invoke(t.Context(), call("k"))
	if err != nil {
		t.Fatal(err)
	}
	if !again.Replayed || again.NanoUSD != cost || again.Response.Message.Text != "42" || again.Response.Usage != first.Response.Usage {
		t.Errorf("again: %+v", again)
	}
	if n := len(f.double.Requests()); n != 1 {
		t.Errorf("the provider was asked %d times", n)
	}
	usage, err := f.Usage(t.Context(), "r")
	if err != nil {
		t.Fatal(err)
	}
	if want := (agents.Usage{InputTokens: 1108, OutputTokens: 10, CostNanoUSD: cost, Calls: 1, Attempts: 1}); usage != want {
		t.Errorf("usage %+v, want %+v", usage, want)
	}
	a := f.attempts(t)[0]
	if a.Agent != "writer" || a.AgentVersion != "v1" || a.Model != "small" || a.Provider != "double" {
		t.Errorf("the record names %+v", a)
	}
}

func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	f := setup(t, nil, func(o *gateway.Options) { o.Routes.Agents = map[string]string{"reader": "free"} })
	c := call("k")
	c.MaxTokens, c.Agent = 5000, "reader"
	if _, err := f.Invoke(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	c.Key, c.Model, c.MaxTokens = "l", "small", 7
	if _, err := f.Invoke(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	got := f.double.Requests()
	if got[0].Model != "free-v1" || got[0].MaxTokens != 1000 || got[0].System != "Be brief." {
		t.Errorf("routed call: %+v", got[0])
	}
	if got[1].Model != "small-v1" || got[1].MaxTokens != 7 {
		t.Errorf("call with a model of its own: %+v", got[1])
	}
}

func TestRetriesByClass(t *testing.T) {
	t.Parallel()
	const released, uncertain, settled = ledger.StateReleased, ledger.StateUncertain, ledger.StateSettled
	for name, c := range map[string]struct {
		classes   []provider.Class
		states    []ledger.State
		waits     []time.Duration
		retryable bool // of the error, when there is one
	}{
		"throttled thrice": {
			classes: []provider.Class{provider.ClassThrottled, provider.ClassThrottled, provider.ClassThrottled},
			states:  []ledger.State{released, released, released, settled},
			waits:   []time.Duration{time.Second, 2 * time.Second, 4 * time.Second},
		},
		"throttled for good": {
			classes:   slices.Repeat([]provider.Class{provider.ClassThrottled}, 5),
			states:    []ledger.State{released, released, released, released},
			waits:     []time.Duration{time.Second, 2 * time.Second, 4 * time.Second},
			retryable: true,
		},
		"unavailable once":  {classes: []provider.Class{provider.ClassUnavailable}, states: []ledger.State{uncertain, settled}, waits: []time.Duration{time.Second}},
		"internal twice":    {classes: []provider.Class{provider.ClassInternal, provider.ClassInternal}, states: []ledger.State{uncertain, uncertain}, waits: []time.Duration{time.Second}, retryable: true},
		"timeout once":      {classes: []provider.Class{provider.ClassTimeout}, states: []ledger.State{uncertain, settled}},
		"timeout twice":     {classes: slices.Repeat([]provider.Class{provider.ClassTimeout}, 2), states: []ledger.State{uncertain, uncertain}, retryable: true},
		"not ready thrice":  {classes: slices.Repeat([]provider.Class{provider.ClassNotReady}, 3), states: []ledger.State{uncertain, uncertain, uncertain, settled}, waits: slices.Repeat([]time.Duration{5 * time.Second}, 3)},
		"not ready at all":  {classes: slices.Repeat([]provider.Class{provider.ClassNotReady}, 5), states: []ledger.State{uncertain, uncertain, uncertain, uncertain}, waits: slices.Repeat([]time.Duration{5 * time.Second}, 3), retryable: true},
		"unreadable answer": {classes: []provider.Class{provider.ClassBadResponse}, states: []ledger.State{uncertain}, retryable: true},
		"invalid":           {classes: []provider.Class{provider.ClassInvalid}, states: []ledger.State{released}},
		"access":            {classes: []provider.Class{provider.ClassAccess}, states: []ledger.State{released}},
		"quota":             {classes: []provider.Class{provider.ClassQuota}, states: []ledger.State{released}},
		"throttled, then unavailable": {
			classes: []provider.Class{provider.ClassThrottled, provider.ClassUnavailable},
			states:  []ledger.State{released, uncertain, settled},
			waits:   []time.Duration{time.Second, time.Second},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t, failing(c.classes...))
			_, err := f.Invoke(t.Context(), call("k"))
			if got := f.states(t); !slices.Equal(got, c.states) {
				t.Errorf("attempts %v, want %v", got, c.states)
			}
			if !slices.Equal(f.waits, c.waits) {
				t.Errorf("waits %v, want %v", f.waits, c.waits)
			}
			if answered := c.states[len(c.states)-1] == settled; answered != (err == nil) {
				t.Fatalf("error %v", err)
			}
			if err == nil {
				return
			}
			var failed *gateway.CallError
			var cause *provider.Error
			if !errors.As(err, &failed) || failed.Retryable != c.retryable || failed.Attempts != len(c.states) || len(failed.Notes) != len(c.states) {
				t.Errorf("error %+v", err)
			}
			if !errors.As(err, &cause) || cause.Class != c.classes[0] {
				t.Errorf("cause %+v", cause)
			}
		})
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	for asked, wants := range map[time.Duration]struct {
		waits []time.Duration
		ok    bool
	}{
		7 * time.Second: {waits: []time.Duration{7 * time.Second}, ok: true},
		time.Minute:     {}, // longer than an invocation waits: left to the caller
	} {
		f := setup(t, func(_ context.Context, call int, _ provider.Request) (provider.Response, error) {
			if call == 0 {
				failed := providertest.Fail(provider.ClassThrottled)
				failed.RetryAfter = asked
				return provider.Response{}, failed
			}
			return providertest.Text("ok"), nil
		})
		_, err := f.Invoke(t.Context(), call("k"))
		if !slices.Equal(f.waits, wants.waits) || (err == nil) != wants.ok {
			t.Errorf("asked %v: waited %v, %v", asked, f.waits, err)
		}
		var failed *gateway.CallError
		if !wants.ok && (!errors.As(err, &failed) || failed.RetryAfter != asked || !failed.Retryable) {
			t.Errorf("asked %v: error %+v", asked, err)
		}
		if reason := f.attempts(t)[0].Reason; wants.ok && !strings.Contains(reason, "7s") {
			t.Errorf("the wait is not in the record: %q", reason)
		}
	}
}

func TestIdenticalCallsShareAFlight(t *testing.T) {
	t.Parallel()
	f := setup(t, nil)
	f.double.Latency = 50 * time.Millisecond
	var group sync.WaitGroup
	results := make([]gateway.Result, 8)
	for i := range results {
		group.Go(func() {
			var err error
			if results[i], err = f.Invoke(t.Context(), call("k")); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	var paid int
	for _, r := range results {
		if !r.Replayed {
			paid++
		}
	}
	if paid != 1 || len(f.double.Requests()) != 1 {
		t.Errorf("%d paid, %d sent", paid, len(f.double.Requests()))
	}
}

func TestACancelledFlightDoesNotTakeOthersDown(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{})
	f := setup(t, func(ctx context.Context, call int, _ provider.Request) (provider.Response, error) {
		if call > 0 {
			return providertest.Text("second"), nil
		}
		close(entered)
		<-ctx.Done()
		return provider.Response{}, &provider.Error{Class: provider.ClassCancelled, Provider: "double", Err: ctx.Err()}
	})
	leader, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		if _, err := f.Invoke(leader, call("k")); !errors.Is(err, context.Canceled) {
			t.Errorf("the cancelled caller was given %v", err)
		}
	})
	<-entered
	group.Go(func() {
		result, err := f.Invoke(t.Context(), call("k"))
		if err != nil || result.Response.Message.Text != "second" {
			t.Errorf("the other caller was given %+v, %v", result, err)
		}
	})
	cancel()
	group.Wait()
	if got := f.states(t); !slices.Equal(got, []ledger.State{ledger.StateUncertain, ledger.StateSettled}) {
		t.Errorf("attempts %v", got)
	}
}

func TestNewRefusesRoutesThatCannotWork(t *testing.T) {
	t.Parallel()
	good := func() gateway.Options {
		return gateway.Options{
			Ledger: setup(t, nil).ledger, Catalog: catalog(), Routes: gateway.Routes{Default: "small"},
			Providers: map[string]provider.Provider{"double": &providertest.Provider{}},
		}
	}
	for want, change := range map[string]func(*gateway.Options){
		"ledger":            func(o *gateway.Options) { o.Ledger = nil },
		"default model":     func(o *gateway.Options) { o.Routes.Default = "" },
		`"writer"`:          func(o *gateway.Options) { o.Routes.Agents = map[string]string{"writer": "unknown"} },
		"no price":          func(o *gateway.Options) { o.Routes.Default = "unpriced" },
		`provider "nobody"`: func(o *gateway.Options) { o.Routes.Default = "homeless" },
	} {
		options := good()
		change(&options)
		if _, err := gateway.New(options); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

func TestRefusedBeforeAnythingIsSpent(t *testing.T) {
	t.Parallel()
	f := setup(t, nil)
	for name, c := range map[string]gateway.Call{
		"no key": {Run: "r"}, "no run": {Key: "k"},
		"unpriced": {Key: "k", Run: "r", Model: "unpriced"}, "unknown": {Key: "k", Run: "r", Model: "unknown"},
	} {
		_, err := f.Invoke(t.Context(), c)
		var failed *gateway.CallError
		if !errors.As(err, &failed) || failed.Retryable {
			t.Errorf("%s: %v", name, err)
		}
		var unpriced *gateway.UnpricedError
		if name == "unpriced" && !errors.As(err, &unpriced) {
			t.Errorf("unpriced: %v", err)
		}
	}
	if len(f.double.Requests()) > 0 || len(f.attempts(t)) > 0 {
		t.Error("something was sent or reserved")
	}
}

func TestConfiguredModelsConvert(t *testing.T) {
	t.Parallel()
	c, err := configs.Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	model := gateway.Model(c.Catalog["claude-sonnet-4-20250514"])
	if model.Input != 3e9 || !model.Priced {
		t.Errorf("model %+v", model)
	}
}
