package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/quaestor-run/quaestor/runtime/store"
)

// LocalClient is the client of everything that is asked for on loopback while
// a server has no API key.
const LocalClient = "local"

// Roles in which a decision is taken.
const (
	roleOperator = "operator" // of a server without keys, on its own machine
	roleReviewer = "reviewer" // the holder of a key
)

// principal is who asks.
type principal struct {
	client string
	name   string
	role   string
	all    bool // sees every client's things
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
	secret = "qk_" + randomName(20) + randomName(20)
	return secret, store.Key{ID: "k_" + randomName(12), Hash: HashKey(secret), Client: client, Name: name, Created: now}
}

// HashKey is the hex SHA-256 by which the store knows an API key.
func HashKey(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// authenticate says who asks. The lookup is by hash, so that its time tells
// nothing of other keys.
func (s *Server) authenticate(r *http.Request) (principal, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		keyed, err := s.hasKeys(r.Context())
		if err != nil {
			return principal{}, err
		}
		if keyed {
			return principal{}, unauthenticated(`This server has API keys; send one as "Authorization: Bearer qk_…".`, "")
		}
		return principal{client: LocalClient, name: LocalClient, role: roleOperator, all: true}, nil
	}
	scheme, secret, _ := strings.Cut(header, " ")
	secret = strings.TrimSpace(secret)
	if !strings.EqualFold(scheme, "Bearer") || !strings.HasPrefix(secret, "qk_") {
		return principal{}, unauthenticated(`The Authorization header must read "Bearer qk_…".`, "invalid_request")
	}
	hash := HashKey(secret)
	key, err := s.store.KeyByHash(r.Context(), hash)
	if errors.Is(err, store.ErrNotFound) {
		return principal{}, unauthenticated("The key is unknown or was revoked.", "invalid_token")
	}
	if err != nil {
		return principal{}, err
	}
	if subtle.ConstantTimeCompare([]byte(hash), []byte(key.Hash)) != 1 || !key.Revoked.IsZero() {
		return principal{}, unauthenticated("The key is unknown or was revoked.", "invalid_token")
	}
	if key.Client == "" { // a key without a client must not see those of all
		key.Client = key.ID
	}
	if key.Name == "" {
		key.Name = key.ID
	}
	return principal{client: key.Client, name: key.Name, role: roleReviewer}, nil
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

// hasKeys says whether the store has ever had a key. Once it had, the server
// stays closed to those without one.
func (s *Server) hasKeys(ctx context.Context) (bool, error) {
	if s.keyed.Load() {
		return true, nil
	}
	keys, err := s.store.Keys(ctx)
	if err != nil {
		return false, fmt.Errorf("looking for API keys: %w", err)
	}
	if len(keys) > 0 {
		s.keyed.Store(true)
	}
	return len(keys) > 0, nil
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
	if keyed, err := s.hasKeys(r.Context()); err == nil && keyed {
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
