package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/tools"
)

// Call is one logical model call. Key is required, and one of Run and Client.
type Call struct {
	Key          string // workflow id, logical step, ordinal: the same in every retry
	Run          string // charged, with Client and Team where they are set
	Client       string
	Team         string
	Feature      string // what it is for: agent (the default), chat, summarize, …
	Agent        string
	AgentVersion string
	Model        string          // of the catalog; empty means the agent's route
	Input        json.RawMessage // of the agent, for the offline provider
	System       string
	Messages     []agents.Message
	Tools        []tools.Spec
	Output       json.RawMessage // JSON Schema of the final text
	MaxTokens    int             // of the answer; 0 means the model's limit
	Temperature  *float64
	TopP         *float64
	Stop         []string
	ToolChoice   provider.ToolChoice
	Limit        ledger.Limit // of the run, set where the run has none yet
	RequestLimit ledger.Limit // of this call alone, over all its attempts

	// Emit makes it a stream: it is given the pieces of the answer as they come.
	// When it fails, its caller is gone: the rest is drained for a bounded time,
	// so that the call can be settled.
	Emit func(provider.Delta) error
	// Cache lets the answer come from, and go to, the client's cache. With a
	// temperature above 0 it takes CacheAlways.
	Cache CachePolicy
	// Shape lets the oldest messages be left out where the input would not fit
	// the model's window.
	Shape bool
	// Transient says that nobody will ask again with the same key: the answer
	// is not kept with the settlement.
	Transient bool
}

// CachePolicy says when a call may be answered from its client's cache.
type CachePolicy string

// The cache policies. The zero value never does.
const (
	CacheNever  CachePolicy = ""
	CacheExact  CachePolicy = "exact"  // only with temperature 0 or none
	CacheAlways CachePolicy = "always" // whatever the temperature
)

// Result is an answered call.
type Result struct {
	Response provider.Response
	Model    string
	NanoUSD  int64 // what the answer cost, once
	Replayed bool  // found in the ledger, or given to another caller too; not paid again
	// Unsettled says that the ledger could not be told of the answer. The
	// attempt keeps its hold, which is above what it cost.
	Unsettled bool
	Cached    bool        // it came from the client's cache
	Left      ledger.Left // what the tightest budget leaves, -1 where none is limited
	Omitted   Omitted
	Attempts  []AttemptNote
}

// Omitted is what was left out of the input to fit the model's window.
type Omitted struct {
	Messages int
	Tokens   int64 // as they were bounded
}

// AttemptNote is what became of one physical attempt, for those who look into
// a call.
type AttemptNote struct {
	Model    string
	Region   string
	Wait     time.Duration  // before it
	Class    provider.Class // of its failure; empty when it was answered
	Duration time.Duration
}

// EmbedCall asks for vectors. Key, Client and Model are required.
type EmbedCall struct {
	Key          string
	Run          string
	Client       string
	Team         string
	Feature      string // embeddings is the default
	Model        string
	Texts        []string
	Dimensions   int
	RequestLimit ledger.Limit
}

// EmbedResult holds vectors in the order of the texts.
type EmbedResult struct {
	Response provider.EmbedResponse
	Model    string
	NanoUSD  int64
	Left     ledger.Left
}

// flight is a call under way in this process.
type flight struct {
	done   chan struct{}
	result Result
	err    error
}

// Invoke answers a call: from the ledger when it has been answered before, else
// by a provider, within every budget. Callers in one process that ask for the
// same key at once share one flight. Every error is a *CallError, except that of
// a ctx that ended while another caller's flight was waited for.
func (g *Gateway) Invoke(ctx context.Context, call Call) (Result, error) {
	if call.Key == "" || call.Run == "" {
		return Result{}, &CallError{Key: call.Key, Err: errors.New("a call needs a key and a run")}
	}
	for {
		f, mine := g.board(call.Key)
		if mine {
			return g.fly(ctx, call, f)
		}
		select {
		case <-ctx.Done():
			return Result{}, fmt.Errorf("waiting for call %s: %w", call.Key, ctx.Err())
		case <-f.done:
		}
		if f.err == nil {
			result := f.result
			result.Replayed = true
			return result, nil
		}
		if !cancelled(f.err) || ctx.Err() != nil {
			return Result{}, f.err
		}
		// The other caller went away; this one has not.
	}
}

