package gateway_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/providertest"
)

// spread adds a model in two regions with a paid fallback of its own regions.
func spread(o *gateway.Options) {
	wide := o.Catalog["small"]
	wide.ID, wide.Regions, wide.Fallbacks = "wide-v1", []string{"east", "west"}, []string{"spare"}
	spare := o.Catalog["small"]
	spare.ID, spare.Regions = "spare-v1", []string{"north"}
	o.Catalog["wide"], o.Catalog["spare"] = wide, spare
	o.Routes.Default = "wide"
}

// down fails in these places, which are told as model id and region.
func down(class provider.Class, places ...string) func(context.Context, int, provider.Request) (provider.Response, error) {
	return func(_ context.Context, _ int, r provider.Request) (provider.Response, error) {
		if slices.Contains(places, r.Model+" "+r.Region) {
			return provider.Response{}, providertest.Fail(class)
		}
		return providertest.Text("ok"), nil
	}
}

func (f *fixture) sent() (places []string) {
	for _, r := range f.double.Requests() {
		places = append(places, r.Model+" "+r.Region)
	}
	return places
}

func TestWhereACallGoesWhenAServiceIsDown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		class provider.Class
		down  []string
		sent  []string
		model string // that answers; none where nobody does
	}{
		"nothing is down": {provider.ClassUnavailable, nil, []string{"wide-v1 east"}, "wide"},
		"one region":      {provider.ClassUnavailable, []string{"wide-v1 east"}, []string{"wide-v1 east", "wide-v1 west"}, "wide"},
		"all its regions": {provider.ClassInternal, []string{"wide-v1 east", "wide-v1 west"}, []string{"wide-v1 east", "wide-v1 west", "spare-v1 north"}, "spare"},
		"everything": {
			provider.ClassInternal,
			[]string{"wide-v1 east", "wide-v1 west", "spare-v1 north"},
			[]string{"wide-v1 east", "wide-v1 west", "spare-v1 north"},
			"",
		},
		"a throttled region is waited for": {
			provider.ClassThrottled, []string{"wide-v1 east"}, []string{"wide-v1 east", "wide-v1 east", "wide-v1 east", "wide-v1 east"}, "",
		},
		"an invalid request": {provider.ClassInvalid, []string{"wide-v1 east"}, []string{"wide-v1 east"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t, down(c.class, c.down...), spread)
			result, err := f.Invoke(t.Context(), call("k"))
			if got := f.sent(); !slices.Equal(got, c.sent) {
				t.Errorf("sent to %v, want %v", got, c.sent)
			}
			if result.Model != c.model || (err == nil) != (c.model != "") {
				t.Errorf("answered by %q, %v", result.Model, err)
			}
			for i, a := range f.attempts(t) {
				if want := strings.Fields(c.sent[i]); a.Region != want[1] || !strings.HasPrefix(want[0], a.Model) || a.Ordinal != i+1 {
					t.Errorf("attempt %d is recorded as %+v", i, a)
				}
			}
			if err != nil {
				return
			}
			if len(result.Attempts) != len(c.sent) || result.Attempts[len(c.sent)-1].Class != "" || len(c.sent) > 1 && result.Attempts[0].Class != c.class {
				t.Errorf("notes %+v", result.Attempts)
			}
			if first := f.attempts(t)[0]; len(c.sent) > 1 && !strings.Contains(first.Reason, "next is model wide in west") {
				t.Errorf("the record does not say what came next: %q", first.Reason)
			}
		})
	}
}

func TestAFallbackIsAdmittedAnew(t *testing.T) {
	t.Parallel()
	f := setup(t, down(provider.ClassUnavailable, "free-v1 "), func(o *gateway.Options) {
		free := o.Catalog["free"]
		free.Fallbacks = []string{"small"}
		o.Catalog["free"] = free
	})
	c := call("k")
	c.Model = "free"
	limit(t, f, ledger.Limit{NanoUSD: 1})
	_, err := f.Invoke(t.Context(), c)
	var refused *gateway.RefusedError
	var exceeded *ledger.ExceededError
	var failure *provider.Error
	if !errors.As(err, &refused) || !errors.As(err, &exceeded) || !errors.As(err, &failure) || refused.Model != "small" {
		t.Fatalf("error %v", err)
	}
	if failure.Class != provider.ClassUnavailable || !strings.Contains(err.Error(), `"small" was refused`) {
		t.Errorf("error %v", err)
	}
	if got := f.sent(); !slices.Equal(got, []string{"free-v1 "}) {
		t.Errorf("sent to %v", got)
	}
	limit(t, f, ledger.Limit{NanoUSD: 1e9})
	result, err := f.Invoke(t.Context(), c)
	if err != nil || result.Model != "small" || result.NanoUSD == 0 {
		t.Errorf("with a budget: %+v, %v", result, err)
	}
	if attempts := f.attempts(t); attempts[len(attempts)-1].Hold.NanoUSD == 0 {
		t.Error("the fallback was held at the price of the first")
	}
}

