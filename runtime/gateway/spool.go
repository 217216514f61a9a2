package gateway

import (
	"context"
	"maps"
	"slices"
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

// spoolRetry is how soon the ledger is tried again that could not be told.
const spoolRetry = 2 * time.Second

// Run looks after what was left behind until ctx ends: it tells the ledger what
// is in the spool, and ends attempts whose time is over. One call of it for each
// process is enough.
func (g *Gateway) Run(ctx context.Context) {
	ticker := time.NewTicker(g.options.SweepEvery)
	defer ticker.Stop()
	for {
		g.Sweep(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-g.spooled:
			if sleep(ctx, min(spoolRetry, g.options.SweepEvery)) != nil {
				return
			}
		}
	}
}

// wake has Run look into the spool soon.
func (g *Gateway) wake() {
	select {
	case g.spooled <- struct{}{}:
	default: // it knows
	}
}

// keepUntold keeps the answer of a call for who asks again before the ledger
// knows it: making it again would be paid again. While the ledger is out of
// reach nothing is sent, so these are few.
func (g *Gateway) keepUntold(key string, f *flight) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.untold[key] = f
}

func (g *Gateway) untoldOf(key string) *flight {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.untold[key]
}

func (g *Gateway) untoldKeys() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Collect(maps.Keys(g.untold))
}

func (g *Gateway) forgetUntold(keys []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, key := range keys {
		delete(g.untold, key)
	}
}

// Sweep does once what Run does. Done before the first call, it tells the ledger
// what a process before this one was paid for and could not tell.
func (g *Gateway) Sweep(ctx context.Context) {
	log, told := g.options.Logger, g.untoldKeys()
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
			g.wake()
			return // what is in the spool must not be swept as unknown
		}
	}
	g.forgetUntold(told)
	released, uncertain, err := g.options.Ledger.Sweep(ctx, g.options.Now())
	if err != nil && ctx.Err() == nil {
		log.Warn("expired attempts were not swept; it is tried again", zap.Error(err))
	}
	if released+uncertain > 0 {
		log.Warn("attempts were left behind by a process that is gone", zap.Int("released", released), zap.Int("uncertain", uncertain))
	}
}
