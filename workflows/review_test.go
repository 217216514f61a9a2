package workflows_test

import (
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/workflows"
)

// answer is what became of a decision.
type answer struct {
	accepted bool
	refused  error
}

func (a *answer) Reject(err error)          { a.refused = err }
func (a *answer) Accept()                   { a.accepted = true }
func (a *answer) Complete(_ any, err error) { a.refused = err }

// decide sends a decision after a while.
func (w *world) decide(after time.Duration, decision workflows.ReviewDecision) *answer {
	a := &answer{}
	w.env.RegisterDelayedCallback(func() {
		w.env.UpdateWorkflow(workflows.UpdateDecide, after.String(), a, decision)
	}, after)
	return a
}

const firstDigest = "digest of out:writer · first draft"

func TestAPersonApproves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	early := w.decide(0, workflows.ReviewDecision{Decision: workflows.DecisionApprove, Digest: firstDigest})
	stale := w.decide(time.Hour, workflows.ReviewDecision{Decision: workflows.DecisionApprove, Digest: "another draft"})
	odd := w.decide(2*time.Hour, workflows.ReviewDecision{Decision: "perhaps", Digest: firstDigest})
	good := w.decide(3*time.Hour, workflows.ReviewDecision{Decision: workflows.DecisionApprove, Digest: firstDigest, By: "Ada", Role: "analyst"})
	result, err := w.run(t, workflows.ResearchRequest{Topic: "a topic", Review: workflows.ReviewRequired})
	if err != nil || result.Status != "completed" || result.Digest != firstDigest {
		t.Fatalf("result %+v, error %v", result, err)
	}
	for name, a := range map[string]*answer{"too early": early, "stale": stale, "odd": odd} {
		if a.accepted || a.refused == nil {
			t.Errorf("%s: accepted %v, refused %v", name, a.accepted, a.refused)
		}
	}
	if !good.accepted || good.refused != nil {
		t.Errorf("good: %+v", good)
	}
	if len(w.closed) != 1 || w.closed[0].Decision.By != "Ada" {
		t.Errorf("closed %+v", w.closed)
	}
}

func TestAPersonWantsChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.decide(time.Hour, workflows.ReviewDecision{Decision: workflows.DecisionChanges, Digest: firstDigest, Comments: "Shorter."})
	w.decide(2*time.Hour, workflows.ReviewDecision{Decision: workflows.DecisionApprove, Digest: "digest of out:writer · refinement 1"})
	result, err := w.run(t, workflows.ResearchRequest{Topic: "a topic", Review: workflows.ReviewRequired})
	if err != nil || result.Status != "completed" || w.drafts != 2 || w.published[0].Draft != "out:writer · refinement 1" {
		t.Errorf("result %+v, error %v, %d drafts, published %+v", result, err, w.drafts, w.published)
	}
}

func TestAPersonRejects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.decide(time.Hour, workflows.ReviewDecision{Decision: workflows.DecisionReject, Digest: firstDigest})
	result, err := w.run(t, workflows.ResearchRequest{Topic: "a topic", Review: workflows.ReviewRequired})
	if err != nil || result.Status != "rejected" || len(w.published) > 0 {
		t.Errorf("result %+v, error %v, published %v", result, err, w.published)
	}
}

func TestNobodyReviewsInTime(t *testing.T) {
	t.Parallel()
	for expiry, status := range map[string]string{workflows.ExpiryReject: "rejected", workflows.ExpiryPublish: "partial"} {
		t.Run(expiry, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.settings.ReviewExpiry = expiry
			result, err := w.run(t, workflows.ResearchRequest{Topic: "a topic", Review: workflows.ReviewRequired})
			if err != nil || result.Status != status {
				t.Fatalf("result %+v, error %v", result, err)
			}
			reminders := 0
			for _, record := range w.records {
				for _, event := range record.Events {
					if event.Type == "review.reminder" {
						reminders++
					}
				}
			}
			if reminders != 1 || len(w.closed) != 1 || w.closed[0].Decision.By != "expiry" {
				t.Errorf("%d reminders, closed %+v", reminders, w.closed)
			}
			if status == "partial" && !strings.Contains(w.published[0].Notice, "without a person's approval") {
				t.Errorf("published %+v", w.published)
			}
		})
	}
}