func TestATimeoutIsTriedAgainWithHalf(t *testing.T) {
	t.Parallel()
	f := setup(t, failing(provider.ClassTimeout))
	c := call("k")
	c.MaxTokens = 600
	if _, err := f.Invoke(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if r := f.double.Requests(); r[0].MaxTokens != 600 || r[1].MaxTokens != 300 {
		t.Errorf("max_tokens %d, then %d", r[0].MaxTokens, r[1].MaxTokens)
	}
}

func TestACircuitOpensAndCloses(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now, ill := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), true
	set := func(later time.Duration, isIll bool) {
		mu.Lock()
		defer mu.Unlock()
		now, ill = now.Add(later), isIll
	}
	reader := metric.NewManualReader()
	f := setup(t, func(_ context.Context, _ int, r provider.Request) (provider.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		if ill && r.Region == "east" {
			return provider.Response{}, providertest.Fail(provider.ClassUnavailable)
		}
		return providertest.Text("ok"), nil
	}, spread, func(o *gateway.Options) {
		o.Meter = metric.NewMeterProvider(metric.WithReader(reader))
		o.Now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return now
		}
	})
	ask := func(key string) int {
		t.Helper()
		before := len(f.sent())
		if _, err := f.Invoke(t.Context(), call(key)); err != nil {
			t.Fatal(err)
		}
		return len(f.sent()) - before
	}
	for _, key := range []string{"1", "2", "3", "4", "5"} {
		if n := ask(key); n != 2 {
			t.Fatalf("call %s took %d attempts", key, n)
		}
	}
	if n := ask("6"); n != 1 || circuitOf(t, reader, "wide", "east") != 2 {
		t.Errorf("an open circuit was tried: %d attempts, state %d", n, circuitOf(t, reader, "wide", "east"))
	}
	set(31*time.Second, true)
	if state := circuitOf(t, reader, "wide", "east"); state != 1 {
		t.Errorf("state %d when its time is over", state)
	}
	if n := ask("7"); n != 2 {
		t.Errorf("the probe: %d attempts", n)
	}
	if n := ask("8"); n != 1 {
		t.Errorf("after a probe that failed: %d attempts", n)
	}
	set(31*time.Second, false)
	if n := ask("9"); n != 1 || circuitOf(t, reader, "wide", "east") != 0 {
		t.Errorf("after a probe that succeeded: %d attempts, state %d", n, circuitOf(t, reader, "wide", "east"))
	}
	if sent := f.sent(); sent[len(sent)-1] != "wide-v1 east" {
		t.Errorf("the last was sent to %s", sent[len(sent)-1])
	}
}

func circuitOf(t *testing.T, reader metric.Reader, model, region string) int64 {
	t.Helper()
	var told metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &told); err != nil {
		t.Fatal(err)
	}
	for _, m := range told.ScopeMetrics[0].Metrics {
		if m.Name != "quaestor.model.circuit" {
			continue
		}
		for _, point := range m.Data.(metricdata.Gauge[int64]).DataPoints {
			named, _ := point.Attributes.Value("gen_ai.request.model")
			in, _ := point.Attributes.Value("quaestor.region")
			if named.AsString() == model && in.AsString() == region {
				return point.Value
			}
		}
	}
	t.Fatalf("no circuit of %s in %s is measured", model, region)
	return 0
}

func TestNothingIsSentWhileEveryCircuitIsOpen(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f := setup(t, func(context.Context, int, provider.Request) (provider.Response, error) {
		return provider.Response{}, providertest.Fail(provider.ClassInternal)
	}, func(o *gateway.Options) { o.Now = func() time.Time { return now } })
	for _, key := range []string{"1", "2", "3"} { // two attempts each; the last call makes the fifth, and opens it
		if _, err := f.Invoke(t.Context(), call(key)); err == nil {
			t.Fatal("answered")
		}
	}
	if n := len(f.sent()); n != 5 {
		t.Errorf("%d attempts before the circuit opened", n)
	}
	_, err := f.Invoke(t.Context(), call("4"))
	var failed *gateway.CallError
	var cause *provider.Error
	if !errors.As(err, &failed) || !errors.As(err, &cause) {
		t.Fatal(err)
	}
	if cause.Class != provider.ClassUnavailable || !cause.NotCharged || failed.Attempts != 0 || !failed.Retryable || failed.RetryAfter != 30*time.Second {
		t.Errorf("error %+v, cause %+v", failed, cause)
	}
	if n := len(f.sent()); n != 5 {
		t.Errorf("%d attempts were sent", n)
	}
}

