//go:build !slim && unix

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/quaestor-run/quaestor/runtime/mcpserver"
)

// ask calls a tool and reads what it gives.
func ask(t *testing.T, session *sdk.ClientSession, tool string, args map[string]any, into any) {
	t.Helper()
	result, err := session.CallTool(t.Context(), &sdk.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	raw, err := json.Marshal(result.StructuredContent)
	if err == nil && !result.IsError {
		err = json.Unmarshal(raw, into)
	}
	if err != nil || result.IsError {
		t.Fatalf("%s: %v, %s", tool, err, result.Content[0].(*sdk.TextContent).Text)
	}
}

func connectMCP(t *testing.T, transport sdk.Transport) *sdk.ClientSession {
	t.Helper()
	session, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// A client of the protocol researches documents with nothing but the command:
// what comes out on standard output is the protocol, also with a talkative log.
func TestMCPClientsResearch(t *testing.T) {
	t.Parallel()
	p := command(t, []string{"QUAESTOR_TELEMETRY_LOG_LEVEL=debug"}, "mcp", "--data", t.TempDir(), "--docs", folder(t, hospitals))
	read, output, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	input, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdin, p.cmd.Stdout = input, output
	p.start(t)
	input.Close()
	output.Close()
	session := connectMCP(t, &sdk.IOTransport{Reader: read, Writer: write})

	var run struct {
		ID, Status string
		Ended      bool
	}
	ask(t, session, "research_start", map[string]any{"topic": "Did hospitals adopt artificial intelligence for triage?"}, &run)
	for !run.Ended {
		ask(t, session, "research_wait", map[string]any{"id": run.ID, "seconds": 30}, &run)
	}
	if run.Status != "completed" {
		t.Fatalf("it ended as %+v", run)
	}
	report, err := session.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: "quaestor://research/" + run.ID + "/report"})
	if err != nil || !regexp.MustCompile(`Waiting times fell by 12 percent.*\[1`).MatchString(strings.ReplaceAll(report.Contents[0].Text, "\n", " ")) {
		t.Errorf("the report is %+v, %v", report, err)
	}
	var found struct{ Passages []struct{ Quotes []string } }
	ask(t, session, "documents_search", map[string]any{"query": "waiting times"}, &found)
	if len(found.Passages) == 0 || !strings.Contains(strings.Join(found.Passages[0].Quotes, " "), "12 percent") {
		t.Errorf("found %+v", found)
	}
	session.Close()
	if err := write.Close(); err != nil && !strings.Contains(err.Error(), "already closed") {
		t.Error(err)
	}
	if code := p.wait(t); code != exitOK {
		t.Errorf("it ended with %d:\n%s", code, p.stderr)
	}
	if rest, err := io.ReadAll(read); len(rest) > 0 {
		t.Errorf("on standard output was left %q, %v", rest, err)
	}
}

// Over HTTP it stands before a server that runs already.
func TestMCPBeforeAServer(t *testing.T) {
	t.Parallel()
	i := up(t, t.TempDir(), nil)
	p := start(t, "mcp", "--server", "http://"+i.addr, "--http", "127.0.0.1:0")
	p.await(t, "MCP  http://")
	address := regexp.MustCompile(`http://\S+`).FindString(p.stderr.String())
	session := connectMCP(t, &sdk.StreamableClientTransport{Endpoint: address, HTTPClient: http.DefaultClient, MaxRetries: -1})
	var shelf struct {
		Corpora []struct {
			Name      string
			Documents int
		}
	}
	ask(t, session, "documents_list", map[string]any{}, &shelf)
	if len(shelf.Corpora) == 0 || shelf.Corpora[0].Name != "samples" || !strings.HasSuffix(address, mcpserver.Path) {
		t.Errorf("at %s are %+v", address, shelf)
	}
	session.Close()
	p.interrupt(t)
	if code := p.wait(t); code != exitOK {
		t.Errorf("it ended with %d:\n%s", code, p.stderr)
	}
}
