package activity_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/storetest"
	"github.com/quaestor-run/quaestor/runtime/summarize"
	"github.com/quaestor-run/quaestor/workflows"
)

// steps is a summarizer that says what it was given.
type steps struct{ err error }

func (steps) Limit(string) (int, error) { return 20, nil }

func (s steps) Step(_ context.Context, _ workflows.SummaryJob, name string, texts []string, last bool) (summarize.Piece, error) {
	return summarize.Piece{
		Summary: fmt.Sprintf("%s %v %q", name, last, texts), Model: "m", Usage: summarize.Usage{InputTokens: 1, Calls: 1},
	}, s.err
}

func summaryLab(t *testing.T, s steps) (*testsuite.TestActivityEnvironment, store.Store, workflows.SummaryJob) {
	t.Helper()
	kept := storetest.New(t)
	ref, err := kept.PutBlob(t.Context(), []byte("The first sentence. The second."))
	if err != nil {
		t.Fatal(err)
	}
	job := workflows.SummaryJob{ID: "s_1", Model: "m", Text: ref}
	if _, _, err := kept.CreateSummary(t.Context(), store.Summary{ID: "s_1", Status: store.StatusRunning, Request: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	env := new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment()
	activity.New(activity.Options{Store: kept, Summaries: s}).Register(env)
	return env, kept, job
}

func execute[Out any](t *testing.T, env *testsuite.TestActivityEnvironment, name string, in any) (Out, error) {
	t.Helper()
	var out Out
	value, err := env.ExecuteActivity(name, in)
	if err == nil && value.HasValue() {
		err = value.Get(&out)
	}
	return out, err
}

func TestASummaryInSteps(t *testing.T) {
	t.Parallel()
	env, kept, job := summaryLab(t, steps{})
	plan, err := execute[workflows.SummaryPlan](t, env, workflows.SplitTextName, job)
	if err != nil || len(plan.Parts) != 2 || plan.Limit != 20 {
		t.Fatalf("plan %+v, %v", plan, err)
	}
	first, err := execute[workflows.SummaryPiece](t, env, workflows.SummarizeTextsName, workflows.SummaryStep{Job: job, Name: "0/0", Texts: plan.Parts})
	if err != nil || first.Bytes == 0 {
		t.Fatalf("piece %+v, %v", first, err)
	}
	second, err := execute[workflows.SummaryPiece](t, env, workflows.SummarizeTextsName,
		workflows.SummaryStep{Job: job, Name: "1/0", Texts: []string{first.Ref}, Combine: true, Last: true, Done: 1})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := kept.Summary(t.Context(), "s_1"); err != nil || got.Done != 2 || got.Total != 2 || got.Status != store.StatusRunning {
		t.Errorf("under way it is %+v, %v", got, err)
	}
	ending := workflows.SummaryEnding{Job: job, Pieces: []string{first.Ref, second.Ref}, Parts: 2}
	if _, err := execute[struct{}](t, env, workflows.EndSummaryName, ending); err != nil {
		t.Fatal(err)
	}
	got, err := kept.Summary(t.Context(), "s_1")
	if err != nil || got.Status != store.StatusCompleted || got.Finished.IsZero() {
		t.Fatalf("ended as %+v, %v", got, err)
	}
	var whole summarize.Summary
	if err := json.Unmarshal(got.Result, &whole); err != nil {
		t.Fatal(err)
	}
	want := `1/0 true ["0/0 false [\"The first sentence. \" \"The second.\"]"]`
	if whole.Summary != want || whole.Chunks != 2 || whole.Usage.Calls != 2 || whole.Model != "m" {
		t.Errorf("the summary is %+v", whole)
	}
}

func TestASummaryThatFails(t *testing.T) {
	t.Parallel()
	env, kept, job := summaryLab(t, steps{err: &summarize.OutputError{Model: "m"}})
	_, err := execute[workflows.SummaryPiece](t, env, workflows.SummarizeTextsName, workflows.SummaryStep{Job: job, Name: "0/0", Texts: []string{job.Text}})
	var application *temporal.ApplicationError
	if !errors.As(err, &application) || application.Type() != workflows.ErrorInvalidOutput || !application.NonRetryable() {
		t.Errorf("got %v", err)
	}
	if _, err := execute[struct{}](t, env, workflows.EndSummaryName, workflows.SummaryEnding{Job: job, Error: "no summary"}); err != nil {
		t.Fatal(err)
	}
	if got, err := kept.Summary(t.Context(), "s_1"); err != nil || got.Status != store.StatusFailed || !strings.Contains(got.Error, "no summary") {
		t.Errorf("ended as %+v, %v", got, err)
	}
}
