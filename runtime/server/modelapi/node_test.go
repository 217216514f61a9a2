package modelapi_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/server/modelapi"
	"github.com/quaestor-run/quaestor/runtime/server/modelapi/modelapitest"
)

// OpenAI's own SDK for Node works against this API by base URL and key.
func TestOpenAINodeSDK(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it installs packages of npm")
	}
	dir := installNode(t)
	w := setup(t, func(o *modelapi.Options) { // before it serves: another process asks
		o.Models.(*modelapitest.Models).Script = forNode()
	})
	node := exec.CommandContext(t.Context(), "node", "check.mjs")
	node.Dir = dir
	node.Env = append(os.Environ(), "BASE_URL="+w.server.URL+"/v1", "API_KEY="+w.key)
	if out, err := node.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// installNode copies the check into a folder of its own and installs what its
// lock file names.
func installNode(t *testing.T) string {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "node"))); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("npm cannot install the SDK here: %v\n%s", err, out)
	}
	return dir
}

// forNode answers by what the user says.
func forNode() func(context.Context, gateway.Call) (gateway.Result, bool, error) {
	var failedOnce atomic.Bool
	failed := func(class provider.Class) (gateway.Result, bool, error) {
		return gateway.Result{}, true, modelapitest.Failed(class)
	}
	return func(_ context.Context, call gateway.Call) (gateway.Result, bool, error) {
		if call.Messages[len(call.Messages)-1].Role == agents.RoleTool {
			return modelapitest.Text("it is " + unquote(call.Messages[len(call.Messages)-1].ToolResults[0].Value)), true, nil
		}
		switch call.Messages[0].Text {
		case "endless":
			return endlessly(make(chan error, 1))(context.Background(), call)
		case "break":
			if err := call.Emit(provider.Delta{Text: "half"}); err != nil {
				return gateway.Result{}, true, err
			}
			return failed(provider.ClassUnavailable)
		case "add":
			result := modelapitest.Text("")
			result.Response.StopReason = provider.StopToolCalls
			result.Response.Message.ToolCalls = []agents.ToolCall{{ID: "c1", Name: "sum", Arguments: json.RawMessage(`{"numbers":[2,3]}`)}}
			return result, true, nil
		case "point":
			return modelapitest.Text(`{"x": 1, "label": "a"}`), true, nil
		case "budget":
			return gateway.Result{}, true, &gateway.CallError{Err: &ledger.ExceededError{Scope: ledger.Scope{Kind: ledger.ScopeClient, ID: "acme"}}}
		case "throttle":
			return failed(provider.ClassThrottled)
		case "down":
			return failed(provider.ClassUnavailable)
		case "fail once":
			if !failedOnce.Swap(true) {
				return failed(provider.ClassInternal)
			}
		}
		return gateway.Result{}, false, nil
	}
}

func unquote(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) != nil {
		return string(value)
	}
	return text
}
