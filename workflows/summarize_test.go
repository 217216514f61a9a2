package workflows_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/quaestor-run/quaestor/workflows"
)

// summaries stands in for the activities of Summarize.
type summaries struct {
	parts int
	size  func(step workflows.SummaryStep) (int, error)

	mu     sync.Mutex
	steps  []workflows.SummaryStep
	ending workflows.SummaryEnding
	under  int
	most   int
}

func (s *summaries) run(t *testing.T) error {
	t.Helper()
	env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
	register := func(name string, fake any) {
		env.RegisterActivityWithOptions(fake, activity.RegisterOptions{Name: name})
	}
	register(workflows.SplitTextName, func(context.Context, workflows.SummaryJob) (workflows.SummaryPlan, error) {
		plan := workflows.SummaryPlan{Limit: 1000}
		for i := range s.parts {
			plan.Parts = append(plan.Parts, fmt.Sprintf("part %d", i))
		}
		return plan, nil
	})
	register(workflows.SummarizeTextsName, func(_ context.Context, step workflows.SummaryStep) (workflows.SummaryPiece, error) {
		s.mu.Lock()
		s.steps = append(s.steps, step)
		s.under++
		s.most = max(s.most, s.under)
		s.mu.Unlock()
		defer func() {
			s.mu.Lock()
			s.under--
			s.mu.Unlock()
		}()
		size, err := s.size(step)
		return workflows.SummaryPiece{Ref: "piece " + step.Name, Bytes: size}, err
	})
	register(workflows.EndSummaryName, func(_ context.Context, ending workflows.SummaryEnding) error {
		s.ending = ending
		return nil
	})
	env.ExecuteWorkflow(workflows.Summarize, workflows.SummaryJob{ID: "s_1"})
	if !env.IsWorkflowCompleted() {
		t.Fatal("the workflow did not end")
	}
	return env.GetWorkflowError()
}

func TestSummarizeCombinesUntilOneIsLeft(t *testing.T) {
	t.Parallel()
	s := &summaries{parts: 9, size: func(workflows.SummaryStep) (int, error) { return 300, nil }}
	if err := s.run(t); err != nil {
		t.Fatal(err)
	}
	// 9 parts, 3 groups of 3, 1 of 3.
	if len(s.steps) != 13 || len(s.ending.Pieces) != 13 || s.ending.Parts != 9 || s.ending.Error != "" {
		t.Fatalf("%d steps, ending %+v", len(s.steps), s.ending)
	}
	last := s.steps[12]
	if !last.Last || !last.Combine || last.Name != "2/0" || !slices.Equal(last.Texts, []string{"piece 1/0", "piece 1/1", "piece 1/2"}) {
		t.Errorf("the last step is %+v", last)
	}
	for _, step := range s.steps[:12] {
		if step.Last {
			t.Errorf("step %s is the last too", step.Name)
		}
	}
	if s.ending.Pieces[12] != "piece 2/0" || s.most > workflows.SummariesAtOnce {
		t.Errorf("the summary is %s; %d steps at once", s.ending.Pieces[12], s.most)
	}
}

func TestSummarizeOfOnePart(t *testing.T) {
	t.Parallel()
	s := &summaries{parts: 1, size: func(workflows.SummaryStep) (int, error) { return 5000, nil }}
	if err := s.run(t); err != nil || len(s.steps) != 1 || !s.steps[0].Last || s.steps[0].Combine {
		t.Errorf("steps %+v, %v", s.steps, err)
	}
}

func TestSummarizeRecordsWhyThereIsNone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		size func(step workflows.SummaryStep) (int, error)
		want string
	}{
		"refused": {func(step workflows.SummaryStep) (int, error) {
			if step.Name == "0/3" {
				return 0, temporal.NewNonRetryableApplicationError("no budget", workflows.ErrorBudget, nil)
			}
			return 300, nil
		}, "no budget"},
		"stuck": {func(workflows.SummaryStep) (int, error) { return 900, nil }, workflows.ErrSummaryStuck.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &summaries{parts: 9, size: test.size}
			if err := s.run(t); err == nil || s.ending.Error != test.want {
				t.Errorf("error %v, recorded %q", err, s.ending.Error)
			}
		})
	}
}
