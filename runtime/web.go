package runtime

import (
	"fmt"
	"os"

	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime/web"
	"github.com/quaestor-run/quaestor/tools/grammar"
	"github.com/quaestor-run/quaestor/tools/websearch"
)

// reach is how tools get to the web. Its zero value is a run that stays on this
// machine.
type reach struct {
	search websearch.Searcher
	pages  *web.Reader
}

// reachWeb makes what the configuration allows, and nothing while the web is
// off. Keys are then not looked at either.
func (r *Runtime) reachWeb() (reach, error) {
	config := r.options.Config.Web
	if !config.Enabled {
		return reach{}, nil
	}
	hosts := web.HostRules{Allow: config.AllowHosts, Deny: config.DenyHosts}
	found := web.NewAddresses()
	options := web.PageOptions{
		Hosts: hosts, UserAgent: config.UserAgent, Timeout: config.Page.Timeout, Bytes: config.Page.Bytes, Redirects: config.Page.Redirects,
	}
	if config.Page.OnlyFound {
		options.Found = found
	}
	pages := web.NewReader(r.corpora, options)
	r.onClose("connections to the web", pages.Close)
	outside := reach{pages: pages}
	if len(config.Search.Providers) == 0 {
		return outside, nil
	}
	var services []web.Provider
	for _, name := range config.Search.Providers {
		service, err := newSearchService(name, config)
		if err != nil {
			return reach{}, err
		}
		services = append(services, service)
	}
	outside.search = web.NewSearcher(web.SearchOptions{Providers: services, Hosts: hosts, Timeout: config.Search.Timeout, Found: found})
	return outside, nil
}

func newSearchService(name string, config configs.Web) (web.Provider, error) {
	service := config.Search.Service(name)
	options := web.ServiceOptions{BaseURL: service.BaseURL, KeyEnv: service.APIKeyEnv, UserAgent: config.UserAgent}
	if service.APIKeyEnv != "" {
		if options.Key = os.Getenv(service.APIKeyEnv); options.Key == "" {
			return nil, fmt.Errorf("the environment variable %s is not set; it holds the key for the search service %s", service.APIKeyEnv, name)
		}
	}
	switch name {
	case web.ProviderBrave:
		return web.NewBrave(options), nil
	case web.ProviderTavily:
		return web.NewTavily(options), nil
	case web.ProviderSearXNG:
		return web.NewSearXNG(options), nil
	case web.ProviderOpenAlex:
		return web.NewOpenAlex(options), nil
	}
	return nil, fmt.Errorf("no search service is named %q", name)
}

// language is how the tool grammar reads; a LanguageTool server is asked only
// where one is configured, and with the web off only on this machine.
func (r *Runtime) language() grammar.Options {
	config := r.options.Config
	options := grammar.Options{Spelling: config.Grammar.Spelling}
	if server := config.Grammar.LanguageTool; server.BaseURL != "" {
		options.Second = web.NewLanguageTool(web.LanguageToolOptions{
			BaseURL: server.BaseURL, Timeout: server.Timeout, UserAgent: config.Web.UserAgent, LocalOnly: !config.Web.Enabled,
		})
	}
	return options
}
