package eval_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/analyst"
	"github.com/quaestor-run/quaestor/agents/coordinator"
	"github.com/quaestor-run/quaestor/agents/gatherer"
	"github.com/quaestor-run/quaestor/agents/reviewer"
	"github.com/quaestor-run/quaestor/agents/writer"
	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/runtime/corpus"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	ledgersqlite "github.com/quaestor-run/quaestor/runtime/ledger/sqlite"
	"github.com/quaestor-run/quaestor/runtime/provider"
	brains "github.com/quaestor-run/quaestor/runtime/provider/offline"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/storetest"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/documents"
	"github.com/quaestor-run/quaestor/tools/factcheck"
	"github.com/quaestor-run/quaestor/tools/format"
	"github.com/quaestor-run/quaestor/tools/statistics"
	"github.com/quaestor-run/quaestor/tools/trend"
	"github.com/quaestor-run/quaestor/workflows"
)

// laboratory runs the real workflows on the real activities, gateway, ledger and
// store, in Temporal's test environment, with a model of the test's own.
type laboratory struct {
	store    store.Store
	ledger   ledger.Ledger
	corpora  *corpus.Corpora
	agents   map[string]agents.Definition
	tools    map[string]tools.Tool
	gateway  *gateway.Gateway
	settings workflows.Settings
}

// scripted makes the model of a laboratory from the offline one.
type scripted func(brain provider.Provider) provider.Provider

