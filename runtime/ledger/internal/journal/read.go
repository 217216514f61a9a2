package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// What one page of a listing has at most, and when nothing is asked.
const (
	maxPage     = 1000
	defaultPage = 100
)

func page(limit int) int {
	if limit <= 0 {
		return defaultPage
	}
	return min(limit, maxPage)
}

const attemptColumns = `a.id, a.key, a.ordinal, a.state, a.run, a.client, a.team, a.feature, a.hold_tokens, a.hold_nano_usd,
	a.provider, a.region, a.model, a.agent, a.agent_version, a.cached, a.wait,
	a.input_tokens, a.output_tokens, a.cache_read_tokens, a.cache_write_tokens, a.nano_usd, a.latency, a.first_token,
	a.reason, a.created, a.expires, a.ended`

type scanner interface{ Scan(dest ...any) error }

func scanAttempt(row scanner, more ...any) (ledger.Attempt, error) {
	var a ledger.Attempt
	var cached, wait, latency, firstToken, created, expires, ended int64
	err := row.Scan(append([]any{
		&a.ID, &a.Key, &a.Ordinal, &a.State, &a.Run, &a.Client, &a.Team, &a.Feature, &a.Hold.Tokens, &a.Hold.NanoUSD,
		&a.Provider, &a.Region, &a.Model, &a.Agent, &a.AgentVersion, &cached, &wait,
		&a.Usage.InputTokens, &a.Usage.OutputTokens, &a.Usage.CacheReadTokens, &a.Usage.CacheWriteTokens, &a.Usage.NanoUSD,
		&latency, &firstToken, &a.Reason, &created, &expires, &ended,
	}, more...)...)
	a.Cached = cached == 1
	a.Wait, a.Latency, a.FirstToken = micros(wait), micros(latency), micros(firstToken)
	a.Created, a.Expires, a.Ended = moment(created), moment(expires), moment(ended)
	return a, err
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// each runs scan for every row of a query.
func (j *Journal) each(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := j.db.Reader().QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Find implements ledger.Ledger.
func (j *Journal) Find(ctx context.Context, key string) (ledger.Settled, bool, error) {
	var found ledger.Settled
	var err error
	found.Attempt, err = scanAttempt(j.db.Reader().QueryRowContext(ctx, `SELECT `+attemptColumns+`, r.response
		FROM ledger_attempts a JOIN ledger_responses r ON r.attempt = a.id
		WHERE a.key = $1 AND a.winner = 1`, key), &found.Response)
	if errors.Is(err, sql.ErrNoRows) {
		return ledger.Settled{}, false, nil
	}
	if err != nil {
		return ledger.Settled{}, false, fmt.Errorf("finding the answer to call %q: %w", key, err)
	}
	return found, true, nil
}

// Attempts implements ledger.Ledger.
func (j *Journal) Attempts(ctx context.Context, filter ledger.AttemptFilter) ([]ledger.Attempt, error) {
	query, args, err := attemptsQuery(filter)
	if err == nil {
		err = j.catchUp(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("listing attempts: %w", err)
	}
	var attempts []ledger.Attempt
	err = j.each(ctx, func(rows *sql.Rows) error {
		a, err := scanAttempt(rows)
		if err != nil {
			return err
		}
		attempts = append(attempts, a)
		return nil
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("listing attempts: %w", err)
	}
	return attempts, nil
}

// attemptsQuery reads few rows beside those it gives: states other than settled
// are rare and have an index of their own, which for them is a better one than
// those by client and team.
func attemptsQuery(filter ledger.AttemptFilter) (string, []any, error) {
	var where strings.Builder
	args := []any{filter.After}
	add := func(condition, value string) {
		args = append(args, value)
		fmt.Fprintf(&where, " AND %s = $%d", condition, len(args))
	}
	client, team := "a.client", "a.team"
	switch filter.State {
	case "":
	case ledger.StateSettled:
		where.WriteString(" AND a.state = 'settled'")
	case ledger.StateReserved, ledger.StateDispatched, ledger.StateReleased, ledger.StateUncertain:
		where.WriteString(" AND a.state <> 'settled' AND a.state = '" + string(filter.State) + "'") // as their index says it
	default:
		return "", nil, fmt.Errorf("there is no state %q", filter.State)
	}
	if filter.State != "" && filter.State != ledger.StateSettled && filter.Run == "" && filter.Key == "" {
		client, team = "a.client || ''", "a.team || ''" // no index has this
	}
	for _, f := range []struct{ column, value string }{
		{"a.key", filter.Key}, {"a.run", filter.Run}, {client, filter.Client}, {team, filter.Team},
	} {
		if f.value == "" {
			continue
		}
		add(f.column, f.value)
		if f.column == "a.run" || f.column == "a.client" || f.column == "a.team" {
			where.WriteString(" AND " + f.column + " <> ''") // as their indexes say it
		}
	}
	args = append(args, page(filter.Limit))
	return fmt.Sprintf("SELECT %s FROM ledger_attempts a WHERE a.id > $1%s ORDER BY a.id LIMIT $%d",
		attemptColumns, where.String(), len(args)), args, nil
}
