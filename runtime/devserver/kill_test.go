//go:build !slim && unix

package devserver_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/quaestor-run/quaestor/runtime/devserver"
)

// childFile in the environment makes this test binary a server and worker on
// that file, until it is killed; childSynchronous says how it writes.
const (
	childFile        = "QUAESTOR_TEST_DEVSERVER_FILE"
	childSynchronous = "QUAESTOR_TEST_DEVSERVER_SYNCHRONOUS"
)

func runChild(file string) {
	server, err := devserver.Start(context.Background(), devserver.Options{File: file, Synchronous: os.Getenv(childSynchronous)})
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	c, err := client.Dial(client.Options{HostPort: server.HostPort(), Logger: quiet{}})
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	w := worker.New(c, queue, worker.Options{})
	register(w)
	if err := w.Start(); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println(server.HostPort())
	select {}
}

// child starts this test binary as a server on file and gives what it printed
// first: its address, or its error.
func child(t *testing.T, file, synchronous string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childFile+"="+file, childSynchronous+"="+synchronous)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(t, cmd) })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the child said nothing: %v", err)
	}
	return cmd, strings.TrimSpace(line)
}

func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if cmd.ProcessState != nil {
		return
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Log(err)
	}
	_ = cmd.Wait() // it says that it was killed
}

func TestKilledServerGoesOnFromItsFile(t *testing.T) {
	t.Parallel()
	for _, synchronous := range []string{devserver.SynchronousFull, devserver.SynchronousNormal} {
		t.Run(synchronous, func(t *testing.T) {
			t.Parallel()
			killAndGoOn(t, synchronous)
		})
	}
}

func killAndGoOn(t *testing.T, synchronous string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "temporal.db")
	const steps = 400
	for round := range 3 {
		cmd, hostPort := child(t, file, synchronous)
		c, err := client.Dial(client.Options{HostPort: hostPort, Logger: quiet{}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
			ID: "long", TaskQueue: queue, WorkflowTaskTimeout: time.Second,
		}, "InARow", steps)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(100+150*round) * time.Millisecond)
		kill(t, cmd)
		c.Close()
	}
	server := start(t, devserver.Options{File: file, Synchronous: synchronous})
	c := dial(t, server)
	work(t, c, queue)
	var sum int
	if err := c.GetWorkflow(t.Context(), "long", "").Get(t.Context(), &sum); err != nil || sum != steps*(steps-1)/2 {
		t.Errorf("after three kills: %d, %v; want %d", sum, err, steps*(steps-1)/2)
	}
	if err := server.Flush(); err != nil {
		t.Error(err)
	}
}

func TestKillWhileStartingLeavesAUsableFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "temporal.db")
	for i := range 8 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), childFile+"="+file)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(60*(i+1)) * time.Millisecond)
		kill(t, cmd)
	}
	start(t, devserver.Options{File: file})
}

func TestSecondProcessOnAFileIsRefusedByName(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "temporal.db")
	server := start(t, devserver.Options{File: file})
	_, said := child(t, file, "")
	if !strings.Contains(said, file) || !strings.Contains(said, "process "+strconv.Itoa(os.Getpid())) {
		t.Errorf("the error does not name the file and its holder: %q", said)
	}
	server.Stop()
	if _, said = child(t, file, ""); strings.HasPrefix(said, "error") {
		t.Errorf("after Stop: %s", said)
	}
}
