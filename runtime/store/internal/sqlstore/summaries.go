package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/quaestor-run/quaestor/runtime/store"
)

const summaryColumns = "id, client, status, request, result, error, done, total, created, finished"

func scanSummary(row row) (store.Summary, error) {
	var s store.Summary
	var request, result []byte
	err := row.Scan(&s.ID, &s.Client, &s.Status, &request, &result, &s.Error, &s.Done, &s.Total, instant{&s.Created}, instant{&s.Finished})
	s.Request, s.Result = request, result
	return s, err
}

// CreateSummary implements store.Summaries.
func (s *Store) CreateSummary(ctx context.Context, summary store.Summary) (store.Summary, bool, error) {
	if summary.ID == "" {
		return store.Summary{}, false, errors.New("creating a summary: the id is required")
	}
	var stored store.Summary
	created := false
	err := s.backend.Write(ctx, func(ctx context.Context, tx Tx) error {
		result, err := tx.ExecContext(ctx, "INSERT INTO summaries ("+summaryColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING`,
			summary.ID, summary.Client, string(summary.Status), []byte(summary.Request), raw(summary.Result), plain(summary.Error),
			summary.Done, summary.Total, microsOrNow(summary.Created), micros(summary.Finished))
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return err
		}
		created = n == 1
		stored, err = scanSummary(tx.QueryRowContext(ctx, "SELECT "+summaryColumns+" FROM summaries WHERE id = $1", summary.ID))
		return err
	})
	return stored, created, s.explain(err, "creating summary %q", summary.ID)
}

// Summary implements store.Summaries.
func (s *Store) Summary(ctx context.Context, id string) (store.Summary, error) {
	summary, err := scanSummary(s.read.QueryRowContext(ctx, "SELECT "+summaryColumns+" FROM summaries WHERE id = $1", id))
	if err != nil {
		return store.Summary{}, s.explain(err, "reading summary %q", id)
	}
	return summary, nil
}

// UpdateSummary implements store.Summaries.
func (s *Store) UpdateSummary(ctx context.Context, id string, update store.SummaryUpdate) error {
	var errorText any
	if update.Error != nil {
		errorText = plain(*update.Error)
	}
	var status any
	if update.Status != nil {
		status = string(*update.Status)
	}
	err := s.backend.Write(ctx, func(ctx context.Context, tx Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE summaries SET
				status = CASE WHEN status = $2 THEN COALESCE($3, status) ELSE status END,
				result = CASE WHEN status = $2 THEN COALESCE($4, result) ELSE result END,
				error = CASE WHEN status = $2 THEN COALESCE($5, error) ELSE error END,
				done = CASE WHEN status = $2 THEN COALESCE($6, done) ELSE done END,
				total = CASE WHEN status = $2 THEN COALESCE($7, total) ELSE total END,
				finished = CASE WHEN status = $2 THEN $8 ELSE finished END
			WHERE id = $1`,
			id, string(store.StatusRunning), status, raw(update.Result), errorText, orNull(update.Done), orNull(update.Total), micros(update.Finished))
		if err != nil {
			return err
		}
		return oneRow(result)
	})
	return s.explain(err, "updating summary %q", id)
}

// PendingSummaries implements store.Summaries.
func (s *Store) PendingSummaries(ctx context.Context, limit int) ([]store.Summary, error) {
	summaries, err := collect(ctx, s.read, scanSummary, fmt.Sprintf(
		"SELECT %s FROM summaries WHERE status = $1 AND total = 0 ORDER BY created, id LIMIT %d", summaryColumns, bound(limit, 50, 200)),
		string(store.StatusRunning))
	return summaries, s.explain(err, "listing summaries that wait")
}
