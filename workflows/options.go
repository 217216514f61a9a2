package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// modelOptions are for activities that wait for a model or another slow thing.
// The gateway retries inside a call; Temporal retries what survives it.
func modelOptions(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		Summary:             summary,
		StartToCloseTimeout: 15 * time.Minute,
		HeartbeatTimeout:    5 * time.Second, // how long a killed worker delays the call
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute, MaximumAttempts: 8,
		},
	})
}

// quickOptions are for local activities: milliseconds of work on the store or
// on documents in memory.
func quickOptions(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		Summary:             summary,
		StartToCloseTimeout: time.Minute,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 200 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 10 * time.Second, MaximumAttempts: 30,
		},
	})
}

// quick runs a local activity by name.
func quick[Out any](ctx workflow.Context, name string, in any) (Out, error) {
	var out Out
	err := workflow.ExecuteLocalActivity(quickOptions(ctx, name), name, in).Get(ctx, &out)
	return out, err
}

// IsBudget says whether an error is the end of a budget, however deep it lies.
func IsBudget(err error) bool { return isApplication(err, ErrorBudget) }

func isApplication(err error, kind string) bool {
	var application *temporal.ApplicationError
	for err != nil && errors.As(err, &application) {
		if application.Type() == kind {
			return true
		}
		err = application.Unwrap()
	}
	return false
}

// Reason is the innermost message of an error that crossed activities and
// child workflows: what a person should read.
func Reason(err error) string {
	var application *temporal.ApplicationError
	if errors.As(err, &application) {
		return application.Message()
	}
	var timeout *temporal.TimeoutError
	if errors.As(err, &timeout) {
		return "timed out: " + timeout.Message()
	}
	return err.Error()
}
