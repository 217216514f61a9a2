package workflows_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/quaestor-run/quaestor/workflows"
)

// trial is a cycle over numbers: each step sleeps, the result is their sum, and
// each refinement adds one.
type trial struct {
	steps, concurrency, rounds, goal int
	planErr                          error
	fail                             map[int]error // by step
	refineErr                        error
	tolerant                         bool

	running, most int
	outcomes      []int
}

func (tr *trial) run(ctx workflow.Context) (workflows.CycleResult[int], error) {
	cycle := workflows.Cycle[int, int, int, int]{
		Plan: func(workflow.Context) ([]int, error) {
			var steps []int
			for i := range tr.steps {
				steps = append(steps, i+1)
			}
			return steps, tr.planErr
		},
		Execute: func(ctx workflow.Context, step, number, of int) (int, error) {
			tr.running++
			tr.most = max(tr.most, tr.running)
			defer func() { tr.running-- }()
			// Later steps end first: the order of outcomes must not follow.
			if err := workflow.Sleep(ctx, time.Duration(of-number+1)*time.Second); err != nil {
				return 0, err
			}
			return step, tr.fail[step]
		},
		Combine: func(_ workflow.Context, outcomes []int) (int, error) {
			tr.outcomes = outcomes
			sum := 0
			for _, n := range outcomes {
				sum += n
			}
			return sum, nil
		},
		Validate:    func(_ workflow.Context, result, _ int) (int, error) { return result, nil },
		Met:         func(result int) bool { return result >= tr.goal },
		Refine:      func(_ workflow.Context, result, _, _ int) (int, error) { return result + 1, tr.refineErr },
		Concurrency: tr.concurrency,
		Rounds:      tr.rounds,
	}
	if tr.tolerant {
		cycle.StepFailed = func(workflow.Context, int, error) error { return nil }
	}
	return cycle.Run(ctx)
}

func TestCycle(t *testing.T) {
	t.Parallel()
	budget := temporal.NewNonRetryableApplicationError("no tokens left", workflows.ErrorBudget, nil)
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		trial    trial
		want     workflows.CycleResult[int]
		outcomes []int
		most     int
		fails    bool
	}{
		"criteria met at once":      {trial{steps: 4, goal: 10}, workflows.CycleResult[int]{Result: 10, Valid: true, Stopped: workflows.StoppedMet}, []int{1, 2, 3, 4}, 3, false},
		"met after refinement":      {trial{steps: 2, goal: 5, rounds: 3}, workflows.CycleResult[int]{Result: 5, Valid: true, Rounds: 2, Stopped: workflows.StoppedMet}, []int{1, 2}, 2, false},
		"three rounds by default":   {trial{steps: 1, goal: 99, rounds: -1}, workflows.CycleResult[int]{Result: 4, Valid: true, Rounds: 3, Stopped: workflows.StoppedRounds}, []int{1}, 1, false},
		"no rounds wanted":          {trial{steps: 1, goal: 99}, workflows.CycleResult[int]{Result: 1, Valid: true, Stopped: workflows.StoppedRounds}, []int{1}, 1, false},
		"wider concurrency":         {trial{steps: 6, goal: 1, concurrency: 5}, workflows.CycleResult[int]{Result: 21, Valid: true, Stopped: workflows.StoppedMet}, []int{1, 2, 3, 4, 5, 6}, 5, false},
		"a failed step is left out": {trial{steps: 3, goal: 1, tolerant: true, fail: map[int]error{2: broken}}, workflows.CycleResult[int]{Result: 4, Valid: true, Stopped: workflows.StoppedMet}, []int{1, 3}, 3, false},
		"a failed step ends it":     {trial{steps: 3, goal: 1, fail: map[int]error{2: broken}}, workflows.CycleResult[int]{}, nil, 3, true},
		"budget ends in planning":   {trial{planErr: budget}, workflows.CycleResult[int]{Stopped: workflows.StoppedBudget}, nil, 0, false},
		"budget ends in a step":     {trial{steps: 5, tolerant: true, fail: map[int]error{3: budget}}, workflows.CycleResult[int]{Stopped: workflows.StoppedBudget}, nil, 3, false},
		"budget ends in refining":   {trial{steps: 1, goal: 99, rounds: 3, refineErr: budget}, workflows.CycleResult[int]{Result: 1, Valid: true, Stopped: workflows.StoppedBudget}, []int{1}, 1, false},
		"refining fails":            {trial{steps: 1, goal: 99, rounds: 3, refineErr: broken}, workflows.CycleResult[int]{Result: 1, Valid: true}, []int{1}, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
			var got workflows.CycleResult[int]
			tr := test.trial
			env.ExecuteWorkflow(func(ctx workflow.Context) error {
				var err error
				got, err = tr.run(ctx)
				return err
			})
			if err := env.GetWorkflowError(); (err != nil) != test.fails {
				t.Fatalf("error %v, want one: %v", err, test.fails)
			}
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if !slices.Equal(tr.outcomes, test.outcomes) {
				t.Errorf("outcomes %v, want %v", tr.outcomes, test.outcomes)
			}
			if tr.most != test.most {
				t.Errorf("%d steps at the same time, want %d", tr.most, test.most)
			}
		})
	}
}

func TestBudgetIsSeenThroughActivitiesAndChildren(t *testing.T) {
	t.Parallel()
	env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
	env.RegisterActivity(spendTooMuch)
	child := func(ctx workflow.Context) error {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
		return workflow.ExecuteActivity(ctx, spendTooMuch).Get(ctx, nil)
	}
	env.RegisterWorkflowWithOptions(child, workflow.RegisterOptions{Name: "child"})
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		err := workflow.ExecuteChildWorkflow(ctx, "child").Get(ctx, nil)
		if !workflows.IsBudget(err) || workflows.Reason(err) != "no tokens left" {
			return fmt.Errorf("budget %v, reason %q", workflows.IsBudget(err), workflows.Reason(err))
		}
		return nil
	})
	if err := env.GetWorkflowError(); err != nil {
		t.Error(err)
	}
}

func spendTooMuch() error {
	return temporal.NewNonRetryableApplicationError("no tokens left", workflows.ErrorBudget, nil)
}
