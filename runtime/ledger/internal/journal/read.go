package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// maxPage bounds what one listing reads into memory.
const maxPage = 1000

const attemptColumns = `a.id, a.key, a.ordinal, a.state, a.hold_tokens, a.hold_nano_usd,
	a.provider, a.model, a.agent, a.agent_version,
	a.input_tokens, a.output_tokens, a.cache_read_tokens, a.cache_write_tokens, a.nano_usd,
	a.reason, a.created, a.ended`

type scanner interface{ Scan(dest ...any) error }

func scanAttempt(row scanner, more ...any) (ledger.Attempt, error) {
	var a ledger.Attempt
	var created, ended sql.NullInt64
	err := row.Scan(append([]any{
		&a.ID, &a.Key, &a.Ordinal, &a.State, &a.Hold.Tokens, &a.Hold.NanoUSD,
		&a.Provider, &a.Model, &a.Agent, &a.AgentVersion,
		&a.Usage.InputTokens, &a.Usage.OutputTokens, &a.Usage.CacheReadTokens, &a.Usage.CacheWriteTokens, &a.Usage.NanoUSD,
		&a.Reason, &created, &ended,
	}, more...)...)
	a.Created, a.Ended = moment(created), moment(ended)
	return a, err
}

// Find implements ledger.Ledger.
func (j *Journal) Find(ctx context.Context, key string) (ledger.Settled, bool, error) {
	var found ledger.Settled
	var err error
	found.Attempt, err = scanAttempt(j.db.QueryRowContext(ctx, `SELECT `+attemptColumns+`, r.response
		FROM ledger_calls c JOIN ledger_attempts a ON a.id = c.winner JOIN ledger_responses r ON r.attempt = a.id
		WHERE c.key = $1`, key), &found.Response)
	if errors.Is(err, sql.ErrNoRows) {
		return ledger.Settled{}, false, nil
	}
	if err != nil {
		return ledger.Settled{}, false, fmt.Errorf("finding the answer to call %q: %w", key, err)
	}
	return found, true, nil
}

// Attempts implements ledger.Ledger. A page has at most 1000 attempts, and that
// many when limit is 0.
func (j *Journal) Attempts(ctx context.Context, scope ledger.Scope, after int64, limit int) ([]ledger.Attempt, error) {
	if limit <= 0 || limit > maxPage {
		limit = maxPage
	}
	var attempts []ledger.Attempt
	err := each(ctx, j.db, func(rows *sql.Rows) error {
		a, err := scanAttempt(rows)
		if err != nil {
			return err
		}
		attempts = append(attempts, a)
		return nil
	}, `SELECT `+attemptColumns+`
		FROM ledger_budgets b JOIN ledger_charges c ON c.budget = b.id JOIN ledger_attempts a ON a.id = c.attempt
		WHERE b.scope_kind = $1 AND b.scope_id = $2 AND b.period = $3 AND b.period_start = $4 AND c.attempt > $5
		ORDER BY c.attempt LIMIT $6`, scope.Kind, scope.ID, periodTotal, startTotal, after, limit)
	if err != nil {
		return nil, fmt.Errorf("listing the attempts of %s %s: %w", scope.Kind, scope.ID, err)
	}
	return attempts, nil
}
