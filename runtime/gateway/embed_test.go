package gateway_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/providertest"
)

func vectors(o *gateway.Options) {
	o.Catalog["vectors"] = gateway.Model{
		Provider: "double", ID: "vectors-v1", ContextWindow: 1000, Priced: true, Input: 2e7, CacheRead: 2e7, CacheWrite: 2e7, Embedding: true, Regions: []string{"east", "west"},
	}
}

func embedding(key string, texts ...string) gateway.EmbedCall {
	return gateway.EmbedCall{Key: key, Run: "r", Client: "c", Model: "vectors", Texts: texts, Dimensions: 4}
}

func TestVectorsGoThroughTheSameGate(t *testing.T) {
	t.Parallel()
	f := setup(t, nil, vectors)
	f.double.Vectors = func(_ context.Context, call int, r provider.EmbedRequest) (provider.EmbedResponse, error) {
		if call == 0 {
			return provider.EmbedResponse{}, providertest.Fail(provider.ClassUnavailable)
		}
		return provider.EmbedResponse{Vectors: make([][]float32, len(r.Texts)), Usage: provider.Tokens{Input: 50}}, nil
	}
	result, err := f.Embed(t.Context(), embedding("k", "one", "two"))
	if err != nil || len(result.Response.Vectors) != 2 || result.NanoUSD != 1000 || result.Model != "vectors" {
		t.Fatalf("%+v, %v", result, err)
	}
	if calls := f.double.Calls(); calls[1].Embed.Model != "vectors-v1" || calls[1].Embed.Dimensions != 4 || calls[0].Region != "east" || calls[1].Region != "west" {
		t.Errorf("sent %+v", calls)
	}
	a := f.attempts(t)
	if len(a) != 2 || a[0].State != ledger.StateUncertain || a[1].State != ledger.StateSettled || a[1].Feature != "embeddings" || a[1].Region != "west" {
		t.Errorf("attempts %+v", a)
	}
	// Two texts of three bytes, and what may be put around them, at 20 a token.
	if hold := a[1].Hold; hold.Tokens < 6 || hold.Tokens > 200 || hold.NanoUSD != hold.Tokens*20 {
		t.Errorf("hold %+v", hold)
	}
}

