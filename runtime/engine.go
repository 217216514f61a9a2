package runtime

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/workflows"
)

// engine starts and steers workflows for the API.
type engine struct {
	temporal  client.Client
	taskQueue string
}

var _ server.Engine = engine{}

// StartResearch starts the workflow of a run; a run that was started before is
// left as it is.
func (e engine) StartResearch(ctx context.Context, id string, req workflows.ResearchRequest) error {
	_, err := e.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: id, TaskQueue: e.taskQueue, StaticSummary: workflows.Summary(req.Topic),
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, workflows.ResearchName, req)
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	if err != nil && !errors.As(err, &started) {
		return fmt.Errorf("starting run %s: %w", id, err)
	}
	return nil
}

// StartSummary starts the workflow of a summary; one that was started before is
// left as it is.
func (e engine) StartSummary(ctx context.Context, job workflows.SummaryJob) error {
	_, err := e.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: job.ID, TaskQueue: e.taskQueue, StaticSummary: "summary for " + job.Client,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, workflows.SummarizeName, job)
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	if err != nil && !errors.As(err, &started) {
		return fmt.Errorf("starting summary %s: %w", job.ID, err)
	}
	return nil
}

// Cancel asks a run to stop.
func (e engine) Cancel(ctx context.Context, run string) error {
	err := e.temporal.CancelWorkflow(ctx, run, "")
	var gone *serviceerror.NotFound
	if err != nil && !errors.As(err, &gone) {
		return fmt.Errorf("cancelling run %s: %w", run, err)
	}
	return nil
}

// Decide sends a person's decision to the run that waits for it.
func (e engine) Decide(ctx context.Context, run string, decision workflows.ReviewDecision) error {
	handle, err := e.temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: run, UpdateName: workflows.UpdateDecide, Args: []any{decision},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, nil)
	}
	var refused *temporal.ApplicationError
	var gone *serviceerror.NotFound
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused) && refused.Type() == workflows.ErrorStaleReview:
		return fmt.Errorf("%w: %s", server.ErrStaleReview, refused.Message())
	case errors.As(err, &refused) && refused.Type() == workflows.ErrorNoReview, errors.As(err, &gone):
		return server.ErrNoReview
	}
	return fmt.Errorf("deciding on run %s: %w", run, err)
}

// Ready says whether Temporal answers.
func (e engine) Ready(ctx context.Context) error {
	if _, err := e.temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return fmt.Errorf("asking Temporal for its health: %w", err)
	}
	return nil
}
