// Package bedrock calls models on Amazon Bedrock: messages through its Converse
// API, streamed or not, embeddings through InvokeModel.
package bedrock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"

	"github.com/quaestor-run/quaestor/runtime/provider"
)

const name = "bedrock"

// Options says where Bedrock is. What is empty comes from AWS's own
// configuration (environment, profile, instance).
type Options struct {
	Region string // of requests that name none
	// Endpoint is another URL than AWS's own, for every region that has none in
	// Endpoints.
	Endpoint    string
	Endpoints   map[string]string // by region
	Timeout     time.Duration     // of one attempt; 0 is none
	Credentials aws.CredentialsProvider
	Transport   http.RoundTripper // nil means the SDK's own
}

// Provider is a provider.Provider.
type Provider struct {
	options Options
	config  aws.Config

	mu      sync.Mutex
	clients map[string]*bedrockruntime.Client // by region, made when first asked for
}

var (
	_ provider.Provider     = (*Provider)(nil)
	_ provider.Embedder     = (*Provider)(nil)
	_ provider.TokenCounter = (*Provider)(nil)
)

// bearerVariable holds a Bedrock API key, which the SDK uses in place of
// credentials.
const bearerVariable = "AWS_BEARER_TOKEN_BEDROCK" //nolint:gosec // the name of a variable, not what it holds

// credentialsTimeout bounds the search for credentials, which may ask the
// machine's metadata service.
const credentialsTimeout = 10 * time.Second

// New makes a provider. Nothing is sent to Bedrock yet; that there are
// credentials is made sure of, so that a run does not find out in the middle.
func New(ctx context.Context, options Options) (*Provider, error) {
	load := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
		config.WithHTTPClient(ownClient()),
	}
	if options.Region != "" {
		load = append(load, config.WithRegion(options.Region))
	}
	if options.Credentials != nil {
		load = append(load, config.WithCredentialsProvider(options.Credentials))
	}
	loaded, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("bedrock: reading AWS's configuration: %w", err)
	}
	if loaded.Region == "" {
		return nil, errors.New("bedrock: no AWS region is configured; set providers.bedrock.region or AWS_REGION")
	}
	finding, cancel := context.WithTimeout(ctx, credentialsTimeout)
	defer cancel()
	if _, err := loaded.Credentials.Retrieve(finding); err != nil && options.Credentials == nil && os.Getenv(bearerVariable) == "" {
		return nil, fmt.Errorf("bedrock: finding AWS credentials: %w; set AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or %s", err, bearerVariable)
	}
	p := &Provider{options: options, config: loaded, clients: map[string]*bedrockruntime.Client{}}
	if _, err := p.client(loaded.Region); err != nil {
		return nil, fmt.Errorf("bedrock: %w", err)
	}
	return p, nil
}

// ownClient keeps the connections that a busy gateway needs. It is given to the
// loading of the configuration, which adds what AWS_CA_BUNDLE names.
func ownClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = 2048, 1024
	})
}

// stay refuses redirects: they would send the request again.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// once keeps net/http from sending a request a second time behind our back, and
// bounds the answer.
type once struct {
	next bedrockruntime.HTTPClient
}

// plainBody hides that the SDK's body is an io.WriterTo. The SDK closes it as
// soon as an answer begins, and a closed one says io.EOF to whoever would have
// it written: for net/http, which may still be looking for its end, that is a
// request that failed, and it closes the connection in the middle of the answer.
type plainBody struct{ io.ReadCloser }

// Do implements bedrockruntime.HTTPClient.
func (o once) Do(req *http.Request) (*http.Response, error) {
	req.GetBody = nil
	if req.Body != nil && req.Body != http.NoBody {
		req.Body = plainBody{req.Body}
	}
	resp, err := o.next.Do(req)
	if err == nil && resp.Body != nil {
		resp.Body = bounded(req, resp)
	}
	return resp, err
}

// refused is a request that can never be sent.
func refused(err error) *provider.Error {
	return &provider.Error{Class: provider.ClassInvalid, Provider: name, Message: err.Error(), NotCharged: true, Err: err}
}

// unreadable is an answer that came and cannot be used.
func unreadable(err error) *provider.Error {
	return &provider.Error{Class: provider.ClassBadResponse, Provider: name, Status: http.StatusOK, Message: shorten(err.Error()), Err: err}
}

// Converse implements provider.Provider.
func (p *Provider) Converse(ctx context.Context, req provider.Request) (provider.Response, error) {
	client, err := p.client(req.Region)
	if err != nil {
		return provider.Response{}, refused(err)
	}
	input, err := request(req)
	if err != nil {
		return provider.Response{}, refused(err)
	}
	ctx, cancel, wire := provider.Watch(ctx, p.options.Timeout)
	defer cancel()
	started := time.Now()
	output, err := client.Converse(ctx, input)
	if err != nil {
		return provider.Response{}, failure(err, wire)
	}
	response, err := read(output)
	if err != nil {
		return provider.Response{}, unreadable(err)
	}
	response.RequestID, _ = middleware.GetRequestIDMetadata(output.ResultMetadata)
	response.Latency = time.Since(started)
	return response, nil
}

// CountTokens implements provider.TokenCounter.
func (p *Provider) CountTokens(ctx context.Context, req provider.Request) (int64, error) {
	client, err := p.client(req.Region)
	if err != nil {
		return 0, refused(err)
	}
	input, err := countRequest(req)
	if err != nil {
		return 0, refused(err)
	}
	ctx, cancel, wire := provider.Watch(ctx, p.options.Timeout)
	defer cancel()
	output, err := client.CountTokens(ctx, input)
	if err != nil {
		return 0, failure(err, wire)
	}
	if output.InputTokens == nil || *output.InputTokens < 0 {
		return 0, unreadable(errors.New("the answer holds no number of tokens"))
	}
	return int64(*output.InputTokens), nil
}
