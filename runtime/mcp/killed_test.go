//go:build unix

package mcp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/mcp"
	"github.com/quaestor-run/quaestor/runtime/mcp/mcptest"
	"github.com/quaestor-run/quaestor/tools"
)

// workerVariable makes this binary a worker that starts a stubborn server, says
// its process id, and waits to be killed.
const workerVariable = "QUAESTOR_TEST_WORKER"

func work() {
	servers, err := mcp.Open(context.Background(), mcp.Options{Servers: []mcp.Server{program(mcptest.Stubborn)}, Blobs: &blobs{}})
	if err != nil {
		os.Exit(1)
	}
	list, err := servers.Tools("test")
	if err != nil {
		os.Exit(1)
	}
	for _, tool := range list {
		if tool.Name() != "mcp__test__environment" {
			continue
		}
		result, err := tool.Call(context.Background(), tools.Scope{}, json.RawMessage(`{"text":"x"}`))
		if err != nil {
			os.Exit(1)
		}
		_, after, _ := strings.Cut(string(result.Value), "pid=")
		pid, _, _ := strings.Cut(after, `\"`)
		fmt.Println(pid)
	}
	time.Sleep(time.Hour)
}

// What a worker started dies with it, however that dies.
func TestServersDieWithTheWorker(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere only those die that mind the end of their input")
	}
	worker := exec.CommandContext(t.Context(), os.Args[0])
	worker.Env = append(os.Environ(), workerVariable+"=1")
	said, err := worker.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(said).ReadString('\n')
	pid, wrong := strconv.Atoi(strings.TrimSpace(line))
	if err = errors.Join(err, wrong, worker.Process.Kill()); err != nil {
		t.Fatal(err)
	}
	_ = worker.Wait() // it was killed
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return // gone, or waits to be taken away by whoever adopted it
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d outlived its worker", pid)
		}
	}
}
