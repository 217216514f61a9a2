package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/ledger/spool"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// trip is one invocation of a call that is not answered yet: its attempts, one
// after the other, at one place or several.
type trip struct {
	gateway *Gateway
	call    Call
	name    string   // of the model asked for
	texts   []string // to embed; then the vectors are in vectors
	sizes   int      // dimensions of the vectors
	vectors [][]float32

	places  []place
	at      int
	leg     *leg          // of the model at that place
	wait    time.Duration // before the next attempt
	cap     int           // of max_tokens, after a timeout; 0 is none
	left    bool          // the caller of the stream went away
	lowered bool          // max_tokens of the last attempt was below what was asked

	notes     []AttemptNote
	failure   *provider.Error // of the last attempt
	refused   *RefusedError   // the first place that could not be tried after it
	throttled int
	notReady  int
	timeouts  int
	again     int
}

// leg is the call made ready for one model.
type leg struct {
	name    string
	model   Model
	server  provider.Provider
	request provider.Request
	asked   int   // max_tokens before anything lowered it
	input   int64 // bound of the input tokens
	counted bool  // by the provider
	omitted Omitted
}

func (t *trip) run(ctx context.Context) (Result, error) {
	if !t.goOn(0) {
		return Result{}, t.fail(t.allOpen())
	}
	for {
		result, next, err := t.attempt(ctx)
		if errors.Is(err, ledger.ErrAnswered) { // another process was faster
			stored, found, lost := t.gateway.replay(ctx, t.call)
			if found {
				tell(t.call, stored.Response)
				return stored, nil
			}
			err = errors.Join(err, lost)
		}
		if err == nil {
			return result, nil
		}
		if !next.again {
			return Result{}, t.fail(err)
		}
		t.logger().Info("model call is tried again", zap.Duration("wait", next.wait), zap.String("next", next.where), zap.Error(err))
		t.wait += next.wait
		if next.wait == 0 {
			continue
		}
		if slept := t.gateway.options.Sleep(ctx, next.wait); slept != nil {
			return Result{}, t.fail(errors.Join(slept, err))
		}
	}
}

func (t *trip) fail(err error) error {
	failure := &CallError{
		Key: t.call.Key, Model: t.name, Attempts: len(t.notes), Notes: t.notes, Retryable: retryable(err), Err: err,
	}
	if failed := (*provider.Error)(nil); errors.As(err, &failed) {
		failure.RetryAfter = failed.RetryAfter
	}
	return failure
}

func (t *trip) logger() *zap.Logger {
	return t.gateway.options.Logger.With(zap.String("call", t.call.Key), zap.String("run", t.call.Run),
		zap.String("client", t.call.Client), zap.String("agent", t.call.Agent), zap.String("model", t.places[t.at].model))
}

// ready makes the call ready for the model at the place it is at.
func (t *trip) ready(ctx context.Context) error {
	name := t.places[t.at].model
	if t.leg != nil && t.leg.name == name {
		return nil
	}
	model, server, err := t.gateway.resolve(name)
	if err != nil {
		return err
	}
	made := &leg{name: name, model: model, server: server}
	t.leg = made
	if t.texts != nil {
		made.request = provider.Request{Model: model.ID}
		made.input = textsBound(t.texts)
		return nil
	}
	made.request = t.call.request(model)
	made.asked = made.request.MaxTokens
	if made.input, err = inputBound(ctx, server, made.request); err != nil {
		return fmt.Errorf("counting the input: %w", err)
	}
	made.omitted, err = model.fit(&made.request, made.input, t.call.Shape, min(made.asked, t.gateway.options.MinOutput))
	if err != nil || made.omitted.Messages == 0 {
		return err
	}
	if made.input, err = inputBound(ctx, server, made.request); err != nil {
		return fmt.Errorf("counting the input: %w", err)
	}
	return nil
}

// attempt makes one physical attempt, and says what comes next if it fails.
func (t *trip) attempt(ctx context.Context) (Result, step, error) {
	made, err := t.exchange(ctx)
	if err != nil {
		return t.notSent(ctx, err)
	}
	note := AttemptNote{Model: t.leg.name, Region: made.request.Region, Wait: made.waited, Duration: made.took}
	if made.failed == nil {
		t.notes = append(t.notes, note)
		return t.settle(ctx, made), step{}, nil
	}
	note.Class = made.failed.Class
	t.notes = append(t.notes, note)
	t.failure, t.refused = made.failed, nil
	next := t.decide(ctx, made)
	kind := spool.Uncertain
	if made.failed.NotCharged {
		kind = spool.Release
	}
	t.end(ctx, spool.Entry{Attempt: made.attempt.ID, Kind: kind, Reason: reason(made.failed, next)})
	return Result{}, next, made.failed
}

