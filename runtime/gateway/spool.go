package gateway

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/ledger/spool"
)

// Spool keeps on the disk what the ledger could not be told; *spool.Spool does.
type Spool interface {
	// Append keeps an entry; when it returns, a crash does not lose it.
	Append(entry spool.Entry) error
	// Replay tells the ledger what is kept, and forgets what it has taken.
	Replay(ctx context.Context, l ledger.Ledger) (spool.Report, error)
}

// tellLedger tells the end of an attempt.
func tellLedger(ctx context.Context, book ledger.Ledger, e spool.Entry) (ledger.Left, error) {
	unknown := ledger.Left{Tokens: -1, NanoUSD: -1}
	switch e.Kind {
	case spool.Settle:
		return book.Settle(ctx, e.Attempt, *e.Settlement)
	case spool.Release:
		return unknown, book.Release(ctx, e.Attempt, e.Reason)
	}
	return unknown, book.Uncertain(ctx, e.Attempt, e.Reason)
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
		report, err := g.options.Spool.Replay(ctx, g.options.Ledger)
		if report.Applied > 0 {
			log.Info("ledger was told what was in the spool", zap.Int("outcomes", report.Applied))
		}
		for _, apart := range report.Apart {
			log.Error("ledger refused an outcome from the spool; it is kept apart, and the attempt has what it had",
				zap.Int64("attempt", apart.Entry.Attempt), zap.String("kept", apart.Path), zap.Error(apart.Err))
		}
		if report.Torn > 0 {
			log.Warn("writing to the spool was cut off by a crash", zap.Int("entries", report.Torn))
		}
		if err != nil {
			if ctx.Err() == nil {
				log.Warn("spool was not told to the ledger; it is tried again", zap.Error(err))
			}
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
