package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/ledger/spool"
)

// How long the ledger is tried to be told an outcome: until it goes to the
// spool, or where there is none, until the attempt is left with its hold.
const (
	spoolAfter = 2 * time.Second
	endWithin  = 10 * time.Second
)

// settle writes the answer into the ledger. An answer that is paid for is given
// to the caller even when the ledger cannot be told: asking for it again would
// be paid again, and the hold that stays is above what it cost. An answer that
// nobody asks for again does not wait for the ledger at all: its hold is on the
// disk, and stays should this process die.
func (t *trip) settle(ctx context.Context, made exchanged) Result {
	usage, hold := made.usage, made.attempt.Hold
	result := Result{Response: made.response, Model: t.leg.name, NanoUSD: usage.NanoUSD, Omitted: t.leg.omitted, Attempts: t.notes}
	settlement := ledger.Settlement{Usage: usage, Latency: made.response.Latency, FirstToken: made.response.FirstToken}
	if settlement.Latency == 0 {
		settlement.Latency = made.took
	}
	if !t.call.Transient {
		stored, err := json.Marshal(made.response)
		if err != nil {
			t.logger().Error("answer of a model call cannot be stored; the call is settled without it", zap.Error(err))
		}
		settlement.Response = stored
	}
	entry := spool.Entry{Attempt: made.attempt.ID, Kind: spool.Settle, Settlement: &settlement}
	if t.call.Transient && t.endSoon(ctx, entry) {
		result.Left = made.attempt.LeftBy(usage)
	} else {
		left, told := t.end(ctx, entry)
		result.Left, result.Unsettled = left, !told
	}
	if made.response.UsageMissing {
		t.logger().Warn("provider did not say what a model call consumed; it was settled at its hold", zap.Int64("attempt", made.attempt.ID))
	}
	if usage.Tokens() > hold.Tokens || usage.NanoUSD > hold.NanoUSD {
		t.logger().Error("model call consumed more than its hold", zap.Int64("attempt", made.attempt.ID),
			zap.Int64("tokens", usage.Tokens()), zap.Int64("held_tokens", hold.Tokens),
			zap.Int64("nano_usd", usage.NanoUSD), zap.Int64("held_nano_usd", hold.NanoUSD))
		t.gateway.telemetry.overage(ctx, t)
	}
	return result
}

// endSoon has a settlement written without waiting for it. Where it comes to
// nothing afterwards, it is written as any other.
func (t *trip) endSoon(ctx context.Context, e spool.Entry) bool {
	g := t.gateway
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), spoolAfter)
	defer cancel()
	g.unsettled.Add(1)
	err := g.options.Ledger.SettleSoon(limited, e.Attempt, *e.Settlement, func(err error) {
		if err == nil {
			g.unsettled.Add(-1)
			return
		}
		go func() {
			defer g.unsettled.Add(-1)
			t.end(ctx, e)
		}()
	})
	if err != nil {
		g.unsettled.Add(-1)
	}
	return err == nil
}

// Wait waits, until ctx ends, for the settlements of answers that were given
// before them. It is for the end: done before the ledger and the spool are
// closed, it loses none of them.
func (g *Gateway) Wait(ctx context.Context) {
	for g.unsettled.Load() > 0 {
		if sleep(ctx, time.Millisecond) != nil {
			return
		}
	}
}

// end writes an outcome, whatever became of the caller, for a bounded time. What
// the ledger cannot be told goes to the spool; without one the attempt keeps its
// hold.
func (t *trip) end(ctx context.Context, e spool.Entry) (ledger.Left, bool) {
	journal := t.gateway.options.Spool
	within := endWithin
	if journal != nil {
		within = spoolAfter
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	for wait := 20 * time.Millisecond; ; wait *= 2 {
		left, err := tellLedger(limited, t.gateway.options.Ledger, e)
		if err == nil {
			return left, true
		}
		final := errors.Is(err, ledger.ErrState) || errors.Is(err, ledger.ErrUnknownAttempt)
		if !final && sleep(limited, wait) == nil {
			continue
		}
		unknown := ledger.Left{Tokens: -1, NanoUSD: -1}
		log := t.logger().With(zap.Int64("attempt", e.Attempt), zap.String("outcome", string(e.Kind)), zap.NamedError("ledger", err))
		if final || journal == nil {
			log.Error("ledger was not told what became of an attempt; it keeps its hold")
			return unknown, false
		}
		if err := journal.Append(e); err != nil {
			log.Error("neither ledger nor spool could be told what became of an attempt; it keeps its hold", zap.Error(err))
			return unknown, false
		}
		t.gateway.wake()
		log.Warn("ledger is out of reach; what became of an attempt is in the spool until it is back")
		return unknown, false
	}
}
