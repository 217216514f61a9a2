package mcpserver_test

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/mcp/mcptest"
	"github.com/quaestor-run/quaestor/runtime/mcpserver"
	"github.com/quaestor-run/quaestor/runtime/server"
)

// The variables that make this binary a server on standard input and output.
const (
	apiVariable = "QUAESTOR_TEST_API"
	keyVariable = "MCP_KEY"
)

func TestMain(m *testing.M) {
	if api := os.Getenv(apiVariable); api != "" {
		offered, err := mcpserver.New(mcpserver.Options{URL: api, Key: os.Getenv(keyVariable)})
		if err == nil {
			err = offered.ServeIO(context.Background(), os.Stdin, os.Stdout)
		}
		if err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// The official SDK for Node finds all that Go's does, over HTTP and on standard
// input and output.
func TestNodeClient(t *testing.T) {
	t.Parallel()
	dir := mcptest.Node(t, filepath.Join("..", "mcp", "testdata", "node"))
	w := setup(t)
	secret, key := server.NewKey("acme", "test", time.Now())
	if err := w.store.CreateKey(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(w.server.Handler())
	t.Cleanup(listening.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	client := exec.CommandContext(ctx, "node", "client.mjs")
	client.Dir = dir
	client.Env = append(os.Environ(), "MCP_URL="+listening.URL+mcpserver.Path, keyVariable+"="+secret, apiVariable+"="+w.url, "MCP_PROGRAM="+os.Args[0])
	if out, err := client.CombinedOutput(); err != nil || !strings.Contains(string(out), "client: ok") {
		t.Errorf("%v\n%s", err, out)
	}
}
