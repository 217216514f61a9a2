package sqlstore

import (
	"context"
	"fmt"

	"github.com/quaestor-run/quaestor/runtime/store"
)

const reviewColumns = `id, run, client, topic, digest, created, due,
	decision, decision_digest, comments, decided_by, decided_role, decided`

func scanReview(row row) (store.Review, error) {
	var r store.Review
	var d store.Decision
	err := row.Scan(&r.ID, &r.Run, &r.Client, &r.Topic, &r.Digest, instant{&r.Created}, instant{&r.Due},
		&d.Decision, &d.Digest, &d.Comments, &d.By, &d.Role, instant{&d.At})
	if d.Decision != "" {
		r.Decision = &d
	}
	return r, err
}

// OpenReview implements store.Runs. A decision in the review is not stored.
func (s *Store) OpenReview(ctx context.Context, review store.Review) error {
	_, err := s.exec(ctx, `INSERT INTO reviews (id, run, client, topic, digest, created, due)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`,
		review.ID, review.Run, review.Client, plain(review.Topic), review.Digest, microsOrNow(review.Created), micros(review.Due))
	return s.explain(err, "opening review %q of run %q", review.ID, review.Run)
}

// Review implements store.Runs.
func (s *Store) Review(ctx context.Context, id string) (store.Review, error) {
	review, err := scanReview(s.read.QueryRowContext(ctx, "SELECT "+reviewColumns+" FROM reviews WHERE id = $1", id))
	if err != nil {
		return store.Review{}, s.explain(err, "reading review %q", id)
	}
	return review, nil
}

// Reviews implements store.Runs.
func (s *Store) Reviews(ctx context.Context, filter store.ReviewFilter) ([]store.Review, error) {
	var where conditions
	where.equal("client", filter.Client)
	if filter.Open {
		where.add("decision = ''")
	}
	reviews, err := collect(ctx, s.read, scanReview, fmt.Sprintf("SELECT %s FROM reviews %s ORDER BY created DESC, id DESC LIMIT %d",
		reviewColumns, where.clause(), bound(filter.Limit, 50, 200)), where.args...)
	return reviews, s.explain(err, "listing reviews")
}

// DecideReview implements store.Runs.
func (s *Store) DecideReview(ctx context.Context, id string, d store.Decision) error {
	if d.Decision == "" {
		return fmt.Errorf("deciding review %q: the decision is empty", id)
	}
	err := s.backend.Write(ctx, func(ctx context.Context, tx Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE reviews SET decision = $2, decision_digest = $3, comments = $4,
				decided_by = $5, decided_role = $6, decided = $7
			WHERE id = $1 AND decision = '' AND ($3 = '' OR $3 = digest)`,
			id, d.Decision, d.Digest, plain(d.Comments), plain(d.By), d.Role, microsOrNow(d.At))
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 1 {
			return err
		}
		stored, err := scanReview(tx.QueryRowContext(ctx, "SELECT "+reviewColumns+" FROM reviews WHERE id = $1", id))
		if err != nil {
			return err
		}
		return refusal(stored, d)
	})
	return s.explain(err, "deciding review %q", id)
}

// refusal says why a review did not take a decision, or nil when it has taken
// the same one before.
func refusal(review store.Review, d store.Decision) error {
	switch taken := review.Decision; {
	case taken == nil:
		return fmt.Errorf("the decision names draft %q, the review is of %q: %w", d.Digest, review.Digest, store.ErrConflict)
	case taken.Decision == d.Decision && taken.Digest == d.Digest:
		return nil
	default:
		return fmt.Errorf("%q was decided by %q at %s: %w", taken.Decision, taken.By, taken.At, store.ErrConflict)
	}
}
