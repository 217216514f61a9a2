//go:build !slim && unix

package main

import (
	"context"
	"fmt"
	"os"
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

// modelLatency in the environment makes the command wait this long for every
// answer of a model, as it would for a real one.
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

// slowly are the settings of a command whose model is slow.
func slowly(latency string) (*settings, error) {
	wait, err := time.ParseDuration(latency)
	if err != nil {
		return nil, err
	}
	known := map[string]agents.Definition{}
	for _, role := range []runtime.Agent{coordinator.New(), gatherer.New(), analyst.New(), writer.New(), reviewer.New()} {
		definition, err := role.Define()
		if err != nil {
			return nil, err
		}
		known[definition.Name] = definition
	}
	lookup := func(name string) (agents.Definition, bool) {
		definition, found := known[name]
		return definition, found
	}
	return &settings{providers: map[string]provider.Provider{"offline": slowModel{offline.New(lookup), wait}}}, nil
}
