//go:build unix

package runtime

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents/analyst"
	"github.com/quaestor-run/quaestor/agents/gatherer"
	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime/mcp/mcptest"
)

func TestMain(m *testing.M) {
	mcptest.Main()
	os.Exit(m.Run())
}

// join installs a runtime and connects it as a worker does.
func join(t *testing.T, servers map[string]configs.MCPServer) (*Runtime, error) {
	t.Helper()
	r, err := install(t, func(c *configs.Config) { c.MCP.Servers = servers })
	if err != nil {
		t.Fatal(err)
	}
	for name := range r.tools {
		if strings.HasPrefix(name, "mcp__") {
			t.Errorf("what calls no tools has %s", name)
		}
	}
	r.options.GatewayOnly = false
	err = r.joinMCP(t.Context())
	return r, err
}

func program(tools, agents []string) configs.MCPServer {
	return configs.MCPServer{Command: os.Args[0], Secrets: map[string]string{mcptest.Variable: mcptest.Good}, Tools: tools, Agents: agents}
}

func TestToolsOfMCPServersAreGranted(t *testing.T) {
	t.Parallel()
	r, err := join(t, map[string]configs.MCPServer{
		"one": program([]string{"search", "prices"}, nil), "two": program([]string{"search"}, []string{analyst.Name, gatherer.Name}),
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		gatherer.Name: {"mcp__one__prices", "mcp__one__search", "mcp__two__search"}, analyst.Name: {"mcp__two__search"}, "writer": nil,
	} {
		var got []string
		for _, tool := range r.agents[name].Tools {
			if strings.HasPrefix(tool, "mcp__") {
				got = append(got, tool)
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) || len(r.agents[name].ToolVersions) != len(want) {
			t.Errorf("%s has %q, %v", name, got, r.agents[name].ToolVersions)
		}
		if strings.Count(string(r.agents[name].Frozen()), "Tools of other programs") != min(1, len(want)) {
			t.Errorf("%s is told %s", name, r.agents[name].Frozen())
		}
	}
	if r.asksMCP() {
		t.Error("the offline model chooses tools of others")
	}
}

func TestMCPServersThatDoNotFit(t *testing.T) {
	t.Parallel()
	for want, servers := range map[string]map[string]configs.MCPServer{
		`no agent "janitor"`:           {"one": program([]string{"search"}, []string{"janitor"})},
		`no tool "missing"`:            {"one": program([]string{"missing"}, nil)},
		"nothing may leave it":         {"far": {URL: "https://mcp.example.com/mcp", Tools: []string{"*"}}},
		"two tools come to the name":   {"a": program([]string{"search"}, nil), "a_": program([]string{"search"}, nil), "a.": program([]string{"search"}, nil)},
		"starting /nonexistent/server": {"one": {Command: "/nonexistent/server", Tools: []string{"*"}}},
	} {
		if _, err := join(t, servers); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v gave %v, want %q", slices.Sorted(maps.Keys(servers)), err, want)
		}
	}
}

// Without servers agents are to the letter those of an installation that knows
// nothing of MCP.
func TestWithoutMCPServersNothingIsStarted(t *testing.T) {
	t.Parallel()
	r, err := join(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gatherer.New().Define()
	if err != nil || r.agents[gatherer.Name].Version != plain.Version {
		t.Errorf("the gatherer is another: %v", err)
	}
}
