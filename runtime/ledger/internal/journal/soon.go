package journal

import (
	"context"
	"fmt"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// lingering is how long a transaction that nobody waits for is put off, so that
// the next reservation shares it.
const lingering = 2 * time.Millisecond

// SettleSoon implements ledger.Ledger.
func (j *Journal) SettleSoon(ctx context.Context, attempt int64, s ledger.Settlement, told func(error)) error {
	if err := checkUsage(s.Usage); err != nil {
		return fmt.Errorf("settling attempt %d: %w", attempt, err)
	}
	j.untold.Add(1)
	err := j.submit(ctx, &operation{action: actSettle, id: attempt, settlement: s, told: func(err error) {
		j.untold.Add(-1)
		if err != nil {
			err = fmt.Errorf("settling attempt %d: %w", attempt, err)
		}
		told(err)
	}})
	if err != nil {
		j.untold.Add(-1)
		return fmt.Errorf("settling attempt %d: %w", attempt, err)
	}
	select {
	case <-j.stopped:
		j.refuseQueued() // it may have come after Close did so
	default:
	}
	return nil
}

// gather begins a batch. One that nobody waits for lingers until somebody does.
func (j *Journal) gather(first *operation) []*operation {
	batch := []*operation{first}
	if first.told == nil {
		return batch
	}
	timer := time.NewTimer(lingering)
	defer timer.Stop()
	for len(batch) < batchLength {
		select {
		case op := <-j.queue:
			batch = append(batch, op)
			if op.told == nil {
				return batch
			}
		case <-timer.C:
			return batch
		case <-j.stopping:
			return batch
		}
	}
	return batch
}

// catchUp waits until what is settled soon is in the database, where reads look.
func (j *Journal) catchUp(ctx context.Context) error {
	if j.untold.Load() == 0 {
		return nil
	}
	return j.do(ctx, &operation{action: actNothing})
}

// refuseQueued ends what came after the last batch was taken.
func (j *Journal) refuseQueued() {
	for {
		select {
		case op := <-j.queue:
			if op.begun.CompareAndSwap(false, true) {
				op.err = errClosed
				op.finish()
			}
		default:
			return
		}
	}
}
