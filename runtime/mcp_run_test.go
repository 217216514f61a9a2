//go:build !slim && unix

package runtime_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/gatherer"
	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime"
	"github.com/quaestor-run/quaestor/runtime/mcp/mcptest"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/offline"
	"github.com/quaestor-run/quaestor/runtime/server/client"
)

// asker is the offline model, but for a gatherer that asks an MCP server and
// selects all it is shown, or names the gap.
type asker struct {
	*offline.Provider
	mu       sync.Mutex
	failures []string
}

// Converse implements provider.Provider.
func (a *asker) Converse(ctx context.Context, request provider.Request) (provider.Response, error) {
	if request.Agent != gatherer.Name {
		return a.Provider.Converse(ctx, request)
	}
	message := agents.Message{Role: agents.RoleAssistant}
	last := request.Messages[len(request.Messages)-1]
	if last.Role != agents.RoleTool {
		message.ToolCalls = []agents.ToolCall{{ID: "1", Name: "mcp__test__search", Arguments: json.RawMessage(`{"text":"cases"}`)}}
		return provider.Response{Message: message}, nil
	}
	out := agents.Gathered{Gaps: []string{"what the MCP server would have said"}}
	var shown struct{ Pieces []struct{ ID string } }
	for _, result := range last.ToolResults {
		if result.Error != "" {
			a.mu.Lock()
			a.failures = append(a.failures, result.Error)
			a.mu.Unlock()
		} else if err := json.Unmarshal(agents.Unfence(result.Value), &shown); err != nil {
			return provider.Response{}, fmt.Errorf("reading a result: %w", err)
		}
	}
	for _, piece := range shown.Pieces {
		out.Evidence = append(out.Evidence, agents.Selection{ID: piece.ID, Relevance: "a figure"})
	}
	text, err := json.Marshal(out)
	message.Text = string(text)
	return provider.Response{Message: message}, err
}

// investigate runs a research whose gatherer has a server that behaves in a way.
func investigate(t *testing.T, mode string) (*client.API, client.Run, *asker) {
	t.Helper()
	config, err := configs.Load("", func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	config.Data, config.Server.Addr, config.Temporal.UIAddr = t.TempDir(), "127.0.0.1:0", ""
	config.Telemetry.LogLevel = "error"
	config.MCP.Servers = map[string]configs.MCPServer{"test": {
		Command: os.Args[0], Secrets: map[string]string{mcptest.Variable: mode}, Tools: []string{"search"}, Timeout: time.Second,
	}}
	model := &asker{Provider: offline.New(builtinAgent(t))}
	r, err := runtime.New(t.Context(), runtime.Options{
		Config: config, Embedded: true, Providers: map[string]provider.Provider{"offline": model}, LogOutput: io.Discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	api := connect(t, r)
	id := create(t, api, client.ResearchRequest{Topic: "How many cases did hospitals report?", Sources: client.Sources{Documents: []string{runtime.SampleCorpus}}})
	follow(t, api, id, "run.finished")
	answer, err := api.GetResearchWithResponse(t.Context(), id)
	if err := client.Check(answer, err); err != nil {
		t.Fatal(err)
	}
	return api, *answer.JSON200, model
}

// What a server gives is evidence like any other: kept, checked and cited.
func TestARunCitesAnMCPServer(t *testing.T) {
	t.Parallel()
	api, run, _ := investigate(t, mcptest.Good)
	if run.Status != client.StatusCompleted {
		t.Fatalf("it ended as %s: %s", run.Status, run.Error)
	}
	answer, err := api.GetEvidenceWithResponse(t.Context(), run.ID)
	if err := client.Check(answer, err); err != nil {
		t.Fatal(err)
	}
	theirs := map[string]bool{}
	for _, e := range answer.JSON200.Evidence {
		if !strings.HasPrefix(e.Source.URI, "mcp:test/search?") {
			continue
		}
		theirs[e.ID] = true
		within := run.ID
		snapshot, err := api.GetSnapshotWithResponse(t.Context(), e.Source.SHA256, &client.GetSnapshotParams{Run: &within})
		if err != nil || snapshot.StatusCode() != http.StatusOK || string(snapshot.Body[e.Start:e.End]) != e.Quote {
			t.Errorf("%q does not stand in %q, %v", e.Quote, snapshot.Body, err)
		}
	}
	cited := 0
	for _, claim := range answer.JSON200.Claims {
		for _, id := range claim.Evidence {
			if theirs[id] && claim.Status == client.ClaimStatusSupported {
				cited++
			}
		}
	}
	if len(theirs) == 0 || cited == 0 {
		t.Errorf("%d pieces are evidence, and %d claims cite them", len(theirs), cited)
	}
}

// A server that fails costs its answers, and not the run.
func TestARunOutlivesAnMCPServer(t *testing.T) {
	t.Parallel()
	_, run, model := investigate(t, mcptest.Dies)
	if run.Status != client.StatusCompleted && run.Status != client.StatusPartial {
		t.Errorf("it ended as %s: %s", run.Status, run.Error)
	}
	model.mu.Lock()
	defer model.mu.Unlock()
	if len(model.failures) == 0 || !strings.Contains(agents.UnfenceText(model.failures[0]), `the MCP server "test"`) {
		t.Errorf("the agent was told %q", model.failures)
	}
}
