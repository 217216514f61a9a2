//go:build !slim && unix

package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/analyst"
	"github.com/quaestor-run/quaestor/agents/coordinator"
	"github.com/quaestor-run/quaestor/agents/gatherer"
	"github.com/quaestor-run/quaestor/agents/reviewer"
	"github.com/quaestor-run/quaestor/agents/writer"
	"github.com/quaestor-run/quaestor/runtime"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/offline"
)

// modelLatency in the environment makes `up` wait this long for every answer of
// a model, as it would for a real one.
const modelLatency = "QUAESTOR_TEST_MODEL_LATENCY"

const asked = "asked for "

// slowModel is the offline model with a real one's latency. It says on standard
// error when it is asked, so that a test can kill the process before it answers.
type slowModel struct {
	*offline.Provider
	latency time.Duration
}

// Converse implements provider.Provider.
func (m slowModel) Converse(ctx context.Context, request provider.Request) (provider.Response, error) {
	fmt.Fprintf(os.Stderr, "%s%s\n", asked, request.Agent)
	select {
	case <-time.After(m.latency):
		return m.Provider.Converse(ctx, request)
	case <-ctx.Done():
		return provider.Response{}, &provider.Error{Class: provider.ClassCancelled, Provider: "offline", Message: "the caller went away", Err: ctx.Err()}
	}
}

// upSlowly is the command `up` with a slow model in the place of the offline
// one.
func upSlowly(latency string) error {
	wait, err := time.ParseDuration(latency)
	if err != nil {
		return err
	}
	known := map[string]agents.Definition{}
	for _, role := range []runtime.Agent{coordinator.New(), gatherer.New(), analyst.New(), writer.New(), reviewer.New()} {
		definition, err := role.Define()
		if err != nil {
			return err
		}
		known[definition.Name] = definition
	}
	lookup := func(name string) (agents.Definition, bool) {
		definition, found := known[name]
		return definition, found
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var s settings
	var addr, ui string
	root := rootCommand()
	cmd, args, err := root.Find(os.Args[1:])
	if err != nil {
		return err
	}
	cmd.InheritedFlags() // merges the shared flags into the command's
	if err := cmd.ParseFlags(args); err != nil {
		return err
	}
	s.data, addr, ui = cmd.Flag("data").Value.String(), cmd.Flag("addr").Value.String(), cmd.Flag("temporal-ui").Value.String()
	config, err := s.load()
	if err != nil {
		return err
	}
	config.Server.Addr, config.Temporal.UIAddr = addr, ui
	return serve(ctx, runtime.Options{
		Config: config, Embedded: true, Version: version,
		Providers: map[string]provider.Provider{"offline": slowModel{offline.New(lookup), wait}},
	})
}
