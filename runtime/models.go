package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/bedrock"
	"github.com/quaestor-run/quaestor/runtime/provider/offline"
	"github.com/quaestor-run/quaestor/runtime/provider/openai"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/citation"
	"github.com/quaestor-run/quaestor/tools/documents"
	"github.com/quaestor-run/quaestor/tools/format"
	"github.com/quaestor-run/quaestor/tools/statistics"
	"github.com/quaestor-run/quaestor/tools/trend"
)

// sources is what the built-in tools read from.
type sources interface {
	documents.Searcher
	statistics.Tables
}

// builtinTools is the one place where a new tool is listed.
func builtinTools(corpora sources) ([]tools.Tool, error) {
	var list []tools.Tool
	var errs []error
	add := func(tool tools.Tool, err error) {
		list, errs = append(list, tool), append(errs, err)
	}
	add(documents.New(corpora))
	add(statistics.New(corpora))
	add(trend.New(corpora))
	add(citation.New())
	add(format.New())
	return list, errors.Join(errs...)
}

// newGateway makes the one way to a model: with the providers that the routes
// need, so that nobody is asked for credentials that are not used.
func (r *Runtime) newGateway(ctx context.Context) (*gateway.Gateway, error) {
	config := r.options.Config
	providers := maps.Clone(r.options.Providers)
	if providers == nil {
		providers = map[string]provider.Provider{}
	}
	catalog := map[string]gateway.Model{}
	for name, model := range config.Catalog {
		catalog[name] = gateway.Model(model)
	}
	for _, name := range r.routedModels() {
		wanted := config.Catalog[name].Provider
		if _, there := providers[wanted]; there {
			continue
		}
		made, err := r.newProvider(ctx, wanted)
		if err != nil {
			return nil, fmt.Errorf("making provider %q for model %q: %w", wanted, name, err)
		}
		providers[wanted] = made
	}
	made, err := gateway.New(gateway.Options{
		Ledger: r.ledger, Providers: providers, Catalog: catalog,
		Routes: gateway.Routes{Default: config.Models.Default, Agents: config.Models.Agents},
		Logger: r.logger.Named("gateway"), Tracer: r.telemetry.TracerProvider(), Meter: r.telemetry.MeterProvider(),
	})
	if err != nil {
		return nil, fmt.Errorf("making the gateway: %w", err)
	}
	return made, nil
}

// routedModels lists the models that serve an agent.
func (r *Runtime) routedModels() []string {
	routes := r.options.Config.Models
	names := append(slices.Sorted(maps.Values(routes.Agents)), routes.Default)
	return slices.Compact(names)
}

// servedOffline says that the built-in offline model serves an agent: it answers
// in milliseconds, which is not worth an activity of its own.
func (r *Runtime) servedOffline(agent string) bool {
	routes := r.options.Config.Models
	model, routed := routes.Agents[agent]
	if !routed {
		model = routes.Default
	}
	_, replaced := r.options.Providers[providerOffline]
	return r.options.Config.Catalog[model].Provider == providerOffline && !replaced
}

// providerOffline is the name of the provider that needs no model.
const providerOffline = "offline"

func (r *Runtime) newProvider(ctx context.Context, name string) (provider.Provider, error) {
	switch config := r.options.Config.Providers; name {
	case providerOffline:
		return offline.New(func(agent string) (agents.Definition, bool) {
			definition, ok := r.agents[agent]
			return definition, ok
		}), nil
	case "openai":
		return newOpenAI(config.OpenAI)
	case "bedrock":
		return bedrock.New(ctx, bedrock.Options{
			Region: config.Bedrock.Region, Endpoint: config.Bedrock.Endpoint, Timeout: config.Bedrock.Timeout,
		})
	}
	return nil, errors.New("no such provider is built in; add it through runtime.Options")
}

func newOpenAI(config configs.OpenAI) (provider.Provider, error) {
	key := ""
	if config.APIKeyEnv != "" {
		if key = os.Getenv(config.APIKeyEnv); key == "" {
			return nil, fmt.Errorf("the environment variable %s is not set; it holds the API key for %s", config.APIKeyEnv, config.BaseURL)
		}
	}
	return openai.New(openai.Options{
		BaseURL: config.BaseURL, APIKey: key, JSONSchema: config.JSONSchema, Timeout: config.Timeout,
	})
}
