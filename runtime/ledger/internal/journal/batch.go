package journal

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// attempt is a row as the transaction found or made it, and as it leaves it.
type attempt struct {
	ledger.Attempt
	sent    bool
	winner  bool
	bounded bool
	day     string // that it is charged to
	names   []name // of the budgets it is charged to
	rows    []*budget

	fresh    bool // not in the database yet
	moved    bool
	settled  bool // in this transaction
	response []byte
}

func (a *attempt) open() bool {
	return a.State == ledger.StateReserved || a.State == ledger.StateDispatched
}

// paid says whether a model answered the call by this attempt.
func (a *attempt) paid() bool { return a.State == ledger.StateSettled && !a.Cached }

// batch is one transaction's view of the rows that concern it.
type batch struct {
	tx       Tx
	sql      *statements
	known    *memory
	now      time.Time
	day      string // of now
	attempts map[int64]*attempt
	calls    map[string][]*attempt // all attempts of calls that are looked at as a whole, by ordinal
	order    []*attempt            // as they were found and made
	budgets  map[name]*budget      // that are looked at, but for those of remembered attempts
	touched  []*budget             // by a change
	usage    map[usageKey]*ledger.UsageRow
	ids      []int64 // for new attempts
}

// runAll runs operations in order, within a transaction.
func (j *Journal) runAll(ctx context.Context, tx Tx, ops []*operation) (*batch, error) {
	now := j.now().UTC().Truncate(time.Microsecond)
	b := &batch{
		tx: tx, sql: j.sql, known: j.known, now: now, day: dayOf(now),
		attempts: make(map[int64]*attempt, len(ops)), calls: make(map[string][]*attempt, len(ops)),
		budgets: make(map[name]*budget, 4*len(ops)), usage: make(map[usageKey]*ledger.UsageRow),
	}
	if err := b.load(ctx, ops); err != nil {
		return nil, err
	}
	for _, op := range ops {
		if err := b.judge(ctx, op); err != nil {
			return nil, err
		}
	}
	err := b.write(ctx)
	return b, err
}

// judge decides about an operation and notes what it changes. The error is one
// of the transaction.
func (b *batch) judge(ctx context.Context, op *operation) error {
	switch op.action {
	case actReserve:
		op.err = b.reserve(op)
	case actHit:
		op.err = b.hit(op)
	case actDispatch:
		op.err = b.dispatch(op)
	case actSettle:
		return b.settle(ctx, op)
	case actRelease:
		op.err = b.release(op)
	case actUncertain:
		op.err = b.uncertain(op)
	case actExpire:
		op.err = b.expire(op)
	}
	return nil
}

// load reads what the operations are about: attempts first, then budgets.
func (b *batch) load(ctx context.Context, ops []*operation) error {
	var ids, keys [][]any
	var reservations int
	for _, op := range ops {
		switch op.action {
		case actReserve, actHit:
			reservations++
			if _, known := b.calls[op.reservation.Key]; !known {
				b.calls[op.reservation.Key] = nil
				keys = append(keys, []any{op.reservation.Key})
			}
		default:
			if _, known := b.attempts[op.id]; !known {
				b.attempts[op.id] = nil
				ids = append(ids, []any{op.id})
			}
		}
	}
	if err := b.loadAttempts(ctx, ids, keys, ops, reservations); err != nil {
		return err
	}
	if kin := b.kin(ops); len(kin) > 0 {
		if err := b.loadCalls(ctx, kin); err != nil {
			return err
		}
	}
	for _, a := range b.order {
		if _, whole := b.calls[a.Key]; whole {
			b.calls[a.Key] = append(b.calls[a.Key], a)
		}
	}
	for _, of := range b.calls {
		slices.SortFunc(of, func(a, b *attempt) int { return a.Ordinal - b.Ordinal })
	}
	return b.loadBudgets(ctx)
}

// kin gives the keys of calls whose other attempts matter to an operation on
// one of them. The first attempt at a call has none before it, and none after
// it while it is open: another would have ended it.
func (b *batch) kin(ops []*operation) [][]any {
	var keys [][]any
	for _, op := range ops {
		a := b.attempts[op.id]
		if a == nil || op.action != actDispatch && op.action != actSettle || a.Ordinal == 1 && a.open() {
			continue
		}
		if _, known := b.calls[a.Key]; !known {
			b.calls[a.Key] = nil
			keys = append(keys, []any{a.Key})
		}
	}
	return keys
}

