package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// Dispatch implements ledger.Ledger.
func (j *Journal) Dispatch(ctx context.Context, attempt int64) error {
	if err := j.do(ctx, &operation{action: actDispatch, id: attempt}); err != nil {
		return fmt.Errorf("dispatching attempt %d: %w", attempt, err)
	}
	return nil
}

// Settle implements ledger.Ledger.
func (j *Journal) Settle(ctx context.Context, attempt int64, s ledger.Settlement) (ledger.Left, error) {
	op := &operation{action: actSettle, id: attempt, settlement: s}
	err := checkUsage(s.Usage)
	if err == nil {
		err = j.do(ctx, op)
	}
	if err != nil {
		return ledger.Left{}, fmt.Errorf("settling attempt %d: %w", attempt, err)
	}
	return op.left, nil
}

func checkUsage(u ledger.Usage) error {
	if min(u.InputTokens, u.OutputTokens, u.CacheReadTokens, u.CacheWriteTokens, u.NanoUSD) < 0 {
		return errors.New("a usage cannot be negative")
	}
	if max(u.InputTokens, u.OutputTokens, u.CacheReadTokens, u.CacheWriteTokens, u.NanoUSD) > largest {
		return fmt.Errorf("a usage of %+v is above all reason", u)
	}
	return nil
}

// Release implements ledger.Ledger.
func (j *Journal) Release(ctx context.Context, attempt int64, reason string) error {
	if err := j.do(ctx, &operation{action: actRelease, id: attempt, reason: reason}); err != nil {
		return fmt.Errorf("releasing attempt %d: %w", attempt, err)
	}
	return nil
}

// Uncertain implements ledger.Ledger.
func (j *Journal) Uncertain(ctx context.Context, attempt int64, reason string) error {
	if err := j.do(ctx, &operation{action: actUncertain, id: attempt, reason: reason}); err != nil {
		return fmt.Errorf("marking attempt %d uncertain: %w", attempt, err)
	}
	return nil
}

func (b *batch) dispatch(op *operation) error {
	a := b.attempts[op.id]
	switch {
	case a == nil:
		return ledger.ErrUnknownAttempt
	case a.State == ledger.StateDispatched && op.unsure:
		return nil // it was committed after all
	case a.State != ledger.StateReserved:
		return cannot(a, ledger.StateDispatched)
	}
	first := true
	for _, other := range b.calls[a.Key] {
		first = first && !other.sent
	}
	a.sent, a.State, a.moved = true, ledger.StateDispatched, true
	b.charge(a, use{attempts: 1, calls: oneIf(first)})
	return nil
}

// settle gives an error of the transaction; that of the operation is in it.
func (b *batch) settle(ctx context.Context, op *operation) error {
	a := b.attempts[op.id]
	switch {
	case a == nil:
		op.err = ledger.ErrUnknownAttempt
		return nil
	case a.State == ledger.StateSettled:
		same, err := b.sameSettlement(ctx, a, op.settlement)
		if err != nil {
			return err
		}
		if !same {
			op.err = fmt.Errorf("it was settled otherwise: %w", ledger.ErrState)
			return nil
		}
	case a.State != ledger.StateDispatched && a.State != ledger.StateUncertain:
		op.err = cannot(a, ledger.StateSettled)
		return nil
	default:
		b.settled(a, op.settlement)
	}
	op.err, op.left = nil, b.left(a)
	return nil
}

func (b *batch) settled(a *attempt, s ledger.Settlement) {
	used := ledger.Amount{Tokens: s.Usage.Tokens(), NanoUSD: s.Usage.NanoUSD}
	within := ledger.Amount{Tokens: min(used.Tokens, a.Hold.Tokens), NanoUSD: min(used.NanoUSD, a.Hold.NanoUSD)}
	over := minus(used, within)
	b.charge(a, use{
		held: minus(ledger.Amount{}, a.Hold), settled: within, overage: over,
		input:     s.Usage.InputTokens + s.Usage.CacheReadTokens + s.Usage.CacheWriteTokens,
		output:    s.Usage.OutputTokens,
		uncertain: -oneIf(a.State == ledger.StateUncertain),
	})
	a.winner = true
	for _, other := range b.calls[a.Key] {
		a.winner = a.winner && !other.paid()
	}
	row := b.sum(a)
	row.Usage.InputTokens += s.Usage.InputTokens
	row.Usage.OutputTokens += s.Usage.OutputTokens
	row.Usage.CacheReadTokens += s.Usage.CacheReadTokens
	row.Usage.CacheWriteTokens += s.Usage.CacheWriteTokens
	row.Usage.NanoUSD += s.Usage.NanoUSD
	row.Overage = plus(row.Overage, over)
	row.Calls += oneIf(a.winner)
	b.move(a, ledger.StateSettled, "")
	a.settled, a.Usage, a.response = true, s.Usage, s.Response
	a.Latency, a.FirstToken = s.Latency, s.FirstToken
}

// sameSettlement allows a settlement to be repeated, when its first
// acknowledgement was lost.
func (b *batch) sameSettlement(ctx context.Context, a *attempt, s ledger.Settlement) (bool, error) {
	if a.Cached || a.Usage != s.Usage {
		return false, nil
	}
	if a.settled {
		return bytes.Equal(a.response, s.Response), nil
	}
	var id int64
	var response, stored []byte
	err := b.tx.Select(ctx, b.sql.selectResponses, [][]any{{a.ID}}, []any{&id, &response}, func() error {
		stored = response
		return nil
	})
	if err == nil {
		err = b.tx.Fetch(ctx)
	}
	if err != nil {
		return false, fmt.Errorf("reading a response: %w", err)
	}
	return bytes.Equal(stored, s.Response), nil
}

// left is what the tightest budgets of an attempt leave.
func (b *batch) left(a *attempt) ledger.Left {
	all := ledger.Left{Tokens: -1, NanoUSD: -1}
	for _, row := range a.rows {
		left := row.left(row.limit)
		all.Tokens, all.NanoUSD = tightest(all.Tokens, left.Tokens), tightest(all.NanoUSD, left.NanoUSD)
	}
	return all
}

func (b *batch) release(op *operation) error {
	a := b.attempts[op.id]
	switch {
	case a == nil:
		return ledger.ErrUnknownAttempt
	case a.State == ledger.StateReleased:
		return nil
	case !a.open() && a.State != ledger.StateUncertain:
		return cannot(a, ledger.StateReleased)
	}
	b.charge(a, use{held: minus(ledger.Amount{}, a.Hold), uncertain: -oneIf(a.State == ledger.StateUncertain)})
	b.move(a, ledger.StateReleased, op.reason)
	return nil
}

func (b *batch) uncertain(op *operation) error {
	a := b.attempts[op.id]
	switch {
	case a == nil:
		return ledger.ErrUnknownAttempt
	case a.State == ledger.StateUncertain:
		return nil
	case a.State != ledger.StateDispatched:
		return cannot(a, ledger.StateUncertain)
	}
	b.charge(a, use{uncertain: 1})
	b.move(a, ledger.StateUncertain, op.reason)
	return nil
}

// move brings an attempt to the state it ends in.
func (b *batch) move(a *attempt, to ledger.State, reason string) {
	a.State, a.Reason, a.Ended, a.moved = to, reason, b.now, true
}

func cannot(a *attempt, to ledger.State) error {
	return fmt.Errorf("it is %s and cannot become %s: %w", a.State, to, ledger.ErrState)
}
