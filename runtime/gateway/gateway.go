// Package gateway is the only way to a model. It authorises every call before it
// is sent, sends it, retries by class of failure what must be quick, here or in
// another region or with another model, and writes what became of every attempt
// into the ledger, so that a call is paid once.
//
// The gateway makes no policy on agents and knows no wire format: providers
// make one physical attempt each, the ledger keeps the account. The way of a
// call, and where it is told:
//
//	invoke   one flight for each key; an answer that was paid is replayed
//	guard    signs of prompt injection
//	cache    an equal call of the same client
//	trip     attempts, at one place after the other: retry, circuit, slots
//	admit    the hold, before anything is sent
//	stream   pieces to the caller, and the rest when the caller has gone
//	settle   what it cost, before the answer where that is stored; spool, where
//	         the ledger is out of reach
package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// DefaultMinOutput is the number of output tokens below which a call is refused
// rather than squeezed into what a budget leaves.
const DefaultMinOutput = 256

// The defaults of Options.
const (
	DefaultConcurrency    = 64
	DefaultQueueTimeout   = 10 * time.Second
	DefaultDrain          = 10 * time.Second
	DefaultAttemptTimeout = 6 * time.Minute
	DefaultCacheBytes     = 64 << 20
	DefaultCacheTTL       = time.Hour
	DefaultSweepEvery     = 30 * time.Second
)

// Options says what a gateway works with. Ledger, Providers, Catalog and
// Routes.Default are required.
type Options struct {
	Ledger    ledger.Ledger
	Providers map[string]provider.Provider // by the name the catalog uses
	Catalog   map[string]Model             // by the name people use
	Routes    Routes
	MinOutput int // tokens; 0 means DefaultMinOutput

	// Concurrency is how many attempts may be under way at a provider, by its
	// name; DefaultConcurrency where it says nothing. An attempt waits for a
	// place for QueueTimeout at most, before anything is reserved.
	Concurrency  map[string]int
	QueueTimeout time.Duration
	// Drain is how long an answer is read whose caller has gone.
	Drain time.Duration
	// AttemptTimeout ends attempts whose provider does not end them itself.
	AttemptTimeout time.Duration

	// CacheKey is the key of the digests that cached answers are found by;
	// random when empty. CacheBytes bounds the memory of the cache, CacheTTL the
	// age of an answer.
	CacheKey   []byte
	CacheBytes int64
	CacheTTL   time.Duration

	// Spool keeps outcomes that the ledger could not be told; nil keeps none,
	// and such attempts keep their holds.
	Spool Spool
	// SweepEvery is how often Run looks after expired attempts and the spool.
	SweepEvery time.Duration

	Logger *zap.Logger
	Tracer trace.TracerProvider
	Meter  metric.MeterProvider

	// Now is the clock of circuits, cache and expiry; nil is time.Now.
	Now func() time.Time
	// Sleep waits between attempts; nil is a timer that ctx ends.
	Sleep func(ctx context.Context, d time.Duration) error
	// Jitter draws from [0, d); nil is uniform.
	Jitter func(d time.Duration) time.Duration
}

// Routes says which model of the catalog serves which agent.
type Routes struct {
	Default string
	Agents  map[string]string
}

// Model is what the gateway must know of a model. Limits are in tokens; prices
// in integer nano-dollars per million tokens (a dollar per million is 1e9). It
// has the fields of configs.Model, and is made from one by conversion.
type Model struct {
	Provider      string
	ID            string // the provider's own model id
	ContextWindow int
	MaxOutput     int
	Priced        bool
	Input         int64
	Output        int64
	CacheRead     int64
	CacheWrite    int64
	Tiers         []PriceTier // dearer prices for long inputs, by Above
	Regions       []string    // in the order they are tried; empty is the provider's own
	Fallbacks     []string    // models of the catalog, tried in order when this one is down
	Embedding     bool        // makes vectors, not messages
}

// PriceTier is what tokens cost in a request whose input is above Above tokens.
// It is the type of configs.PriceTier, without a name of its own, so that models
// convert.
type PriceTier = struct {
	Above                                int
	Input, Output, CacheRead, CacheWrite int64
}

