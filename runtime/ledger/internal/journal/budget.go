package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// change is what a transaction adds to one budget row.
type change struct {
	held, settled, overage     ledger.Amount
	input, output              int64
	calls, attempts, uncertain int64
}

// changeSet is what a transaction adds to budget rows, by their id.
type changeSet map[int64]change

func (c changeSet) add(id int64, d change) {
	sum := c[id]
	sum.held = plus(sum.held, d.held)
	sum.settled = plus(sum.settled, d.settled)
	sum.overage = plus(sum.overage, d.overage)
	sum.input += d.input
	sum.output += d.output
	sum.calls += d.calls
	sum.attempts += d.attempts
	sum.uncertain += d.uncertain
	c[id] = sum
}

func plus(a, b ledger.Amount) ledger.Amount {
	return ledger.Amount{Tokens: a.Tokens + b.Tokens, NanoUSD: a.NanoUSD + b.NanoUSD}
}

// reserve writes the changes of a reservation, which is refused where the
// budget does not leave hold.
func (c changeSet) reserve(ctx context.Context, tx *sql.Tx, hold ledger.Amount) error {
	for _, id := range slices.Sorted(maps.Keys(c)) {
		d := c[id]
		fits, err := changed(tx.ExecContext(ctx, `UPDATE ledger_budgets
			SET held_tokens = held_tokens + $1, held_nano_usd = held_nano_usd + $2, uncertain = uncertain + $3
			WHERE id = $4
			AND (limit_tokens IS NULL OR $5 <= 0 OR settled_tokens + held_tokens + overage_tokens + $6 <= limit_tokens)
			AND (limit_nano_usd IS NULL OR $7 <= 0 OR settled_nano_usd + held_nano_usd + overage_nano_usd + $8 <= limit_nano_usd)`,
			d.held.Tokens, d.held.NanoUSD, d.uncertain, id, d.held.Tokens, d.held.Tokens, d.held.NanoUSD, d.held.NanoUSD))
		if err != nil {
			return fmt.Errorf("holding: %w", err)
		}
		if !fits {
			return exceeded(ctx, tx, id, hold, d.held)
		}
	}
	return nil
}

// exceeded says why a budget row refused. What this call frees itself counts as
// remaining.
func exceeded(ctx context.Context, tx *sql.Tx, id int64, hold, added ledger.Amount) error {
	var scope ledger.Scope
	var used ledger.Amount
	var tokens, money sql.NullInt64
	err := tx.QueryRowContext(ctx, `SELECT scope_kind, scope_id, limit_tokens, limit_nano_usd,
		settled_tokens + held_tokens + overage_tokens, settled_nano_usd + held_nano_usd + overage_nano_usd
		FROM ledger_budgets WHERE id = $1`, id).Scan(&scope.Kind, &scope.ID, &tokens, &money, &used.Tokens, &used.NanoUSD)
	if err != nil {
		return fmt.Errorf("reading a budget that refused: %w", err)
	}
	if tokens.Valid && added.Tokens > 0 && used.Tokens+added.Tokens > tokens.Int64 {
		left := tokens.Int64 - used.Tokens + hold.Tokens - added.Tokens
		return &ledger.ExceededError{Scope: scope, Unit: "tokens", Limit: tokens.Int64, Remaining: max(0, left), Asked: hold.Tokens}
	}
	left := money.Int64 - used.NanoUSD + hold.NanoUSD - added.NanoUSD
	return &ledger.ExceededError{Scope: scope, Unit: "nano-dollars", Limit: money.Int64, Remaining: max(0, left), Asked: hold.NanoUSD}
}

// write writes changes that no limit stands against.
func (c changeSet) write(ctx context.Context, tx *sql.Tx) error {
	for _, id := range slices.Sorted(maps.Keys(c)) {
		d := c[id]
		_, err := tx.ExecContext(ctx, `UPDATE ledger_budgets SET
			held_tokens = held_tokens + $1, held_nano_usd = held_nano_usd + $2,
			settled_tokens = settled_tokens + $3, settled_nano_usd = settled_nano_usd + $4,
			overage_tokens = overage_tokens + $5, overage_nano_usd = overage_nano_usd + $6,
			input_tokens = input_tokens + $7, output_tokens = output_tokens + $8,
			calls = calls + $9, attempts = attempts + $10, uncertain = uncertain + $11
			WHERE id = $12`,
			d.held.Tokens, d.held.NanoUSD, d.settled.Tokens, d.settled.NanoUSD, d.overage.Tokens, d.overage.NanoUSD,
			d.input, d.output, d.calls, d.attempts, d.uncertain, id)
		if err != nil {
			return fmt.Errorf("writing a budget: %w", err)
		}
	}
	return nil
}

