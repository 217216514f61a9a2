package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

const timeOver = "its time was over"

// Sweep implements ledger.Ledger.
func (j *Journal) Sweep(ctx context.Context, now time.Time) (released, uncertain int, err error) {
	for {
		ids, err := j.expired(ctx, now)
		if err != nil {
			return released, uncertain, fmt.Errorf("looking for attempts whose time is over: %w", err)
		}
		r, u, err := j.expireAll(ctx, ids)
		released, uncertain = released+r, uncertain+u
		if err != nil {
			return released, uncertain, fmt.Errorf("ending attempts whose time is over: %w", err)
		}
		if len(ids) < maxPage || r+u == 0 {
			return released, uncertain, nil
		}
	}
}

func (j *Journal) expired(ctx context.Context, now time.Time) ([]int64, error) {
	var ids []int64
	err := j.each(ctx, func(rows *sql.Rows) error {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		ids = append(ids, id)
		return nil
	}, `SELECT id FROM ledger_attempts WHERE state <> 'settled' AND state IN ('reserved', 'dispatched') AND expires > 0 AND expires <= $1
		LIMIT $2`, stamp(now), maxPage)
	return ids, err
}

// expireAll queues all before it waits for the first, so that they share
// transactions.
func (j *Journal) expireAll(ctx context.Context, ids []int64) (released, uncertain int, err error) {
	ops := make([]*operation, 0, len(ids))
	for _, id := range ids {
		op := &operation{action: actExpire, id: id}
		if err = j.submit(ctx, op); err != nil {
			break
		}
		ops = append(ops, op)
	}
	for _, op := range ops {
		err = errors.Join(err, j.await(ctx, op))
		switch op.expired {
		case ledger.StateReleased:
			released++
		case ledger.StateUncertain:
			uncertain++
		}
	}
	return released, uncertain, err
}

// expire ends an attempt that is open still.
func (b *batch) expire(op *operation) error {
	op.expired = ""
	a := b.attempts[op.id]
	if a == nil || !a.open() {
		return nil
	}
	b.end(a, timeOver)
	op.expired = a.State
	return nil
}
