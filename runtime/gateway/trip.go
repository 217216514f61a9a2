package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// How often, and with what waits, a call is attempted again inside one
// invocation. What takes longer is left to the caller.
const (
	maxThrottled   = 3 // attempts after a throttled one
	maxUnavailable = 1 // attempts after the service failed
	baseWait       = 500 * time.Millisecond
	maxWait        = 20 * time.Second
)

// endWithin bounds the writing of an outcome after the provider answered.
const endWithin = 10 * time.Second

// maxSqueezes bounds how often max_tokens is lowered to fit before a call is
// refused; each try sees what other calls took meanwhile.
const maxSqueezes = 8

// trip is one invocation of a call that is not answered yet.
type trip struct {
	gateway *Gateway
	call    Call
	name    string // of the model
	model   Model
	server  provider.Provider
	request provider.Request
	input   int64 // bound of the input tokens

	attempts    int
	throttled   int
	unavailable int
}

func (t *trip) run(ctx context.Context) (Result, error) {
	for {
		result, wait, err := t.attempt(ctx)
		if errors.Is(err, ledger.ErrAnswered) { // another process was faster
			stored, found, lost := t.gateway.replay(ctx, t.call.Key)
			if found {
				return stored, nil
			}
			err = errors.Join(err, lost)
		}
		if err == nil {
			return result, nil
		}
		if wait == 0 {
			return Result{}, t.fail(err)
		}
		t.logger().Info("model call is tried again", zap.Duration("wait", wait), zap.Error(err))
		if slept := t.gateway.options.Sleep(ctx, wait); slept != nil {
			return Result{}, t.fail(errors.Join(slept, err))
		}
	}
}

func (t *trip) fail(err error) error {
	failure := &CallError{Key: t.call.Key, Model: t.name, Attempts: t.attempts, Retryable: retryable(err), Err: err}
	if failed := (*provider.Error)(nil); errors.As(err, &failed) {
		failure.RetryAfter = failed.RetryAfter
	}
	return failure
}

func (t *trip) logger() *zap.Logger {
	return t.gateway.options.Logger.With(zap.String("call", t.call.Key), zap.String("run", t.call.Run),
		zap.String("agent", t.call.Agent), zap.String("model", t.name))
}

// attempt makes one physical attempt. A wait above 0 says that another is due.
func (t *trip) attempt(ctx context.Context) (result Result, wait time.Duration, err error) {
	book := t.gateway.options.Ledger
	request := t.request
	reserved, err := t.reserve(ctx, &request)
	if err != nil {
		return Result{}, 0, err
	}
	if err := book.Dispatch(ctx, reserved.ID); err != nil {
		t.end(ctx, reserved.ID, func(ctx context.Context) error {
			return book.Release(ctx, reserved.ID, "it could not be marked as dispatched, and was not sent")
		})
		return Result{}, 0, err
	}
	t.attempts++
	sent, finish := t.gateway.telemetry.begin(ctx, t, request, reserved)
	response, err := t.server.Converse(sent, request)
	usage := t.usage(response, request, reserved)
	finish(response, usage, err)
	if err == nil {
		return t.settle(ctx, reserved, response, usage), 0, nil
	}
	failed := asProviderError(err, t.model.Provider)
	wait = t.waitAfter(failed)
	t.end(ctx, reserved.ID, func(ctx context.Context) error {
		if failed.NotCharged {
			return book.Release(ctx, reserved.ID, reason(failed, wait))
		}
		return book.Uncertain(ctx, reserved.ID, reason(failed, wait))
	})
	return Result{}, wait, failed
}

// reserve holds the bound of the request. Where that does not fit, max_tokens is
// lowered to what the budget leaves.
func (t *trip) reserve(ctx context.Context, request *provider.Request) (ledger.Attempt, error) {
	least := min(request.MaxTokens, t.gateway.options.MinOutput)
	for squeezes := 0; ; squeezes++ {
		attempt, err := t.gateway.options.Ledger.Reserve(ctx, ledger.Reservation{
			Key: t.call.Key, Scopes: t.call.scopes(), Hold: t.model.hold(t.input, request.MaxTokens),
			Provider: t.model.Provider, Model: t.name, Agent: t.call.Agent, AgentVersion: t.call.AgentVersion,
		})
		var refusal *ledger.ExceededError
		if !errors.As(err, &refusal) {
			return attempt, err
		}
		fits := t.model.affordable(refusal, t.input)
		if fits >= int64(request.MaxTokens) || fits < int64(least) || squeezes == maxSqueezes {
			return ledger.Attempt{}, err
		}
		request.MaxTokens = int(fits)
	}
}

