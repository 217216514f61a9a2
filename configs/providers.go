package configs

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"
)

// What an endpoint of providers.compatible has that does not say otherwise.
const (
	compatibleTimeout     = 5 * time.Minute
	compatibleConcurrency = 64
)

var providerName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// Endpoints are the services that speak OpenAI's API, by provider name: openai
// itself and those of providers.compatible.
func (p Providers) Endpoints() map[string]OpenAI {
	endpoints := map[string]OpenAI{"openai": p.OpenAI}
	for name, endpoint := range p.Compatible {
		if endpoint.Timeout == 0 {
			endpoint.Timeout = compatibleTimeout
		}
		if endpoint.Concurrency == 0 {
			endpoint.Concurrency = compatibleConcurrency
		}
		endpoints[name] = endpoint
	}
	return endpoints
}

func (p Providers) check() error {
	var failures []error
	for _, name := range slices.Sorted(maps.Keys(p.Compatible)) {
		key := "providers.compatible." + name
		switch {
		case !providerName.MatchString(name):
			failures = append(failures, fmt.Errorf("%s: a name is lower-case letters, digits and hyphens, and begins with a letter", key))
		case slices.Contains([]string{"offline", "openai", "bedrock"}, name):
			failures = append(failures, fmt.Errorf("%s: there is a provider of that name already; choose another", key))
		}
	}
	endpoints := p.Endpoints()
	for _, name := range slices.Sorted(maps.Keys(endpoints)) {
		key, endpoint := "providers.compatible."+name, endpoints[name]
		if name == "openai" {
			key = "providers.openai"
		}
		failures = append(
			failures,
			webAddress(key+".base_url", endpoint.BaseURL),
			positive(key+".timeout", endpoint.Timeout),
			between(key+".concurrency", endpoint.Concurrency, 1, maxConcurrency),
		)
		failures = append(failures, webAddresses(key+".base_urls", endpoint.BaseURLs)...)
	}
	if p.Bedrock.Endpoint != "" {
		failures = append(failures, webAddress("providers.bedrock.endpoint", p.Bedrock.Endpoint))
	}
	failures = append(
		failures,
		positive("providers.bedrock.timeout", p.Bedrock.Timeout),
		between("providers.bedrock.concurrency", p.Bedrock.Concurrency, 1, maxConcurrency),
	)
	failures = append(failures, webAddresses("providers.bedrock.endpoints", p.Bedrock.Endpoints)...)
	return errors.Join(failures...)
}
