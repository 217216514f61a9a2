// Package mocktest starts the emulator of package mock for a test.
package mocktest

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/mock"
)

// Server is an emulator that serves on a port of 127.0.0.1 until the test ends.
type Server struct {
	*mock.Server
	URL string // for Bedrock's endpoint; OpenAI's base URL is URL + "/v1"

	http *httptest.Server
}

// Start starts an emulator. What is wrong with the options fails the test.
func Start(tb testing.TB, options mock.Options) *Server {
	tb.Helper()
	handler, err := mock.New(options)
	if err != nil {
		tb.Fatalf("starting the emulator: %v", err)
	}
	server := httptest.NewUnstartedServer(handler)
	address := server.Config
	server.Config = mock.HTTPServer(handler)
	server.Config.ConnState, server.Config.ErrorLog = address.ConnState, address.ErrorLog
	server.Start()
	tb.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return &Server{Server: handler, URL: server.URL, http: server}
}

// StartScript starts an emulator that answers by a script, in YAML or JSON.
func StartScript(tb testing.TB, script string) *Server {
	tb.Helper()
	parsed, err := mock.ParseScript("script", []byte(script))
	if err != nil {
		tb.Fatalf("reading the script: %v", err)
	}
	return Start(tb, mock.Options{Script: parsed})
}

// Script puts another script in the place of the present one.
func (s *Server) Script(tb testing.TB, script string) {
	tb.Helper()
	parsed, err := mock.ParseScript("script", []byte(script))
	if err == nil {
		err = s.Use(parsed)
	}
	if err != nil {
		tb.Fatalf("reading the script: %v", err)
	}
}

// OpenAI is the base URL for OpenAI's SDKs, in a region unless it is empty.
func (s *Server) OpenAI(region string) string {
	if region != "" {
		return s.URL + "/regions/" + region + "/v1"
	}
	return s.URL + "/v1"
}

// Entries are the requests that were served, in the order they came.
func (s *Server) Entries() []mock.Entry { return s.Log().Entries() }

// waitFor bounds how long a test waits for requests to end.
const waitFor = 10 * time.Second

// Ended waits until the first n requests are over and gives the log: a client has
// its answer a moment before the log says that it was written.
func (s *Server) Ended(tb testing.TB, n int) []mock.Entry {
	tb.Helper()
	for deadline := time.Now().Add(waitFor); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		entries := s.Entries()
		ended := 0
		for i := range entries {
			if entries[i].Ended && entries[i].Sequence <= int64(n) {
				ended++
			}
		}
		if ended >= n {
			return entries
		}
	}
	tb.Fatalf("waiting for %d requests to end; the log has %+v", n, s.Entries())
	return nil
}

// Kill closes the port and every connection, as if the process were gone.
func (s *Server) Kill() {
	s.http.CloseClientConnections()
	_ = s.http.Listener.Close()
}

var _ http.Handler = (*Server)(nil)
