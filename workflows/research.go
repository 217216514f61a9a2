package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/quaestor-run/quaestor/agents"
)

// ResearchResult is what a research run ends with.
type ResearchResult struct {
	Status string `json:"status"`
	Digest string `json:"digest,omitempty"` // of the published draft
	Notice string `json:"notice,omitempty"` // why it is partial
}

// Final states of a research run, as the store knows them.
const (
	statusRunning   = "running"
	statusAwaiting  = "awaiting_review"
	statusCompleted = "completed"
	statusPartial   = "partial"
	statusFailed    = "failed"
	statusCancelled = "cancelled"
	statusRejected  = "rejected"
)

// research is one run: what it was asked, and references to what exists so far.
type research struct {
	id       string
	request  ResearchRequest
	settings Settings

	survey   string
	planRef  string
	plan     agents.Plan
	gathered []string // by question, empty until there
	evidence []string
	analyses []string
	draft    CheckedDraft

	phase   string
	rounds  int    // of the draft
	judged  int    // times claims were judged
	review  string // the last one of this draft
	done    int    // agent runs
	total   int
	said    map[string]int // events told, by what they say
	notice  string         // why the report is partial; empty while it is whole
	expired bool           // the deadline passed
	human   humanReview
}

// Research turns a topic and documents into a cited report. The id of the
// workflow is the id of the run.
func Research(ctx workflow.Context, request ResearchRequest) (ResearchResult, error) {
	r := &research{id: workflow.GetInfo(ctx).WorkflowExecution.ID, request: request, said: map[string]int{}}
	if err := r.open(ctx); err != nil {
		return r.fail(ctx, err)
	}
	if err := r.human.listen(ctx); err != nil {
		return r.fail(ctx, err)
	}
	work, stop := r.withDeadline(ctx)
	err := r.work(work)
	stop()
	switch {
	case ctx.Err() != nil:
		return r.cancelled(ctx)
	case r.expired:
		r.notice = "The deadline passed before the work was done."
	case err != nil:
		return r.fail(ctx, err)
	}
	status, err := r.finish(ctx)
	switch {
	case ctx.Err() != nil:
		return r.cancelled(ctx)
	case err != nil:
		return r.fail(ctx, err)
	}
	return ResearchResult{Status: status, Digest: r.draft.Digest, Notice: r.notice}, nil
}

// open makes sure of the run's record and learns its settings.
func (r *research) open(ctx workflow.Context) error {
	settings, err := quick[Settings](ctx, OpenRunName, OpenRun{Run: r.id, Request: r.request})
	if err != nil {
		return err
	}
	r.settings = settings
	if r.request.Unsupported != "" {
		r.settings.Unsupported = r.request.Unsupported
	}
	r.tag(ctx, AttributeClient.ValueSet(r.request.Client))
	return nil
}

// withDeadline gives a context that is cancelled when the run's deadline
// passes, and a function that takes the deadline back.
func (r *research) withDeadline(ctx workflow.Context) (workflow.Context, workflow.CancelFunc) {
	work, cancel := workflow.WithCancel(ctx)
	deadline := r.request.Deadline
	if r.request.Timeout > 0 {
		relative := workflow.GetInfo(ctx).WorkflowStartTime.Add(r.request.Timeout)
		if deadline.IsZero() || relative.Before(deadline) {
			deadline = relative
		}
	}
	if deadline.IsZero() {
		return work, cancel
	}
	workflow.Go(work, func(work workflow.Context) {
		left := max(deadline.Sub(workflow.Now(work)), 0)
		if workflow.NewTimerWithOptions(work, left, workflow.TimerOptions{Summary: "deadline"}).Get(work, nil) == nil {
			r.expired = true
			cancel()
		}
	})
	return work, cancel
}

// work runs the cycle: the questions are its steps, the draft its result.
func (r *research) work(ctx workflow.Context) error {
	result, err := r.cycle().Run(ctx)
	if err != nil {
		return err
	}
	if result.Stopped == StoppedBudget {
		r.notice = "The budget of the run ended before the work was done."
	}
	return nil
}

// finish brings the draft, or what there is in its place, past a person where
// one is wanted, and publishes it.
func (r *research) finish(ctx workflow.Context) (string, error) {
	if r.draft.Draft == "" {
		if err := r.composePartial(ctx); err != nil {
			return "", err
		}
	}
	if r.request.Review == ReviewRequired {
		approved, err := r.reviewByPerson(ctx)
		if err != nil {
			return "", err
		}
		if !approved {
			return statusRejected, r.end(ctx, statusRejected, "")
		}
	}
	return r.publish(ctx)
}

func (r *research) publish(ctx workflow.Context) (string, error) {
	if err := r.enter(ctx, PhasePublish); err != nil {
		return "", err
	}
	_, err := quick[string](ctx, PublishName, Publication{
		Run: r.id, Request: r.request, Draft: r.draft.Draft, Survey: r.survey, Plan: r.planRef, Review: r.review, Notice: r.notice,
	})
	if err != nil {
		return "", err
	}
	status := statusCompleted
	if r.notice != "" {
		status = statusPartial
	}
	return status, r.end(ctx, status, r.notice)
}

// composePartial makes a labelled draft from what exists.
func (r *research) composePartial(ctx workflow.Context) error {
	draft, err := quick[string](ctx, ComposePartialName, Partial{
		Run: r.id, Request: r.request, Survey: r.survey, Plan: r.planRef,
		Gathered: present(r.gathered), Analyses: present(r.analyses), Notice: r.notice,
	})
	if err != nil {
		return err
	}
	return r.check(ctx, DraftCheck{Draft: draft})
}

// fail ends the run as failed and tells why.
func (r *research) fail(ctx workflow.Context, cause error) (ResearchResult, error) {
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	if err := r.end(ctx, statusFailed, Reason(cause)); err != nil {
		workflow.GetLogger(ctx).Error("Recording a failure", "error", err)
	}
	return ResearchResult{Status: statusFailed}, cause
}

// cancelled ends the run as cancelled; what was gathered stays.
func (r *research) cancelled(ctx workflow.Context) (ResearchResult, error) {
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	if err := r.end(ctx, statusCancelled, "The run was cancelled."); err != nil {
		workflow.GetLogger(ctx).Error("Recording a cancellation", "error", err)
	}
	return ResearchResult{Status: statusCancelled}, temporal.NewCanceledError()
}

func present(refs []string) []string {
	var there []string
	for _, ref := range refs {
		if ref != "" {
			there = append(there, ref)
		}
	}
	return there
}
