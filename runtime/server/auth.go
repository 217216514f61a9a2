package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/quaestor-run/quaestor/runtime/server/access"
	"github.com/quaestor-run/quaestor/runtime/store"
)

// LocalClient is the client of everything that is asked for on loopback while
// a server has no API key.
const LocalClient = access.LocalClient

// Roles in which a decision is taken.
const (
	roleOperator = "operator" // of a server without keys, on its own machine
	roleReviewer = "reviewer" // the holder of a key
	roleAdmin    = "admin"    // the holder of an admin key
)

// principal is who asks.
type principal struct {
	client string
	name   string
	role   string
	all    bool // sees every client's things
	admin  bool // may change clients, keys and budgets

	settings store.Client // how its client is served
}

func (p principal) sees(client string) bool { return p.all || p.client == client }

// filter is the client to list the things of; empty lists all.
func (p principal) filter() string {
	if p.all {
		return ""
	}
	return p.client
}

func principalOf(ctx context.Context) principal { return exchangeOf(ctx).principal }

// NewKey makes an API key for a client. The secret is shown once, to the one
// who asked for it; the store keeps only its hash.
func NewKey(client, name string, now time.Time) (secret string, key store.Key) {
	return access.NewKey(client, name, store.RoleClient, now)
}

// HashKey is the hex SHA-256 by which the store knows an API key.
func HashKey(secret string) string { return access.HashKey(secret) }

// authenticate says who asks.
func (s *Server) authenticate(r *http.Request) (principal, error) {
	ctx, cancel := context.WithTimeout(r.Context(), s.answer)
	defer cancel()
	caller, err := s.access.Authenticate(ctx, r.Header.Get("Authorization"))
	if denied := (*access.Denial)(nil); errors.As(err, &denied) {
		switch denied.Reason {
		case access.Missing:
			return principal{}, unauthenticated(denied.Detail, "")
		case access.Malformed:
			return principal{}, unauthenticated(denied.Detail, "invalid_request")
		case access.Disabled:
			return principal{}, newProblem(http.StatusForbidden, "%s", denied.Detail)
		default:
			return principal{}, unauthenticated(denied.Detail, "invalid_token")
		}
	}
	if err != nil {
		return principal{}, err
	}
	return principalFor(caller), nil
}

func principalFor(caller access.Caller) principal {
	who := principal{client: caller.Client.ID, name: caller.Key.Name, role: roleReviewer, settings: caller.Client}
	switch {
	case caller.Operator:
		who.name, who.role, who.all, who.admin = LocalClient, roleOperator, true, true
	case caller.Admin:
		who.role, who.all, who.admin = roleAdmin, true, true
	}
	return who
}

func unauthenticated(detail, code string) *problem {
	p := newProblem(http.StatusUnauthorized, "%s", detail)
	challenge := `Bearer realm="quaestor"`
	if code != "" {
		challenge += fmt.Sprintf(`, error=%q`, code)
	}
	p.header = http.Header{"Www-Authenticate": {challenge}}
	return p
}

func notAdmin() *problem {
	p := newProblem(http.StatusForbidden, "This needs the key of an admin; make one with quaestor keys create --role admin.")
	p.kind = kind{"not-admin", "An admin key is needed"}
	return p
}

// CheckBind refuses an address that others could reach while there is no API
// key. The address is a host and a port, as for net.Listen.
func CheckBind(addr string, hasKeys bool) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("listening on %q: want host:port: %w", addr, err)
	}
	if hasKeys || loopback(host) {
		return nil
	}
	return fmt.Errorf("listening on %q: without any API key only loopback addresses are served; "+
		"use 127.0.0.1, or create a key first (quaestor keys create)", addr)
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.Unmap().IsLoopback()
}

// guardLocal keeps a server without keys to programs and pages of its own
// machine: no other interface, no name that was rebound to loopback, no page
// of another origin.
func (s *Server) guardLocal(r *http.Request) error {
	if keyed, err := s.access.HasKeys(r.Context()); err == nil && keyed {
		return nil
	}
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok && !addr.IP.IsLoopback() {
		return newProblem(http.StatusForbidden, "Without any API key only loopback addresses are served; create a key first (quaestor keys create).")
	}
	if !loopback(hostOf(r.Host)) {
		return newProblem(http.StatusForbidden,
			"Host %q is not a name of this machine; without any API key use 127.0.0.1 or localhost.", r.Host)
	}
	origin := r.Header.Get("Origin")
	if parsed, err := url.Parse(origin); origin != "" && (err != nil || parsed.Host != r.Host) {
		return newProblem(http.StatusForbidden, "Pages of %q are not served while there is no API key.", origin)
	}
	if err := s.crossOrigin.Check(r); err != nil {
		return newProblem(http.StatusForbidden, "Pages of other origins are not served while there is no API key.")
	}
	return nil
}

func hostOf(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return hostport
}
