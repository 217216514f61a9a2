package audit_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdkactivity "go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/analyst"
	"github.com/quaestor-run/quaestor/agents/coordinator"
	"github.com/quaestor-run/quaestor/agents/gatherer"
	"github.com/quaestor-run/quaestor/agents/reviewer"
	"github.com/quaestor-run/quaestor/agents/writer"
	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/runtime/audit"
	"github.com/quaestor-run/quaestor/runtime/corpus"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	ledgersqlite "github.com/quaestor-run/quaestor/runtime/ledger/sqlite"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/offline"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/storetest"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/documents"
	"github.com/quaestor-run/quaestor/tools/factcheck"
	"github.com/quaestor-run/quaestor/tools/statistics"
	"github.com/quaestor-run/quaestor/tools/trend"
	"github.com/quaestor-run/quaestor/workflows"
)

const (
	runID = "r_audited"
	topic = "How do hospitals use artificial intelligence?"
)

// hospitals are documents, one of which is a table.
func hospitals() map[string]string {
	return map[string]string{
		"adoption.md": `# Adoption of triage software

Artificial intelligence was adopted by 40 of 200 hospitals in 2020. Adoption of artificial intelligence rose to 80 of 200 hospitals in 2023.

## Results

Waiting times fell by 12 percent after hospitals introduced artificial intelligence for triage, as 31 of them reported.
`,
		"harms.html": `<!doctype html><html lang="en"><head><title>Errors of triage software</title></head><body><main>
<h1>Errors of triage software</h1><p>Of 900 alerts by artificial intelligence in hospitals, 45 were wrong &amp; delayed care. No patient was harmed by artificial intelligence in the hospitals that checked every alert.</p>
<p>The evidence on artificial intelligence in hospitals is limited, because only nine hospitals were studied.</p></main></body></html>`,
		"sites.csv": "year,hospitals\n2016,3\n2017,5\n2018,9\n2019,16\n2020,40\n2021,52\n2022,66\n2023,80\n",
	}
}

// installation is a store and a ledger with a run in them.
type installation struct {
	store  store.Store
	ledger *ledgersqlite.Ledger
}

// archive makes packs of it.
func (i installation) archive() audit.Archive {
	return audit.Archive{Store: i.store, Ledger: i.ledger, MadeBy: "quaestor test"}
}

// research makes a whole run: the workflows on Temporal's test environment, with
// the real activities, tools, agents, gateway, store and ledger. Decide is a
// person who approves the draft that waits.
func research(t testing.TB, request workflows.ResearchRequest) installation {
	t.Helper()
	i := installation{store: storetest.New(t)}
	var err error
	i.ledger, err = ledgersqlite.OpenWith(t.Context(), filepath.Join(t.TempDir(), "ledger.db"), ledgersqlite.Options{Synchronous: "normal"})
	must(t, err)
	t.Cleanup(func() { must(t, i.ledger.Close()) })
	corpora := corpus.New(i.store, corpus.Options{})
	t.Cleanup(func() { must(t, corpora.Close()) })
	for name, text := range hospitals() {
		_, err := corpora.Ingest(t.Context(), corpus.Default, name, strings.NewReader(text))
		must(t, err)
	}
	defined := defineAgents(t)
	models, err := gateway.New(gateway.Options{
		Ledger: i.ledger, Routes: gateway.Routes{Default: "priced"},
		Providers: map[string]provider.Provider{"offline": offline.New(func(agent string) (agents.Definition, bool) { d, ok := defined[agent]; return d, ok })},
		Catalog:   map[string]gateway.Model{"priced": {Provider: "offline", ID: "offline", ContextWindow: 1 << 20, MaxOutput: 1 << 16, Priced: true, Input: 3e9, Output: 15e9}},
	})
	must(t, err)
	activities := activity.New(activity.Options{
		Store: i.store, Gateway: models, Sources: corpora, Agents: defined, Tools: someTools(t, corpora, i.store),
		Settings: workflows.Settings{Concurrency: 3, Unsupported: workflows.UnsupportedMark, ReviewTimeout: time.Hour, ReviewExpiry: workflows.ExpiryReject},
	})
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: runID, TaskQueue: workflows.TaskQueue})
	env.RegisterWorkflowWithOptions(workflows.Research, workflow.RegisterOptions{Name: workflows.ResearchName})
	env.RegisterWorkflowWithOptions(workflows.Agent, workflow.RegisterOptions{Name: workflows.AgentName})
	activities.Register(registry{env})
	if request.Review == workflows.ReviewRequired {
		env.RegisterDelayedCallback(func() { approve(t, i.store, env) }, 10*time.Minute)
	}
	env.ExecuteWorkflow(workflows.ResearchName, request)
	must(t, env.GetWorkflowError())
	return i
}