func TestPlacesAtAProviderAreBounded(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	f := setup(t, nil, func(o *gateway.Options) {
		o.Concurrency, o.QueueTimeout = map[string]int{"double": 2}, 20*time.Millisecond
	})
	f.double.Gate = gate
	var group sync.WaitGroup
	for _, key := range []string{"1", "2"} {
		group.Go(func() {
			if _, err := f.Invoke(t.Context(), call(key)); err != nil {
				t.Error(err)
			}
		})
	}
	for f.double.Underway() < 2 {
		time.Sleep(time.Millisecond)
	}
	_, err := f.Invoke(t.Context(), call("3"))
	var failed *gateway.CallError
	var cause *provider.Error
	if !errors.As(err, &failed) || !errors.As(err, &cause) || cause.Class != provider.ClassThrottled || !cause.NotCharged || failed.RetryAfter != time.Second || failed.Attempts != 0 {
		t.Errorf("error %+v", err)
	}
	if n := len(f.attempts(t)); n != 2 {
		t.Errorf("%d attempts were reserved", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Invoke(ctx, call("4")); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who left: %v", err)
	}
	close(gate)
	group.Wait()
	if f.double.MostAtOnce() != 2 {
		t.Errorf("%d at once", f.double.MostAtOnce())
	}
}

func TestNewRefusesCatalogsThatCannotWork(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*gateway.Model){
		`fallback "nobody": model "nobody" cannot be used`: func(m *gateway.Model) { m.Fallbacks = []string{"nobody"} },
		`"unpriced" has no price`:                          func(m *gateway.Model) { m.Fallbacks = []string{"unpriced"} },
		`fallback "homeless": its provider "nobody"`:       func(m *gateway.Model) { m.Fallbacks = []string{"homeless"} },
		"lead back to it: small, small":                    func(m *gateway.Model) { m.Fallbacks = []string{"small"} },
		`"free" is named twice`:                            func(m *gateway.Model) { m.Fallbacks = []string{"free", "free"} },
		"makes vectors":                                    func(m *gateway.Model) { m.Fallbacks = []string{"vectors"} },
		`region "a" is empty or named twice`:               func(m *gateway.Model) { m.Regions = []string{"a", "a"} },
		"tier above 5 tokens":                              func(m *gateway.Model) { m.Tiers = []gateway.PriceTier{{Above: 9}, {Above: 5}} },
		"negative":                                         func(m *gateway.Model) { m.CacheRead = -1 },
	} {
		o := gateway.Options{
			Ledger: &broken{}, Catalog: catalog(), Routes: gateway.Routes{Default: "small"},
			Providers: map[string]provider.Provider{"double": &providertest.Provider{}},
		}
		o.Catalog["vectors"] = gateway.Model{Provider: "double", ID: "v", ContextWindow: 100, Priced: true, Embedding: true}
		small := o.Catalog["small"]
		change(&small)
		o.Catalog["small"] = small
		if _, err := gateway.New(o); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"small"`) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

func TestModelsThatCanBeAskedFor(t *testing.T) {
	t.Parallel()
	f := setup(t, nil)
	want := []gateway.ModelInfo{
		{Name: "free", Provider: "double", ContextWindow: 100_000, MaxOutput: 1000},
		{Name: "small", Provider: "double", ContextWindow: 100_000, MaxOutput: 1000},
	}
	if got := f.Models(); !slices.Equal(got, want) {
		t.Errorf("models %+v", got)
	}
}

func TestSecretsStayOutOfTheRecord(t *testing.T) {
	t.Parallel()
	f := setup(t, func(context.Context, int, provider.Request) (provider.Response, error) {
		failed := providertest.Fail(provider.ClassAccess)
		failed.Message = "incorrect API key provided: sk-abcdefghijklmnopqrstuvwxyz"
		return provider.Response{}, failed
	})
	if _, err := f.Invoke(t.Context(), call("k")); err == nil {
		t.Fatal("answered")
	}
	if reason := f.attempts(t)[0].Reason; strings.Contains(reason, "sk-") || !strings.Contains(reason, "incorrect API key") {
		t.Errorf("the record says %q", reason)
	}
}

// A caller who goes away while the budget is reserved is charged nothing, and
// nothing is sent.
func TestACallerWhoLeavesBeforeItIsSent(t *testing.T) {
	t.Parallel()
	for name, emit := range map[string]func(provider.Delta) error{"whole": nil, "streamed": func(provider.Delta) error { return nil }} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			f := setup(t, nil, func(o *gateway.Options) { o.Ledger = &late{o.Ledger, cancel} })
			c := call("k")
			c.Emit = emit
			_, err := f.Invoke(ctx, c)
			var failed *gateway.CallError
			if !errors.Is(err, context.Canceled) || !errors.As(err, &failed) || failed.Retryable || failed.Attempts != 0 {
				t.Errorf("error %v", err)
			}
			if got := f.states(t); !slices.Equal(got, []ledger.State{ledger.StateReleased}) || len(f.double.Calls()) != 0 {
				t.Errorf("attempts %v, %d sent", got, len(f.double.Calls()))
			}
		})
	}
}

// late is a ledger that reserves when its caller has just gone.
type late struct {
	ledger.Ledger
	then func()
}

func (l *late) Reserve(ctx context.Context, r ledger.Reservation) (ledger.Attempt, error) {
	attempt, err := l.Ledger.Reserve(ctx, r)
	l.then()
	return attempt, err
}
