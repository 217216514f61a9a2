// Package gateway is the only way to a model. It authorises every call before it
// is sent, sends it, retries by class of failure what must be quick, and writes
// what became of every attempt into the ledger, so that a call is paid once.
//
// The gateway makes no policy on agents and knows no wire format: providers
// make one physical attempt each, the ledger keeps the account.
package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
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

// Options says what a gateway works with. Ledger, Providers, Catalog and
// Routes.Default are required.
type Options struct {
	Ledger    ledger.Ledger
	Providers map[string]provider.Provider // by the name the catalog uses
	Catalog   map[string]Model             // by the name people use
	Routes    Routes
	MinOutput int // tokens; 0 means DefaultMinOutput

	Logger *zap.Logger
	Tracer trace.TracerProvider
	Meter  metric.MeterProvider

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
type PriceTier struct {
	Above                                int
	Input, Output, CacheRead, CacheWrite int64
}

// Gateway is safe for concurrent use.
type Gateway struct {
	options   Options
	telemetry telemetry

	mu      sync.Mutex
	flights map[string]*flight // by call key
}

// New makes a gateway and checks its routes: each names a model of the catalog
// that has a price and a provider.
func New(options Options) (*Gateway, error) {
	if options.Ledger == nil {
		return nil, errors.New("a gateway needs a ledger")
	}
	options.MinOutput = cmp.Or(options.MinOutput, DefaultMinOutput)
	if options.Logger == nil {
		options.Logger = zap.NewNop()
	}
	if options.Sleep == nil {
		options.Sleep = sleep
	}
	if options.Jitter == nil {
		options.Jitter = func(d time.Duration) time.Duration { return rand.N(d) }
	}
	telemetry, err := newTelemetry(options.Tracer, options.Meter)
	if err != nil {
		return nil, err
	}
	g := &Gateway{options: options, telemetry: telemetry, flights: map[string]*flight{}}
	if _, _, err := g.resolve(options.Routes.Default); err != nil {
		return nil, fmt.Errorf("checking the default model: %w", err)
	}
	for _, agent := range slices.Sorted(maps.Keys(options.Routes.Agents)) {
		if _, _, err := g.resolve(options.Routes.Agents[agent]); err != nil {
			return nil, fmt.Errorf("checking the model of agent %q: %w", agent, err)
		}
	}
	return g, nil
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

// modelFor is the name of the model that serves a call.
func (g *Gateway) modelFor(call Call) string {
	return cmp.Or(call.Model, g.options.Routes.Agents[call.Agent], g.options.Routes.Default)
}

// resolve finds a model that may be used, and who serves it.
func (g *Gateway) resolve(name string) (Model, provider.Provider, error) {
	model, known := g.options.Catalog[name]
	if !known {
		return Model{}, nil, &UnknownModelError{Model: name, Reason: "it is not in the catalog"}
	}
	if !model.Priced {
		return Model{}, nil, &UnpricedError{Model: name}
	}
	server := g.options.Providers[model.Provider]
	if server == nil {
		return Model{}, nil, &UnknownModelError{Model: name, Reason: fmt.Sprintf("its provider %q is not configured", model.Provider)}
	}
	return model, server, nil
}

// EnsureRun sets the budget of a run; a zero field is no limit of that kind.
func (g *Gateway) EnsureRun(ctx context.Context, run string, limit ledger.Limit) error {
	scope := ledger.Scope{Kind: ledger.ScopeRun, ID: run}
	balance, err := g.options.Ledger.Balance(ctx, scope)
	if err != nil || balance.Limit == limit {
		return err
	}
	return g.options.Ledger.SetLimit(ctx, scope, limit)
}

// Usage is what a run's model calls consumed so far. Attempts whose outcome is
// unknown count as attempts and cost nothing here: they are not invoiced.
func (g *Gateway) Usage(ctx context.Context, run string) (agents.Usage, error) {
	b, err := g.options.Ledger.Balance(ctx, ledger.Scope{Kind: ledger.ScopeRun, ID: run})
	if err != nil {
		return agents.Usage{}, err
	}
	return agents.Usage{
		InputTokens: b.InputTokens, OutputTokens: b.OutputTokens, CostNanoUSD: b.Settled.NanoUSD + b.Overage.NanoUSD,
		Calls: b.Calls, Attempts: b.Attempts,
	}, nil
}
