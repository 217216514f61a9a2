package journal

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// Usage implements ledger.Ledger. Rows come in the order of the dimensions that
// are asked for; a cursor is for the same query.
func (j *Journal) Usage(ctx context.Context, query ledger.UsageQuery) ([]ledger.UsageRow, error) {
	text, args, err := usageQuery(query)
	if err == nil {
		err = j.catchUp(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("summing up usage: %w", err)
	}
	var sums []ledger.UsageRow
	err = j.each(ctx, func(rows *sql.Rows) error {
		r, err := scanUsage(rows, query.By)
		if err != nil {
			return err
		}
		sums = append(sums, r)
		return nil
	}, text, args...)
	if err != nil {
		return nil, fmt.Errorf("summing up usage: %w", err)
	}
	return sums, nil
}

func scanUsage(rows *sql.Rows, by []ledger.Dimension) (ledger.UsageRow, error) {
	var r ledger.UsageRow
	var dest []any
	for _, d := range by {
		dest = append(dest, field(&r, d))
	}
	dest = append(dest, &r.Usage.InputTokens, &r.Usage.OutputTokens, &r.Usage.CacheReadTokens, &r.Usage.CacheWriteTokens, &r.Usage.NanoUSD,
		&r.Calls, &r.CacheHits, &r.Overage.Tokens, &r.Overage.NanoUSD)
	if err := rows.Scan(dest...); err != nil {
		return r, err
	}
	place := make([]string, len(by))
	for i, d := range by {
		place[i] = *field(&r, d)
	}
	var err error
	r.Cursor, err = cursorAt(place)
	return r, err
}

// field is where a row keeps a dimension, or nil where there is none.
func field(r *ledger.UsageRow, d ledger.Dimension) *string {
	switch d {
	case ledger.ByDay:
		return &r.Day
	case ledger.ByClient:
		return &r.Client
	case ledger.ByTeam:
		return &r.Team
	case ledger.ByFeature:
		return &r.Feature
	case ledger.ByModel:
		return &r.Model
	}
	return nil
}

func usageQuery(q ledger.UsageQuery) (text string, args []any, err error) {
	where := []string{"1 = 1"}
	mark := func(value any) string {
		args = append(args, value)
		return fmt.Sprintf("$%d", len(args))
	}
	if !q.From.IsZero() {
		where = append(where, "day >= "+mark(dayOf(q.From)))
	}
	if !q.To.IsZero() {
		where = append(where, "day <= "+mark(dayOf(q.To)))
	}
	if q.Client != "" {
		where = append(where, "client = "+mark(q.Client))
	}
	if q.Team != "" {
		where = append(where, "team = "+mark(q.Team))
	}
	names := make([]string, len(q.By)) // the dimensions are named as their columns
	for i, d := range q.By {
		if field(&ledger.UsageRow{}, d) == nil {
			return "", nil, fmt.Errorf("usage is not kept by %q, only by day, client, team, feature and model", d)
		}
		if slices.Contains(q.By[:i], d) {
			return "", nil, fmt.Errorf("usage is asked for by %s twice", d)
		}
		names[i] = string(d)
	}
	if q.After != "" {
		place, err := placeOf(q.After, len(q.By))
		if err != nil {
			return "", nil, err
		}
		marks := make([]string, len(place))
		for i, value := range place {
			marks[i] = mark(value)
		}
		where = append(where, "("+strings.Join(names, ", ")+") > ("+strings.Join(marks, ", ")+")")
	}
	const sums = `CAST(SUM(input_tokens) AS BIGINT), CAST(SUM(output_tokens) AS BIGINT), CAST(SUM(cache_read_tokens) AS BIGINT),
		CAST(SUM(cache_write_tokens) AS BIGINT), CAST(SUM(nano_usd) AS BIGINT), CAST(SUM(calls) AS BIGINT),
		CAST(SUM(cache_hits) AS BIGINT), CAST(SUM(overage_tokens) AS BIGINT), CAST(SUM(overage_nano_usd) AS BIGINT)`
	from := " FROM ledger_usage WHERE " + strings.Join(where, " AND ")
	if len(names) == 0 {
		return "SELECT " + sums + from + " HAVING COUNT(*) > 0", args, nil
	}
	list := strings.Join(names, ", ")
	return "SELECT " + list + ", " + sums + from + " GROUP BY " + list + " ORDER BY " + list + " LIMIT " + mark(page(q.Limit)), args, nil
}

// A cursor is the dimensions of the last row, opaque to callers and fit for a
// URL.
func cursorAt(place []string) (string, error) {
	plain, err := json.Marshal(place)
	return base64.RawURLEncoding.EncodeToString(plain), err
}

func placeOf(cursor string, dimensions int) ([]string, error) {
	var place []string
	plain, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(plain, &place)
	}
	if err != nil || len(place) != dimensions || dimensions == 0 {
		return nil, fmt.Errorf("reading cursor %q: %w", cursor, ledger.ErrCursor)
	}
	return place, nil
}
