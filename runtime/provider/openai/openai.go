// Package openai calls models behind any endpoint that speaks OpenAI's chat
// completions and embeddings.
package openai

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	client "github.com/sashabaranov/go-openai"

	"github.com/quaestor-run/quaestor/runtime/provider"
)

const name = "openai"

// Options says where the endpoint is.
type Options struct {
	BaseURL string // up to and with /v1; empty means OpenAI's own
	// BaseURLs are those of regions. A request without a region goes to BaseURL,
	// one for a region that is not here is refused.
	BaseURLs map[string]string
	APIKey   string // empty for endpoints without
	// JSONSchema says that the endpoint knows response_format json_schema.
	// Without it the schema is told in the instructions.
	JSONSchema bool
	Timeout    time.Duration     // of one attempt; 0 is none
	Transport  http.RoundTripper // nil means one of its own
}

// Provider is a provider.Provider.
type Provider struct {
	options   Options
	transport http.RoundTripper
	endpoints map[string]endpoint // by region
	header    http.Header
}

// endpoint is what is called in one region.
type endpoint struct {
	chat, embeddings *url.URL
}

var (
	_ provider.Provider = (*Provider)(nil)
	_ provider.Embedder = (*Provider)(nil)
)

// New makes a provider. Nothing is sent yet.
func New(options Options) (*Provider, error) {
	if options.BaseURL == "" {
		options.BaseURL = client.DefaultConfig("").BaseURL
	}
	p := &Provider{options: options, transport: options.Transport, endpoints: map[string]endpoint{}}
	if p.transport == nil {
		p.transport = newTransport()
	}
	for region, base := range options.BaseURLs {
		found, err := parse(base)
		if err != nil {
			return nil, fmt.Errorf("openai: region %q: %w", region, err)
		}
		p.endpoints[region] = found
	}
	own, err := parse(options.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("openai: %w", err)
	}
	p.endpoints[""] = own
	p.header = http.Header{"Content-Type": {"application/json"}, "User-Agent": {"quaestor"}}
	if options.APIKey != "" {
		p.header.Set("Authorization", "Bearer "+options.APIKey)
	}
	return p, nil
}

func parse(base string) (endpoint, error) {
	parsed, err := url.Parse(base)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return endpoint{}, fmt.Errorf("%q is no http or https URL", base)
	}
	return endpoint{chat: parsed.JoinPath("chat", "completions"), embeddings: parsed.JoinPath("embeddings")}, nil
}

// newTransport keeps the connections that a busy gateway needs, and asks for no
// compression: answers are small, and pieces of a stream must not wait for more.
func newTransport() http.RoundTripper {
	own := http.DefaultTransport.(*http.Transport).Clone()
	own.MaxIdleConns, own.MaxIdleConnsPerHost = 2048, 1024
	own.DisableCompression = true
	return own
}

// at finds the endpoint of a region.
func (p *Provider) at(region string) (endpoint, *provider.Error) {
	found, known := p.endpoints[region]
	if !known {
		return endpoint{}, refused(fmt.Errorf("region %q has no base URL; add it to the provider's base URLs", region))
	}
	return found, nil
}

// refused is a request that can never be sent.
func refused(err error) *provider.Error {
	return &provider.Error{Class: provider.ClassInvalid, Provider: name, Message: err.Error(), NotCharged: true, Err: err}
}

// Converse implements provider.Provider.
func (p *Provider) Converse(ctx context.Context, req provider.Request) (provider.Response, error) {
	where, failed := p.at(req.Region)
	if failed != nil {
		return provider.Response{}, failed
	}
	body, err := p.request(req, false)
	if err != nil {
		return provider.Response{}, refused(err)
	}
	ctx, cancel, wire := provider.Watch(ctx, p.options.Timeout)
	defer cancel()
	started := time.Now()
	var told answer
	header, failed := p.ask(ctx, wire, where.chat, body, &told)
	if failed != nil {
		return provider.Response{}, failed
	}
	response, err := read(&told, len(req.Messages))
	if err != nil {
		return provider.Response{}, p.unreadable(http.StatusOK, err)
	}
	response.RequestID, response.Latency = strings.Clone(header.Get(requestIDHeader)), time.Since(started)
	return response, nil
}

const requestIDHeader = "X-Request-Id"
