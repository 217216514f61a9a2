//go:build !slim && unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/server/client"
)

// These tests run their own binary as the command: asCommand in the environment
// makes it one. It ends when the pipe to the test that started it does, so that
// a test that is killed leaves nothing behind.
const (
	asCommand  = "QUAESTOR_TEST_COMMAND"
	lifelineFD = 3
)

// patience bounds every wait of these tests; it is long because several
// processes share few cores.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) == "" {
		flag.Parse()
		if err := flag.Set("test.parallel", strconv.Itoa(max(4, runtime.GOMAXPROCS(0)))); err != nil { // they mostly wait
			panic(err)
		}
		os.Exit(m.Run())
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.NewFile(lifelineFD, "lifeline"))
		os.Exit(1)
	}()
	latency := os.Getenv(modelLatency)
	if latency == "" {
		main()
	}
	s, err := slowly(latency)
	if err != nil {
		panic(err)
	}
	os.Exit(execute(s))
}

// process is a quaestor command under test.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr *output
	ended          chan struct{}
	lifeline       *os.File
}

// output collects what a process writes and wakes who waits for it.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// command prepares the command with an environment of its own.
func command(t *testing.T, environment []string, args ...string) *process {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(executable, args...), stdout: &output{}, stderr: &output{}, ended: make(chan struct{}), lifeline: write}
	p.cmd.Env = append([]string{
		asCommand + "=1", "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "QUAESTOR_TELEMETRY_LOG_LEVEL=error",
	}, environment...)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.ExtraFiles = p.stdout, p.stderr, []*os.File{read}
	p.cmd.WaitDelay = time.Second
	return p
}

func (p *process) start(t *testing.T) {
	t.Helper()
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.cmd.ExtraFiles[0].Close()
	go func() {
		_ = p.cmd.Wait() // the exit code is in ProcessState
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill(t)
		p.lifeline.Close()
	})
}

// start starts the command.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := command(t, nil, args...)
	p.start(t)
	return p
}

// kill ends the process as a power cut would.
func (p *process) kill(t *testing.T) {
	t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGKILL) // it may have ended
	p.wait(t)
}

// interrupt is Ctrl-C.
func (p *process) interrupt(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}

// wait gives the exit code.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatalf("process %d did not end in %v; it said:\n%s", p.cmd.Process.Pid, patience, p.stderr)
	}
	return p.cmd.ProcessState.ExitCode()
}

// await waits until the process says a text on standard error.
func (p *process) await(t *testing.T, text string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !strings.Contains(p.stderr.String(), text) {
		select {
		case <-p.ended:
			if !strings.Contains(p.stderr.String(), text) {
				t.Fatalf("the process ended with %d and did not say %q, but:\n%s", p.cmd.ProcessState.ExitCode(), text, p.stderr)
			}
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("the process did not say %q in %v, but:\n%s", text, patience, p.stderr)
		}
	}
}

// run runs the command to its end.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	p := start(t, args...)
	code = p.wait(t)
	return code, p.stdout.String(), p.stderr.String()
}

// instance is `quaestor up` on a data folder, at an address it keeps when it is
// started again.
type instance struct {
	*process
	*client.API
	data, addr  string
	environment []string
	flags       []string
}

func up(t *testing.T, data string, environment []string, flags ...string) *instance {
	t.Helper()
	i := &instance{data: data, addr: freeAddress(t), environment: environment, flags: flags}
	api, err := client.Connect("http://"+i.addr, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	i.API = api
	i.restart(t)
	return i
}

// restart starts the instance, anew when it ended.
func (i *instance) restart(t *testing.T) {
	t.Helper()
	args := append([]string{"up", "--data", i.data, "--addr", i.addr}, i.flags...)
	if !slices.Contains(i.flags, "--temporal-ui") {
		args = append(args, "--temporal-ui", "")
	}
	i.process = command(t, i.environment, args...)
	i.start(t)
	i.await(t, "Ready.")
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// research starts a run on the server and gives its id.
func (i *instance) research(t *testing.T, request client.ResearchRequest) string {
	t.Helper()
	answer, err := i.CreateResearchWithResponse(t.Context(), &client.CreateResearchParams{}, request)
	if err := client.Check(answer, err); err != nil {
		t.Fatal(err)
	}
	return answer.JSON202.ID
}

func (i *instance) status(t *testing.T, id string) client.Run {
	t.Helper()
	answer, err := i.GetResearchWithResponse(t.Context(), id)
	if err := client.Check(answer, err); err != nil {
		t.Fatal(err)
	}
	return *answer.JSON200
}

func (i *instance) report(t *testing.T, id string, format client.GetReportParamsFormat) string {
	t.Helper()
	answer, err := i.GetReportWithResponse(t.Context(), id, &client.GetReportParams{Format: &format})
	if err := client.Check(answer, err); err != nil {
		t.Fatal(err)
	}
	return string(answer.Body)
}

// errSeen ends the following of a run early.
var errSeen = errors.New("seen")

// follow gives each event of a run after the last id to see, until the run ends
// or see has seen enough. It checks that ids have neither gap nor duplicate.
func (i *instance) follow(t *testing.T, id string, last int64, see func(client.Event) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	for event, err := range i.Events(ctx, id, last) {
		if err != nil {
			t.Fatalf("following run %s after event %d: %v; the server said:\n%s", id, last, err, i.stderr)
		}
		if event.Type != client.EventEnd {
			if event.ID != last+1 {
				t.Fatalf("event %d follows event %d", event.ID, last)
			}
			last = event.ID
		}
		switch err := see(event); {
		case errors.Is(err, errSeen):
			return
		case err != nil:
			t.Fatal(err)
		}
	}
}

// finish follows a run to its end and gives all its events.
func (i *instance) finish(t *testing.T, id string) []client.Event {
	t.Helper()
	var events []client.Event
	i.follow(t, id, 0, func(event client.Event) error {
		if event.Type != client.EventEnd {
			events = append(events, event)
		}
		return nil
	})
	return events
}

// folder writes documents into a new folder.
func folder(t *testing.T, documents map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range documents {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var value T
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v in %s", err, fmt.Sprintf("%.400q", text))
	}
	return value
}
