package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"code.dny.dev/ssrf"
)

// Resolver finds the addresses of a host. [net.Resolver] is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Dial opens a connection to an address, which is one of numbers.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// The times one step of a connection may take; the whole has a limit of its own.
const (
	dialTimeout   = 10 * time.Second
	headerTimeout = 15 * time.Second
	maxHeader     = 64 << 10
)

// guard dials public addresses only.
type guard struct {
	resolver Resolver
	dial     Dial
}

// newGuard takes the machine's own resolver and network where none are given.
// The machine's own network asks once more, when the socket is made, whether
// its address is public.
func newGuard(resolver Resolver, dial Dial) guard {
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	if dial == nil {
		dialer := net.Dialer{Timeout: dialTimeout, Control: ssrf.New().Safe}
		dial = dialer.DialContext
	}
	return guard{resolver, dial}
}

// dialContext resolves a host, and dials what it resolved: the address that was
// checked is the one that is dialled, whatever the name means a moment later. A
// name with any address that is not public is refused as a whole.
func (g guard) dialContext(ctx context.Context, _, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, refused("%q is no host and port", address)
	}
	if port != "80" && port != "443" {
		return nil, refused("port %s; only 80 and 443 are dialled", port)
	}
	host, err = CheckHost(host)
	if err != nil {
		return nil, err
	}
	addrs, err := g.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	var failures []error
	for _, addr := range addrs {
		conn, err := g.dial(ctx, "tcp", netip.AddrPortFrom(addr, mustPort(port)).String())
		if err == nil {
			return conn, nil
		}
		failures = append(failures, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("connecting to %s: %w", host, errors.Join(failures...))
}

// maxAddrs is how many addresses of a name are tried.
const maxAddrs = 4

func (g guard) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	addrs := []netip.Addr{}
	if addr, ok := ParseAddr(host); ok {
		addrs = append(addrs, addr)
	} else {
		found, err := g.resolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			return nil, fmt.Errorf("resolving %s: %w", host, err)
		}
		addrs = found
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("resolving %s: it has no address", host)
	}
	for i, addr := range addrs {
		if err := CheckAddr(addr); err != nil {
			return nil, fmt.Errorf("resolving %s: %w", host, err)
		}
		addrs[i] = addr.Unmap()
	}
	return addrs[:min(len(addrs), maxAddrs)], nil
}

func mustPort(port string) uint16 {
	if port == "80" {
		return 80
	}
	return 443
}

// newClient makes a client that takes no proxy from the environment, keeps no
// cookies, follows no redirect and unpacks nothing: all of that is done, or not
// done, where it can be bounded.
func newClient(dial Dial) *http.Client { return newClientWith(dial, headerTimeout) }

func newClientWith(dial Dial, headerTimeout time.Duration) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  nil,
			DialContext:            dial,
			DisableCompression:     true,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    dialTimeout,
			ResponseHeaderTimeout:  headerTimeout,
			MaxResponseHeaderBytes: maxHeader,
			MaxConnsPerHost:        4,
			MaxIdleConns:           32,
			IdleConnTimeout:        30 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Jar:           nil,
	}
}

// ClientOptions configure [NewClient]. Zero values mean the defaults.
type ClientOptions struct {
	Resolver Resolver // see [PageOptions]
	Dial     Dial     // see [PageOptions]

	// Only takes the place of the guard: it dials hosts that somebody named and
	// answers for, which may be in a network of their own.
	Only Dial

	HeaderTimeout time.Duration // until an answer begins; 15 s
}

// NewClient makes a client for servers that are talked to, not read: public
// addresses only, no proxy, no cookies, no redirects. Whoever reads its answers
// bounds them.
func NewClient(options ClientOptions) *http.Client {
	dial := options.Only
	if dial == nil {
		dial = newGuard(options.Resolver, options.Dial).dialContext
	}
	return newClientWith(dial, cmp.Or(options.HeaderTimeout, headerTimeout))
}