// Gateway is safe for concurrent use.
type Gateway struct {
	options   Options
	telemetry instruments
	models    []ModelInfo        // that can be asked for, by name
	places    map[string][]place // by model: where it is tried, in order
	slots     map[string]*slots  // by provider
	cache     *cache
	unsettled atomic.Int64 // answers that were given and whose settlement is under way

	mu      sync.Mutex
	flights map[string]*flight // by call key
	untold  map[string]*flight // that were answered, which the ledger does not know yet
	spooled chan struct{}      // something is in the spool
}

// New makes a gateway and checks what it is to work with: routes name models of
// the catalog that have a price and a provider, and so do fallbacks.
func New(options Options) (*Gateway, error) {
	if options.Ledger == nil {
		return nil, errors.New("a gateway needs a ledger")
	}
	options.setDefaults()
	cache, err := newCache(options)
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		options: options, cache: cache, slots: map[string]*slots{},
		flights: map[string]*flight{}, untold: map[string]*flight{}, spooled: make(chan struct{}, 1),
	}
	if err := g.checkCatalog(); err != nil {
		return nil, err
	}
	g.models = g.listModels()
	for name := range options.Providers {
		limit := cmp.Or(options.Concurrency[name], DefaultConcurrency)
		if limit < 0 {
			return nil, fmt.Errorf("provider %q cannot have a concurrency of %d: it must be 1 or more", name, limit)
		}
		g.slots[name] = newSlots(name, limit)
	}
	circuits := map[string]map[string]*circuit{}
	g.places = placesOf(options.Catalog, circuits)
	if g.telemetry, err = newTelemetry(options, circuits); err != nil {
		return nil, err
	}
	return g, nil
}

func (o *Options) setDefaults() {
	o.MinOutput = cmp.Or(o.MinOutput, DefaultMinOutput)
	o.QueueTimeout = cmp.Or(o.QueueTimeout, DefaultQueueTimeout)
	o.Drain = cmp.Or(o.Drain, DefaultDrain)
	o.AttemptTimeout = cmp.Or(o.AttemptTimeout, DefaultAttemptTimeout)
	o.CacheBytes = cmp.Or(o.CacheBytes, DefaultCacheBytes)
	o.CacheTTL = cmp.Or(o.CacheTTL, DefaultCacheTTL)
	o.SweepEvery = cmp.Or(o.SweepEvery, DefaultSweepEvery)
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Jitter == nil {
		o.Jitter = func(d time.Duration) time.Duration { return rand.N(d) }
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// EnsureRun sets the budget of a run; a zero field is no limit of that kind.
func (g *Gateway) EnsureRun(ctx context.Context, run string, limit ledger.Limit) error {
	scope := ledger.Scope{Kind: ledger.ScopeRun, ID: run}
	balance, err := g.options.Ledger.Balance(ctx, scope, ledger.PeriodTotal)
	if err != nil {
		return ledgerFailed(ctx, "reading the budget of the run", err)
	}
	if balance.Limit == limit {
		return nil
	}
	return ledgerFailed(ctx, "setting the budget of the run", g.options.Ledger.SetLimit(ctx, scope, ledger.PeriodTotal, limit))
}

// Usage is what a run's model calls consumed so far. Attempts whose outcome is
// unknown count as attempts and cost nothing here: they are not invoiced.
func (g *Gateway) Usage(ctx context.Context, run string) (agents.Usage, error) {
	b, err := g.options.Ledger.Balance(ctx, ledger.Scope{Kind: ledger.ScopeRun, ID: run}, ledger.PeriodTotal)
	if err != nil {
		return agents.Usage{}, err
	}
	return agents.Usage{
		InputTokens: b.InputTokens, OutputTokens: b.OutputTokens, CostNanoUSD: b.Settled.NanoUSD + b.Overage.NanoUSD,
		Calls: b.Calls, Attempts: b.Attempts,
	}, nil
}
