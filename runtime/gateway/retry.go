package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/telemetry"
)

// How often, and with what waits, a call is attempted again inside one
// invocation. What takes longer is left to the caller.
const (
	maxThrottled = 3 // attempts after a throttled one
	maxNotReady  = 3 // attempts after the model was not ready
	maxTimeouts  = 1 // attempts after the model took too long
	maxAgain     = 1 // attempts after a failure where there is nowhere else to go
	baseWait     = 500 * time.Millisecond
	maxWait      = 20 * time.Second
	notReadyWait = 5 * time.Second
)

// step is what comes after a failed attempt.
type step struct {
	again bool
	wait  time.Duration
	where string // for the record
}

// decide says by class alone whether this invocation tries again, where, and
// after how long. What had begun, or whose caller is gone, is never repeated.
func (t *trip) decide(ctx context.Context, made exchanged) step {
	failed := made.failed
	if failed.Begun || t.left || ctx.Err() != nil {
		return step{}
	}
	next := step{again: true}
	switch failed.Class {
	case provider.ClassThrottled:
		t.throttled++
		next.again, next.wait = t.throttled <= maxThrottled, t.backoff(t.throttled)
	case provider.ClassTimeout:
		t.timeouts++
		next.again = t.timeouts <= maxTimeouts
		t.cap = max(1, made.request.MaxTokens/2)
	case provider.ClassNotReady:
		t.notReady++
		next.again, next.wait = t.notReady <= maxNotReady, notReadyWait
	case provider.ClassUnavailable, provider.ClassInternal:
		if t.goOn(t.at + 1) {
			return t.here()
		}
		t.again++
		next.again, next.wait = len(t.places) == 1 && t.again <= maxAgain, t.backoff(t.again)
	default:
		return step{}
	}
	if failed.RetryAfter > maxWait { // the caller waits longer than this
		return step{}
	}
	next.wait = max(next.wait, failed.RetryAfter)
	return next
}

// backoff is exponential, with full jitter.
func (t *trip) backoff(again int) time.Duration {
	return max(t.gateway.options.Jitter(min(maxWait, baseWait<<again)), time.Millisecond)
}

// goOn goes to the first place from that one on whose circuit lets it through.
func (t *trip) goOn(from int) bool {
	now := t.gateway.options.Now()
	for i := from; i < len(t.places); i++ {
		if t.places[i].circuit.closedFor(now) == 0 {
			t.at = i
			return true
		}
	}
	return false
}

// here is the step to the place that was gone to.
func (t *trip) here() step {
	p := t.places[t.at]
	next := step{again: true, where: "model " + p.model}
	if p.region != "" {
		next.where += " in " + p.region
	}
	return next
}

// allOpen says that nothing can be tried, and when something can.
func (t *trip) allOpen() *provider.Error {
	return t.openUntil("")
}

// openUntil says that a model, or with "" every one that could serve, is not
// asked for a while.
func (t *trip) openUntil(model string) *provider.Error {
	now := t.gateway.options.Now()
	soonest := circuitOpen
	for _, p := range t.places {
		if model == "" || p.model == model {
			soonest = min(soonest, max(p.circuit.closedFor(now), time.Millisecond))
		}
	}
	return &provider.Error{
		Class: provider.ClassUnavailable, Provider: t.gateway.options.Catalog[t.name].Provider, NotCharged: true, RetryAfter: soonest,
		Message: fmt.Sprintf("model %q failed %d times in a row wherever it is served, and is not asked for %s", t.name, circuitFailures, soonest.Round(time.Millisecond)),
	}
}

// maxReason bounds what of an error goes into the ledger.
const maxReason = 500

func reason(failed *provider.Error, next step) string {
	text := telemetry.Redact(failed.Error())
	switch {
	case next.again && next.where != "":
		text = fmt.Sprintf("next is %s: %s", next.where, text)
	case next.again:
		text = fmt.Sprintf("tried again after %s: %s", next.wait.Round(time.Millisecond), text)
	}
	if len(text) > maxReason {
		text = text[:maxReason]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "�"), "\x00", "")
}

// asProviderError holds providers to their contract; it is nil where err is.
func asProviderError(err error, name string) *provider.Error {
	if err == nil {
		return nil
	}
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
