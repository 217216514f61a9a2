package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/store"
)

// evidenceRows is how many pieces of evidence go into one statement. SQLite
// binds in time quadratic in the placeholders, PostgreSQL pays per statement.
const evidenceRows = 8

// PutEvidence implements store.Runs. The run is locked by an update first:
// agents that found the same things in another order would else wait for each
// other's rows.
func (s *Store) PutEvidence(ctx context.Context, run string, evidence []agents.Evidence) error {
	if len(evidence) == 0 {
		return nil
	}
	args := make([]any, 0, 2*len(evidence))
	for _, e := range evidence {
		text, err := encode(e)
		if err != nil {
			return fmt.Errorf("storing evidence %q of run %q: %w", e.ID, run, err)
		}
		args = append(args, e.ID, text)
	}
	err := s.backend.Write(ctx, func(ctx context.Context, tx Tx) error {
		if err := touch(ctx, tx, run); err != nil {
			return err
		}
		rest := args
		for len(rest) > 0 {
			n := 2 * evidenceRows
			if len(rest) < n {
				n = 2 // one by one, so that there are two statements to prepare and not eight
			}
			if _, err := tx.ExecContext(ctx, insertEvidence(n/2), append([]any{run}, rest[:n]...)...); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	})
	return s.explain(err, "storing the evidence of run %q", run)
}

// touch locks a run and notes that something of it changed.
func touch(ctx context.Context, tx Tx, run string) error {
	result, err := tx.ExecContext(ctx, "UPDATE runs SET updated = $2 WHERE id = $1", run, time.Now().UnixMicro())
	if err != nil {
		return err
	}
	return oneRow(result)
}

func insertEvidence(rows int) string {
	values := make([]string, rows)
	for i := range values {
		values[i] = fmt.Sprintf("($1, $%d, $%d)", 2*i+2, 2*i+3)
	}
	return "INSERT INTO evidence (run, id, data) VALUES " + strings.Join(values, ", ") + " ON CONFLICT (run, id) DO NOTHING"
}

// Evidence implements store.Runs.
func (s *Store) Evidence(ctx context.Context, run string) ([]agents.Evidence, error) {
	evidence, err := collect(ctx, s.read, func(row row) (agents.Evidence, error) {
		var e agents.Evidence
		err := row.Scan(encoded{&e})
		return e, err
	}, "SELECT data FROM evidence WHERE run = $1 ORDER BY place", run)
	return evidence, s.explain(err, "reading the evidence of run %q", run)
}

// PutClaims implements store.Runs. The claims of a run are replaced and read
// together, so they are kept together.
func (s *Store) PutClaims(ctx context.Context, run string, claims []agents.Claim) error {
	text, err := encode(claims)
	if err != nil {
		return fmt.Errorf("storing the claims of run %q: %w", run, err)
	}
	_, err = s.exec(ctx, `INSERT INTO claims (run, data) VALUES ($1, $2)
		ON CONFLICT (run) DO UPDATE SET data = excluded.data`, run, text)
	return s.explain(err, "storing the claims of run %q", run)
}

// Claims implements store.Runs.
func (s *Store) Claims(ctx context.Context, run string) ([]agents.Claim, error) {
	claims, err := collect(ctx, s.read, func(row row) ([]agents.Claim, error) {
		var c []agents.Claim
		err := row.Scan(encoded{&c})
		return c, err
	}, "SELECT data FROM claims WHERE run = $1", run)
	return slices.Concat(claims...), s.explain(err, "reading the claims of run %q", run)
}

// PutDraft implements store.Runs.
func (s *Store) PutDraft(ctx context.Context, draft store.DraftRecord) error {
	changes, err := encode(draft.Changes)
	if err != nil {
		return fmt.Errorf("storing draft %d of run %q: %w", draft.Round, draft.Run, err)
	}
	_, err = s.exec(ctx, `INSERT INTO drafts (run, round, ref, digest, changes, created) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (run, round) DO UPDATE SET ref = excluded.ref, digest = excluded.digest, changes = excluded.changes,
			created = excluded.created`,
		draft.Run, draft.Round, draft.Ref, draft.Digest, changes, microsOrNow(draft.Created))
	return s.explain(err, "storing draft %d of run %q", draft.Round, draft.Run)
}

// Drafts implements store.Runs.
func (s *Store) Drafts(ctx context.Context, run string) ([]store.DraftRecord, error) {
	drafts, err := collect(ctx, s.read, func(row row) (store.DraftRecord, error) {
		d := store.DraftRecord{Run: run}
		err := row.Scan(&d.Round, &d.Ref, &d.Digest, encoded{&d.Changes}, instant{&d.Created})
		return d, err
	}, "SELECT round, ref, digest, changes, created FROM drafts WHERE run = $1 ORDER BY round", run)
	return drafts, s.explain(err, "listing the drafts of run %q", run)
}

// PutReport implements store.Runs.
func (s *Store) PutReport(ctx context.Context, run string, report store.Report) error {
	_, err := s.exec(ctx, `INSERT INTO reports (run, digest, markdown, html, json, created) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (run) DO UPDATE SET digest = excluded.digest, markdown = excluded.markdown, html = excluded.html,
			json = excluded.json, created = excluded.created`,
		run, report.Digest, report.Markdown, report.HTML, report.JSON, microsOrNow(report.Created))
	return s.explain(err, "storing the report of run %q", run)
}

// Report implements store.Runs.
func (s *Store) Report(ctx context.Context, run string) (store.Report, error) {
	var r store.Report
	err := s.read.QueryRowContext(ctx, "SELECT digest, markdown, html, json, created FROM reports WHERE run = $1", run).
		Scan(&r.Digest, &r.Markdown, &r.HTML, &r.JSON, instant{&r.Created})
	return r, s.explain(err, "reading the report of run %q", run)
}
