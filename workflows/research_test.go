package workflows_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/workflows"
)

// world stands in for the activities: every agent answers at once, unless the
// test says otherwise.
type world struct {
	env      *testsuite.TestWorkflowEnvironment
	settings workflows.Settings
	invoke   func(ctx context.Context, call workflows.ModelCall) (workflows.ModelReply, error)
	accept   func(round int) bool
	outline  func(in workflows.OutlineRequest) workflows.ReportOutline

	mu        sync.Mutex
	records   []workflows.Record
	calls     []string // labels of model calls
	tools     []string
	published []workflows.Publication
	partials  []workflows.Partial
	closed    []workflows.ReviewClosing
	outlined  []workflows.OutlineRequest
	drafts    int
}

const questions = 5

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		env:      new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment(),
		settings: workflows.Settings{Concurrency: 3, ReviewTimeout: 24 * time.Hour, ReviewReminder: 12 * time.Hour, ReviewExpiry: workflows.ExpiryReject},
		accept:   func(int) bool { return true },
		outline:  func(workflows.OutlineRequest) workflows.ReportOutline { return workflows.ReportOutline{} },
	}
	w.invoke = func(_ context.Context, call workflows.ModelCall) (workflows.ModelReply, error) {
		return workflows.ModelReply{Transcript: "t", Output: "out:" + call.Label}, nil
	}
	w.env.RegisterWorkflowWithOptions(workflows.Research, workflow.RegisterOptions{Name: workflows.ResearchName})
	w.env.RegisterWorkflowWithOptions(workflows.Agent, workflow.RegisterOptions{Name: workflows.AgentName})
	w.register()
	return w
}

func (w *world) register() {
	plan := agents.Plan{Title: "A plan"}
	for i := range questions {
		plan.Questions = append(plan.Questions, agents.Question{ID: fmt.Sprintf("q%d", i+1), Text: fmt.Sprintf("Question %d?", i+1)})
	}
	for name, fake := range map[string]any{
		workflows.OpenRunName: func(context.Context, workflows.OpenRun) (workflows.Settings, error) { return w.settings, nil },
		workflows.SurveySourcesName: func(context.Context, workflows.SurveyRequest) (string, error) {
			return "survey", nil
		},
		workflows.InvokeModelName: func(ctx context.Context, call workflows.ModelCall) (workflows.ModelReply, error) {
			w.locked(func() { w.calls = append(w.calls, call.Label) })
			return w.invoke(ctx, call)
		},
		workflows.CallToolName: func(_ context.Context, call workflows.ToolCall) (string, error) {
			w.locked(func() { w.tools = append(w.tools, call.Call.Ref) })
			return "result:" + call.Call.Ref, nil
		},
		workflows.LoadOutputName: func(context.Context, string) (json.RawMessage, error) { return json.Marshal(plan) },
		workflows.CollectName:    func(context.Context, workflows.Collect) (string, error) { return "evidence", nil },
		workflows.CheckDraftName: func(_ context.Context, in workflows.DraftCheck) (workflows.CheckedDraft, error) {
			w.locked(func() { w.drafts++ })
			return workflows.CheckedDraft{Draft: in.Draft, Digest: "digest of " + in.Draft, Claims: 3}, nil
		},
		workflows.ReadReviewName: func(_ context.Context, review string) (workflows.ReviewVerdict, error) {
			var round int
			_, err := fmt.Sscanf(review, "out:reviewer · round %d", &round)
			return workflows.ReviewVerdict{Accept: w.accept(round), Issues: 1}, err
		},
		workflows.OutlineName: func(_ context.Context, in workflows.OutlineRequest) (workflows.ReportOutline, error) {
			w.locked(func() { w.outlined = append(w.outlined, in) })
			return w.outline(in), nil
		},
		workflows.AssembleName: func(_ context.Context, in workflows.Assembly) (string, error) {
			return fmt.Sprintf("[%s]%s", strings.Join(in.Parts, "; "), in.Draft), nil
		},
		workflows.ComposePartialName: func(_ context.Context, in workflows.Partial) (string, error) {
			w.locked(func() { w.partials = append(w.partials, in) })
			return "partial draft", nil
		},
		workflows.OpenReviewName: func(_ context.Context, in workflows.ReviewOpening) (string, error) {
			return fmt.Sprintf("review-%d", in.Round), nil
		},
		workflows.CloseReviewName: func(_ context.Context, in workflows.ReviewClosing) (string, error) {
			w.locked(func() { w.closed = append(w.closed, in) })
			return in.Review, nil
		},
		workflows.PublishName: func(_ context.Context, in workflows.Publication) (string, error) {
			w.locked(func() { w.published = append(w.published, in) })
			return in.Draft, nil
		},
		workflows.RecordName: func(_ context.Context, in workflows.Record) (workflows.Recorded, error) {
			w.locked(func() { w.records = append(w.records, in) })
			return workflows.Recorded{}, nil
		},
	} {
		w.env.RegisterActivityWithOptions(fake, activity.RegisterOptions{Name: name})
	}
}

