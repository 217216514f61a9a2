//go:build unix

package mcp_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/mcp"
	"github.com/quaestor-run/quaestor/runtime/mcp/mcptest"
	"github.com/quaestor-run/quaestor/tools"
)

// Servers made with the official SDK for Node work as those of Go's do.
func TestNodeServer(t *testing.T) {
	t.Parallel()
	dir := mcptest.Node(t, filepath.Join("testdata", "node"))
	w := setup(t, mcp.Server{Name: "node", Command: "node", Args: []string{filepath.Join(dir, "server.mjs")}, Tools: []string{"capital"}, Timeout: 20 * time.Second})
	tool, ok := w.tools["mcp__node__capital"]
	if !ok {
		t.Fatalf("tools %v", w.tools)
	}
	call := func(args string) (out shown, err error) {
		result, err := tool.Call(t.Context(), tools.Scope{}, json.RawMessage(args))
		if err == nil {
			err = json.Unmarshal(result.Value, &out)
		}
		return out, err
	}
	if out, err := call(`{"country":"Italy"}`); err != nil || len(out.Pieces) != 2 || out.Pieces[0].Text != "Rome is the capital of Italy." {
		t.Errorf("got %+v, %v", out, err)
	}
	if out, err := call(`{"country":"Atlantis"}`); err != nil || !strings.Contains(out.Failed, "no capital of Atlantis") {
		t.Errorf("got %+v, %v", out, err)
	}
	if _, err := call(`{"country":1}`); err == nil {
		t.Error("a number was taken for a country")
	}
}