// exchanged is an attempt that was sent.
type exchanged struct {
	request  provider.Request
	attempt  ledger.Attempt
	response provider.Response
	usage    ledger.Usage
	failed   *provider.Error
	waited   time.Duration
	took     time.Duration
}

// errOpen says that a circuit opened while a place at the provider was waited for.
var errOpen = errors.New("the circuit is open")

// exchange gets a place at the provider, holds the budget and sends. An error
// says that nothing was sent.
func (t *trip) exchange(ctx context.Context) (made exchanged, err error) {
	if err := t.ready(ctx); err != nil {
		return exchanged{}, err
	}
	options, p := &t.gateway.options, t.places[t.at]
	queue := t.gateway.slots[t.leg.model.Provider]
	queued, err := queue.take(ctx, options.QueueTimeout)
	if err != nil {
		return exchanged{}, err
	}
	defer queue.give()
	pass, ok := p.circuit.enter(options.Now())
	if !ok {
		return exchanged{}, errOpen
	}
	says := saysNothing
	defer func() { pass.leave(says, options.Now()) }()

	made = exchanged{request: t.leg.request, waited: t.wait + queued}
	made.request.Region = p.region
	if made.attempt, err = t.reserve(ctx, &made.request, made.waited); err != nil {
		return exchanged{}, err
	}
	t.wait = 0
	if gone := ctx.Err(); gone != nil {
		t.end(ctx, spool.Entry{Attempt: made.attempt.ID, Kind: spool.Release, Reason: "the caller went away before it was sent"})
		return exchanged{}, fmt.Errorf("sending the call: %w", gone)
	}
	started := time.Now()
	sent, finish := t.gateway.telemetry.begin(ctx, t, made.request, made.attempt)
	if t.texts == nil {
		made.response, made.failed = t.converse(sent, t.leg.server, made.request)
	} else {
		made.response, made.failed = t.embed(sent, made.request)
	}
	made.took = time.Since(started)
	t.lowered = made.request.MaxTokens < t.leg.asked
	if made.failed == nil {
		made.usage = t.usage(made)
	}
	says = verdictOf(made.failed)
	finish(made)
	return made, nil
}

// usage is what an answer consumed. Where the provider did not say, it is the
// bound that was held: an estimate would be below the truth half of the time.
func (t *trip) usage(made exchanged) ledger.Usage {
	u := made.response.Usage
	if made.response.UsageMissing || min(u.Input, u.Output, u.CacheRead, u.CacheWrite) < 0 {
		return ledger.Usage{InputTokens: t.leg.input, OutputTokens: int64(made.request.MaxTokens), NanoUSD: made.attempt.Hold.NanoUSD}
	}
	return ledger.Usage{
		InputTokens: u.Input, OutputTokens: u.Output, CacheReadTokens: u.CacheRead, CacheWriteTokens: u.CacheWrite, NanoUSD: t.leg.model.cost(u),
	}
}

// notSent decides what comes of an attempt that was not sent: a place that is
// closed, and a fallback that is refused, are passed by.
func (t *trip) notSent(ctx context.Context, err error) (Result, step, error) {
	if errors.Is(err, errOpen) {
		if t.goOn(t.at + 1) {
			return Result{}, t.here(), err
		}
		err = t.allOpen()
	}
	model := t.places[t.at].model
	failure := t.failure
	if failure == nil && model != t.name {
		failure = t.openUntil(t.name)
	}
	lost := (*LedgerError)(nil)
	if failure == nil || ctx.Err() != nil || errors.Is(err, ledger.ErrAnswered) || errors.As(err, &lost) {
		return Result{}, step{}, err
	}
	if t.refused == nil {
		t.refused = &RefusedError{Model: model, Refusal: err, Failure: failure}
	}
	if failure.Class == provider.ClassUnavailable || failure.Class == provider.ClassInternal {
		for next := t.at + 1; next < len(t.places); next++ {
			if t.places[next].model != model && t.goOn(next) {
				return Result{}, t.here(), t.refused
			}
		}
	}
	return Result{}, step{}, t.refused
}
