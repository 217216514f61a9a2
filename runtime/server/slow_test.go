package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/runtime/store"
)

// dribble sends a beginning, then a byte now and then, until the server has
// enough of it; it gives what the server said.
func (w *world) dribble(beginning string) (*http.Response, error) {
	w.t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { connection.Close() })
	if _, err := io.WriteString(connection, beginning); err != nil {
		w.t.Fatal(err)
	}
	go func() {
		for {
			time.Sleep(20 * time.Millisecond)
			if _, err := io.WriteString(connection, "a"); err != nil {
				return
			}
		}
	}()
	if err := connection.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		w.t.Fatal(err)
	}
	return http.ReadResponse(bufio.NewReader(connection), nil)
}

// A client that sends byte by byte holds a connection no longer than a minute,
// here much less, and costs no model call.
func TestSlowLoris(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *server.Options) { o.ReadTimeout = 900 * time.Millisecond })
	stop := w.serve("127.0.0.1:0")
	begin := time.Now()
	response, err := w.dribble("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("a slow header is waited for")
	}
	if err == nil {
		response.Body.Close()
		if response.StatusCode < 400 {
			t.Errorf("a slow header: status %d", response.StatusCode)
		}
	}
	response, err = w.dribble(fmt.Sprintf("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{", 1<<20))
	if err != nil {
		t.Fatalf("a slow body: %v", err)
	}
	text, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || response.StatusCode != http.StatusRequestTimeout || !strings.Contains(string(text), "request_timeout") {
		t.Errorf("a slow body: status %d, %s, %v", response.StatusCode, text, err)
	}
	if took := time.Since(begin); took > 50*time.Second {
		t.Errorf("the two took %v", took)
	}
	if len(w.models.Calls()) > 0 {
		t.Error("a model was asked")
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// silent is a store behind a link that is dead and has not been cut.
type silent struct{ store.Store }

func (silent) KeyByHash(ctx context.Context, _ string) (store.Key, error) {
	<-ctx.Done()
	return store.Key{}, fmt.Errorf("reading a key: %w", ctx.Err())
}

func (silent) Runs(ctx context.Context, _ store.RunFilter) (store.RunPage, error) {
	<-ctx.Done()
	return store.RunPage{}, fmt.Errorf("listing runs: %w", ctx.Err())
}

type silentLedger struct{ ledger.Ledger }

func (silentLedger) Attempts(ctx context.Context, _ ledger.AttemptFilter) ([]ledger.Attempt, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// A database that says nothing is not waited for until the proxy in front gives
// up: its caller is told what does not answer.
func TestSilentStoresAreNotWaitedFor(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *server.Options) {
		o.Store, o.Ledger, o.AnswerTimeout = silent{o.Store}, silentLedger{o.Ledger}, 50*time.Millisecond
	})
	for _, path := range []string{"/v1/research", "/v1/admin/attempts"} {
		answer := w.call("GET", path, "")
		answer.wantField(http.StatusServiceUnavailable, "unavailable", "component", "store")
		if answer.header.Get("Retry-After") == "" {
			t.Errorf("%s: when to try again is not said", path)
		}
	}
	keyed := w.addKey("acme", "ann")
	keyed.call("GET", "/v1/schedules", "").wantField(http.StatusServiceUnavailable, "unavailable", "component", "store")
}