// usage is what an answer consumed. Where the provider did not say, it is the
// bound that was held: an estimate would be below the truth half of the time.
func (t *trip) usage(response provider.Response, request provider.Request, attempt ledger.Attempt) ledger.Usage {
	u := response.Usage
	if response.UsageMissing || min(u.Input, u.Output, u.CacheRead, u.CacheWrite) < 0 {
		return ledger.Usage{InputTokens: t.input, OutputTokens: int64(request.MaxTokens), NanoUSD: attempt.Hold.NanoUSD}
	}
	return ledger.Usage{
		InputTokens: u.Input, OutputTokens: u.Output, CacheReadTokens: u.CacheRead, CacheWriteTokens: u.CacheWrite, NanoUSD: t.model.cost(u),
	}
}

// settle writes the answer into the ledger. An answer that is paid for is given
// to the caller even when the ledger cannot be told: asking for it again would
// be paid again, and the hold that stays is above what it cost.
func (t *trip) settle(ctx context.Context, attempt ledger.Attempt, response provider.Response, usage ledger.Usage) Result {
	result := Result{Response: response, Model: t.name, NanoUSD: usage.NanoUSD}
	log := t.logger().With(zap.Int64("attempt", attempt.ID))
	stored, err := json.Marshal(response)
	if err != nil {
		log.Error("model call cannot be settled; it keeps its hold", zap.Error(err))
		result.Unsettled = true
		return result
	}
	result.Unsettled = !t.end(ctx, attempt.ID, func(ctx context.Context) error {
		return t.gateway.options.Ledger.Settle(ctx, attempt.ID,
			ledger.Settlement{Usage: usage, Response: stored, Latency: response.Latency})
	})
	if response.UsageMissing {
		log.Warn("provider did not say what a model call consumed; it was settled at its hold")
	}
	if usage.Tokens() > attempt.Hold.Tokens || usage.NanoUSD > attempt.Hold.NanoUSD {
		log.Error("model call consumed more than its hold", zap.Int64("tokens", usage.Tokens()), zap.Int64("held_tokens", attempt.Hold.Tokens),
			zap.Int64("nano_usd", usage.NanoUSD), zap.Int64("held_nano_usd", attempt.Hold.NanoUSD))
		t.gateway.telemetry.overage(ctx, t)
	}
	return result
}

// end writes an outcome, whatever became of the caller, for a bounded time. An
// attempt whose outcome could not be written keeps its hold.
func (t *trip) end(ctx context.Context, attempt int64, write func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWithin)
	defer cancel()
	for wait := 20 * time.Millisecond; ; wait *= 2 {
		err := write(ctx)
		if err == nil {
			return true
		}
		final := errors.Is(err, ledger.ErrState) || errors.Is(err, ledger.ErrUnknownAttempt)
		if final || sleep(ctx, wait) != nil {
			t.logger().Error("ledger was not told what became of an attempt; it keeps its hold", zap.Int64("attempt", attempt), zap.Error(err))
			return false
		}
	}
}

// waitAfter decides by class alone whether this invocation tries again, and
// after how long: full jitter, and not before the provider said.
func (t *trip) waitAfter(failed *provider.Error) time.Duration {
	var again int
	switch failed.Class {
	case provider.ClassThrottled:
		t.throttled++
		if again = t.throttled; again > maxThrottled {
			return 0
		}
	case provider.ClassUnavailable, provider.ClassInternal:
		t.unavailable++
		if again = t.unavailable; again > maxUnavailable {
			return 0
		}
	default:
		return 0
	}
	if failed.RetryAfter > maxWait { // the caller waits longer than this
		return 0
	}
	wait := t.gateway.options.Jitter(min(maxWait, baseWait<<again))
	return max(wait, failed.RetryAfter, time.Millisecond)
}

// maxReason bounds what of an error goes into the ledger.
const maxReason = 500

func reason(failed *provider.Error, wait time.Duration) string {
	text := failed.Error()
	if wait > 0 {
		text = fmt.Sprintf("tried again after %s: %s", wait.Round(time.Millisecond), text)
	}
	if len(text) > maxReason {
		text = text[:maxReason]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "�"), "\x00", "")
}

// asProviderError holds providers to their contract.
func asProviderError(err error, name string) *provider.Error {
	failed := (*provider.Error)(nil)
	if errors.As(err, &failed) {
		return failed
	}
	class := provider.ClassInternal
	if cancelled(err) {
		class = provider.ClassCancelled
	}
	return &provider.Error{Class: class, Provider: name, Message: err.Error(), Err: err}
}
