package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// findWithin bounds a look for an answer, in a ledger that does not answer.
const findWithin = 10 * time.Second

// flight is a call under way in this process.
type flight struct {
	run, client string
	done        chan struct{}
	result      Result
	err         error
}

// Invoke answers a call: from the ledger when it has been answered before, from
// the client's cache where that is allowed, else by a provider, within every
// budget. Callers in one process that ask for the same key at once share one
// flight. Every error is a *CallError, except that of a ctx that ended while
// another caller's flight was waited for.
//
// A streamed call whose caller goes away after it was sent is read to its end
// for a bounded time; Invoke returns then, with the answer if there is one.
func (g *Gateway) Invoke(ctx context.Context, call Call) (Result, error) {
	if call.Key == "" || call.Run == "" && call.Client == "" {
		return Result{}, &CallError{Key: call.Key, Err: errors.New("a call needs a key, and a run or a client to charge")}
	}
	for {
		f, mine := g.board(call)
		if mine {
			return g.fly(ctx, call, f)
		}
		if f.run != call.Run || f.client != call.Client {
			return Result{}, &CallError{Key: call.Key, Model: g.modelFor(call), Err: errForeignKey}
		}
		select {
		case <-ctx.Done():
			return Result{}, fmt.Errorf("waiting for call %s: %w", call.Key, ctx.Err())
		case <-f.done:
		}
		if f.err == nil {
			result := f.result
			result.Replayed = true
			tell(call, result.Response)
			return result, nil
		}
		if !cancelled(f.err) || ctx.Err() != nil {
			return Result{}, f.err
		}
		// The other caller went away; this one has not.
	}
}

func (g *Gateway) board(call Call) (f *flight, mine bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f, under := g.flights[call.Key]; under {
		return f, false
	}
	f = &flight{run: call.Run, client: call.Client, done: make(chan struct{}), err: errAbandoned}
	g.flights[call.Key] = f
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
	if f.err == nil && f.result.Unsettled && !call.Transient {
		g.keepUntold(call.Key, f)
	}
	return f.result, f.err
}

// answer replays the call or makes it.
func (g *Gateway) answer(ctx context.Context, call Call) (Result, error) {
	name := g.modelFor(call)
	fail := func(err error) (Result, error) {
		return Result{}, &CallError{Key: call.Key, Model: name, Retryable: retryable(err), Err: err}
	}
	if !call.Transient {
		if result, found, err := g.replay(ctx, call); found || err != nil {
			if err != nil {
				return fail(err)
			}
			tell(call, result.Response)
			return result, nil
		}
	}
	model, _, err := g.resolve(name)
	switch {
	case err != nil:
		return fail(err)
	case model.Embedding:
		return fail(&UnknownModelError{Model: name, Reason: "it makes vectors, and cannot be asked for an answer"})
	}
	if err := g.guard(ctx, call, name); err != nil {
		return fail(err)
	}
	if err := g.limitRun(ctx, call); err != nil {
		return fail(err)
	}
	t := &trip{gateway: g, call: call, name: name, places: g.places[name]}
	if call.cacheable() {
		return t.cached(ctx)
	}
	return t.run(ctx)
}

// replay gives the stored answer of a call. One that was a hit of the cache is
// not stored: it is asked for again.
func (g *Gateway) replay(ctx context.Context, call Call) (Result, bool, error) {
	if f := g.untoldOf(call.Key); f != nil {
		if f.run != call.Run || f.client != call.Client {
			return Result{}, false, errForeignKey
		}
		result := f.result
		result.Replayed = true
		return result, true, nil
	}
	finding, cancel := context.WithTimeout(ctx, findWithin)
	defer cancel()
	stored, found, err := g.options.Ledger.Find(finding, call.Key)
	if err != nil {
		return Result{}, false, ledgerFailed(ctx, "looking for an answer to the call", err)
	}
	switch a := stored.Attempt; {
	case !found:
		return Result{}, false, nil
	case a.Run != call.Run || a.Client != call.Client:
		return Result{}, false, errForeignKey
	case len(stored.Response) == 0 && a.Cached && call.cacheable():
		return Result{}, false, nil
	case len(stored.Response) == 0:
		return Result{}, false, errNotKept
	}
	result := Result{Model: stored.Attempt.Model, NanoUSD: stored.Attempt.Usage.NanoUSD, Replayed: true, Left: ledger.Left{Tokens: -1, NanoUSD: -1}}
	if err := json.Unmarshal(stored.Response, &result.Response); err != nil {
		return Result{}, false, fmt.Errorf("decoding the stored response of attempt %d: %w", stored.Attempt.ID, err)
	}
	return result, true, nil
}

func (g *Gateway) limitRun(ctx context.Context, call Call) error {
	if call.Limit == (ledger.Limit{}) || call.Run == "" {
		return nil
	}
	balance, err := g.options.Ledger.Balance(ctx, ledger.Scope{Kind: ledger.ScopeRun, ID: call.Run}, ledger.PeriodTotal)
	if err != nil {
		return ledgerFailed(ctx, "reading the budget of the run", err)
	}
	if balance.Limit != (ledger.Limit{}) {
		return nil
	}
	return g.EnsureRun(ctx, call.Run, call.Limit)
}

// request is what a call asks of a model.
func (c Call) request(model Model) provider.Request {
	r := provider.Request{
		Model: model.ID, Agent: c.Agent, Input: c.Input, System: c.System, Messages: c.Messages, Tools: c.Tools, Output: c.Output,
		MaxTokens: model.MaxOutput, Temperature: c.Temperature, TopP: c.TopP, Stop: c.Stop, ToolChoice: c.ToolChoice,
	}
	if c.MaxTokens > 0 {
		r.MaxTokens = min(c.MaxTokens, model.MaxOutput)
	}
	return r
}