// newLaboratory has the agents of a research run, their tools, and some more
// tools that no agent was given.
func newLaboratory(t *testing.T, model scripted, spare ...tools.Tool) *laboratory {
	t.Helper()
	l := &laboratory{
		store: storetest.New(t), agents: map[string]agents.Definition{}, tools: map[string]tools.Tool{},
		settings: workflows.Settings{Concurrency: 3, Unsupported: workflows.UnsupportedMark},
	}
	book, err := ledgersqlite.OpenWith(t.Context(), filepath.Join(t.TempDir(), "ledger.db"), ledgersqlite.Options{Synchronous: "normal"})
	if err != nil {
		t.Fatal(err)
	}
	l.ledger = book
	l.corpora = corpus.New(l.store, corpus.Options{})
	t.Cleanup(func() {
		for _, err := range []error{l.corpora.Close(), book.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	add := func(tool tools.Tool, err error) {
		if err != nil {
			t.Fatal(err)
		}
		l.tools[tool.Name()] = tool
	}
	add(documents.New(l.corpora))
	add(statistics.New(l.corpora))
	add(trend.New(l.corpora))
	add(factcheck.New(corpus.Shelf{Runs: l.store}))
	for _, tool := range spare {
		add(tool, nil)
	}
	for _, role := range []interface {
		Define() (agents.Definition, error)
	}{coordinator.New(), gatherer.New(), analyst.New(), writer.New(), reviewer.New()} {
		definition, err := role.Define()
		if err != nil {
			t.Fatal(err)
		}
		l.agents[definition.Name] = definition
	}
	brain := brains.New(func(name string) (agents.Definition, bool) { d, ok := l.agents[name]; return d, ok })
	l.gateway, err = gateway.New(gateway.Options{
		Ledger: book, Providers: map[string]provider.Provider{"scripted": model(brain)}, Routes: gateway.Routes{Default: "scripted"},
		Catalog: map[string]gateway.Model{"scripted": {Provider: "scripted", ID: "scripted", ContextWindow: 2_000_000, MaxOutput: 100_000, Priced: true, Input: 1, Output: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// published is the JSON of a report as far as tests read it.
type published struct {
	Scorecard    activity.Scorecard   `json:"scorecard"`
	Instructions []agents.Instruction `json:"attempted_instructions"`
	Markdown     string               `json:"markdown"`
	format.Document
}

// wholeRun is what a run left behind.
type wholeRun struct {
	id       string
	result   workflows.ResearchResult
	report   published
	evidence []agents.Evidence
	claims   []agents.Claim
	events   []store.Event
}

// research takes files into a corpus of the run's name and runs Research on it.
func (l *laboratory) research(t *testing.T, id string, files map[string]string, request workflows.ResearchRequest) wholeRun {
	t.Helper()
	for _, name := range sortedNames(files) {
		if _, err := l.corpora.Ingest(t.Context(), id, name, strings.NewReader(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	env.SetWorkerOptions(worker.Options{ // a busy machine is no deadlock, and no worker that is gone
		DeadlockDetectionTimeout: 30 * time.Second, Interceptors: []interceptor.WorkerInterceptor{&patient{}},
	})
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: id, TaskQueue: workflows.TaskQueue})
	env.RegisterWorkflowWithOptions(workflows.Research, workflow.RegisterOptions{Name: workflows.ResearchName})
	env.RegisterWorkflowWithOptions(workflows.Agent, workflow.RegisterOptions{Name: workflows.AgentName})
	activity.New(activity.Options{
		Store: l.store, Gateway: l.gateway, Sources: l.corpora, Agents: l.agents, Tools: l.tools, Settings: l.settings,
	}).Register(env)
	request.Sources = []string{id}
	env.ExecuteWorkflow(workflows.ResearchName, request)
	if err := env.GetWorkflowError(); err != nil {
		t.Fatalf("run %s: %v", id, err)
	}
	done := wholeRun{id: id}
	if err := env.GetWorkflowResult(&done.result); err != nil {
		t.Fatal(err)
	}
	l.read(t, &done)
	return done
}

// patient gives activities a minute between heartbeats, of which the test
// environment passes on one in four seconds.
type patient struct {
	interceptor.WorkerInterceptorBase
}

func (patient) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &patientInbound{interceptor.WorkflowInboundInterceptorBase{Next: next}}
}

type patientInbound struct {
	interceptor.WorkflowInboundInterceptorBase
}

func (p *patientInbound) Init(next interceptor.WorkflowOutboundInterceptor) error {
	return p.Next.Init(&patientOutbound{interceptor.WorkflowOutboundInterceptorBase{Next: next}})
}

type patientOutbound struct {
	interceptor.WorkflowOutboundInterceptorBase
}

func (p *patientOutbound) ExecuteActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	return p.Next.ExecuteActivity(workflow.WithHeartbeatTimeout(ctx, time.Minute), name, args...)
}

func (l *laboratory) read(t *testing.T, done *wholeRun) {
	t.Helper()
	kept, err := l.store.Report(t.Context(), done.id)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := l.store.Blob(t.Context(), kept.JSON)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &done.report); err != nil {
		t.Fatal(err)
	}
	if done.evidence, err = l.store.Evidence(t.Context(), done.id); err != nil {
		t.Fatal(err)
	}
	if done.claims, err = l.store.Claims(t.Context(), done.id); err != nil {
		t.Fatal(err)
	}
	for after := int64(0); ; {
		events, err := l.store.Events(t.Context(), done.id, after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) == 0 {
			return
		}
		done.events = append(done.events, events...)
		for _, event := range events {
			if event.Type == "question.failed" {
				t.Logf("run %s left a question: %s", done.id, event.Data)
			}
		}
		after = events[len(events)-1].Seq
	}
}

// tripwire is a tool that nobody was given.
type tripwire struct {
	mu    sync.Mutex
	calls []string
}

type tripwireInput struct {
	To   string `json:"to,omitempty"`
	Text string `json:"text,omitempty"`
}

func (w *tripwire) tool(t *testing.T, name string) tools.Tool {
	t.Helper()
	tool, err := tools.New(name, "Does what must not be done.", func(_ context.Context, _ tools.Scope, in tripwireInput) (struct{}, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.calls = append(w.calls, name+" to "+in.To)
		return struct{}{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tool
}
