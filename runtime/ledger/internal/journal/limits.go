package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// checkPeriod refuses what no attempt is charged to.
func checkPeriod(scope ledger.Scope, period ledger.Period) error {
	switch {
	case scope.ID == "":
		return errors.New("a scope needs an id")
	case scope.Kind == ledger.ScopeClient || scope.Kind == ledger.ScopeTeam:
		if period != ledger.PeriodDay && period != ledger.PeriodMonth && period != ledger.PeriodTotal {
			return fmt.Errorf("there is no period %q, only day, month and total", period)
		}
	case scope.Kind == ledger.ScopeRun || scope.Kind == ledger.ScopeRequest:
		if period != ledger.PeriodTotal {
			return fmt.Errorf("the budget of a %s is one in total, not by %q", scope.Kind, period)
		}
	default:
		return fmt.Errorf("there is no kind of scope %q, only run, client, team and request", scope.Kind)
	}
	return nil
}

// SetLimit implements ledger.Ledger. A limit below what is settled and held
// already admits nothing more; the row's ceiling, which the database enforces,
// is then what is settled and held now.
func (j *Journal) SetLimit(ctx context.Context, scope ledger.Scope, period ledger.Period, limit ledger.Limit) error {
	err := checkPeriod(scope, period)
	switch {
	case err != nil:
	case scope.Kind == ledger.ScopeRequest:
		err = errors.New("the limit of a call comes with its reservation")
	case limit.Tokens < 0 || limit.NanoUSD < 0:
		err = errors.New("a limit cannot be negative; 0 is none")
	default:
		err = j.do(ctx, &operation{action: actAlone, alone: func(ctx context.Context, tx Tx) error {
			return j.setLimit(ctx, tx, name{scope, period, ""}, limit)
		}})
	}
	if err != nil {
		return fmt.Errorf("setting the limit of %s %q by %s: %w", scope.Kind, scope.ID, period, err)
	}
	return nil
}

// setLimit changes the row that keeps the limit, and that of the period that
// is now. Nobody opens a period meanwhile, with the limit that was.
func (j *Journal) setLimit(ctx context.Context, tx Tx, keeping name, limit ledger.Limit) error {
	if err := tx.AlignPeriods(ctx, true); err != nil {
		return err
	}
	now := j.now().UTC()
	b := &batch{tx: tx, sql: j.sql, known: newMemory(), now: now, day: dayOf(now), budgets: make(map[name]*budget)}
	names := []name{keeping}
	// The next period may have been opened by somebody whose clock is ahead.
	for _, day := range []string{b.day, dayOf(now.Add(time.Hour))} {
		if n := (name{keeping.scope, keeping.period, startOf(keeping.period, day)}); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	b.want(names)
	if err := b.readBudgets(ctx); err != nil {
		return err
	}
	for n, row := range b.budgets {
		if row.kept || n == keeping {
			row.limit, row.relimit = limit, true
			b.touch(row)
		}
	}
	return b.writeBudgets(ctx)
}

// Limits implements ledger.Ledger. Limits of nothing are not listed.
func (j *Journal) Limits(ctx context.Context, scope ledger.Scope) ([]ledger.PeriodLimit, error) {
	var limits []ledger.PeriodLimit
	err := j.each(ctx, func(rows *sql.Rows) error {
		var l ledger.PeriodLimit
		if err := rows.Scan(&l.Period, &l.Limit.Tokens, &l.Limit.NanoUSD); err != nil {
			return err
		}
		limits = append(limits, l)
		return nil
	}, `SELECT period, COALESCE(limit_tokens, 0), COALESCE(limit_nano_usd, 0) FROM ledger_budgets
		WHERE scope_kind = $1 AND scope_id = $2 AND period_start = ''
		AND (limit_tokens IS NOT NULL OR limit_nano_usd IS NOT NULL) ORDER BY period`, string(scope.Kind), scope.ID)
	if err != nil {
		return nil, fmt.Errorf("listing the limits of %s %q: %w", scope.Kind, scope.ID, err)
	}
	return limits, nil
}

// Balance implements ledger.Ledger. A scope nobody was charged for is zero, but
// for its limit.
func (j *Journal) Balance(ctx context.Context, scope ledger.Scope, period ledger.Period) (ledger.Balance, error) {
	err := checkPeriod(scope, period)
	if err == nil {
		err = j.catchUp(ctx)
	}
	if err != nil {
		return ledger.Balance{}, fmt.Errorf("reading the balance of %s %q: %w", scope.Kind, scope.ID, err)
	}
	start := startOf(period, dayOf(j.now()))
	var b ledger.Balance
	// The row of the period that is now, or else the one that keeps its limit.
	err = j.db.Reader().QueryRowContext(ctx, `SELECT settled_tokens, settled_nano_usd, held_tokens, held_nano_usd,
		overage_tokens, overage_nano_usd, COALESCE(limit_tokens, 0), COALESCE(limit_nano_usd, 0),
		input_tokens, output_tokens, calls, attempts, uncertain FROM ledger_budgets
		WHERE scope_kind = $1 AND scope_id = $2 AND period = $3 AND period_start IN ('', $4)
		ORDER BY period_start DESC LIMIT 1`, string(scope.Kind), scope.ID, string(period), start).Scan(
		&b.Settled.Tokens, &b.Settled.NanoUSD, &b.Held.Tokens, &b.Held.NanoUSD,
		&b.Overage.Tokens, &b.Overage.NanoUSD, &b.Limit.Tokens, &b.Limit.NanoUSD,
		&b.InputTokens, &b.OutputTokens, &b.Calls, &b.Attempts, &b.Uncertain)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return ledger.Balance{}, fmt.Errorf("reading the balance of %s %q: %w", scope.Kind, scope.ID, err)
	}
	return b, nil
}
