package bedrock

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/smithy-go/logging"
)

// maxRegions bounds the clients that are kept: more than AWS has regions.
const maxRegions = 64

// regionPattern is what the name of a region looks like. It becomes a part of a
// host's name, so nothing else is let in.
var regionPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)+$`)

// client gives the client of a region, the provider's own where it is empty.
func (p *Provider) client(region string) (*bedrockruntime.Client, error) {
	region = cmp.Or(region, p.config.Region)
	p.mu.Lock()
	defer p.mu.Unlock()
	if client, made := p.clients[region]; made {
		return client, nil
	}
	if len(region) > 63 || !regionPattern.MatchString(region) {
		return nil, fmt.Errorf("%q is no AWS region", shorten(region))
	}
	if len(p.clients) >= maxRegions {
		return nil, fmt.Errorf("region %q would be one more than the %d that are kept", region, maxRegions)
	}
	client := bedrockruntime.NewFromConfig(p.config, func(o *bedrockruntime.Options) {
		o.Region = region
		o.Retryer = aws.NopRetryer{}
		if p.options.Transport != nil {
			o.HTTPClient = &http.Client{Transport: p.options.Transport, CheckRedirect: stay}
		}
		o.HTTPClient = once{o.HTTPClient}
		o.Logger = logging.Nop{} // what matters is in the error
		if endpoint := cmp.Or(p.options.Endpoints[region], p.options.Endpoint); endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
	})
	p.clients[region] = client
	return client, nil
}
