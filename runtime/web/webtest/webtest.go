// Package webtest has an internet for tests: hosts with public addresses that
// are all served by one server on this machine, a resolver that knows them, and
// a book of what was resolved and dialled.
package webtest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"testing"
)

// Internet is the resolver and the network of a test.
type Internet struct {
	server *httptest.Server

	mu       sync.Mutex
	handlers map[string]http.Handler
	answers  map[string][][]netip.Addr
	looked   []string
	dialled  []string
	asked    []string
}

// New makes an empty internet that ends with the test.
func New(t testing.TB) *Internet {
	t.Helper()
	n := &Internet{handlers: map[string]http.Handler{}, answers: map[string][][]netip.Addr{}}
	n.server = httptest.NewServer(http.HandlerFunc(n.serve))
	t.Cleanup(n.server.Close)
	return n
}

// Host gives a host a public address and lets a handler answer for it.
func (n *Internet) Host(name string, handler http.Handler) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.handlers[name] = handler
	if n.answers[name] == nil {
		n.answers[name] = [][]netip.Addr{{netip.AddrFrom4([4]byte{93, 184, 216, byte(len(n.handlers))})}}
	}
}

// Page lets a host answer a path with a page.
func (n *Internet) Page(name, path, contentType, body string) {
	n.Host(name, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write([]byte(body)) // a client that went away is none of our business
	}))
}

// Answer sets what a name resolves to: the first time, the second, and so on;
// the last answer stays.
func (n *Internet) Answer(name string, answers ...[]netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.answers[name] = answers
}

// LookupNetIP resolves a name.
func (n *Internet) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.looked = append(n.looked, host)
	answers := n.answers[host]
	if len(answers) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(answers) > 1 {
		n.answers[host] = answers[1:]
	}
	return slices.Clone(answers[0]), nil
}

// Dial connects to the server of all hosts.
func (n *Internet) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	n.mu.Lock()
	n.dialled = append(n.dialled, address)
	n.mu.Unlock()
	if _, err := netip.ParseAddrPort(address); err != nil {
		return nil, fmt.Errorf("dialling %q, which is no address of numbers: %w", address, err)
	}
	return (&net.Dialer{}).DialContext(ctx, network, n.server.Listener.Addr().String())
}

func (n *Internet) serve(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	n.asked = append(n.asked, r.Host+r.URL.RequestURI())
	handler := n.handlers[r.Host]
	n.mu.Unlock()
	if handler == nil {
		http.Error(w, "no such host", http.StatusBadGateway)
		return
	}
	handler.ServeHTTP(w, r)
}

// Looked lists the names that were resolved.
func (n *Internet) Looked() []string { return n.list(&n.looked) }

// Dialled lists the addresses that were dialled.
func (n *Internet) Dialled() []string { return n.list(&n.dialled) }

// Asked lists what was requested, as host and path.
func (n *Internet) Asked() []string { return n.list(&n.asked) }

func (n *Internet) list(of *[]string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(*of)
}
