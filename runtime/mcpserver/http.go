package mcpserver

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/runtime/server/client"
)

// Path is where the protocol is spoken over HTTP.
const Path = "/mcp"

// drain is how long requests may go on when the server ends.
const drain = 5 * time.Second

// Serve speaks streamable HTTP on a listener until the context ends. Who asks
// sends an API key, which is held against the API at each request. While the API
// has no keys, only a loopback address is served.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	open, err := s.admits(ctx, "")
	if err != nil {
		return fmt.Errorf("asking the API at %s: %w", s.options.URL, err)
	}
	if err := server.CheckBind(listener.Addr().String(), !open); err != nil {
		return err
	}
	web := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10, IdleTimeout: 2 * time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving MCP: %w", err)
	case <-ctx.Done():
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := web.Shutdown(limited); err != nil { // those who wait for a research are cut off
		return web.Close()
	}
	return nil
}

// Handler speaks streamable HTTP at [Path]. Sessions are not kept: each request
// stands for itself, with its own key.
func (s *Server) Handler() http.Handler {
	protocol := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return s.protocol }, &sdk.StreamableHTTPOptions{
		Stateless: true, MaxRequestBodyBytes: maxFrame, PropagateRequestCancellation: true,
	})
	mux := http.NewServeMux()
	mux.Handle(Path, http.NewCrossOriginProtection().Handler(s.guard(protocol)))
	return mux
}

// guard lets those in whom the API would.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		admitted, err := s.admits(r.Context(), bearer(r.Header))
		switch {
		case err != nil:
			http.Error(w, "The API does not answer.", http.StatusServiceUnavailable)
		case !admitted:
			w.Header().Set("WWW-Authenticate", `Bearer realm="quaestor"`)
			http.Error(w, "An API key is needed: Authorization: Bearer qk_…", http.StatusUnauthorized)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// admits says whether the API takes a key.
func (s *Server) admits(ctx context.Context, key string) (bool, error) {
	if s.asked.recently(key) {
		return true, nil
	}
	api, err := client.Connect(s.options.URL, key, s.http)
	if err != nil {
		return false, err
	}
	answer, err := api.ListCorporaWithResponse(ctx)
	err = client.Check(answer, err)
	var problem *client.Problem
	switch {
	case err == nil:
		s.asked.remember(key)
		return true, nil
	case errors.As(err, &problem) && (problem.Status == http.StatusUnauthorized || problem.Status == http.StatusForbidden):
		return false, nil
	}
	return false, err
}

// How long a key is believed, and how many are.
const (
	believed     = 5 * time.Second
	mostAdmitted = 1000
)

// judgements remembers the keys that the API took moments ago, by digest.
type judgements struct {
	mu    sync.Mutex
	until map[[sha256.Size]byte]time.Time
}

func (j *judgements) recently(key string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return time.Now().Before(j.until[sha256.Sum256([]byte(key))])
}

func (j *judgements) remember(key string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.until == nil || len(j.until) >= mostAdmitted {
		j.until = map[[sha256.Size]byte]time.Time{}
	}
	j.until[sha256.Sum256([]byte(key))] = time.Now().Add(believed)
}
