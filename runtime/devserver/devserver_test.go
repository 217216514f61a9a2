//go:build !slim && unix

package devserver_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/quaestor-run/quaestor/runtime/devserver"
)

const queue = "devserver-test"

func attributes() map[string]enumspb.IndexedValueType {
	return map[string]enumspb.IndexedValueType{
		"TestClient": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"TestPhase":  enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"TestSpend":  enumspb.INDEXED_VALUE_TYPE_DOUBLE,
	}
}

func TestMain(m *testing.M) {
	if file := os.Getenv(childFile); file != "" {
		runChild(file)
		return
	}
	os.Exit(m.Run())
}

var shared = sync.OnceValues(func() (*devserver.Server, error) {
	return devserver.Start(context.Background(), devserver.Options{UIAddr: "127.0.0.1:0", SearchAttributes: attributes()})
})

// setup gives the server that the tests of this package share; it ends with
// the process.
func setup(t *testing.T) (*devserver.Server, client.Client) {
	t.Helper()
	server, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return server, dial(t, server)
}

func start(tb testing.TB, opts devserver.Options) *devserver.Server {
	tb.Helper()
	server, err := devserver.Start(tb.Context(), opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(server.Stop)
	return server
}

func dial(tb testing.TB, server *devserver.Server) client.Client {
	tb.Helper()
	c, err := client.Dial(client.Options{
		HostPort: server.HostPort(), Logger: quiet{},
		ConnectionOptions: client.ConnectionOptions{GrpcCompression: &client.GrpcCompressionNone{}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	return c
}

// work runs a worker with the workflows of these tests.
func work(tb testing.TB, c client.Client, queue string) {
	tb.Helper()
	w := worker.New(c, queue, worker.Options{})
	register(w)
	if err := w.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(w.Stop)
}

func register(w worker.Worker) {
	w.RegisterWorkflowWithOptions(inARow, workflow.RegisterOptions{Name: "InARow"})
	w.RegisterWorkflowWithOptions(awaitDecision, workflow.RegisterOptions{Name: "AwaitDecision"})
	w.RegisterActivityWithOptions(echo, activity.RegisterOptions{Name: "Echo"})
}

func echo(_ context.Context, n int) (int, error) { return n, nil }

// inARow calls an activity n times, one after the other.
func inARow(ctx workflow.Context, n int) (int, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 2 * time.Second})
	sum := 0
	for i := range n {
		var got int
		if err := workflow.ExecuteActivity(ctx, "Echo", i).Get(ctx, &got); err != nil {
			return 0, err
		}
		sum += got
	}
	return sum, nil
}

// awaitDecision ends with what the "decide" Update brings.
func awaitDecision(ctx workflow.Context) (string, error) {
	decision := ""
	err := workflow.SetUpdateHandler(ctx, "decide", func(_ workflow.Context, word string) (string, error) {
		decision = word
		return "heard " + word, nil
	})
	if err != nil {
		return "", err
	}
	return decision, workflow.Await(ctx, func() bool { return decision != "" })
}

func TestWorkflowsRunAndAreListedBySearchAttributes(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	work(t, c, queue)
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: "listed", TaskQueue: queue,
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword("TestClient").ValueSet("acme"),
			temporal.NewSearchAttributeKeyFloat64("TestSpend").ValueSet(1.25),
		),
	}, "InARow", 5)
	if err != nil {
		t.Fatal(err)
	}
	var sum int
	if err := run.Get(t.Context(), &sum); err != nil || sum != 10 {
		t.Fatalf("got %d, %v; want 10", sum, err)
	}
	found := listUntil(t, c, "TestClient = 'acme' AND TestSpend > 1 AND TestSpend < 2 AND TestPhase IS NULL", 1)
	if id := found[0].GetExecution().GetWorkflowId(); id != "listed" {
		t.Errorf("found %q", id)
	}
	if none := list(t, c, "TestClient = 'acme' AND TestSpend > 2"); len(none) != 0 {
		t.Errorf("found %d workflows above their spend", len(none))
	}
}

func TestUpdateReachesAWaitingWorkflow(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	work(t, c, queue+"-update")
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "update", TaskQueue: queue + "-update"}, "AwaitDecision")
	if err != nil {
		t.Fatal(err)
	}
	handle, err := c.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{
		WorkflowID: "update", UpdateName: "decide", Args: []any{"approve"}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		t.Fatal(err)
	}
	var answer, outcome string
	if err := handle.Get(t.Context(), &answer); err != nil || answer != "heard approve" {
		t.Errorf("answer %q, %v", answer, err)
	}
	if err := run.Get(t.Context(), &outcome); err != nil || outcome != "approve" {
		t.Errorf("outcome %q, %v", outcome, err)
	}
}

func TestUIServesPagesAndReachesTheServer(t *testing.T) {
	t.Parallel()
	server, _ := setup(t)
	for path, want := range map[string]string{
		"/": "<html",
		"/api/v1/namespaces/" + devserver.DefaultNamespace: `"NAMESPACE_STATE_REGISTERED"`,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.UIURL()+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
		response.Body.Close()
		if err != nil || !strings.Contains(string(body), want) {
			t.Errorf("%s: %s, %v: no %q in %.200s", path, response.Status, err, want, body)
		}
	}
}

