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

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/storetest"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/workflows"
)

const run = "r_test"

// What the test's agent takes and gives.
type (
	task struct {
		Goal string `json:"goal"`
	}
	outcome struct {
		Words    string   `json:"words"`
		Evidence []string `json:"evidence,omitempty"`
	}
)

func (o outcome) CitedEvidence() []string { return o.Evidence }

// quote is what the test's tool finds.
func quote() tools.Citation {
	return tools.Citation{SHA256: strings.Repeat("ab", 32), URI: "a.md", Title: "A", Start: 4, End: 9, Quote: "words"}
}

type found struct {
	ID string `json:"id"`
}

func (found) Citations() []tools.Citation { return []tools.Citation{quote()} }

// lab is the activities with a scripted model.
type lab struct {
	*testsuite.TestActivityEnvironment
	store store.Store
	asked []gateway.Call
	sound bool // whether evidence holds
	gone  map[string]bool
}

// answers is a model that gives these messages, one after another.
type answers struct {
	lab  *lab
	list []any // agents.Message or error
}

func (a *answers) Invoke(_ context.Context, call gateway.Call) (gateway.Result, error) {
	a.lab.asked = append(a.lab.asked, call)
	next := a.list[min(len(a.lab.asked), len(a.list))-1]
	if err, failed := next.(error); failed {
		return gateway.Result{}, err
	}
	return gateway.Result{Model: "scripted", NanoUSD: 7, Response: provider.Response{Message: next.(agents.Message)}}, nil
}

func (a *answers) EnsureRun(context.Context, string, ledger.Limit) error { return nil }

func (a *answers) Usage(context.Context, string) (agents.Usage, error) {
	return agents.Usage{CostNanoUSD: 7}, nil
}

// Gone implements activity.Pages.
func (l *lab) Gone(_ context.Context, address string) bool { return l.gone[address] }

type sources struct{ lab *lab }

func (sources) Survey(context.Context, tools.Scope, string) (agents.Survey, error) {
	return agents.Survey{}, nil
}

func (sources) Instructions(context.Context, tools.Scope) ([]agents.Instruction, error) {
	return nil, nil
}

func (s sources) Verify(context.Context, agents.Evidence) error {
	if s.lab.sound {
		return nil
	}
	return errors.New("the quote is not there")
}

// clerk is the test's agent, with its tool.
func clerk(t testing.TB) (agents.Definition, tools.Tool) {
	t.Helper()
	finder, err := tools.New("finder", "Finds.", func(_ context.Context, scope tools.Scope, in task) (found, error) {
		if in.Goal == "nothing" {
			return found{}, &tools.InputError{Field: "goal", Reason: "must be something"}
		}
		return found{quote().ID()}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	definition, err := agents.Agent[task, outcome]{
		Name: "clerk", Prompt: "Do this: {{.Goal}}", Tools: []string{"finder"}, MaxSteps: 3,
		Offline: func(agents.Turn[task]) (agents.Move[outcome], error) { return agents.Done(outcome{}), nil },
	}.Define()
	if err != nil {
		t.Fatal(err)
	}
	return definition, finder
}

func setup(t *testing.T, script ...any) *lab {
	t.Helper()
	definition, finder := clerk(t)
	l := &lab{TestActivityEnvironment: new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment(), store: storetest.New(t), sound: true}
	_, _, err := l.store.CreateRun(t.Context(), store.Run{ID: run, Topic: "t", RequestDigest: "d", Request: json.RawMessage("{}"), Status: store.StatusRunning})
	if err != nil {
		t.Fatal(err)
	}
	options := activity.Options{
		Store: l.store, Sources: sources{l},
		Agents: map[string]agents.Definition{"clerk": definition}, Tools: map[string]tools.Tool{"finder": finder}, Pages: l,
	}
	if len(script) > 0 {
		if change, ok := script[0].(func(*activity.Options)); ok {
			change(&options)
			script = script[1:]
		}
	}
	options.Gateway = &answers{l, script}
	activity.New(options).Register(l)
	return l
}

func text(s string) agents.Message { return agents.Message{Role: agents.RoleAssistant, Text: s} }

func calls(names ...string) agents.Message {
	m := agents.Message{Role: agents.RoleAssistant}
	for i, name := range names {
		m.ToolCalls = append(m.ToolCalls, agents.ToolCall{ID: fmt.Sprint(i), Name: name, Arguments: json.RawMessage(`{"goal":"g"}`)})
	}
	return m
}

func do[Out any](t *testing.T, l *lab, name string, in any) (Out, error) {
	t.Helper()
	var out Out
	value, err := l.ExecuteActivity(name, in)
	if err == nil {
		err = value.Get(&out)
	}
	return out, err
}

func modelCall(step int) workflows.ModelCall {
	return workflows.ModelCall{AgentRun: workflows.AgentRun{Run: run, Agent: "clerk", Label: "clerk", Input: json.RawMessage(`{"goal":"win"}`)}, Step: step}
}

func put(t *testing.T, l *lab, value any) string {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	ref, err := l.store.PutBlob(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// errorType is the type under which Temporal knows an error.
func errorType(err error) (kind string, retried bool) {
	var application *temporal.ApplicationError
	if errors.As(err, &application) {
		return application.Type(), !application.NonRetryable()
	}
	return "", err != nil
}
