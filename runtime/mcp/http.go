package mcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/quaestor-run/quaestor/runtime/web"
)

// dial prepares the way to a server with an address; nothing is sent yet.
func (l *link) dial() (func(context.Context) (reached, error), error) {
	address, err := url.Parse(l.server.URL)
	if err != nil || address.Hostname() == "" || address.Scheme != "http" && address.Scheme != "https" || address.User != nil {
		return nil, errors.New("its url is no http or https address without credentials")
	}
	onThisMachine := l.server.Local && loopback(address.Hostname())
	if l.options.LocalOnly && !onThisMachine {
		return nil, fmt.Errorf("its host %s is not on this machine, and nothing may leave it while web.enabled is false; turn the web on, or take the server out",
			address.Hostname())
	}
	headerTimeout := l.server.Timeout
	client := web.NewClient(web.ClientOptions{Resolver: l.options.Resolver, Dial: l.options.Dial, HeaderTimeout: headerTimeout})
	if l.server.Local {
		dialer := &net.Dialer{Timeout: headerTimeout}
		client = web.NewClient(web.ClientOptions{HeaderTimeout: headerTimeout, Only: only(dialer.DialContext, onThisMachine && l.options.LocalOnly)})
	} else if _, err := web.CheckURL(l.server.URL); err != nil {
		return nil, fmt.Errorf("%w; a server in your own network needs local: true", err)
	}
	return func(context.Context) (reached, error) {
		budget := newAllowance(l.frame())
		limited := *client
		limited.Transport = &bearer{base: client.Transport, headers: l.server.Headers, frame: int64(l.frame()), budget: budget}
		return reached{budget: budget, end: client.CloseIdleConnections, transport: &sdk.StreamableClientTransport{
			Endpoint: l.server.URL, HTTPClient: &limited,
			MaxRetries: -1, DisableStandaloneSSE: true, MaxEventSize: l.frame(),
		}}, nil
	}, nil
}

// loopback says whether a host is this machine by its name.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// only dials a host of one's own network; where nothing may leave the machine,
// what its name resolves to is looked at once more.
func only(dial web.Dial, thisMachine bool) web.Dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil || !thisMachine {
			return conn, err
		}
		if remote, ok := conn.RemoteAddr().(*net.TCPAddr); !ok || !remote.IP.IsLoopback() {
			conn.Close()
			return nil, fmt.Errorf("%s leads out of this machine", address)
		}
		return conn, nil
	}
}

// bearer adds our headers to requests, and bounds what comes back.
type bearer struct {
	base    http.RoundTripper
	headers map[string]string
	frame   int64
	budget  *allowance
}

// RoundTrip implements [http.RoundTripper].
func (b *bearer) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	for name, value := range b.headers {
		request.Header.Set(name, value)
	}
	response, err := b.base.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	limit := b.frame
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		limit *= shareOf
	}
	response.Body = bounded{&cut{response.Body, limit}, b.budget}
	return response, nil
}
