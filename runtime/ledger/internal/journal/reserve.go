package journal

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// Reserve implements ledger.Ledger.
func (j *Journal) Reserve(ctx context.Context, r ledger.Reservation) (ledger.Attempt, error) {
	if err := checkReservation(r); err != nil {
		return ledger.Attempt{}, fmt.Errorf("reserving for call %q: %w", r.Key, err)
	}
	attempt := ledger.Attempt{
		Key: r.Key, State: ledger.StateReserved, Hold: r.Hold,
		Provider: r.Provider, Model: r.Model, Agent: r.Agent, AgentVersion: r.AgentVersion,
		Created: time.Now().UTC().Truncate(time.Microsecond),
	}
	err := j.transact(ctx, func(tx *sql.Tx) error {
		changes := changeSet{}
		var err error
		if attempt.Ordinal, err = openCall(ctx, tx, r.Key); err != nil {
			return err
		}
		if attempt.Ordinal > 1 {
			if err := endStale(ctx, tx, r.Key, stamp(attempt.Created), changes); err != nil {
				return fmt.Errorf("ending attempts that were left open: %w", err)
			}
		}
		budgets, err := budgetsOf(ctx, tx, r.Scopes)
		if err != nil {
			return fmt.Errorf("opening budgets: %w", err)
		}
		for _, id := range budgets {
			changes.add(id, change{held: r.Hold})
		}
		if err := changes.reserve(ctx, tx, r.Hold); err != nil {
			return err
		}
		return insertAttempt(ctx, tx, &attempt, budgets)
	})
	if err != nil {
		return ledger.Attempt{}, fmt.Errorf("reserving for call %q: %w", r.Key, err)
	}
	return attempt, nil
}

func checkReservation(r ledger.Reservation) error {
	if r.Key == "" {
		return errors.New("a call needs a key")
	}
	if len(r.Scopes) == 0 {
		return errors.New("a call needs a scope to be charged to")
	}
	if r.Hold.Tokens < 0 || r.Hold.NanoUSD < 0 {
		return errors.New("a hold cannot be negative")
	}
	for i, scope := range r.Scopes {
		if scope.Kind == "" || scope.ID == "" {
			return fmt.Errorf("scope %d (%q, %q) needs a kind and an id", i+1, scope.Kind, scope.ID)
		}
		if slices.Contains(r.Scopes[:i], scope) {
			return fmt.Errorf("scope %s %s is named twice", scope.Kind, scope.ID)
		}
	}
	return nil
}

// openCall counts an attempt at the call and locks its row until the end of
// the transaction.
func openCall(ctx context.Context, tx *sql.Tx, key string) (ordinal int, err error) {
	var winner sql.NullInt64
	err = tx.QueryRowContext(ctx, `INSERT INTO ledger_calls (key, attempts, dispatched) VALUES ($1, 1, 0)
		ON CONFLICT (key) DO UPDATE SET attempts = ledger_calls.attempts + 1
		RETURNING attempts, winner`, key).Scan(&ordinal, &winner)
	if err != nil {
		return 0, fmt.Errorf("opening the call: %w", err)
	}
	if winner.Valid {
		return 0, ledger.ErrAnswered
	}
	return ordinal, nil
}

// endStale ends the attempts whose owner must be gone, since the call is being
// made again: what was not sent is free, what was sent keeps its hold.
func endStale(ctx context.Context, tx *sql.Tx, key string, now int64, changes changeSet) error {
	var stale []ledger.Attempt
	err := each(ctx, tx, func(rows *sql.Rows) error {
		var a ledger.Attempt
		if err := rows.Scan(&a.ID, &a.State, &a.Hold.Tokens, &a.Hold.NanoUSD); err != nil {
			return err
		}
		stale = append(stale, a)
		return nil
	}, `SELECT id, state, hold_tokens, hold_nano_usd FROM ledger_attempts
		WHERE key = $1 AND state IN ('reserved', 'dispatched') ORDER BY id`, key)
	if err != nil {
		return err
	}
	for _, a := range stale {
		delta, err := endOne(ctx, tx, a, now)
		if err != nil {
			return err
		}
		budgets, err := chargedTo(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		for _, id := range budgets {
			changes.add(id, delta)
		}
	}
	return nil
}

// endOne ends one stale attempt. Its owner may be alive after all and move it
// on meanwhile; then its new state counts.
func endOne(ctx context.Context, tx *sql.Tx, a ledger.Attempt, now int64) (change, error) {
	for {
		var state ledger.State
		var delta change
		switch a.State {
		case ledger.StateReserved:
			state, delta.held = ledger.StateReleased, ledger.Amount{Tokens: -a.Hold.Tokens, NanoUSD: -a.Hold.NanoUSD}
		case ledger.StateDispatched:
			state, delta.uncertain = ledger.StateUncertain, 1
		default:
			return change{}, nil
		}
		moved, err := changed(tx.ExecContext(ctx, `UPDATE ledger_attempts SET state = $1, reason = $2, ended = $3
			WHERE id = $4 AND state = $5`, state, "the call was made again while this attempt was open", now, a.ID, a.State))
		if err != nil || moved {
			return delta, err
		}
		if a, err = readAttempt(ctx, tx, a.ID); err != nil {
			return change{}, err
		}
	}
}

// budgetsOf gives the ids of the budget rows of scopes, made where missing.
func budgetsOf(ctx context.Context, tx *sql.Tx, scopes []ledger.Scope) ([]int64, error) {
	sorted := slices.SortedFunc(slices.Values(scopes), func(a, b ledger.Scope) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
	})
	ids := make([]int64, len(sorted))
	for i, scope := range sorted {
		const find = `SELECT id FROM ledger_budgets
			WHERE scope_kind = $1 AND scope_id = $2 AND period = $3 AND period_start = $4`
		err := tx.QueryRowContext(ctx, find, scope.Kind, scope.ID, periodTotal, startTotal).Scan(&ids[i])
		if errors.Is(err, sql.ErrNoRows) {
			if _, err := tx.ExecContext(ctx, `INSERT INTO ledger_budgets (scope_kind, scope_id, period, period_start)
				VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, scope.Kind, scope.ID, periodTotal, startTotal); err != nil {
				return nil, err
			}
			err = tx.QueryRowContext(ctx, find, scope.Kind, scope.ID, periodTotal, startTotal).Scan(&ids[i])
		}
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func insertAttempt(ctx context.Context, tx *sql.Tx, a *ledger.Attempt, budgets []int64) error {
	err := tx.QueryRowContext(ctx, `INSERT INTO ledger_attempts
		(key, ordinal, state, hold_tokens, hold_nano_usd, provider, model, agent, agent_version, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id`,
		a.Key, a.Ordinal, a.State, a.Hold.Tokens, a.Hold.NanoUSD, a.Provider, a.Model, a.Agent, a.AgentVersion, stamp(a.Created)).Scan(&a.ID)
	if err != nil {
		return fmt.Errorf("writing the attempt: %w", err)
	}
	for _, id := range budgets {
		if _, err := tx.ExecContext(ctx, `INSERT INTO ledger_charges (attempt, budget) VALUES ($1, $2)`, a.ID, id); err != nil {
			return fmt.Errorf("writing whom the attempt is charged to: %w", err)
		}
	}
	return nil
}
