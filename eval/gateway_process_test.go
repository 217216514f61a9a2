//go:build unix

package eval_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	goruntime "runtime"
	"strconv"
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

// TestMain lets more tests run at once than there are cores: those of the gateway
// mostly wait.
func TestMain(m *testing.M) {
	if os.Getenv(asGateway) != "" {
		if err := beGateway(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	if err := flag.Set("test.parallel", strconv.Itoa(max(6, goruntime.GOMAXPROCS(0)))); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// beGateway is what `quaestor gateway` does.
func beGateway() error {
	ctx, end := context.WithCancel(context.Background())
	defer end()
	go func() {
		_, _ = io.Copy(io.Discard, os.NewFile(lifelineFD, "lifeline"))
		end()
	}()
	config, err := configs.Load("", os.Getenv)
	if err != nil {
		return err
	}
	running, err := runtime.New(ctx, runtime.Options{Config: config, GatewayOnly: true})
	if err != nil {
		return err
	}
	fmt.Println("serving", running.URL())
	return running.Wait(ctx)
}

// gatewayProcess is a gateway of its own.
type gatewayProcess struct {
	url      string
	cmd      *exec.Cmd
	log      *logged
	lifeline *os.File
	ended    chan struct{}
}

// spawn starts a gateway in a process of its own, which need not be up yet.
func (w *world) spawn(t *testing.T) (*gatewayProcess, *bufio.Scanner) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	p := &gatewayProcess{
		cmd: exec.Command(os.Args[0]), // its lifeline ends it
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
func (w *world) start(t *testing.T) *gatewayProcess {
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
func (p *gatewayProcess) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL) // it may have ended
	p.lifeline.Close()
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
	}
}
