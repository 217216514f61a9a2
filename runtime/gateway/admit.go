package gateway

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// maxSqueezes bounds how often max_tokens is lowered to fit before a call is
// refused; each try sees what other calls took meanwhile.
const maxSqueezes = 8

// reserveWithin bounds waiting for the ledger before anything is sent.
const reserveWithin = 10 * time.Second

// countWithin bounds asking a provider how many tokens a request has.
const countWithin = 5 * time.Second

// expiryMargin is how long after its last moment an attempt counts as abandoned.
const expiryMargin = time.Minute

// reserve holds the bound of the request and marks it as about to be sent. Where
// that does not fit, the provider is asked for a closer count of the input; then
// max_tokens is lowered to what the budget leaves; then the call is refused.
func (t *trip) reserve(ctx context.Context, request *provider.Request, waited time.Duration) (ledger.Attempt, error) {
	if t.cap > 0 {
		request.MaxTokens = min(request.MaxTokens, t.cap)
	}
	options := &t.gateway.options
	least := min(request.MaxTokens, options.MinOutput)
	r := ledger.Reservation{
		Key: t.call.Key, Run: t.call.Run, Client: t.call.Client, Team: t.call.Team, Feature: t.call.feature(), Limit: t.call.RequestLimit,
		Dispatched: true, Provider: t.leg.model.Provider, Region: request.Region, Model: t.leg.name,
		Agent: t.call.Agent, AgentVersion: t.call.AgentVersion, Wait: waited,
	}
	for squeezes := 0; ; squeezes++ {
		r.Hold = t.leg.model.hold(t.leg.input, request.MaxTokens)
		r.Expires = options.Now().Add(options.AttemptTimeout + options.Drain + expiryMargin)
		attempt, err := t.hold(ctx, r)
		if err == nil || errors.Is(err, ledger.ErrAnswered) {
			return attempt, err
		}
		var refusal *ledger.ExceededError
		if !errors.As(err, &refusal) {
			return ledger.Attempt{}, ledgerFailed(ctx, "reserving the budget of the call", err)
		}
		if squeezes == maxSqueezes {
			return ledger.Attempt{}, err
		}
		if t.count(ctx, *request) {
			continue
		}
		fits := t.leg.model.affordable(refusal, t.leg.input)
		if fits >= int64(request.MaxTokens) || fits < int64(least) {
			return ledger.Attempt{}, err
		}
		request.MaxTokens = int(fits)
	}
}

func (t *trip) hold(ctx context.Context, r ledger.Reservation) (ledger.Attempt, error) {
	limited, cancel := context.WithTimeout(ctx, reserveWithin)
	defer cancel()
	return t.gateway.options.Ledger.Reserve(limited, r)
}

// count asks the provider once how many tokens the input has, and says whether
// that is less than the bound.
func (t *trip) count(ctx context.Context, request provider.Request) bool {
	counter, ok := t.leg.server.(provider.TokenCounter)
	if !ok || t.leg.counted || t.texts != nil {
		return false
	}
	t.leg.counted = true
	ctx, cancel := context.WithTimeout(ctx, countWithin)
	defer cancel()
	tokens, err := counter.CountTokens(ctx, request)
	if err != nil {
		t.logger().Info("provider did not count the input of a model call; it is held by its bytes", zap.Error(err))
		return false
	}
	if tokens < 0 || tokens >= t.leg.input {
		return false
	}
	t.leg.input = tokens
	return true
}

func (c Call) feature() string {
	if c.Feature == "" {
		return "agent"
	}
	return c.Feature
}