func (w *world) locked(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// phases lists the phases in which the run was, and its last status.
func (w *world) phases() (phases []string, status, reason string) {
	for _, record := range w.records {
		if record.Phase != "" && (len(phases) == 0 || phases[len(phases)-1] != record.Phase) {
			phases = append(phases, record.Phase)
		}
		if record.Status != "" {
			status, reason = record.Status, record.Error
		}
	}
	return phases, status, reason
}

func (w *world) run(t *testing.T, request workflows.ResearchRequest) (workflows.ResearchResult, error) {
	t.Helper()
	w.env.ExecuteWorkflow(workflows.ResearchName, request)
	if !w.env.IsWorkflowCompleted() {
		t.Fatal("the workflow did not end")
	}
	if err := w.env.GetWorkflowError(); err != nil {
		return workflows.ResearchResult{}, err
	}
	var result workflows.ResearchResult
	if err := w.env.GetWorkflowResult(&result); err != nil {
		t.Fatal(err)
	}
	return result, nil
}

func budgetEnds(label string) func(context.Context, workflows.ModelCall) (workflows.ModelReply, error) {
	return func(_ context.Context, call workflows.ModelCall) (workflows.ModelReply, error) {
		if strings.HasPrefix(call.Label, label) {
			return workflows.ModelReply{}, temporal.NewNonRetryableApplicationError("no tokens left", workflows.ErrorBudget, nil)
		}
		return workflows.ModelReply{Transcript: "t", Output: "out:" + call.Label}, nil
	}
}

func TestResearchCompletes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.accept = func(round int) bool { return round == 2 }
	result, err := w.run(t, workflows.ResearchRequest{Topic: "a topic", MaxIterations: 3})
	if err != nil {
		t.Fatal(err)
	}
	phases, status, _ := w.phases()
	want := []string{"plan", "gather", "analyse", "write", "review", "refine", "review", "refine", "review", "publish", "done"}
	if !slices.Equal(phases, want) || status != "completed" || result.Status != "completed" {
		t.Errorf("phases %v, status %q, result %+v", phases, status, result)
	}
	if len(w.published) != 1 || w.published[0].Draft != "out:writer · refinement 2" || w.published[0].Notice != "" {
		t.Errorf("published %+v", w.published)
	}
	if n := 1 + 2*questions + 3 + 3; len(w.calls) != n {
		t.Errorf("%d model calls, want %d: %v", len(w.calls), n, w.calls)
	}
	if !slices.Contains(w.calls, "analyst · question 3 of 5: Question 3?") {
		t.Errorf("no label that a person understands in %v", w.calls)
	}
	keys := map[string]bool{}
	for _, record := range w.records {
		for _, event := range record.Events {
			if keys[event.Key] {
				t.Errorf("the event key %s is used twice", event.Key)
			}
			keys[event.Key] = true
		}
	}
}

func TestResearchStopsAtItsRounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.accept = func(int) bool { return false }
	if _, err := w.run(t, workflows.ResearchRequest{Topic: "a topic", MaxIterations: 1}); err != nil {
		t.Fatal(err)
	}
	if w.drafts != 2 || w.published[0].Draft != "out:writer · refinement 1" {
		t.Errorf("%d drafts, published %+v", w.drafts, w.published)
	}
}

func TestAnAgentCallsToolsInParallel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.invoke = func(_ context.Context, call workflows.ModelCall) (workflows.ModelReply, error) {
		if strings.HasPrefix(call.Label, "gatherer · question 1 ") && call.Step == 0 {
			return workflows.ModelReply{Transcript: "t1", Calls: []workflows.CallRef{{Ref: "a", Tool: "x"}, {Ref: "b", Tool: "y"}}}, nil
		}
		if call.Step == 1 && (call.Transcript != "t1" || !slices.Equal(call.Results, []string{"result:a", "result:b"})) {
			return workflows.ModelReply{}, fmt.Errorf("transcript %q, results %v", call.Transcript, call.Results)
		}
		return workflows.ModelReply{Transcript: "t", Output: "out:" + call.Label}, nil
	}
	if _, err := w.run(t, workflows.ResearchRequest{Topic: "a topic"}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(w.tools)
	if !slices.Equal(w.tools, []string{"a", "b"}) {
		t.Errorf("tools %v", w.tools)
	}
}

