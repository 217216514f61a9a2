// Package bedrock calls models on Amazon Bedrock through its Converse API.
package bedrock

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/smithy-go/logging"

	"github.com/quaestor-run/quaestor/runtime/provider"
)

const name = "bedrock"

// Options says where Bedrock is. What is empty comes from AWS's own
// configuration (environment, profile, instance).
type Options struct {
	Region      string
	Endpoint    string        // another URL than the region's
	Timeout     time.Duration // of one attempt; 0 is none
	Credentials aws.CredentialsProvider
}

// Provider is a provider.Provider.
type Provider struct {
	client  *bedrockruntime.Client
	timeout time.Duration
}

var _ provider.Provider = (*Provider)(nil)

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
	client := bedrockruntime.NewFromConfig(loaded, func(o *bedrockruntime.Options) {
		o.Retryer = aws.NopRetryer{}
		o.HTTPClient = once{o.HTTPClient}
		o.Logger = logging.Nop{} // what matters is in the error
		if options.Endpoint != "" {
			o.BaseEndpoint = aws.String(options.Endpoint)
		}
	})
	return &Provider{client: client, timeout: options.Timeout}, nil
}

// once keeps net/http from sending a request a second time behind our back.
type once struct {
	next bedrockruntime.HTTPClient
}

// Do implements bedrockruntime.HTTPClient.
func (o once) Do(req *http.Request) (*http.Response, error) {
	req.GetBody = nil
	return o.next.Do(req)
}

// Converse implements provider.Provider.
func (p *Provider) Converse(ctx context.Context, req provider.Request) (provider.Response, error) {
	input, err := request(req)
	if err != nil {
		return provider.Response{}, &provider.Error{Class: provider.ClassInvalid, Provider: name, Message: err.Error(), NotCharged: true, Err: err}
	}
	ctx, cancel, wire := provider.Watch(ctx, p.timeout)
	defer cancel()
	started := time.Now()
	output, err := p.client.Converse(ctx, input)
	if err != nil {
		return provider.Response{}, failure(err, wire)
	}
	response, err := read(output)
	if err != nil {
		return provider.Response{}, &provider.Error{Class: provider.ClassBadResponse, Provider: name, Status: http.StatusOK, Message: err.Error(), Err: err}
	}
	response.RequestID, _ = middleware.GetRequestIDMetadata(output.ResultMetadata)
	response.Latency = time.Since(started)
	return response, nil
}
