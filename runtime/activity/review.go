package activity

import (
	"context"
	"errors"
	"fmt"

	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/workflows"
)

// OpenReview asks for a person's word on a draft and gives the review's id,
// which is the same when the activity is retried.
func (a *Activities) OpenReview(ctx context.Context, in workflows.ReviewOpening) (string, error) {
	id := ReviewID(in.Run, in.Round)
	err := a.Store.OpenReview(ctx, store.Review{
		ID: id, Run: in.Run, Client: in.Request.Client, Topic: in.Request.Topic,
		Digest: in.Digest, Created: a.Now().UTC(), Due: in.Due.UTC(),
	})
	if err != nil {
		return "", fmt.Errorf("opening review %s: %w", id, err)
	}
	return id, nil
}

// ReviewID is the id of the review of the draft of a round.
func ReviewID(run string, round int) string { return fmt.Sprintf("%s-review-%d", run, round) }

// CloseReview keeps what was decided on a draft. A decision that was kept
// before stays.
func (a *Activities) CloseReview(ctx context.Context, in workflows.ReviewClosing) (string, error) {
	err := a.Store.DecideReview(ctx, in.Review, store.Decision{
		Decision: in.Decision.Decision, Digest: in.Decision.Digest, Comments: in.Decision.Comments,
		By: in.Decision.By, Role: in.Decision.Role, At: a.Now().UTC(),
	})
	if err != nil && !errors.Is(err, store.ErrConflict) {
		return "", fmt.Errorf("closing review %s: %w", in.Review, err)
	}
	return in.Review, nil
}
