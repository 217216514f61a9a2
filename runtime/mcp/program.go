package mcp

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/zap"
)

// The patience with a program that is to end: after its input is closed, and
// after it was asked to.
const (
	patience     = time.Second
	lastPatience = time.Second
)

// everyday are the variables that every program gets. None holds a secret.
func everyday() []string {
	return []string{"PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TEMP", "TMP", "SystemRoot", "APPDATA", "LOCALAPPDATA", "USERPROFILE"}
}

func environment(secrets map[string]string) []string {
	var list []string
	for _, name := range everyday() {
		if value, ok := os.LookupEnv(name); ok && secrets[name] == "" {
			list = append(list, name+"="+value)
		}
	}
	for name, value := range secrets {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list
}

// program is a server that was started.
type program struct {
	cmd           *exec.Cmd
	input, output *os.File // its standard input and output, our ends
	exited        chan struct{}
	ending        sync.Once
	said          tail
}

// start starts the program of the server.
func (l *link) start(context.Context) (reached, error) {
	p, err := startProgram(l.server)
	if err != nil {
		return reached{}, fmt.Errorf("starting %s: %w", l.server.Command, err)
	}
	budget := newAllowance(l.frame())
	end := func() {
		p.end()
		if said := p.said.String(); said != "" {
			l.options.Logger.Debug("an MCP server said last", zap.String("server", l.server.Name), zap.String("stderr", said))
		}
	}
	return reached{budget: budget, end: end, transport: &sdk.IOTransport{
		Reader: bounded{p.output, budget}, Writer: p.input, MaxLineLength: l.frame(),
	}}, nil
}

func startProgram(server Server) (*program, error) {
	var pipes []*os.File // each its end to read, and its end to write
	for range 3 {
		r, w, err := os.Pipe()
		if err != nil {
			closeAll(pipes)
			return nil, err
		}
		pipes = append(pipes, r, w)
	}
	in, out, complaints := pipes[0:2], pipes[2:4], pipes[4:6]
	cmd := exec.Command(server.Command, server.Args...) //nolint:noctx // it outlives the call that starts it
	cmd.Env = environment(server.Env)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in[0], out[1], complaints[1]
	apart(cmd)
	p := &program{cmd: cmd, input: in[1], output: out[0], exited: make(chan struct{})}
	started := make(chan error, 1)
	go p.live(started)
	err := <-started
	closeAll([]*os.File{in[0], out[1], complaints[1]})
	if err != nil {
		closeAll([]*os.File{in[1], out[0], complaints[0]})
		return nil, err
	}
	go p.said.drain(complaints[0])
	return p, nil
}

func closeAll(files []*os.File) {
	for _, file := range files {
		file.Close()
	}
}

// live is the life of the program. On Linux it ends with the thread that began
// it, so that thread stays: the program then dies with us, however we die.
func (p *program) live(started chan<- error) {
	stay()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	_ = p.cmd.Wait() // how it ended is nobody's concern
	killGroup(p.cmd.Process.Pid)
	close(p.exited)
}

// end ends the program and all it started: its input is closed, then it is asked
// to end, then it is made to.
func (p *program) end() {
	p.ending.Do(func() {
		p.input.Close()
		if !p.waits(patience) {
			askGroup(p.cmd.Process.Pid)
			if !p.waits(lastPatience) {
				killGroup(p.cmd.Process.Pid)
				p.waits(lastPatience)
			}
		}
		p.output.Close()
	})
}

func (p *program) waits(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.exited:
		return true
	case <-timer.C:
		return false
	}
}

// tail keeps the end of what a program says on standard error.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

// What is kept of standard error, and how much a program may write there before
// nobody listens any more.
const (
	keptTail = 2 << 10
	maxSaid  = 64 << 20
)

func (t *tail) drain(from *os.File) {
	defer from.Close() // a program that goes on then fails to write
	buffer := make([]byte, 4<<10)
	for total := 0; total < maxSaid; {
		n, err := from.Read(buffer)
		total += n
		t.mu.Lock()
		t.kept = append(t.kept, buffer[:n]...)
		t.kept = slices.Clone(t.kept[max(0, len(t.kept)-keptTail):])
		t.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(string(t.kept), "")
}