func TestRegisterSearchAttributesIsIdempotentAndRefusesAnotherType(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	more := map[string]enumspb.IndexedValueType{"TestLater": enumspb.INDEXED_VALUE_TYPE_INT}
	for range 2 {
		if err := devserver.RegisterSearchAttributes(t.Context(), c, devserver.DefaultNamespace, more); err != nil {
			t.Fatal(err)
		}
	}
	if found := list(t, c, "TestLater = 3"); len(found) != 0 {
		t.Errorf("found %d workflows", len(found))
	}
	other := map[string]enumspb.IndexedValueType{"TestLater": enumspb.INDEXED_VALUE_TYPE_KEYWORD, "TestNever": enumspb.INDEXED_VALUE_TYPE_BOOL}
	err := devserver.RegisterSearchAttributes(t.Context(), c, devserver.DefaultNamespace, other)
	if err == nil || !strings.Contains(err.Error(), `"TestLater"`) || !strings.Contains(err.Error(), "Int") {
		t.Errorf("another type: %v", err)
	}
	if _, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: "TestNever = true"}); err == nil {
		t.Error("an attribute was registered in spite of the error")
	}
	err = devserver.RegisterSearchAttributes(t.Context(), c, "nowhere", more)
	if err == nil || !strings.Contains(err.Error(), `"nowhere"`) {
		t.Errorf("unknown namespace: %v", err)
	}
}

func TestTakenPortsAreNamed(t *testing.T) {
	t.Parallel()
	server, _ := setup(t)
	ui := strings.TrimPrefix(server.UIURL(), "http://")
	for name, test := range map[string]struct {
		opts devserver.Options
		addr string
	}{
		"frontend": {devserver.Options{Addr: server.HostPort()}, server.HostPort()},
		"ui":       {devserver.Options{UIAddr: ui}, ui},
		"nonsense": {devserver.Options{Addr: "127.0.0.1:http:1"}, "127.0.0.1:http:1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			started, err := devserver.Start(t.Context(), test.opts)
			if err == nil {
				started.Stop()
				t.Fatal("started twice on one address")
			}
			if !strings.Contains(err.Error(), test.addr) {
				t.Errorf("the error does not name %s: %v", test.addr, err)
			}
		})
	}
}

func TestReopenedFileGoesOnQuietlyAndTakesMoreAttributes(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "odd #1 100%? folder", "temporal.db")
	core, logs := observer.New(zap.WarnLevel)
	opts := devserver.Options{File: file, Synchronous: devserver.SynchronousNormal, Logger: zap.New(core)}
	first := start(t, opts)
	c := dial(t, first)
	if _, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "kept", TaskQueue: queue}, "InARow", 3); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, file + "-wal", strings.TrimSuffix(file, ".db") + "-visibility.db"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s is not private: %v, %v", name, info.Mode(), err)
		}
	}
	before := time.Now()
	first.Stop()
	if took := time.Since(before); took > 15*time.Second {
		t.Errorf("Stop took %s", took)
	}
	first.Stop()

	opts.SearchAttributes = attributes()
	second := start(t, opts)
	again := dial(t, second)
	work(t, again, queue)
	var sum int
	if err := again.GetWorkflow(t.Context(), "kept", "").Get(t.Context(), &sum); err != nil || sum != 3 {
		t.Errorf("after reopening: %d, %v; want 3", sum, err)
	}
	list(t, again, "TestClient = 'acme'")
	for _, entry := range logs.All() {
		t.Logf("%s %s %v", entry.Level, entry.Message, entry.ContextMap())
	}
	if n := logs.Len(); n > 0 {
		t.Errorf("%d warnings in an undisturbed life", n)
	}
}

func TestFilesThatCannotBeOpenedAreNamed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	text := filepath.Join(folder, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("This is no database. ", 300)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{
		"not a database": text,
		"a folder":       folder,
		"below a file":   filepath.Join(text, "temporal.db"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, err := devserver.Start(t.Context(), devserver.Options{File: file})
			if err == nil {
				server.Stop()
				t.Fatal("started")
			}
			if !strings.Contains(err.Error(), text) && !strings.Contains(err.Error(), folder) {
				t.Errorf("the error does not name the file: %v", err)
			}
		})
	}
}

func TestSynchronousIsFullOrNormal(t *testing.T) {
	t.Parallel()
	server, err := devserver.Start(t.Context(), devserver.Options{Synchronous: "never"})
	if err == nil {
		server.Stop()
		t.Fatal("started")
	}
	if !strings.Contains(err.Error(), `"never"`) || !strings.Contains(err.Error(), "full or normal") {
		t.Errorf("the error does not name the value, and those there are: %v", err)
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if server, err := devserver.Start(ctx, devserver.Options{}); err == nil {
		server.Stop()
		t.Error("started with a cancelled context")
	}
}

func list(t *testing.T, c client.Client, query string) []*workflowInfo {
	t.Helper()
	response, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: query})
	if err != nil {
		t.Fatalf("listing %s: %v", query, err)
	}
	return response.GetExecutions()
}

// listUntil lists until visibility, which lags a little, shows n workflows.
func listUntil(t *testing.T, c client.Client, query string, n int) []*workflowInfo {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		found := list(t, c, query)
		if len(found) == n {
			return found
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %d workflows, want %d", query, len(found), n)
		}
	}
}

type workflowInfo = workflowpb.WorkflowExecutionInfo

type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(m string, kv ...any) {
	fmt.Fprintln(os.Stderr, append([]any{m}, kv...)...)
}
