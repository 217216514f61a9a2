package eval_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime"
	"github.com/quaestor-run/quaestor/runtime/mock"
)

// benchProcess names the variable by which this binary, run again, is one of the
// processes of a benchmark.
const benchProcess = "QUAESTOR_BENCH_PROCESS"

// benchProfile names the variable with a file for the gateway's CPU profile.
const benchProfile = "QUAESTOR_BENCH_PROFILE"

// TestBenchProcess is such a process. It tells its URL on standard output, and
// ends when its standard input does.
func TestBenchProcess(t *testing.T) {
	var url string
	var end func() error
	var err error
	switch os.Getenv(benchProcess) {
	case "gateway":
		url, end, err = startGateway(t.Context())
	case "emulator":
		url, end, err = startEmulator(t.Context())
	default:
		t.Skip("it is for benchmarks, which run it as a process of its own")
	}
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("URL", url)
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		t.Error(err)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
}

// startGateway is what `quaestor gateway` does.
func startGateway(ctx context.Context) (string, func() error, error) {
	config, err := configs.Load("", os.Getenv)
	if err != nil {
		return "", nil, err
	}
	runtime.TuneMemory(os.Getenv, runtime.GatewayHeap)
	r, err := runtime.New(ctx, runtime.Options{Config: config, GatewayOnly: true})
	if err != nil {
		return "", nil, err
	}
	return r.URL(), r.Close, nil
}

// startEmulator is what `quaestor mock --log` does.
func startEmulator(ctx context.Context) (string, func() error, error) {
	log, err := mock.OpenLog(filepath.Join(os.Getenv("QUAESTOR_DATA"), "served.jsonl"))
	if err != nil {
		return "", nil, err
	}
	emulator, err := mock.New(mock.Options{Log: log})
	if err != nil {
		return "", nil, errors.Join(err, log.Close())
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, errors.Join(err, log.Close())
	}
	server := mock.HTTPServer(emulator)
	go func() { _ = server.Serve(listener) }() // its end is Close
	end := func() error { return errors.Join(server.Close(), log.Close()) }
	return "http://" + listener.Addr().String(), end, nil
}

// process is a process of a benchmark.
type process struct {
	url string
	pid int
}

// launch runs this binary as a process of the given kind until the benchmark
// ends.
func launch(b *testing.B, kind, data string, environment ...string) process {
	b.Helper()
	arguments := []string{"-test.run", "^TestBenchProcess$"}
	if file := os.Getenv(benchProfile); file != "" && kind == "gateway" {
		arguments = append(arguments, "-test.cpuprofile", file)
	}
	cmd := exec.CommandContext(context.WithoutCancel(b.Context()), os.Args[0], arguments...) // it ends with its standard input
	cmd.Env = append([]string{"HOME=" + data, "PATH=" + os.Getenv("PATH"), benchProcess + "=" + kind, "QUAESTOR_DATA=" + data}, environment...)
	log, err := os.Create(filepath.Join(data, kind+".log"))
	if err != nil {
		b.Fatal(err)
	}
	cmd.Stderr = log
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	said := bufio.NewReader(output)
	b.Cleanup(func() {
		lifeline.Close()
		rest, _ := io.ReadAll(said) // until it ends
		if err := errors.Join(cmd.Wait(), log.Close()); err != nil {
			b.Errorf("the %s ended with %v: %s", kind, err, rest)
		}
	})
	line, err := said.ReadString('\n')
	url, told := strings.CutPrefix(strings.TrimSpace(line), "URL ")
	if !told {
		text, _ := os.ReadFile(log.Name())
		b.Fatalf("the %s did not start (%v): %s%s", kind, err, line, text)
	}
	return process{url: url, pid: cmd.Process.Pid}
}

// peak is the most memory the process has held, in MB, as the kernel counts it.
func (p process) peak(b *testing.B) float64 {
	b.Helper()
	return peakOf(b, strconv.Itoa(p.pid))
}

// processorTime is what the process has used of the processors, on its own and
// on the kernel's account.
func (p process) processorTime(b *testing.B) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		b.Skip("no /proc to read the use of processors from")
	}
	const user, system, tick = 11, 12, 10 * time.Millisecond // after the name, which may have spaces
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	var sum time.Duration
	for _, field := range []int{user, system} {
		ticks, err := strconv.ParseInt(fields[field], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(ticks) * tick
	}
	return sum
}

// peakOf reads it of a process, or of "self".
func peakOf(b *testing.B, pid string) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		b.Skip("no /proc to read the memory from")
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	fields := strings.Fields(rest)
	kB, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return kB / 1024
}
