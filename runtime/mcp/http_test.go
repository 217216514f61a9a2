//go:build unix

package mcp_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/quaestor-run/quaestor/runtime/mcp"
	"github.com/quaestor-run/quaestor/runtime/mcp/mcptest"
)

// A server that forgets its sessions is greeted again, and the call is made.
func TestForgottenSessions(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	serve := func() http.Handler {
		return sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return mcptest.New(mcptest.Good) }, nil)
	}
	handler := serve()
	listening := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		current := handler
		mu.Unlock()
		current.ServeHTTP(rw, r)
	}))
	t.Cleanup(listening.Close)
	w := setup(t, mcp.Server{Name: "test", URL: listening.URL, Local: true, Tools: []string{"*"}})
	for range 3 {
		if out, _, err := w.call(t, "search", "x"); err != nil || len(out.Pieces) != 2 {
			t.Fatalf("got %+v, %v", out, err)
		}
		mu.Lock()
		handler = serve()
		mu.Unlock()
	}
}

func TestStreamableHTTP(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var keys []string
	handler := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return mcptest.New(mcptest.Good) }, nil)
	listening := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		keys = append(keys, r.Header.Get("Authorization"))
		mu.Unlock()
		handler.ServeHTTP(rw, r)
	}))
	t.Cleanup(listening.Close)
	server := mcp.Server{Name: "test", URL: listening.URL, Local: true, Tools: []string{"search"}, Headers: map[string]string{"Authorization": "Bearer t0ken"}}
	w := setup(t, server)
	if len(w.tools) != 1 {
		t.Errorf("it has %d tools, and one was asked for", len(w.tools))
	}
	if out, _, err := w.call(t, "search", "x"); err != nil || len(out.Pieces) != 2 {
		t.Errorf("got %+v, %v", out, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(keys) == 0 || slices.ContainsFunc(keys, func(key string) bool { return key != "Bearer t0ken" }) {
		t.Errorf("it was sent %q", keys)
	}
	server.Local = false
	if _, err := mcp.Open(t.Context(), mcp.Options{Servers: []mcp.Server{server}, Blobs: &blobs{}}); err == nil || !strings.Contains(err.Error(), "local: true") {
		t.Errorf("an address that is not public gave %v", err)
	}
}

// resolver finds one address for every name.
type resolver netip.Addr

func (r resolver) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.Addr(r)}, nil
}

// Public servers are dialled through the guard of the web: what their names lead
// to is checked.
func TestNamesThatLeadInside(t *testing.T) {
	t.Parallel()
	for _, inside := range []string{"10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "fd00::1"} {
		_, err := mcp.Open(t.Context(), mcp.Options{
			Servers:  []mcp.Server{{Name: "test", URL: "https://mcp.quaestor.dev/mcp", Tools: []string{"*"}}},
			Blobs:    &blobs{},
			Resolver: resolver(netip.MustParseAddr(inside)),
			Dial: func(_ context.Context, _, address string) (net.Conn, error) {
				t.Errorf("%s was dialled", address)
				return nil, io.ErrUnexpectedEOF
			},
		})
		if err == nil || !strings.Contains(err.Error(), "is not public") {
			t.Errorf("%s: %v", inside, err)
		}
	}
}

// A tool that no model could be given ends the start where it was asked for.
func TestToolsThatNoModelTakes(t *testing.T) {
	t.Parallel()
	offered := mcptest.New(mcptest.Good)
	mcptest.AddOdd(offered)
	listening := httptest.NewServer(sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return offered }, nil))
	t.Cleanup(listening.Close)
	server := mcp.Server{Name: "test", URL: listening.URL, Local: true, Tools: []string{"*"}}
	if w := setup(t, server); len(w.tools) != 5 {
		t.Errorf("of all there are %d", len(w.tools))
	}
	server.Tools = []string{"search", "odd"}
	servers, err := mcp.Open(t.Context(), mcp.Options{Servers: []mcp.Server{server}, Blobs: &blobs{}, LocalOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { servers.Close() })
	if _, err := servers.Tools("test"); err == nil || !strings.Contains(err.Error(), `tool "odd" of MCP server "test"`) {
		t.Errorf("got %v", err)
	}
}

// What a server says over HTTP is bounded, wherever it says it.
func TestHostileHTTP(t *testing.T) {
	t.Parallel()
	endless := func(w http.ResponseWriter, kind string, status int) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		for line := []byte("data: " + strings.Repeat("x", 60_000)); ; {
			if _, err := w.Write(line); err != nil {
				return
			}
		}
	}
	for name, handler := range map[string]http.HandlerFunc{
		"endless JSON":   func(w http.ResponseWriter, _ *http.Request) { endless(w, "application/json", http.StatusOK) },
		"endless events": func(w http.ResponseWriter, _ *http.Request) { endless(w, "text/event-stream", http.StatusOK) },
		"endless error":  func(w http.ResponseWriter, _ *http.Request) { endless(w, "text/plain", http.StatusBadRequest) },
		"a page":         func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusOK) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data", http.StatusTemporaryRedirect)
		},
		"silence": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // before that a server does not see that its client has gone
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listening := httptest.NewServer(handler)
			t.Cleanup(listening.Close)
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, err := mcp.Open(ctx, mcp.Options{LocalOnly: true, Blobs: &blobs{}, Servers: []mcp.Server{
				{Name: "test", URL: listening.URL, Local: true, Tools: []string{"*"}, Timeout: time.Second},
			}})
			if err == nil {
				t.Fatal("it was taken for a server")
			}
			if took := time.Since(began); took > 40*time.Second {
				t.Errorf("it took %v: %v", took, err)
			}
		})
	}
}
