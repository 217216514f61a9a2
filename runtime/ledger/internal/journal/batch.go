package journal

import (
	"context"
	"fmt"
	"maps"
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
	budgets  map[name]*budget
	usage    map[usageKey]*ledger.UsageRow
	ids      []int64 // for new attempts
}

// runAll runs operations in order, within a transaction.
func (j *Journal) runAll(ctx context.Context, tx Tx, ops []*operation) (*batch, error) {
	now := j.now().UTC().Truncate(time.Microsecond)
	b := &batch{
		tx: tx, sql: j.sql, known: j.known, now: now, day: dayOf(now),
		attempts: make(map[int64]*attempt, len(ops)), calls: make(map[string][]*attempt, len(ops)),
		budgets: make(map[name]*budget, 2*len(ops)), usage: make(map[usageKey]*ledger.UsageRow),
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
	if err := b.loadAttempts(ctx, ids, keys, reservations); err != nil {
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
	return b.loadBudgets(ctx, ops)
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

// loadAttempts reads attempts, and all of some calls, and numbers for new ones.
func (b *batch) loadAttempts(ctx context.Context, ids, keys [][]any, reservations int) error {
	if reservations > 0 {
		if err := b.tx.AttemptIDs(ctx, reservations, func(id int64) { b.ids = append(b.ids, id) }); err != nil {
			return fmt.Errorf("numbering attempts: %w", err)
		}
	}
	if err := b.readAttempts(ctx, ids); err != nil {
		return err
	}
	return b.loadCalls(ctx, keys)
}

// loadCalls reads all attempts of calls, and what was asked for before. Most
// calls have none yet.
func (b *batch) loadCalls(ctx context.Context, keys [][]any) error {
	var ids [][]any
	if len(keys) > 0 {
		var id int64
		err := b.tx.Select(ctx, b.sql.selectIDsByKey, keys, []any{&id}, func() error {
			ids = append(ids, []any{id})
			return nil
		})
		if err != nil {
			return fmt.Errorf("looking for attempts at calls: %w", err)
		}
	}
	if err := b.tx.Fetch(ctx); err != nil {
		return fmt.Errorf("reading attempts: %w", err)
	}
	ids = slices.DeleteFunc(ids, func(id []any) bool { return b.attempts[id[0].(int64)] != nil })
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
		a := b.known.attempt(id[0].(int64))
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

// loadBudgets reads the rows of every attempt and reservation at hand. Those
// that are missing get the limit of their period.
func (b *batch) loadBudgets(ctx context.Context, ops []*operation) error {
	for _, a := range b.order {
		b.want(a.names)
	}
	for _, op := range ops {
		if op.action == actReserve {
			b.want(namesOf(&ledger.Attempt{
				Key: op.reservation.Key, Run: op.reservation.Run, Client: op.reservation.Client, Team: op.reservation.Team,
			}, bounded(op.reservation), b.day))
		}
	}
	if err := b.readBudgets(ctx, slices.Collect(maps.Keys(b.budgets))); err != nil {
		return err
	}
	var missing []name
	for n, row := range b.budgets {
		if !row.kept && n.start != "" {
			missing = append(missing, n)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if err := b.tx.AlignPeriods(ctx, false); err != nil {
		return fmt.Errorf("opening budgets of a period: %w", err)
	}
	templates := make([]name, len(missing))
	for i, n := range missing {
		templates[i] = n.template()
		b.budgets[templates[i]] = &budget{name: templates[i]}
	}
	if err := b.readBudgets(ctx, slices.Clone(templates)); err != nil {
		return err
	}
	for i, n := range missing {
		b.budgets[n].limit = b.budgets[templates[i]].limit
	}
	return nil
}

func (b *batch) want(names []name) {
	for _, n := range names {
		if b.budgets[n] == nil {
			b.budgets[n] = &budget{name: n}
		}
	}
}

// readBudgets reads rows, and puts their names in another order.
func (b *batch) readBudgets(ctx context.Context, names []name) error {
	if len(names) == 0 {
		return nil
	}
	names = slices.DeleteFunc(names, func(n name) bool {
		row := b.known.budget(n)
		if row != nil {
			b.budgets[n] = row
		}
		return row != nil
	})
	if len(names) == 0 {
		return nil
	}
	slices.SortFunc(names, compareNames)
	keys := make([][]any, len(names))
	for i, n := range names {
		keys[i] = n.row()
	}
	var row budget
	var kind, period string
	dest := []any{
		&row.id, &kind, &row.name.scope.ID, &period, &row.name.start, &row.limit.Tokens, &row.limit.NanoUSD,
		&row.found.held.Tokens, &row.found.held.NanoUSD, &row.found.settled.Tokens, &row.found.settled.NanoUSD,
		&row.found.overage.Tokens, &row.found.overage.NanoUSD,
	}
	err := b.tx.Select(ctx, b.sql.selectBudgets, keys, dest, func() error {
		found := row
		found.name.scope.Kind, found.name.period, found.kept = ledger.ScopeKind(kind), ledger.Period(period), true
		b.budgets[found.name] = &found
		return nil
	})
	if err == nil {
		err = b.tx.Fetch(ctx)
	}
	if err != nil {
		return fmt.Errorf("reading budgets: %w", err)
	}
	return nil
}

// charge adds to every budget of an attempt.
func (b *batch) charge(a *attempt, d use) {
	for _, n := range a.names {
		b.budgets[n].added.add(d)
	}
}