// loadAttempts reads attempts, and all of some calls, and numbers for new ones;
// and in the same journey the budgets, where it is known beforehand which.
func (b *batch) loadAttempts(ctx context.Context, ids, keys [][]any, ops []*operation, reservations int) error {
	if reservations > 0 {
		if err := b.tx.AttemptIDs(ctx, reservations, func(id int64) { b.ids = append(b.ids, id) }); err != nil {
			return fmt.Errorf("numbering attempts: %w", err)
		}
	}
	if err := b.readAttempts(ctx, ids); err != nil {
		return err
	}
	found, err := b.askCalls(ctx, keys)
	if err != nil {
		return err
	}
	if b.foresee(ops) {
		if err := b.askBudgets(ctx); err != nil {
			return fmt.Errorf("reading budgets: %w", err)
		}
	}
	return b.fetchCalls(ctx, found)
}

// foresee wants the budgets of reservations, and of attempts that were reserved
// here: whom an attempt is charged to never changes. It says whether that is all
// that is going to be locked.
func (b *batch) foresee(ops []*operation) bool {
	all := true
	for _, op := range ops {
		switch op.action {
		case actReserve:
			op.names = namesOf(&ledger.Attempt{
				Key: op.reservation.Key, Run: op.reservation.Run, Client: op.reservation.Client, Team: op.reservation.Team,
			}, bounded(op.reservation), b.day)
			b.want(op.names)
		case actHit:
		default:
			if a := b.attempts[op.id]; a != nil && a.rows != nil {
				continue
			}
			own := b.known.own[op.id]
			b.want(own.names)
			all = all && own.first
		}
	}
	return all
}

// loadCalls reads all attempts of calls, and what was asked for before.
func (b *batch) loadCalls(ctx context.Context, keys [][]any) error {
	found, err := b.askCalls(ctx, keys)
	if err != nil {
		return err
	}
	return b.fetchCalls(ctx, found)
}

// askCalls asks for the numbers of all attempts of calls. Most have none yet.
func (b *batch) askCalls(ctx context.Context, keys [][]any) (found *[][]any, err error) {
	found = new([][]any)
	if len(keys) == 0 {
		return found, nil
	}
	var id int64
	err = b.tx.Select(ctx, b.sql.selectIDsByKey, keys, []any{&id}, func() error {
		*found = append(*found, []any{id})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for attempts at calls: %w", err)
	}
	return found, nil
}

// fetchCalls waits for what was asked for, and reads the attempts that were found.
func (b *batch) fetchCalls(ctx context.Context, found *[][]any) error {
	if err := b.tx.Fetch(ctx); err != nil {
		return fmt.Errorf("reading attempts: %w", err)
	}
	ids := slices.DeleteFunc(*found, func(id []any) bool { return b.attempts[id[0].(int64)] != nil })
	if len(ids) == 0 {
		return nil
	}
	if err := b.readAttempts(ctx, ids); err != nil {
		return err
	}
	if err := b.tx.Fetch(ctx); err != nil {
		return fmt.Errorf("reading attempts: %w", err)
	}
	return nil
}

func (b *batch) readAttempts(ctx context.Context, ids [][]any) error {
	ids = slices.DeleteFunc(ids, func(id []any) bool {
		a := b.known.attempts[id[0].(int64)]
		if a != nil && b.attempts[a.ID] == nil {
			b.attempts[a.ID] = a
			b.order = append(b.order, a)
		}
		return a != nil
	})
	if len(ids) == 0 {
		return nil
	}
	var row attempt
	var state string
	var ordinal, sent, winner, cached, bounded, created, expires int64
	dest := []any{
		&row.ID, &row.Key, &ordinal, &state, &sent, &winner, &cached, &bounded, &row.Run, &row.Client, &row.Team, &row.Feature, &row.Model,
		&row.Hold.Tokens, &row.Hold.NanoUSD, &row.Usage.InputTokens, &row.Usage.OutputTokens, &row.Usage.CacheReadTokens,
		&row.Usage.CacheWriteTokens, &row.Usage.NanoUSD, &created, &expires,
	}
	err := b.tx.Select(ctx, b.sql.selectAttempts, ids, dest, func() error {
		if b.attempts[row.ID] != nil {
			return nil
		}
		a := row
		a.Ordinal, a.State = int(ordinal), ledger.State(state)
		a.sent, a.winner, a.Cached, a.bounded = sent == 1, winner == 1, cached == 1, bounded == 1
		a.Created, a.Expires = moment(created), moment(expires)
		a.day = b.dayOf(a.Created)
		a.names = namesOf(&a.Attempt, a.bounded, a.day)
		b.attempts[a.ID] = &a
		b.order = append(b.order, &a)
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading attempts: %w", err)
	}
	return nil
}

func (b *batch) dayOf(t time.Time) string {
	if t.Unix()/86400 == b.now.Unix()/86400 {
		return b.day
	}
	return dayOf(t)
}
