package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quaestor-run/quaestor/runtime/store"
)

const runColumns = `id, client, topic, request, request_digest, idempotency_key, schedule, status, phase,
	iteration, plan, done, total, error, created, updated, finished`

func scanRun(row row) (store.Run, error) {
	var r store.Run
	err := row.Scan(&r.ID, &r.Client, &r.Topic, (*[]byte)(&r.Request), &r.RequestDigest, &r.IdempotencyKey, &r.Schedule,
		&r.Status, &r.Phase, &r.Iteration, (*[]byte)(&r.Plan), &r.Done, &r.Total, &r.Error,
		instant{&r.Created}, instant{&r.Updated}, instant{&r.Finished})
	return r, err
}

// CreateRun implements store.Runs. The zero Created is now, and no Status is
// running.
func (s *Store) CreateRun(ctx context.Context, run store.Run) (stored store.Run, created bool, err error) {
	if run.ID == "" {
		return store.Run{}, false, errors.New("creating a run: it has no id")
	}
	if run.Status == "" {
		run.Status = store.StatusRunning
	}
	if run.Status.Final() && run.Finished.IsZero() {
		run.Finished = time.Now()
	}
	begun := microsOrNow(run.Created)
	updated := max(begun, micros(run.Updated))
	err = s.backend.Write(ctx, func(ctx context.Context, tx Tx) (err error) {
		stored, err = scanRun(tx.QueryRowContext(ctx, `INSERT INTO runs (`+runColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
			ON CONFLICT DO NOTHING RETURNING `+runColumns,
			run.ID, run.Client, plain(run.Topic), raw(run.Request), run.RequestDigest, run.IdempotencyKey, run.Schedule,
			string(run.Status), run.Phase, run.Iteration, raw(run.Plan), run.Done, run.Total, plain(run.Error),
			begun, updated, micros(run.Finished)))
		created = err == nil
		if errors.Is(err, sql.ErrNoRows) {
			stored, err = existingRun(ctx, tx, run)
		}
		return err
	})
	if err != nil {
		return store.Run{}, false, s.explain(err, "creating run %q", run.ID)
	}
	return stored, created, nil
}

// existingRun finds the run that was created before with the same id or key.
func existingRun(ctx context.Context, tx Tx, run store.Run) (store.Run, error) {
	found, err := scanRun(tx.QueryRowContext(ctx, "SELECT "+runColumns+" FROM runs WHERE id = $1", run.ID))
	by := "id"
	if errors.Is(err, sql.ErrNoRows) {
		found, err = scanRun(tx.QueryRowContext(ctx, "SELECT "+runColumns+` FROM runs
			WHERE client = $1 AND idempotency_key = $2 AND idempotency_key <> ''`, run.Client, run.IdempotencyKey))
		by = "idempotency key"
	}
	if err != nil {
		return store.Run{}, err
	}
	if found.RequestDigest != run.RequestDigest {
		return store.Run{}, fmt.Errorf("run %q has the same %s and another request: %w", found.ID, by, store.ErrConflict)
	}
	return found, nil
}

// Run implements store.Runs.
func (s *Store) Run(ctx context.Context, id string) (store.Run, error) {
	run, err := scanRun(s.read.QueryRowContext(ctx, "SELECT "+runColumns+" FROM runs WHERE id = $1", id))
	if err != nil {
		return store.Run{}, s.explain(err, "reading run %q", id)
	}
	return run, nil
}

// Runs implements store.Runs.
func (s *Store) Runs(ctx context.Context, filter store.RunFilter) (store.RunPage, error) {
	var where conditions
	where.equal("client", filter.Client)
	where.equal("status", string(filter.Status))
	where.equal("schedule", filter.Schedule)
	if filter.Cursor != "" {
		after, err := parseCursor(filter.Cursor)
		if err != nil {
			return store.RunPage{}, fmt.Errorf("listing runs: %w", err)
		}
		where.add("(created, id) < (%s, %s)", after.created, after.id)
	}
	limit := bound(filter.Limit, 50, 200)
	runs, err := collect(ctx, s.read, scanRun, fmt.Sprintf("SELECT %s FROM runs %s ORDER BY created DESC, id DESC LIMIT %d",
		runColumns, where.clause(), limit+1), where.args...)
	if err != nil {
		return store.RunPage{}, s.explain(err, "listing runs")
	}
	page := store.RunPage{Runs: runs}
	if len(runs) > limit {
		last := runs[limit-1]
		page.Runs, page.Next = runs[:limit], cursor{micros(last.Created), last.ID}.String()
	}
	return page, nil
}

// The row is locked by the update, so that the events that follow it in the
// transaction are numbered one run update after the other. An unfinished run
// has finished = 0.
const updateRun = `UPDATE runs SET
	updated = $2,
	status = CASE WHEN finished = 0 THEN COALESCE($3, status) ELSE status END,
	error = CASE WHEN finished <> 0 AND $3 <> status THEN error ELSE COALESCE($4, error) END,
	finished = CASE WHEN finished = 0 THEN $5 ELSE finished END,
	phase = COALESCE($6, phase),
	iteration = COALESCE($7, iteration),
	plan = COALESCE($8, plan),
	done = COALESCE($9, done),
	total = COALESCE($10, total)
	WHERE id = $1`

const insertEvent = `INSERT INTO events (run, seq, key, type, time, data)
	VALUES ($1, (SELECT COALESCE(MAX(seq), 0) + 1 FROM events WHERE run = $1), $2, $3, $4, $5)
	ON CONFLICT (run, key) DO NOTHING`

// UpdateRun implements store.Runs.
func (s *Store) UpdateRun(ctx context.Context, id string, update store.RunUpdate) error {
	for i, event := range update.Events {
		if event.Key == "" {
			return fmt.Errorf("updating run %q: its event %d (%q) has no key", id, i, event.Type)
		}
	}
	now := time.Now().UnixMicro()
	var finished int64
	if update.Status != nil && update.Status.Final() {
		finished = now
	}
	args := []any{
		id, now, orNull((*string)(update.Status)), orNull(cleaned(update.Error)), finished, orNull(update.Phase),
		orNull(update.Iteration), raw(update.Plan), orNull(update.Done), orNull(update.Total),
	}
	err := s.backend.Write(ctx, func(ctx context.Context, tx Tx) error {
		result, err := tx.ExecContext(ctx, updateRun, args...)
		if err != nil {
			return err
		}
		if err := oneRow(result); err != nil {
			return err
		}
		for _, event := range update.Events {
			_, err := tx.ExecContext(ctx, insertEvent, id, plain(event.Key), event.Type, microsOrNow(event.Time), raw(event.Data))
			if err != nil {
				return fmt.Errorf("appending event %q: %w", event.Key, err)
			}
		}
		return nil
	})
	if err != nil {
		return s.explain(err, "updating run %q", id)
	}
	s.watch.wake(id)
	return nil
}

func cleaned(s *string) *string {
	if s == nil {
		return nil
	}
	clean := plain(*s)
	return &clean
}

func scanEvent(row row) (store.Event, error) {
	var e store.Event
	err := row.Scan(&e.Seq, &e.Key, &e.Type, instant{&e.Time}, (*[]byte)(&e.Data))
	return e, err
}

// Events implements store.Runs.
func (s *Store) Events(ctx context.Context, run string, after int64, limit int) ([]store.Event, error) {
	events, err := collect(ctx, s.read, scanEvent, `SELECT seq, key, type, time, data FROM events
		WHERE run = $1 AND seq > $2 ORDER BY seq LIMIT $3`, run, after, bound(limit, 100, 1000))
	return events, s.explain(err, "listing the events of run %q", run)
}

// conditions collects the parts of a WHERE clause and their arguments.
type conditions struct {
	parts []string
	args  []any
}

func (c *conditions) add(format string, args ...any) {
	places := make([]any, len(args))
	for i, arg := range args {
		c.args = append(c.args, arg)
		places[i] = fmt.Sprintf("$%d", len(c.args))
	}
	c.parts = append(c.parts, fmt.Sprintf(format, places...))
}

// equal asks for a value of a column, unless the value is empty.
func (c *conditions) equal(column, value string) {
	if value != "" {
		c.add(column+" = %s", value)
	}
}

func (c *conditions) clause() string {
	if len(c.parts) == 0 {
		return ""
	}
	return "WHERE " + strings.Join(c.parts, " AND ")
}
