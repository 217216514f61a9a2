package configs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/configs"
)

func loadMCP(t *testing.T, servers string) (configs.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "q.yaml")
	if err := os.WriteFile(path, []byte("mcp:\n  servers:\n    papers: "+servers+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return configs.Load(path, func(name string) string {
		return map[string]string{"TOKEN": "s3cret", "TEAM": "blue"}[name]
	})
}

func TestMCPServers(t *testing.T) {
	t.Parallel()
	config, err := loadMCP(t, `{url: "https://mcp.example.com/mcp", token_env: TOKEN, header_env: {x-team: TEAM}, tools: [search], timeout: 10s}`)
	if err != nil {
		t.Fatal(err)
	}
	server := config.MCP.Servers["papers"]
	if server.Headers["Authorization"] != "Bearer s3cret" || server.Headers["X-Team"] != "blue" {
		t.Errorf("headers %q", server.Headers)
	}
	config, err = loadMCP(t, `{command: npx, args: [-y, x], env: [TOKEN], tools: ["*"], agents: [gatherer, analyst], optional: true, output_bytes: 8192}`)
	if err != nil {
		t.Fatal(err)
	}
	if server := config.MCP.Servers["papers"]; server.Secrets["TOKEN"] != "s3cret" || len(server.Agents) != 2 {
		t.Errorf("server %+v", server)
	}
}

func TestMCPServersThatAreRefused(t *testing.T) {
	t.Parallel()
	for servers, want := range map[string]string{
		`{tools: [a]}`: "a command or a url is wanted",
		`{command: x, url: "https://y.example", tools: [a]}`: "not both",
		`{command: x}`: "name the tools",
		`{command: x, env: [NOT_SET], tools: [a]}`:                                   `mcp.servers.papers.env: the environment variable "NOT_SET" is not set`,
		`{command: x, token_env: TOKEN, tools: [a]}`:                                 "for servers with a url",
		`{url: "http://y.example/mcp", tools: [a]}`:                                  "https is wanted",
		`{url: "https://me@y.example/mcp", tools: [a]}`:                              "user name",
		`{url: "https://y.example", args: [a], tools: [a]}`:                          "for servers with a command",
		`{url: "https://y.example", header_env: {Mcp-Session-Id: TEAM}, tools: [a]}`: "no header of yours",
		`{command: x, tools: [a], timeout: 5m}`:                                      "timeout: 1s to 45s is allowed",
		`{command: x, tools: [a], output_bytes: 1}`:                                  "output_bytes",
		`{command: x, tools: [a], secret: y}`:                                        "unknown key",
	} {
		if _, err := loadMCP(t, servers); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "mcp.servers.papers") {
			t.Errorf("%s: %v, want %q", servers, err, want)
		}
	}
}