// chargedTo gives the budget rows an attempt is charged to.
func chargedTo(ctx context.Context, tx *sql.Tx, attempt int64) ([]int64, error) {
	var ids []int64
	err := each(ctx, tx, func(rows *sql.Rows) error {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		ids = append(ids, id)
		return nil
	}, `SELECT budget FROM ledger_charges WHERE attempt = $1`, attempt)
	if err != nil {
		return nil, fmt.Errorf("reading whom an attempt is charged to: %w", err)
	}
	return ids, nil
}

// SetLimit implements ledger.Ledger. A limit below what is settled and held
// already admits nothing more; the row's ceiling, which the database enforces,
// is then what is settled and held now.
func (j *Journal) SetLimit(ctx context.Context, scope ledger.Scope, limit ledger.Limit) error {
	if scope.Kind == "" || scope.ID == "" || limit.Tokens < 0 || limit.NanoUSD < 0 {
		return fmt.Errorf("setting the limit of scope %q %q: kind and id are needed, and limits of 0 or more", scope.Kind, scope.ID)
	}
	_, err := j.db.ExecContext(ctx, `INSERT INTO ledger_budgets
		(scope_kind, scope_id, period, period_start, limit_tokens, ceiling_tokens, limit_nano_usd, ceiling_nano_usd)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (scope_kind, scope_id, period, period_start) DO UPDATE SET
		limit_tokens = excluded.limit_tokens,
		ceiling_tokens = CASE WHEN ledger_budgets.settled_tokens + ledger_budgets.held_tokens > excluded.limit_tokens
			THEN ledger_budgets.settled_tokens + ledger_budgets.held_tokens ELSE excluded.limit_tokens END,
		limit_nano_usd = excluded.limit_nano_usd,
		ceiling_nano_usd = CASE WHEN ledger_budgets.settled_nano_usd + ledger_budgets.held_nano_usd > excluded.limit_nano_usd
			THEN ledger_budgets.settled_nano_usd + ledger_budgets.held_nano_usd ELSE excluded.limit_nano_usd END`,
		scope.Kind, scope.ID, periodTotal, startTotal,
		orNull(limit.Tokens), orNull(limit.Tokens), orNull(limit.NanoUSD), orNull(limit.NanoUSD))
	if err != nil {
		return fmt.Errorf("setting the limit of %s %s: %w", scope.Kind, scope.ID, err)
	}
	return nil
}

func orNull(limit int64) sql.NullInt64 { return sql.NullInt64{Int64: limit, Valid: limit > 0} }

// Balance implements ledger.Ledger. A scope nobody was charged for is zero.
func (j *Journal) Balance(ctx context.Context, scope ledger.Scope) (ledger.Balance, error) {
	var b ledger.Balance
	err := j.db.QueryRowContext(ctx, `SELECT settled_tokens, settled_nano_usd, held_tokens, held_nano_usd,
		overage_tokens, overage_nano_usd, COALESCE(limit_tokens, 0), COALESCE(limit_nano_usd, 0),
		input_tokens, output_tokens, calls, attempts, uncertain FROM ledger_budgets
		WHERE scope_kind = $1 AND scope_id = $2 AND period = $3 AND period_start = $4`,
		scope.Kind, scope.ID, periodTotal, startTotal).Scan(
		&b.Settled.Tokens, &b.Settled.NanoUSD, &b.Held.Tokens, &b.Held.NanoUSD,
		&b.Overage.Tokens, &b.Overage.NanoUSD, &b.Limit.Tokens, &b.Limit.NanoUSD,
		&b.InputTokens, &b.OutputTokens, &b.Calls, &b.Attempts, &b.Uncertain)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return ledger.Balance{}, fmt.Errorf("reading the balance of %s %s: %w", scope.Kind, scope.ID, err)
	}
	return b, nil
}
