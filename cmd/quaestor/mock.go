package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"

	"github.com/quaestor-run/quaestor/runtime/mock"
)

// mockFlags are the flags of `quaestor mock`.
type mockFlags struct {
	addr, script, cassette, record, log string
	options                             mock.Options
}

func mockCommand() *cobra.Command {
	var f mockFlags
	cmd := &cobra.Command{
		Use:   "mock",
		Short: "Emulate Bedrock and OpenAI for tests, with failures on demand",
		Long: "Serves Amazon Bedrock's runtime API and OpenAI's API on one port, for tests of what calls them.\n" +
			"It answers by script, by recorded cassette, or by quoting what it was told. Keys and signatures are not verified.\n\n" +
			"A script is described in configs/mock.example.yaml. While it runs, POST /_mock/script replaces the script,\n" +
			"GET /_mock/log shows what was served and DELETE /_mock/log forgets it.",
		Example: "  quaestor mock --script rules.yaml --log served.jsonl\n" +
			"  quaestor mock --record https://api.openai.com/v1 --cassette answers.jsonl\n" +
			"  quaestor mock --record 'https://bedrock-runtime.{region}.amazonaws.com' --cassette answers.jsonl",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.addr, "addr", "127.0.0.1:8090", "`HOST:PORT` to listen on; port 0 picks a free one")
	flags.StringVar(&f.script, "script", "", "answer by the rules of `FILE` (YAML or JSON)")
	flags.StringVar(&f.cassette, "cassette", "", "answer from the recordings in `FILE`")
	flags.StringVar(&f.record, "record", "", "pass on to `BASEURL` what the cassette does not hold, and record it")
	flags.StringVar(&f.log, "log", "", "append a line to `FILE` for each request before it is answered")
	flags.DurationVar(&f.options.Latency, "latency", 0, "wait this long before each answer")
	flags.DurationVar(&f.options.TokenDelay, "token-delay", 0, "wait this long between the pieces of a stream")
	flags.Uint64Var(&f.options.Seed, "seed", 0, "draw the jitter of rules by this `NUMBER`")
	return cmd
}

func (f *mockFlags) run(cmd *cobra.Command) error {
	files, err := f.open(cmd.Context())
	if err != nil {
		return usage(err)
	}
	defer func() {
		for _, file := range files {
			file.Close()
		}
	}()
	emulator, err := mock.New(f.options)
	if err != nil {
		return usage(err)
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(cmd.Context(), "tcp", f.addr)
	if err != nil {
		return usage(fmt.Errorf("listening on %s: %w; give another --addr", f.addr, err))
	}
	url := "http://" + listener.Addr().String()
	fmt.Fprintf(cmd.OutOrStdout(), "Emulating Bedrock and OpenAI on %s\n"+
		"  OpenAI SDKs   OPENAI_BASE_URL=%s/v1 (or %s/regions/us-east-1/v1 to tell a region)\n"+
		"  AWS SDKs      AWS_ENDPOINT_URL_BEDROCK_RUNTIME=%s\n"+
		"  Log           %s/_mock/log\n"+
		"Keys and signatures are not verified. Ctrl-C ends it.\n", url, url, url, url, url)
	return serveMock(cmd.Context(), mock.HTTPServer(emulator), listener)
}

// open reads the files that the flags name, and gives those to be closed.
func (f *mockFlags) open(ctx context.Context) (files []io.Closer, err error) {
	defer func() {
		if err != nil {
			for _, file := range files {
				file.Close()
			}
		}
	}()
	if f.options.Latency < 0 || f.options.TokenDelay < 0 {
		return nil, errors.New("--latency and --token-delay are durations of at least 0, like 20ms")
	}
	if f.record != "" && f.cassette == "" {
		return nil, errors.New("--record needs --cassette FILE to record to")
	}
	if f.script != "" {
		if f.options.Script, err = mock.LoadScript(f.script); err != nil {
			return nil, err
		}
	}
	if f.cassette != "" {
		if f.options.Cassette, err = mock.OpenCassette(f.cassette, f.record != ""); err != nil {
			return nil, err
		}
		files = append(files, f.options.Cassette)
	}
	if f.record != "" {
		loaded, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return files, fmt.Errorf("reading AWS's configuration, to sign what is passed on: %w", err)
		}
		f.options.Record, f.options.Credentials = f.record, loaded.Credentials
	}
	if f.log != "" {
		log, err := mock.OpenLog(f.log)
		if err != nil {
			return files, err
		}
		files, f.options.Log = append(files, log), log
	}
	return files, nil
}

// mockDrain is how long answers under way may take after an interruption.
const mockDrain = time.Second

// serveMock serves until ctx ends.
func serveMock(ctx context.Context, server *http.Server, listener net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), mockDrain)
	defer cancel()
	if server.Shutdown(drain) != nil {
		return server.Close() // hung answers never end by themselves
	}
	return nil
}
