package journal

import (
	"context"
	"errors"
	"fmt"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

const madeAgain = "the call was made again while this attempt was open"

// Reserve implements ledger.Ledger.
func (j *Journal) Reserve(ctx context.Context, r ledger.Reservation) (ledger.Attempt, error) {
	op := &operation{action: actReserve, reservation: r}
	err := checkReservation(r)
	if err == nil {
		err = j.do(ctx, op)
	}
	if err != nil {
		return ledger.Attempt{}, fmt.Errorf("reserving for call %q: %w", r.Key, err)
	}
	return op.attempt, nil
}

// RecordHit implements ledger.Ledger. A hit that is recorded again, under the
// same key, is the same hit.
func (j *Journal) RecordHit(ctx context.Context, r ledger.Reservation) error {
	r.Hold, r.Limit, r.Dispatched = ledger.Amount{}, ledger.Limit{}, false
	err := checkReservation(r)
	if err == nil {
		err = j.do(ctx, &operation{action: actHit, reservation: r})
	}
	if err != nil {
		return fmt.Errorf("recording that call %q was answered from a cache: %w", r.Key, err)
	}
	return nil
}

// largest bounds a hold, so that sums of many stay far from what an integer of
// 64 bits can hold.
const largest = 1 << 52

func checkReservation(r ledger.Reservation) error {
	switch {
	case r.Key == "":
		return errors.New("a call needs a key")
	case r.Run == "" && r.Client == "" && r.Team == "":
		return errors.New("a call needs a run, a client or a team to be charged to")
	case r.Hold.Tokens < 0 || r.Hold.NanoUSD < 0:
		return errors.New("a hold cannot be negative")
	case r.Hold.Tokens > largest || r.Hold.NanoUSD > largest:
		return fmt.Errorf("a hold of %d tokens and %d nano-dollars is above all reason", r.Hold.Tokens, r.Hold.NanoUSD)
	case r.Limit.Tokens < 0 || r.Limit.NanoUSD < 0:
		return errors.New("the limit of a call cannot be negative; 0 is none")
	case r.Wait < 0:
		return errors.New("the wait before an attempt cannot be negative")
	}
	return nil
}

func bounded(r ledger.Reservation) bool { return r.Limit != ledger.Limit{} }

func (b *batch) reserve(op *operation) error {
	r := op.reservation
	call := b.calls[r.Key]
	for _, a := range call {
		if op.unsure && a.ID == op.id && a.Created.Equal(op.created) {
			op.attempt = a.Attempt // it was committed after all
			op.attempt.Region, op.attempt.Provider, op.attempt.Agent, op.attempt.AgentVersion, op.attempt.Wait = r.Region, r.Provider, r.Agent, r.AgentVersion, r.Wait
			op.attempt.Left = b.left(a)
			return nil
		}
		if a.paid() {
			return ledger.ErrAnswered
		}
	}
	fresh := b.opened(r, len(call)+1)
	fresh.names, fresh.rows = op.names, b.rowsOf(op.names)
	if err := b.fits(fresh, r.Limit, call); err != nil {
		return err
	}
	sentBefore := b.endStale(call, madeAgain)
	d := use{held: r.Hold}
	if r.Dispatched {
		fresh.State, fresh.sent = ledger.StateDispatched, true
		d.attempts, d.calls = 1, oneIf(!sentBefore)
	}
	if fresh.bounded {
		if row := fresh.rows[0]; row.limit != r.Limit {
			row.limit, row.relimit = r.Limit, true
			b.touch(row)
		}
	}
	b.keep(fresh)
	b.charge(fresh, d)
	op.attempt, op.id, op.created = fresh.Attempt, fresh.ID, fresh.Created
	op.attempt.Left = b.left(fresh)
	return nil
}

// opened is a new attempt, which nothing is charged for yet.
func (b *batch) opened(r ledger.Reservation, ordinal int) *attempt {
	return &attempt{
		Attempt: ledger.Attempt{
			Key: r.Key, Ordinal: ordinal, State: ledger.StateReserved, Run: r.Run, Client: r.Client, Team: r.Team, Feature: r.Feature,
			Hold: r.Hold, Provider: r.Provider, Region: r.Region, Model: r.Model, Agent: r.Agent, AgentVersion: r.AgentVersion,
			Wait: r.Wait, Created: b.now, Expires: moment(stamp(r.Expires)),
		},
		bounded: bounded(r), day: b.day, fresh: true,
	}
}

// keep numbers a new attempt.
func (b *batch) keep(a *attempt) {
	a.ID, b.ids = b.ids[0], b.ids[1:]
	b.attempts[a.ID] = a
	b.calls[a.Key] = append(b.calls[a.Key], a)
	b.order = append(b.order, a)
}

// fits says whether every budget of a new attempt leaves its hold, when what
// stale attempts of its call hold unsent has been given back.
func (b *batch) fits(fresh *attempt, limit ledger.Limit, call []*attempt) error {
	for i, n := range fresh.names {
		var freed ledger.Amount
		for _, a := range call {
			if a.State != ledger.StateReserved {
				continue
			}
			for _, of := range a.names {
				if of == n {
					freed = plus(freed, a.Hold)
				}
			}
		}
		row := fresh.rows[i]
		stands := row.limit
		if n.scope.Kind == ledger.ScopeRequest {
			stands = limit
		}
		if err := row.refuse(stands, fresh.Hold, freed); err != nil {
			return err
		}
	}
	return nil
}

// endStale ends the attempts whose owner must be gone, since the call is being
// made again: what was not sent is free, what was sent keeps its hold. It says
// whether one was ever sent.
func (b *batch) endStale(call []*attempt, reason string) (sent bool) {
	for _, a := range call {
		sent = sent || a.sent
		b.end(a, reason)
	}
	return sent
}

// end ends an attempt that is open still, by what is known: that it was not
// sent, or that it was.
func (b *batch) end(a *attempt, reason string) {
	switch a.State {
	case ledger.StateReserved:
		b.charge(a, use{held: minus(ledger.Amount{}, a.Hold)})
		b.move(a, ledger.StateReleased, reason)
	case ledger.StateDispatched:
		b.charge(a, use{uncertain: 1})
		b.move(a, ledger.StateUncertain, reason)
	}
}

// hit opens an attempt that is settled already. Whoever owns the cache has the
// answer, so nobody finds it here, and the call may be made when it is asked
// for again and the cache has forgotten it.
func (b *batch) hit(op *operation) error {
	call := b.calls[op.reservation.Key]
	for _, a := range call {
		if a.Cached {
			return nil
		}
		if a.paid() {
			return ledger.ErrAnswered
		}
	}
	b.endStale(call, madeAgain)
	a := b.opened(op.reservation, len(call)+1)
	a.State, a.Cached, a.Ended = ledger.StateSettled, true, b.now
	b.keep(a)
	b.sum(a).CacheHits++
	return nil
}
