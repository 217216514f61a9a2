package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/mock"
)

func TestMockServesUntilItIsInterrupted(t *testing.T) {
	t.Parallel()
	served := filepath.Join(t.TempDir(), "served.jsonl")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	reader, writer := io.Pipe()
	cmd := mockCommand()
	cmd.SetOut(writer)
	cmd.SetArgs([]string{"--addr", "127.0.0.1:0", "--script", "../../configs/mock.example.yaml", "--log", served})
	ended := make(chan error, 1)
	go func() { ended <- cmd.ExecuteContext(ctx) }()

	lines := bufio.NewScanner(reader)
	if !lines.Scan() {
		t.Fatal("it says nothing")
	}
	_, url, _ := strings.Cut(lines.Text(), " on ")
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	body := `{"model":"m","messages":[{"role":"user","content":"What is the weather?"}]}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !strings.Contains(string(text), "Sunny, 21 degrees.") {
		t.Errorf("it answers %s, %v", text, err)
	}
	interrupt()
	if err := <-ended; err != nil {
		t.Errorf("it ends with %v", err)
	}
	file, err := os.Open(served)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	entries, err := mock.ReadLog(file)
	if err != nil || len(entries) != 1 || entries[0].Rule != "weather" || !entries[0].Complete {
		t.Errorf("the log has %+v, %v", entries, err)
	}
}

func TestMockRefusesWhatIsWrong(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("rules:\n  - fualt: {kind: cut}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"a taken port":       {[]string{"--addr", taken.Addr().String()}, "--addr"},
		"a bad script":       {[]string{"--script", bad}, bad + ":2: rules[0].fualt"},
		"no script":          {[]string{"--script", "/nowhere.yaml"}, "/nowhere.yaml"},
		"a bad cassette":     {[]string{"--cassette", bad}, bad + ":1"},
		"no cassette":        {[]string{"--record", "http://127.0.0.1:1"}, "--cassette"},
		"no URL":             {[]string{"--record", "nowhere", "--cassette", filepath.Join(t.TempDir(), "c")}, "nowhere"},
		"a negative latency": {[]string{"--latency", "-1s"}, "--latency"},
		"a log in nowhere":   {[]string{"--log", "/nowhere/log"}, "/nowhere/log"},
		"an argument":        {[]string{"now"}, "no arguments"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := mockCommand()
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			cmd.SetOut(io.Discard)
			cmd.SetArgs(c.args)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			err := cmd.ExecuteContext(ctx)
			var ended *exit
			if !errors.As(err, &ended) || ended.code != exitUsage || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}