func TestVectorsAreRefused(t *testing.T) {
	t.Parallel()
	f := setup(t, nil, vectors)
	with := func(change func(*gateway.EmbedCall)) gateway.EmbedCall {
		c := embedding("k", "text")
		change(&c)
		return c
	}
	for want, c := range map[string]gateway.EmbedCall{
		"needs a key":   with(func(c *gateway.EmbedCall) { c.Key = "" }),
		"a model":       with(func(c *gateway.EmbedCall) { c.Model = "" }),
		"to charge":     with(func(c *gateway.EmbedCall) { c.Run, c.Client = "", "" }),
		"no vectors":    with(func(c *gateway.EmbedCall) { c.Model = "small" }),
		"not in the":    with(func(c *gateway.EmbedCall) { c.Model = "x" }),
		"there is no":   with(func(c *gateway.EmbedCall) { c.Texts = nil }),
		"2 is empty":    with(func(c *gateway.EmbedCall) { c.Texts = []string{"a", ""} }),
		"split it":      with(func(c *gateway.EmbedCall) { c.Texts = []string{strings.Repeat("a", 20_000)} }),
		"budget of req": with(func(c *gateway.EmbedCall) { c.RequestLimit.Tokens = 3 }),
	} {
		_, err := f.Embed(t.Context(), c)
		var failed *gateway.CallError
		if !errors.As(err, &failed) || failed.Retryable || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	chat := call("k")
	chat.Model = "vectors"
	if _, err := f.Invoke(t.Context(), chat); err == nil || !strings.Contains(err.Error(), "makes vectors") {
		t.Errorf("a model of vectors was asked to answer: %v", err)
	}
	if n := len(f.double.Calls()) + len(f.attempts(t)); n > 0 {
		t.Errorf("%d were sent or reserved", n)
	}
}

func TestVectorsThatAreMissingAreNoAnswer(t *testing.T) {
	t.Parallel()
	f := setup(t, nil, vectors)
	f.double.Vectors = func(context.Context, int, provider.EmbedRequest) (provider.EmbedResponse, error) {
		return provider.EmbedResponse{Vectors: make([][]float32, 1), Usage: provider.Tokens{Input: 50}}, nil
	}
	_, err := f.Embed(t.Context(), embedding("k", "one", "two"))
	var cause *provider.Error
	if !errors.As(err, &cause) || cause.Class != provider.ClassBadResponse || f.states(t)[0] != ledger.StateUncertain {
		t.Errorf("error %v, attempts %v", err, f.states(t))
	}
}

func TestPriceTiers(t *testing.T) {
	t.Parallel()
	tiered := func(o *gateway.Options) {
		m := o.Catalog["small"]
		m.Tiers = []gateway.PriceTier{{Above: 1000, Input: 2e9, Output: 4e9, CacheRead: 2e8, CacheWrite: 25e8}}
		o.Catalog["small"] = m
	}
	for name, c := range map[string]struct {
		bytes int
		used  provider.Tokens
		cost  int64
		rates [2]int64 // of the hold, in nano-dollars a token
	}{
		"cannot reach the tier":     {100, provider.Tokens{Input: 50, Output: 10}, 50*1000 + 10*2000, [2]int64{1250, 2000}},
		"might, and does not":       {3000, provider.Tokens{Input: 1000, Output: 10}, 1000*1000 + 10*2000, [2]int64{2500, 4000}},
		"does, with what is cached": {3000, provider.Tokens{Input: 900, CacheRead: 101, Output: 10}, 900*2000 + 101*200 + 10*4000, [2]int64{2500, 4000}},
	} {
		f := setup(t, func(context.Context, int, provider.Request) (provider.Response, error) {
			r := providertest.Text("ok")
			r.Usage = c.used
			return r, nil
		}, tiered)
		ask := call("k")
		ask.System = strings.Repeat("x", c.bytes)
		result := f.mustInvoke(t, ask)
		hold := f.attempts(t)[0].Hold
		if want := (hold.Tokens-1000)*c.rates[0] + 1000*c.rates[1]; result.NanoUSD != c.cost || hold.NanoUSD != want {
			t.Errorf("%s: cost %d, want %d; hold %d, want %d", name, result.NanoUSD, c.cost, hold.NanoUSD, want)
		}
	}
}

func TestWhatTheRecordSays(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f := setup(t, failing(provider.ClassThrottled), func(o *gateway.Options) { o.Now = func() time.Time { return now } })
	c := call("k")
	c.Team, c.Feature, c.RequestLimit = "t", "chat", ledger.Limit{Tokens: 50_000}
	result := f.mustInvoke(t, c)
	a := f.attempts(t)
	if a[0].Wait != 0 || a[1].Wait != time.Second || a[1].Feature != "chat" || a[1].Team != "t" {
		t.Errorf("attempts %+v", a)
	}
	if want := now.Add(gateway.DefaultAttemptTimeout + gateway.DefaultDrain + time.Minute); !a[1].Expires.Equal(want) {
		t.Errorf("expires %v, want %v", a[1].Expires, want)
	}
	if used := a[1].Usage.Tokens(); result.Left.Tokens != 50_000-used || result.Left.NanoUSD != -1 {
		t.Errorf("left %+v of 50,000 after %d", result.Left, used)
	}
	if n := result.Attempts; len(n) != 2 || n[0].Class != provider.ClassThrottled || n[1].Wait != time.Second || n[1].Model != "small" {
		t.Errorf("notes %+v", n)
	}
	c.Key, c.RequestLimit = "l", ledger.Limit{Tokens: 100}
	_, err := f.Invoke(t.Context(), c)
	var exceeded *ledger.ExceededError
	if !errors.As(err, &exceeded) || exceeded.Scope.Kind != ledger.ScopeRequest {
		t.Errorf("above the limit of the request: %v", err)
	}
}
