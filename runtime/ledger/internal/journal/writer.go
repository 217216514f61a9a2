package journal

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

const (
	queueLength = 1024            // operations that may wait; further callers wait to queue
	batchLength = 64              // operations in one transaction
	patience    = 5 * time.Second // with a database that does not answer
	tries       = 8               // of a transaction that others' transactions stand against
)

// errClosed answers what comes after the end.
var errClosed = errors.New("the ledger is closed")

// action is what an operation does.
type action int

const (
	actReserve action = iota
	actHit
	actDispatch
	actSettle
	actRelease
	actUncertain
	actExpire
	actAlone
	actNothing // but wait for those before it
)

// operation is one caller's change and what came of it. It runs to its end
// once begun: its neighbours share its transaction. Its caller waits for done,
// or is told.
type operation struct {
	action      action
	id          int64 // of the attempt; after a reservation, too
	reservation ledger.Reservation
	settlement  ledger.Settlement
	reason      string
	alone       func(context.Context, Tx) error // a transaction of its own

	names   []name         // of the budgets that a reservation is charged to
	created time.Time      // of the attempt that was reserved
	unsure  bool           // a run before this one may have been committed
	attempt ledger.Attempt // reserved
	left    ledger.Left    // after a settlement
	expired ledger.State   // what Sweep made of it
	err     error

	begun atomic.Bool // by the writer, or taken back by the caller
	done  chan struct{}
	told  func(error)
}

// finish lets the caller know what came of it.
func (op *operation) finish() {
	if op.told != nil {
		op.told(op.err)
		return
	}
	close(op.done)
}

// repeatable says that the operation can be done again, also where it was done
// the first time: its caller need not wait for a database that does not answer.
func (op *operation) repeatable() bool {
	return op.action == actSettle || op.action == actRelease || op.action == actUncertain
}

// do queues an operation and waits for what came of it.
func (j *Journal) do(ctx context.Context, op *operation) error {
	if err := j.submit(ctx, op); err != nil {
		return err
	}
	return j.await(ctx, op)
}

func (j *Journal) submit(ctx context.Context, op *operation) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	op.done = make(chan struct{})
	select {
	case <-j.stopping:
		return errClosed
	default:
	}
	select {
	case j.queue <- op:
		return nil
	case <-j.stopping:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (j *Journal) await(ctx context.Context, op *operation) error {
	select {
	case <-op.done:
		return op.err
	case <-j.stopped:
	case <-ctx.Done():
		if op.begun.CompareAndSwap(false, true) || op.repeatable() {
			return ctx.Err() // the writer will pass it over, or it can be told again
		}
		<-op.done
		return op.err
	}
	select {
	case <-op.done:
		return op.err
	default: // queued after the last batch was taken
		return errClosed
	}
}

func (j *Journal) run() {
	defer close(j.stopped)
	for {
		select {
		case op := <-j.queue:
			j.runBatch(j.take(j.gather(op)...))
		case <-j.stopping:
			for batch := j.take(); len(batch) > 0; batch = j.take() {
				j.runBatch(batch)
			}
			return
		}
	}
}

// take adds what is queued to a batch, without waiting. Callers that are about
// to queue, those of the last batch first of all, are let before it once.
func (j *Journal) take(batch ...*operation) []*operation {
	for yielded := false; len(batch) < batchLength; {
		select {
		case op := <-j.queue:
			batch = append(batch, op)
			continue
		default:
		}
		if yielded {
			break
		}
		runtime.Gosched()
		yielded = true
	}
	return batch
}

// runBatch runs what was not taken back, in the order it came.
func (j *Journal) runBatch(taken []*operation) {
	group := taken[:0]
	var idle []*operation
	for _, op := range taken {
		if !op.begun.CompareAndSwap(false, true) {
			continue
		}
		switch op.action {
		case actNothing:
			idle = append(idle, op)
		case actAlone:
			// group shares its array with taken, of which it is never ahead.
			j.runTogether(group)
			group = group[len(group):]
			op.err = j.attempt(op)
			op.finish()
		default:
			group = append(group, op)
		}
	}
	j.runTogether(group)
	for _, op := range idle {
		op.finish()
	}
}

// runTogether runs operations in one transaction. When it fails, each runs
// again in its own, so that everybody gets their own result.
func (j *Journal) runTogether(group []*operation) {
	if len(group) == 0 {
		return
	}
	if err := j.transact(group...); err != nil {
		for _, op := range group {
			// Who waited for a database that does not answer does not wait again.
			if !errors.Is(err, ErrUnreachable) && !errors.Is(err, context.DeadlineExceeded) {
				err = j.attempt(op)
			}
			if err != nil {
				op.err = err
			}
		}
	}
	for _, op := range group {
		op.finish()
	}
}

// attempt runs one operation in a transaction of its own, again where others
// were in its way.
func (j *Journal) attempt(op *operation) error {
	for try := 1; ; try++ {
		err := j.transact(op)
		if err == nil || try == tries || !j.db.Transient(err) {
			return err
		}
		time.Sleep(time.Duration(try*try) * time.Millisecond)
	}
}

// transact runs operations in one transaction. The error is the transaction's;
// those of the operations are in them.
func (j *Journal) transact(ops ...*operation) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var b *batch
	err := j.db.Transact(ctx, func(tx Tx) error {
		b = nil
		unchanged, err := tx.Unchanged(ctx)
		if err != nil {
			return fmt.Errorf("asking whether others have written: %w", err)
		}
		if !unchanged || ops[0].action == actAlone {
			j.known.forget()
		}
		if ops[0].action == actAlone {
			return ops[0].alone(ctx, tx)
		}
		b, err = j.runAll(ctx, tx, ops)
		return err
	})
	if err == nil {
		if b != nil {
			j.known.learn(b)
		}
		return nil
	}
	j.known.forget()
	if errors.Is(err, ErrUnsure) {
		for _, op := range ops {
			op.unsure = true
		}
	}
	return fmt.Errorf("writing to the ledger: %w", err)
}