func (g *Gateway) board(key string) (f *flight, mine bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f, under := g.flights[key]; under {
		return f, false
	}
	f = &flight{done: make(chan struct{}), err: errors.New("the call was abandoned")}
	g.flights[key] = f
	return f, true
}

func (g *Gateway) fly(ctx context.Context, call Call, f *flight) (Result, error) {
	defer func() {
		g.mu.Lock()
		delete(g.flights, call.Key)
		g.mu.Unlock()
		close(f.done)
	}()
	f.result, f.err = g.answer(ctx, call)
	return f.result, f.err
}

// answer replays the call or makes it.
func (g *Gateway) answer(ctx context.Context, call Call) (Result, error) {
	name := g.modelFor(call)
	fail := func(err error) (Result, error) {
		return Result{}, &CallError{Key: call.Key, Model: name, Retryable: retryable(err), Err: err}
	}
	if result, found, err := g.replay(ctx, call.Key); found || err != nil {
		if err != nil {
			return fail(err)
		}
		return result, nil
	}
	model, server, err := g.resolve(name)
	if err != nil {
		return fail(err)
	}
	if err := g.limitRun(ctx, call); err != nil {
		return fail(err)
	}
	request := provider.Request{
		Model: model.ID, Agent: call.Agent, Input: call.Input, System: call.System, Messages: call.Messages,
		Tools: call.Tools, Output: call.Output, Temperature: call.Temperature, MaxTokens: model.MaxOutput,
	}
	if call.MaxTokens > 0 {
		request.MaxTokens = min(call.MaxTokens, model.MaxOutput)
	}
	input, err := inputBound(ctx, server, request)
	if err != nil {
		return fail(fmt.Errorf("counting the input: %w", err))
	}
	t := &trip{gateway: g, call: call, name: name, model: model, server: server, request: request, input: input}
	return t.run(ctx)
}

// replay gives the stored answer of a call.
func (g *Gateway) replay(ctx context.Context, key string) (Result, bool, error) {
	stored, found, err := g.options.Ledger.Find(ctx, key)
	if err != nil || !found {
		return Result{}, false, err
	}
	result := Result{Model: stored.Attempt.Model, NanoUSD: stored.Attempt.Usage.NanoUSD, Replayed: true}
	if err := json.Unmarshal(stored.Response, &result.Response); err != nil {
		return Result{}, false, fmt.Errorf("decoding the stored response of attempt %d: %w", stored.Attempt.ID, err)
	}
	return result, true, nil
}

func (g *Gateway) limitRun(ctx context.Context, call Call) error {
	if call.Limit == (ledger.Limit{}) {
		return nil
	}
	balance, err := g.options.Ledger.Balance(ctx, ledger.Scope{Kind: ledger.ScopeRun, ID: call.Run})
	if err != nil || balance.Limit != (ledger.Limit{}) {
		return err
	}
	return g.EnsureRun(ctx, call.Run, call.Limit)
}

// scopes are who pays for a call.
func (c Call) scopes() []ledger.Scope {
	scopes := []ledger.Scope{{Kind: ledger.ScopeRun, ID: c.Run}}
	if c.Client != "" {
		scopes = append(scopes, ledger.Scope{Kind: ledger.ScopeClient, ID: c.Client})
	}
	if c.Team != "" {
		scopes = append(scopes, ledger.Scope{Kind: ledger.ScopeTeam, ID: c.Team})
	}
	return scopes
}
