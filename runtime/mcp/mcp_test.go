//go:build unix

package mcp_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/mcp"
	"github.com/quaestor-run/quaestor/runtime/mcp/mcptest"
	"github.com/quaestor-run/quaestor/tools"
)

func TestMain(m *testing.M) {
	mcptest.Main()
	if os.Getenv(workerVariable) != "" {
		work()
	}
	os.Exit(m.Run())
}

// blobs keep in memory.
type blobs struct {
	mu   sync.Mutex
	kept map[string][]byte
}

func (b *blobs) PutBlob(_ context.Context, data []byte) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	sum := sha256.Sum256(data)
	ref := "sha256:" + hex.EncodeToString(sum[:])
	if b.kept == nil {
		b.kept = map[string][]byte{}
	}
	b.kept[ref] = data
	return ref, nil
}

// program is this binary as a server.
func program(mode string) mcp.Server {
	return mcp.Server{
		Name: "test", Command: os.Args[0], Tools: []string{"*"}, Timeout: 3 * time.Second,
		Env: map[string]string{mcptest.Variable: mode},
	}
}

type world struct {
	*mcp.Servers
	blobs *blobs
	tools map[string]tools.Tool
}

func setup(t *testing.T, server mcp.Server, change ...func(*mcp.Options)) world {
	t.Helper()
	w := world{blobs: &blobs{}, tools: map[string]tools.Tool{}}
	options := mcp.Options{Servers: []mcp.Server{server}, Blobs: w.blobs, Version: "test", LocalOnly: true}
	for _, f := range change {
		f(&options)
	}
	var err error
	if w.Servers, err = mcp.Open(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	list, err := w.Tools(server.Name)
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range list {
		w.tools[tool.Name()] = tool
	}
	return w
}

type shown struct {
	Failed string
	SHA256 string
	Note   string
	Pieces []struct{ ID, Text string }
}

func (w world) call(t *testing.T, tool, text string) (shown, tools.Result, error) {
	t.Helper()
	args, err := json.Marshal(mcptest.Query{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	result, err := w.tools["mcp__test__"+tool].Call(t.Context(), tools.Scope{Run: "r"}, args)
	var out shown
	if err == nil {
		if err := json.Unmarshal(result.Value, &out); err != nil {
			t.Fatal(err)
		}
	}
	return out, result, err
}

func TestResultsAreKeptAndCanBeCited(t *testing.T) {
	t.Parallel()
	w := setup(t, program(mcptest.Good))
	out, result, err := w.call(t, "search", "cases")
	if err != nil {
		t.Fatal(err)
	}
	snapshot := w.blobs.kept["sha256:"+out.SHA256]
	if string(snapshot) != mcptest.Text || len(out.Pieces) != 2 || len(result.Citations) != 2 {
		t.Fatalf("%q is kept, and shown is %+v", snapshot, out)
	}
	for i, citation := range result.Citations {
		if citation.ID() != out.Pieces[i].ID || string(snapshot[citation.Start:citation.End]) != citation.Quote || citation.SHA256 != out.SHA256 {
			t.Errorf("citation %+v for %+v", citation, out.Pieces[i])
		}
	}
	if uri := result.Citations[0].URI; uri != "mcp:test/search?arguments=%7B%22text%22%3A%22cases%22%7D" {
		t.Errorf("the address is %q", uri)
	}
	if out, _, err = w.call(t, "prices", "x"); err != nil || len(out.Pieces) != 1 || out.Pieces[0].Text != `{"rows":[{"cents":310,"good":"bread"},{"cents":150,"good":"milk"}]}` {
		t.Errorf("structured content gave %+v, %v", out, err)
	}
	if out, _, err = w.call(t, "refuse", "x"); err != nil || !strings.Contains(out.Failed, "not on a Sunday") || out.SHA256 != "" {
		t.Errorf("a failure gave %+v, %v", out, err)
	}
	if out, _, err = w.call(t, "picture", "x"); err != nil || !strings.Contains(out.Note, "1 × image") || len(out.Pieces) > 0 {
		t.Errorf("a picture gave %+v, %v", out, err)
	}
}

func TestLongResultsAreCut(t *testing.T) {
	t.Parallel()
	server := program(mcptest.Good)
	server.OutputBytes = 50_000
	w := setup(t, server)
	out, _, err := w.call(t, "search", "much")
	if err == nil && (len(w.blobs.kept["sha256:"+out.SHA256]) > 50_000 || len(out.Pieces) > 200 || !strings.Contains(out.Note, "more than is kept")) {
		t.Errorf("%d bytes are kept, %d pieces shown: %s", len(w.blobs.kept["sha256:"+out.SHA256]), len(out.Pieces), out.Note)
	}
	if wrong := (*tools.InputError)(nil); err != nil && !errors.As(err, &wrong) { // one message of 1.2 MB may be too long as a whole
		t.Error(err)
	}
	server.OutputBytes = 0
	w = setup(t, server)
	if out, _, err = w.call(t, "search", "much"); err == nil {
		t.Errorf("a message above the limit gave %d pieces", len(out.Pieces))
	}
	if out, _, err = w.call(t, "search", "cases"); err != nil || len(out.Pieces) != 2 {
		t.Errorf("after it: %+v, %v", out, err)
	}
}

func TestArgumentsAreHeldAgainstTheSchema(t *testing.T) {
	t.Parallel()
	w := setup(t, program(mcptest.Good))
	for _, args := range []string{`{}`, `{"text":1}`, `{"text":"x","more":true}`, `[]`, `nonsense`} {
		_, err := w.tools["mcp__test__search"].Call(t.Context(), tools.Scope{}, json.RawMessage(args))
		if wrong := (*tools.InputError)(nil); !errors.As(err, &wrong) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

// Whatever a server does, the agent is told in time, and the next call finds a
// server that was started anew.
func TestHostileServers(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{mcptest.Garbage, mcptest.Flood, mcptest.Dies, mcptest.Hangs, mcptest.Slow} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			w := setup(t, program(mode))
			began := time.Now()
			_, _, err := w.call(t, "search", "x")
			wrong := (*tools.InputError)(nil)
			if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "go on without it") {
				t.Fatalf("the call gave %v", err)
			}
			if took := time.Since(began); took > 40*time.Second {
				t.Errorf("it took %v", took)
			}
			deadline := time.Now().Add(time.Minute)
			for {
				out, _, err := w.call(t, "prices", "x")
				if err == nil && len(out.Pieces) == 1 {
					return
				}
				if time.Now().After(deadline) {
					t.Fatalf("it did not come back: %v", err)
				}
				time.Sleep(100 * time.Millisecond)
			}
		})
	}
}

func TestServersThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	missing := program(mcptest.Good)
	missing.Tools = []string{"search", "delete_everything"}
	nowhere := mcp.Server{Name: "test", Command: "/nonexistent/program", Tools: []string{"*"}}
	far := mcp.Server{Name: "test", URL: "https://mcp.example.com/mcp", Tools: []string{"*"}}
	disguised := mcp.Server{Name: "test", URL: "http://10.0.0.7/mcp", Local: true, Tools: []string{"*"}}
	for want, server := range map[string]mcp.Server{
		`no tool "delete_everything"`: missing, "starting /nonexistent/program": nowhere,
		"sent more than can be taken":            program(mcptest.Talker),
		"mcp.example.com is not on this machine": far, "10.0.0.7 is not on this machine": disguised,
	} {
		options := mcp.Options{Servers: []mcp.Server{server}, Blobs: &blobs{}, LocalOnly: true}
		if _, err := mcp.Open(t.Context(), options); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `MCP server "test"`) {
			t.Errorf("got %v, want %q", err, want)
		}
		options.Servers[0].Optional = true
		servers, err := mcp.Open(t.Context(), options)
		if err != nil {
			t.Errorf("optional, and %v", err)
			continue
		}
		if list, err := servers.Tools("test"); len(list) > 0 || err != nil {
			t.Errorf("left out, and it has %d tools, %v", len(list), err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := mcp.Open(ctx, mcp.Options{Servers: []mcp.Server{program(mcptest.Mute)}, Blobs: &blobs{}}); err == nil || !strings.Contains(err.Error(), "in time") {
		t.Errorf("a mute server gave %v", err)
	}
}

// A server that describes a tool otherwise when it is started again is another.
func TestChangedToolsAreRefused(t *testing.T) {
	t.Parallel()
	w := setup(t, program(mcptest.Fickle))
	if _, _, err := w.call(t, "search", "x"); err == nil {
		t.Fatal("it did not die")
	}
	time.Sleep(50 * time.Millisecond)
	if _, _, err := w.call(t, "search", "x"); err == nil || !strings.Contains(err.Error(), "otherwise than when the workers were started") {
		t.Errorf("got %v", err)
	}
	if _, _, err := w.call(t, "prices", "x"); err != nil {
		t.Errorf("a tool that is as it was: %v", err)
	}
}

// The same where it tells so while it runs.
func TestToolsThatTurnAreRefused(t *testing.T) {
	t.Parallel()
	w := setup(t, program(mcptest.Turns))
	deadline := time.Now().Add(time.Minute)
	for {
		if _, _, err := w.call(t, "search", "x"); err != nil {
			if !strings.Contains(err.Error(), "otherwise than when the workers were started") {
				t.Errorf("got %v", err)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("it is called although it turned")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestProgramsGetNoSecretsAndEnd(t *testing.T) {
	t.Setenv("QUAESTOR_TEST_SECRET", "hidden")
	for _, mode := range []string{mcptest.Good, mcptest.Stubborn} {
		w := setup(t, program(mode))
		out, _, err := w.call(t, "environment", "x")
		if err != nil {
			t.Fatal(err)
		}
		var all string
		pid := 0
		for _, piece := range out.Pieces {
			all += piece.Text
			if _, after, ok := strings.Cut(piece.Text, `pid=`); ok {
				pid, _ = strconv.Atoi(strings.TrimRight(after, `",]`))
			}
		}
		if strings.Contains(all, "hidden") || !strings.Contains(all, "PATH=") || pid == 0 {
			t.Errorf("its environment is %s, pid %d", all, pid)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%s: process %d is still there: %v", mode, pid, err)
		}
		if _, _, err := w.call(t, "environment", "x"); err == nil {
			t.Error("a closed server was called")
		}
	}
}
