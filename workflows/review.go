package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// humanReview is the draft that waits for a person, and what was decided.
type humanReview struct {
	digest   string // of the draft that waits; empty when none does
	decision *ReviewDecision
}

// maxHumanRounds bounds how often a person may send a draft back.
const maxHumanRounds = 10

// listen accepts decisions. A decision must name the draft that waits by its
// digest: a stale approval is refused before it reaches the history.
func (h *humanReview) listen(ctx workflow.Context) error {
	decide := func(_ workflow.Context, decision ReviewDecision) error {
		h.decision = &decision
		return nil
	}
	validate := func(_ workflow.Context, decision ReviewDecision) error {
		switch {
		case h.digest == "" || h.decision != nil:
			return temporal.NewApplicationError("no draft waits for a decision", ErrorNoReview)
		case decision.Digest != h.digest:
			return temporal.NewApplicationError(
				fmt.Sprintf("the decision names draft %q, but draft %q waits", decision.Digest, h.digest), ErrorStaleReview)
		}
		switch decision.Decision {
		case DecisionApprove, DecisionChanges, DecisionReject:
			return nil
		}
		return refused("decision %q: want approve, changes or reject", decision.Decision)
	}
	return workflow.SetUpdateHandlerWithOptions(ctx, UpdateDecide, decide, workflow.UpdateHandlerOptions{Validator: validate})
}

// reviewByPerson waits for a person to approve the draft; each wish for changes
// is worked in and comes back for another look.
func (r *research) reviewByPerson(ctx workflow.Context) (bool, error) {
	for range maxHumanRounds {
		decision, err := r.awaitDecision(ctx)
		if err != nil {
			return false, err
		}
		switch decision.Decision {
		case DecisionApprove:
			return true, nil
		case DecisionChanges:
			if err := r.workIn(ctx, decision); err != nil {
				return false, err
			}
		default:
			return false, nil
		}
	}
	return false, refused("the draft was sent back %d times; start a new run with what was learned", maxHumanRounds)
}

func (r *research) awaitDecision(ctx workflow.Context) (ReviewDecision, error) {
	r.phase = PhaseHuman
	review, err := quick[string](ctx, OpenReviewName, ReviewOpening{
		Run: r.id, Request: r.request, Round: r.rounds, Digest: r.draft.Digest, Due: workflow.Now(ctx).Add(r.settings.ReviewTimeout),
	})
	if err != nil {
		return ReviewDecision{}, err
	}
	r.human = humanReview{digest: r.draft.Digest}
	err = r.record(ctx, Record{Status: statusAwaiting, Phase: PhaseHuman}, "awaiting_review", ReviewDecision{Digest: r.draft.Digest})
	if err != nil {
		return ReviewDecision{}, err
	}
	if err := r.waitForPerson(ctx); err != nil {
		return ReviewDecision{}, err
	}
	decision := r.expiryDecision()
	if r.human.decision != nil {
		decision = *r.human.decision
	}
	r.human.digest = ""
	_, err = quick[string](ctx, CloseReviewName, ReviewClosing{Review: review, Decision: decision})
	if err != nil {
		return ReviewDecision{}, err
	}
	return decision, r.record(ctx, Record{Status: statusRunning}, "review.decided", decision)
}

// waitForPerson waits for the decision, reminds once, and gives up when the
// time is over.
func (r *research) waitForPerson(ctx workflow.Context) error {
	decided := func() bool { return r.human.decision != nil }
	left := r.settings.ReviewTimeout
	if reminder := r.settings.ReviewReminder; reminder > 0 && reminder < left {
		ok, err := workflow.AwaitWithTimeout(ctx, reminder, decided)
		if ok || err != nil {
			return err
		}
		err = r.record(ctx, Record{}, "review.reminder", struct {
			Digest string    `json:"digest"`
			Due    time.Time `json:"due"`
		}{r.human.digest, workflow.Now(ctx).Add(left - reminder)})
		if err != nil {
			return err
		}
		left -= reminder
	}
	_, err := workflow.AwaitWithTimeout(ctx, left, decided)
	return err
}

// expiryDecision is what the configuration says becomes of a draft that nobody
// reviewed in time.
func (r *research) expiryDecision() ReviewDecision {
	decision := ReviewDecision{Decision: DecisionReject, Digest: r.draft.Digest, By: "expiry", Comments: "Nobody decided in time."}
	if r.settings.ReviewExpiry == ExpiryPublish {
		decision.Decision = DecisionApprove
		if r.notice == "" {
			r.notice = "Nobody reviewed the draft in time; it is published without a person's approval."
		}
	}
	return decision
}

// workIn has the writer work a person's comments into the draft.
func (r *research) workIn(ctx workflow.Context, decision ReviewDecision) error {
	input, err := r.writerInput(ctx)
	if err != nil {
		return err
	}
	input.Comments = decision.Comments
	r.rounds++
	_, err = r.rewrite(ctx, input, r.draft, r.rounds)
	if IsBudget(err) {
		r.notice = "The budget of the run ended before the reviewer's comments were worked in."
		return nil
	}
	return err
}
