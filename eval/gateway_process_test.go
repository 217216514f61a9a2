//go:build unix

package eval_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime"
)

// asGateway in the environment makes this binary, run again, a gateway. It ends
// when the pipe to the test that started it does, so that a test that is killed
// leaves nothing behind.
const (
	asGateway  = "QUAESTOR_TEST_GATEWAY"
	lifelineFD = 3
)

// TestBeAGateway is what the processes of other tests run; by itself it tests
// nothing.
func TestBeAGateway(t *testing.T) {
	if os.Getenv(asGateway) == "" {
		return
	}
	ended, end := context.WithCancel(t.Context())
	go func() {
		_, _ = io.Copy(io.Discard, os.NewFile(lifelineFD, "lifeline"))
		end()
	}()
	config, err := configs.Load("", os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	running, err := runtime.New(ended, runtime.Options{Config: config, GatewayOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("serving", running.URL())
	if err := running.Wait(ended); err != nil {
		t.Fatal(err)
	}
}

// process is a gateway of its own.
type process struct {
	url      string
	cmd      *exec.Cmd
	log      *logged
	lifeline *os.File
	ended    chan struct{}
}

// spawn starts a gateway in a process of its own, which need not be up yet.
func (w *world) spawn(t *testing.T) (*process, *bufio.Scanner) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	p := &process{
		cmd: exec.Command(os.Args[0], "-test.run", "^TestBeAGateway$", "-test.timeout", "10m"), //nolint:gosec,noctx // itself; its lifeline ends it
		log: &logged{t: t}, lifeline: write, ended: make(chan struct{}),
	}
	p.cmd.Env = append([]string{
		asGateway + "=1", "HOME=" + w.data, "PATH=" + os.Getenv("PATH"), "TEST_OPENAI_KEY=test",
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_EC2_METADATA_DISABLED=true",
	}, w.settings...)
	p.cmd.ExtraFiles, p.cmd.Stderr = []*os.File{read}, p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		p.log.end()
	})
	return p, bufio.NewScanner(out)
}

// start starts a gateway in a process of its own and waits until it serves.
func (w *world) start(t *testing.T) *process {
	t.Helper()
	p, said := w.spawn(t)
	for p.url == "" && said.Scan() {
		p.url, _ = strings.CutPrefix(said.Text(), "serving ")
		if !strings.HasPrefix(p.url, "http") {
			p.url = ""
		}
	}
	go func() {
		for said.Scan() { // so that it never waits for a reader
		}
		_ = p.cmd.Wait() // killed
		close(p.ended)
	}()
	if p.url == "" {
		<-p.ended
		t.Fatalf("the gateway did not start; it said:\n%s", p.log)
	}
	return p
}

// kill ends the process as a power cut of it alone would.
func (p *process) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL) // it may have ended
	p.lifeline.Close()
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
	}
}