func TestResearchEndsAsPartialWithItsBudget(t *testing.T) {
	t.Parallel()
	for label, test := range map[string]struct {
		draft    string
		analyses int
	}{
		"coordinator":           {"partial draft", 0},
		"gatherer · question 4": {"partial draft", 3},
		"writer · first draft":  {"partial draft", questions},
		"reviewer":              {"out:writer · first draft", 0},
		"writer · refinement":   {"out:writer · first draft", 0},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.accept = func(int) bool { return false }
			w.invoke = budgetEnds(label)
			result, err := w.run(t, workflows.ResearchRequest{Topic: "a topic", MaxIterations: 2})
			if err != nil || result.Status != "partial" || !strings.Contains(result.Notice, "budget") {
				t.Fatalf("result %+v, error %v", result, err)
			}
			if len(w.published) != 1 || w.published[0].Draft != test.draft || w.published[0].Notice == "" {
				t.Errorf("published %+v", w.published)
			}
			if len(w.partials) > 0 && len(w.partials[0].Analyses) < test.analyses {
				t.Errorf("the partial report has %d analyses, want at least %d", len(w.partials[0].Analyses), test.analyses)
			}
		})
	}
}

func slow(ctx context.Context, call workflows.ModelCall) (workflows.ModelReply, error) {
	if strings.HasPrefix(call.Label, "analyst") {
		return workflows.ModelReply{}, temporal.NewApplicationErrorWithOptions("not yet", "slow",
			temporal.ApplicationErrorOptions{NextRetryDelay: time.Hour})
	}
	return workflows.ModelReply{Transcript: "t", Output: "out:" + call.Label}, nil
}

func TestResearchEndsAsPartialAtItsDeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.invoke = slow
	result, err := w.run(t, workflows.ResearchRequest{Topic: "a topic", Timeout: 10 * time.Minute})
	if err != nil || result.Status != "partial" || !strings.Contains(result.Notice, "deadline") {
		t.Fatalf("result %+v, error %v", result, err)
	}
	if len(w.partials) != 1 || len(w.partials[0].Gathered) == 0 {
		t.Errorf("what was gathered is not in the partial report: %+v", w.partials)
	}
}

func TestResearchIsCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.invoke = slow
	started := w.env.Now()
	var ended time.Time
	w.env.RegisterDelayedCallback(w.env.CancelWorkflow, time.Minute)
	w.env.SetOnLocalActivityCompletedListener(func(*activity.Info, converter.EncodedValue, error) { ended = w.env.Now() })
	_, err := w.run(t, workflows.ResearchRequest{Topic: "a topic"})
	if !temporal.IsCanceledError(err) && !strings.Contains(fmt.Sprint(err), "cancel") {
		t.Errorf("error %v", err)
	}
	if _, status, _ := w.phases(); status != "cancelled" || len(w.published) > 0 {
		t.Errorf("status %q, published %v", status, w.published)
	}
	if took := ended.Sub(started); took > time.Minute+2*time.Second {
		t.Errorf("the run ended %v after its start, a minute after which it was cancelled", took)
	}
}

func TestAQuestionThatFailsLeavesTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.invoke = func(_ context.Context, call workflows.ModelCall) (workflows.ModelReply, error) {
		if strings.HasPrefix(call.Label, "analyst · question 2") {
			return workflows.ModelReply{}, temporal.NewNonRetryableApplicationError("nonsense", workflows.ErrorInvalidOutput, nil)
		}
		return workflows.ModelReply{Transcript: "t", Output: "out:" + call.Label}, nil
	}
	result, err := w.run(t, workflows.ResearchRequest{Topic: "a topic"})
	if err != nil || result.Status != "completed" {
		t.Fatalf("result %+v, error %v", result, err)
	}
	told := slices.ContainsFunc(w.records, func(r workflows.Record) bool {
		return slices.ContainsFunc(r.Events, func(e workflows.Event) bool {
			return e.Type == "question.failed" && strings.Contains(string(e.Data), "nonsense")
		})
	})
	if !told {
		t.Error("nobody was told of the question that failed")
	}
}

func TestResearchFailsWithAReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.invoke = func(_ context.Context, call workflows.ModelCall) (workflows.ModelReply, error) {
		return workflows.ModelReply{}, temporal.NewNonRetryableApplicationError("the model has no price", workflows.ErrorRefused, nil)
	}
	_, err := w.run(t, workflows.ResearchRequest{Topic: "a topic"})
	if _, status, reason := w.phases(); err == nil || status != "failed" || reason != "the model has no price" {
		t.Errorf("error %v, status %q, reason %q", err, status, reason)
	}
}
