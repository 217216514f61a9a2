// Package openai calls models behind any endpoint that speaks OpenAI's chat
// completions.
package openai

import (
	"context"
	"errors"
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
	APIKey  string // empty for endpoints without
	// JSONSchema says that the endpoint knows response_format json_schema.
	// Without it the schema is told in the instructions.
	JSONSchema bool
	Timeout    time.Duration     // of one attempt; 0 is none
	Transport  http.RoundTripper // nil means a copy of the default
}

// Provider is a provider.Provider.
type Provider struct {
	options   Options
	transport http.RoundTripper
}

var _ provider.Provider = (*Provider)(nil)

// New makes a provider. Nothing is sent yet.
func New(options Options) (*Provider, error) {
	if options.BaseURL == "" {
		options.BaseURL = client.DefaultConfig("").BaseURL
	}
	base, err := url.Parse(options.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("openai: %q is no http or https URL", options.BaseURL)
	}
	options.BaseURL = strings.TrimSuffix(options.BaseURL, "/")
	transport := options.Transport
	if transport == nil {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.MaxIdleConnsPerHost = 64
		transport = own
	}
	return &Provider{options: options, transport: transport}, nil
}

// Converse implements provider.Provider.
func (p *Provider) Converse(ctx context.Context, req provider.Request) (provider.Response, error) {
	request, err := p.request(req)
	if err != nil {
		return provider.Response{}, &provider.Error{Class: provider.ClassInvalid, Provider: name, Message: err.Error(), NotCharged: true, Err: err}
	}
	ctx, cancel, wire := provider.Watch(ctx, p.options.Timeout)
	defer cancel()
	line := &line{next: p.transport}
	config := client.DefaultConfig(p.options.APIKey)
	config.BaseURL = p.options.BaseURL
	config.HTTPClient = &http.Client{Transport: line, CheckRedirect: stay}

	started := time.Now()
	answer, err := client.NewClientWithConfig(config).CreateChatCompletion(ctx, request)
	if err != nil {
		return provider.Response{}, p.failure(err, wire, line)
	}
	response, err := read(answer, len(req.Messages))
	if err != nil {
		return provider.Response{}, &provider.Error{Class: provider.ClassBadResponse, Provider: name, Status: line.status, Message: err.Error(), Err: err}
	}
	response.RequestID, response.Latency = line.requestID(), time.Since(started)
	return response, nil
}

// stay refuses redirects: they would send the request, and the key, again.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// maxAnswer bounds what is read of an answer.
const maxAnswer = 32 << 20

// line carries one request and keeps what the client library throws away.
type line struct {
	next   http.RoundTripper
	status int
	header http.Header
}

// RoundTrip implements http.RoundTripper. Without GetBody the transport cannot
// send the request a second time behind our back.
func (l *line) RoundTrip(req *http.Request) (*http.Response, error) {
	once := req.Clone(req.Context())
	once.GetBody = nil
	resp, err := l.next.RoundTrip(once)
	if err != nil {
		return nil, err
	}
	l.status, l.header = resp.StatusCode, resp.Header
	resp.Body = http.MaxBytesReader(nil, resp.Body, maxAnswer)
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		resp.Body.Close()
		return nil, errRedirect
	}
	return resp, nil
}

var errRedirect = errors.New("the endpoint answered with a redirect; give its final address as base_url")

func (l *line) requestID() string {
	if l.header == nil {
		return ""
	}
	return l.header.Get("X-Request-Id")
}
