package gateway

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// Outcome is what became of an attempt that was sent: its end as the ledger is
// to be told.
type Outcome struct {
	Attempt    int64
	State      ledger.State      // settled, released or uncertain
	Settlement ledger.Settlement // where settled
	Reason     string            // where not
}

// Spool is a durable journal of outcomes that the ledger could not be told.
type Spool interface {
	// Append keeps an outcome; when it returns, a crash does not lose it.
	Append(o Outcome) error
	// Replay gives each outcome to tell, oldest first, and forgets those that
	// were told. It ends with the first error of tell; the rest is kept.
	Replay(ctx context.Context, tell func(context.Context, Outcome) error) error
}

func (o Outcome) tell(ctx context.Context, book ledger.Ledger) (ledger.Left, error) {
	unknown := ledger.Left{Tokens: -1, NanoUSD: -1}
	switch o.State {
	case ledger.StateSettled:
		return book.Settle(ctx, o.Attempt, o.Settlement)
	case ledger.StateReleased:
		return unknown, book.Release(ctx, o.Attempt, o.Reason)
	}
	return unknown, book.Uncertain(ctx, o.Attempt, o.Reason)
}

// Run looks after what was left behind until ctx ends: it tells the ledger what
// is in the spool, and ends attempts whose time is over. One call of it for each
// process is enough.
func (g *Gateway) Run(ctx context.Context) {
	ticker := time.NewTicker(g.options.SweepEvery)
	defer ticker.Stop()
	for {
		g.sweep(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (g *Gateway) sweep(ctx context.Context) {
	log := g.options.Logger
	if g.options.Spool != nil {
		told := 0
		err := g.options.Spool.Replay(ctx, func(ctx context.Context, o Outcome) error {
			err := g.tellLate(ctx, o)
			if err == nil {
				told++
			}
			return err
		})
		if told > 0 {
			log.Info("ledger was told what was in the spool", zap.Int("outcomes", told))
		}
		if err != nil && ctx.Err() == nil {
			log.Warn("spool was not told to the ledger; it is tried again", zap.Error(err))
			return // what is in the spool must not be swept as unknown
		}
	}
	released, uncertain, err := g.options.Ledger.Sweep(ctx, g.options.Now())
	if err != nil && ctx.Err() == nil {
		log.Warn("expired attempts were not swept; it is tried again", zap.Error(err))
	}
	if released+uncertain > 0 {
		log.Warn("attempts were left behind by a process that is gone", zap.Int("released", released), zap.Int("uncertain", uncertain))
	}
}

// tellLate tells an outcome from the spool. One that the ledger will never take
// is logged and let go: the attempt ended otherwise, and keeps what it has.
func (g *Gateway) tellLate(ctx context.Context, o Outcome) error {
	_, err := o.tell(ctx, g.options.Ledger)
	if errors.Is(err, ledger.ErrState) || errors.Is(err, ledger.ErrUnknownAttempt) {
		g.options.Logger.Error("ledger refused an outcome from the spool", zap.Int64("attempt", o.Attempt), zap.String("outcome", string(o.State)), zap.Error(err))
		return nil
	}
	return err
}