// registry lets activities register with the test's environment.
type registry struct {
	*testsuite.TestWorkflowEnvironment
}

func (r registry) RegisterDynamicActivity(any, sdkactivity.DynamicRegisterOptions) {}

func approve(t testing.TB, s store.Store, env *testsuite.TestWorkflowEnvironment) {
	t.Helper()
	waiting, err := s.Reviews(t.Context(), store.ReviewFilter{Open: true})
	if err != nil || len(waiting) != 1 {
		t.Errorf("%d reviews wait, %v", len(waiting), err)
		return
	}
	env.UpdateWorkflowNoRejection(workflows.UpdateDecide, "", t.(*testing.T), workflows.ReviewDecision{
		Decision: workflows.DecisionApprove, Digest: waiting[0].Digest, By: "A. Partner", Role: "partner",
	})
}

func defineAgents(t testing.TB) map[string]agents.Definition {
	t.Helper()
	defined := map[string]agents.Definition{}
	for _, agent := range []interface {
		Define() (agents.Definition, error)
	}{coordinator.New(), gatherer.New(), analyst.New(), writer.New(), reviewer.New()} {
		d, err := agent.Define()
		must(t, err)
		defined[d.Name] = d
	}
	return defined
}

func someTools(t testing.TB, corpora *corpus.Corpora, s store.Store) map[string]tools.Tool {
	t.Helper()
	named := map[string]tools.Tool{}
	add := func(tool tools.Tool, err error) {
		must(t, err)
		named[tool.Name()] = tool
	}
	add(documents.New(corpora))
	add(statistics.New(corpora))
	add(trend.New(corpora))
	add(factcheck.New(corpus.Shelf{Runs: s}))
	return named
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ordinary() workflows.ResearchRequest {
	return workflows.ResearchRequest{
		Topic: topic, Client: "acme", MaxIterations: 2, Review: workflows.ReviewNone, Budget: workflows.Budget{NanoUSD: 50e9, Tokens: 50_000_000},
	}
}

// whole gives the pack of an ordinary run, made once for all tests.
func whole(t testing.TB) []byte {
	t.Helper()
	packed.once.Do(func() { packed.data = write(t, research(t, ordinary())) })
	if packed.data == nil {
		t.Fatal("the run of another test failed")
	}
	return packed.data
}

var packed struct {
	once sync.Once
	data []byte
}

func write(t testing.TB, i installation) []byte {
	t.Helper()
	var out bytes.Buffer
	_, err := i.archive().Write(t.Context(), &out, runID)
	must(t, err)
	return out.Bytes()
}

func verify(t testing.TB, pack []byte) audit.Result {
	t.Helper()
	result, err := audit.Verify(t.Context(), bytes.NewReader(pack), int64(len(pack)), audit.Limits{})
	must(t, err)
	return result
}

func told(r audit.Result) string {
	var text strings.Builder
	_ = r.WriteText(&text)
	return text.String()
}

// member is a file of a pack that is taken apart.
type member struct {
	name string
	data []byte
}

func unpack(t testing.TB, pack []byte) []member {
	t.Helper()
	reader, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	must(t, err)
	var members []member
	for _, f := range reader.File {
		r, err := f.Open()
		must(t, err)
		data, err := io.ReadAll(r)
		must(t, err)
		members = append(members, member{f.Name, data})
	}
	return members
}

func repack(t testing.TB, members []member) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, m := range members {
		f, err := w.CreateHeader(&zip.FileHeader{Name: m.name, Method: zip.Store}) // which takes less time
		must(t, err)
		_, err = f.Write(m.data)
		must(t, err)
	}
	must(t, w.Close())
	return out.Bytes()
}

func find(t testing.TB, members []member, name string) *member {
	t.Helper()
	at := slices.IndexFunc(members, func(m member) bool { return m.name == name })
	if at < 0 {
		t.Fatalf("there is no %s in the pack", name)
	}
	return &members[at]
}

func read[T any](t testing.TB, members []member, name string) T {
	t.Helper()
	var value T
	if err := json.Unmarshal(find(t, members, name).data, &value); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", name, err))
	}
	return value
}

var _ ledger.Ledger = (*ledgersqlite.Ledger)(nil)
