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
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/bedrock"
	"github.com/quaestor-run/quaestor/runtime/provider/offline"
	"github.com/quaestor-run/quaestor/runtime/provider/openai"
)

// Names of the providers that are built in, as the catalog uses them.
const (
	providerOffline = "offline" // needs no model
	providerBedrock = "bedrock"
)

// newProviders makes the providers that agents or, by configuration, clients
// need, so that nobody is asked for credentials that are not used.
func (r *Runtime) newProviders(ctx context.Context) (map[string]provider.Provider, error) {
	config := r.options.Config
	wanted := map[string]string{} // by name, with who wants it
	for _, model := range r.routedModels() {
		wanted[config.Catalog[model].Provider] = fmt.Sprintf("model %q", model)
	}
	for name, endpoint := range config.Providers.Endpoints() {
		if endpoint.Clients {
			wanted[name] = fmt.Sprintf("clients (providers, %s.clients)", name)
		}
	}
	if config.Providers.Bedrock.Clients {
		wanted[providerBedrock] = "clients (providers.bedrock.clients)"
	}
	providers := maps.Clone(r.options.Providers)
	if providers == nil {
		providers = map[string]provider.Provider{}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if _, there := providers[name]; there {
			continue
		}
		made, err := r.newProvider(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("making provider %q for %s: %w", name, wanted[name], err)
		}
		providers[name] = made
	}
	return providers, nil
}

func (r *Runtime) newProvider(ctx context.Context, name string) (provider.Provider, error) {
	config := r.options.Config.Providers
	switch name {
	case providerOffline:
		return offline.New(func(agent string) (agents.Definition, bool) {
			definition, ok := r.agents[agent]
			return definition, ok
		}), nil
	case providerBedrock:
		return bedrock.New(ctx, bedrock.Options{
			Region: config.Bedrock.Region, Endpoint: config.Bedrock.Endpoint, Endpoints: config.Bedrock.Endpoints, Timeout: config.Bedrock.Timeout,
		})
	}
	if endpoint, there := config.Endpoints()[name]; there {
		return newOpenAI(endpoint)
	}
	return nil, errors.New("no such provider is built in; name it in providers.compatible, or add it through runtime.Options")
}

func newOpenAI(config configs.OpenAI) (provider.Provider, error) {
	key := ""
	if config.APIKeyEnv != "" {
		if key = os.Getenv(config.APIKeyEnv); key == "" {
			return nil, fmt.Errorf("the environment variable %s is not set; it holds the API key for %s", config.APIKeyEnv, config.BaseURL)
		}
	}
	return openai.New(openai.Options{
		BaseURL: config.BaseURL, BaseURLs: config.BaseURLs, APIKey: key, JSONSchema: config.JSONSchema, Timeout: config.Timeout,
	})
}
