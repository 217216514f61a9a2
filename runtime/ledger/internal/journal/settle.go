package journal

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// Dispatch implements ledger.Ledger.
func (j *Journal) Dispatch(ctx context.Context, attempt int64) error {
	err := j.transact(ctx, func(tx *sql.Tx) error {
		a, err := readAttempt(ctx, tx, attempt)
		if err != nil {
			return err
		}
		first, err := changed(tx.ExecContext(ctx, `UPDATE ledger_calls SET dispatched = 1
			WHERE key = $1 AND dispatched = 0`, a.Key))
		if err != nil {
			return err
		}
		moved, err := changed(tx.ExecContext(ctx, `UPDATE ledger_attempts SET state = 'dispatched'
			WHERE id = $1 AND state = 'reserved'`, attempt))
		if err != nil {
			return err
		}
		if !moved {
			return ledger.ErrState
		}
		d := change{attempts: 1}
		if first {
			d.calls = 1
		}
		return charge(ctx, tx, attempt, d)
	})
	if err != nil {
		return fmt.Errorf("dispatching attempt %d: %w", attempt, err)
	}
	return nil
}

// Settle implements ledger.Ledger.
func (j *Journal) Settle(ctx context.Context, attempt int64, s ledger.Settlement) error {
	u := s.Usage
	if min(u.InputTokens, u.OutputTokens, u.CacheReadTokens, u.CacheWriteTokens, u.NanoUSD) < 0 {
		return fmt.Errorf("settling attempt %d: a usage cannot be negative", attempt)
	}
	err := j.transact(ctx, func(tx *sql.Tx) error {
		a, err := readAttempt(ctx, tx, attempt)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE ledger_calls SET winner = $1 WHERE key = $2 AND winner IS NULL`, attempt, a.Key); err != nil {
			return err
		}
		before, err := move(ctx, tx, a, ledger.StateSettled, "", ledger.StateDispatched, ledger.StateUncertain)
		if err != nil {
			return err
		}
		if before == ledger.StateSettled {
			return sameSettlement(ctx, tx, attempt, s)
		}
		if err := writeSettlement(ctx, tx, attempt, s); err != nil {
			return err
		}
		return charge(ctx, tx, attempt, settled(a, before, u))
	})
	if err != nil {
		return fmt.Errorf("settling attempt %d: %w", attempt, err)
	}
	return nil
}

func settled(a ledger.Attempt, before ledger.State, u ledger.Usage) change {
	used := ledger.Amount{Tokens: u.Tokens(), NanoUSD: u.NanoUSD}
	within := ledger.Amount{Tokens: min(used.Tokens, a.Hold.Tokens), NanoUSD: min(used.NanoUSD, a.Hold.NanoUSD)}
	d := change{
		held:    ledger.Amount{Tokens: -a.Hold.Tokens, NanoUSD: -a.Hold.NanoUSD},
		settled: within,
		overage: ledger.Amount{Tokens: used.Tokens - within.Tokens, NanoUSD: used.NanoUSD - within.NanoUSD},
		input:   u.InputTokens + u.CacheReadTokens + u.CacheWriteTokens,
		output:  u.OutputTokens,
	}
	if before == ledger.StateUncertain {
		d.uncertain = -1
	}
	return d
}

func writeSettlement(ctx context.Context, tx *sql.Tx, attempt int64, s ledger.Settlement) error {
	u := s.Usage
	_, err := tx.ExecContext(ctx, `UPDATE ledger_attempts SET input_tokens = $1, output_tokens = $2,
		cache_read_tokens = $3, cache_write_tokens = $4, nano_usd = $5, latency_micros = $6 WHERE id = $7`,
		u.InputTokens, u.OutputTokens, u.CacheReadTokens, u.CacheWriteTokens, u.NanoUSD, s.Latency.Microseconds(), attempt)
	if err != nil {
		return fmt.Errorf("writing the usage: %w", err)
	}
	response := s.Response
	if response == nil {
		response = []byte{}
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO ledger_responses (attempt, response) VALUES ($1, $2)`, attempt, response); err != nil {
		return fmt.Errorf("writing the response: %w", err)
	}
	return nil
}

// sameSettlement allows a settlement to be repeated, when its first
// acknowledgement was lost.
func sameSettlement(ctx context.Context, tx *sql.Tx, attempt int64, s ledger.Settlement) error {
	a, err := readAttempt(ctx, tx, attempt)
	if err != nil {
		return err
	}
	var response []byte
	if err := tx.QueryRowContext(ctx, `SELECT response FROM ledger_responses WHERE attempt = $1`, attempt).Scan(&response); err != nil {
		return err
	}
	if a.Usage != s.Usage || !bytes.Equal(response, s.Response) {
		return fmt.Errorf("it was settled otherwise: %w", ledger.ErrState)
	}
	return nil
}

// Release implements ledger.Ledger.
func (j *Journal) Release(ctx context.Context, attempt int64, reason string) error {
	err := j.transact(ctx, func(tx *sql.Tx) error {
		a, err := readAttempt(ctx, tx, attempt)
		if err != nil {
			return err
		}
		before, err := move(ctx, tx, a, ledger.StateReleased, reason, ledger.StateReserved, ledger.StateDispatched, ledger.StateUncertain)
		if err != nil || before == ledger.StateReleased {
			return err
		}
		d := change{held: ledger.Amount{Tokens: -a.Hold.Tokens, NanoUSD: -a.Hold.NanoUSD}}
		if before == ledger.StateUncertain {
			d.uncertain = -1
		}
		return charge(ctx, tx, attempt, d)
	})
	if err != nil {
		return fmt.Errorf("releasing attempt %d: %w", attempt, err)
	}
	return nil
}

// Uncertain implements ledger.Ledger.
func (j *Journal) Uncertain(ctx context.Context, attempt int64, reason string) error {
	err := j.transact(ctx, func(tx *sql.Tx) error {
		a, err := readAttempt(ctx, tx, attempt)
		if err != nil {
			return err
		}
		before, err := move(ctx, tx, a, ledger.StateUncertain, reason, ledger.StateDispatched)
		if err != nil || before == ledger.StateUncertain {
			return err
		}
		return charge(ctx, tx, attempt, change{uncertain: 1})
	})
	if err != nil {
		return fmt.Errorf("marking attempt %d uncertain: %w", attempt, err)
	}
	return nil
}

// move brings an attempt to a state and gives the state it was in; an attempt
// that is there already is left as it is. The state may change under our eyes,
// but only forwards, so the loop ends.
func move(ctx context.Context, tx *sql.Tx, a ledger.Attempt, to ledger.State, reason string, from ...ledger.State) (ledger.State, error) {
	for {
		if a.State == to {
			return to, nil
		}
		if !slices.Contains(from, a.State) {
			return "", fmt.Errorf("it is %s and cannot become %s: %w", a.State, to, ledger.ErrState)
		}
		moved, err := changed(tx.ExecContext(ctx, `UPDATE ledger_attempts SET state = $1, reason = $2, ended = $3
			WHERE id = $4 AND state = $5`, to, reason, stamp(time.Now()), a.ID, a.State))
		if err != nil {
			return "", err
		}
		if moved {
			return a.State, nil
		}
		if a, err = readAttempt(ctx, tx, a.ID); err != nil {
			return "", err
		}
	}
}

// charge applies one change to every budget an attempt is charged to.
func charge(ctx context.Context, tx *sql.Tx, attempt int64, d change) error {
	budgets, err := chargedTo(ctx, tx, attempt)
	if err != nil {
		return err
	}
	changes := changeSet{}
	for _, id := range budgets {
		changes.add(id, d)
	}
	return changes.write(ctx, tx)
}

func readAttempt(ctx context.Context, tx *sql.Tx, id int64) (ledger.Attempt, error) {
	a, err := scanAttempt(tx.QueryRowContext(ctx, `SELECT `+attemptColumns+` FROM ledger_attempts a WHERE a.id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return a, ledger.ErrUnknownAttempt
	}
	return a, err
}
