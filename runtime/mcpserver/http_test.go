package mcpserver_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/quaestor-run/quaestor/runtime/mcpserver"
	"github.com/quaestor-run/quaestor/runtime/server"
)

// keyed sends a key.
type keyed string

func (k keyed) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if k != "" {
		r.Header.Set("Authorization", "Bearer "+string(k))
	}
	return http.DefaultTransport.RoundTrip(r)
}

func dial(t *testing.T, url, key string) (*sdk.ClientSession, error) {
	t.Helper()
	session, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), &sdk.StreamableClientTransport{
		Endpoint: url + mcpserver.Path, HTTPClient: &http.Client{Transport: keyed(key)}, MaxRetries: -1,
	}, nil)
	if err == nil {
		t.Cleanup(func() { session.Close() })
	}
	return session, err
}

// Over HTTP everybody has a key of their own, and sees what is theirs.
func TestStreamableHTTP(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *mcpserver.Options) { o.Key = "of the process, and nobody else's" })
	listening := httptest.NewServer(w.server.Handler())
	t.Cleanup(listening.Close)
	var none run
	open, err := dial(t, listening.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	if failure := call(t, open, "research_start", map[string]any{"topic": "Open"}, &none); failure != "" {
		t.Errorf("without any key: %s", failure)
	}
	keys := map[string]string{}
	for _, name := range []string{"acme", "other"} {
		secret, key := server.NewKey(name, "test", time.Now())
		if err := w.store.CreateKey(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		keys[name] = secret
	}
	acme, err := dial(t, listening.URL, keys["acme"])
	if err != nil {
		t.Fatal(err)
	}
	other, err := dial(t, listening.URL, keys["other"])
	if err != nil {
		t.Fatal(err)
	}
	var started run
	if failure := call(t, acme, "research_start", map[string]any{"topic": "Triage"}, &started); failure != "" {
		t.Fatal(failure)
	}
	if failure := call(t, other, "research_status", map[string]any{"id": started.ID}, &none); !strings.Contains(failure, "404") {
		t.Errorf("another client sees %+v, %s", none, failure)
	}
	if call(t, acme, "research_cancel", map[string]any{"id": started.ID}, &none); !slices.Contains(w.engine.Cancelled(), started.ID) {
		t.Error("it was not cancelled")
	}
	for _, key := range []string{"qk_wrong"} {
		if _, err := dial(t, listening.URL, key); err == nil {
			t.Errorf("%q was let in", key)
		}
	}
	for origin, want := range map[string]int{"https://evil.example": http.StatusForbidden, "": http.StatusUnauthorized} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, listening.URL+mcpserver.Path, strings.NewReader(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer qk_wrong")
		if origin != "" {
			request.Header.Set("Origin", origin)
			request.Header.Set("Sec-Fetch-Site", "cross-site")
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want || want == http.StatusUnauthorized && answer.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("origin %q gave %d", origin, answer.StatusCode)
		}
	}
}

func TestOnlyLoopbackWithoutKeys(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for address, served := range map[string]bool{"127.0.0.1:0": true, "0.0.0.0:0": false} {
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", address)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		err = w.server.Serve(ctx, listener)
		cancel()
		listener.Close()
		if served != (err == nil) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
