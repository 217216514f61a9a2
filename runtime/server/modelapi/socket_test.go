package modelapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/server/modelapi"
	"github.com/quaestor-run/quaestor/runtime/server/modelapi/modelapitest"
)

// socket is the client's end.
type socket struct {
	t *testing.T
	*websocket.Conn
}

func (w *world) dial(options *websocket.DialOptions) (*socket, *http.Response, error) {
	w.t.Helper()
	connection, response, err := websocket.Dial(w.t.Context(), w.server.URL+"/v1/chat/ws", options)
	if err != nil {
		return nil, response, err
	}
	w.t.Cleanup(func() { _ = connection.CloseNow() })
	connection.SetReadLimit(4 << 20)
	return &socket{w.t, connection}, response, nil
}

func (w *world) socket() *socket {
	w.t.Helper()
	s, _, err := w.dial(&websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + w.key}}}) //nolint:bodyclose // of an upgrade there is none
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (s *socket) say(text string) {
	s.t.Helper()
	if err := s.Write(s.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		s.t.Fatal(err)
	}
}

type message struct {
	ID, Event string
	Data      json.RawMessage
}

func (s *socket) hear() message {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	_, text, err := s.Read(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	var m message
	if err := json.Unmarshal(text, &m); err != nil {
		s.t.Fatal(err)
	}
	return m
}

func (m message) text(t *testing.T) string {
	t.Helper()
	var chunk struct {
		Object  string
		Choices []struct{ Delta struct{ Content string } }
	}
	if err := json.Unmarshal(m.Data, &chunk); err != nil || chunk.Object != "chat.completion.chunk" || len(chunk.Choices) != 1 {
		t.Fatalf("data %s, %v", m.Data, err)
	}
	return chunk.Choices[0].Delta.Content
}

func asking(id, text string) string {
	return fmt.Sprintf(`{"id":%q,"model":"double","messages":[{"role":"user","content":%q}]}`, id, text)
}

func TestSocketAnswersOneAfterTheOther(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.models.Script = func(_ context.Context, call gateway.Call) (gateway.Result, bool, error) {
		result := modelapitest.Text(call.Messages[0].Text)
		result.Left = ledger.Left{Tokens: 12, NanoUSD: -1}
		return result, true, nil
	}
	s := w.socket()
	for _, id := range []string{"a", "b", "a"} {
		s.say(asking(id, "words for "+id))
		said := ""
		for {
			m := s.hear()
			if m.ID != id {
				t.Fatalf("message %+v for %q", m, id)
			}
			if m.Event == "done" {
				want := `{"model":"double","usage":{"prompt_tokens":10,"completion_tokens":3,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":2}},"remaining_tokens":"12"}`
				if string(m.Data) != want {
					t.Errorf("done with %s", m.Data)
				}
				break
			}
			said += m.text(t)
		}
		if said != "words for "+id {
			t.Errorf("said %q", said)
		}
	}
}

func TestSocketRunsFourAtOnceAndCancels(t *testing.T) {
	t.Parallel()
	w := setup(t)
	gone := make(chan error, 4)
	w.models.Script = endlessly(gone)
	s := w.socket()
	for i := range 4 {
		s.say(asking(fmt.Sprint(i), "go on"))
	}
	eventually(t, "the start of all four", func() bool { return len(w.models.Calls()) == 4 })
	s.say(asking("4", "go on"))
	s.say(asking("3", "go on"))
	refused := map[string]string{}
	for len(refused) < 2 {
		if m := s.hear(); m.Event == "error" {
			refused[m.ID] = string(m.Data)
		}
	}
	wantBody(t, refused["4"], "rate_limit_error", "", "rate_limit_exceeded")
	wantBody(t, refused["3"], "invalid_request_error", "id", "")
	s.say(`{"event":"cancel","id":"2"}`)
	s.say(`{"event":"cancel","id":"nobody"}`)
	wantGone(t, gone)
	for {
		if m := s.hear(); m.Event == "error" {
			if m.ID != "2" {
				t.Errorf("%q was cancelled", m.ID)
			}
			wantBody(t, string(m.Data), "invalid_request_error", "", "cancelled")
			break
		}
	}
	for range 40 {
		if m := s.hear(); m.ID == "2" {
			t.Fatalf("after its end: %+v", m)
		}
	}
	if err := s.CloseNow(); err != nil {
		t.Log(err)
	}
	for range 3 {
		wantGone(t, gone)
	}
	patience, release := context.WithTimeout(t.Context(), time.Minute)
	defer release()
	if w.api.Wait(patience); patience.Err() != nil {
		t.Error("the socket is still served")
	}
}

func TestSocketTellsErrorsAndGoesOn(t *testing.T) {
	t.Parallel()
	w := setup(t)
	s := w.socket()
	for _, bad := range []struct{ text, id, param, code string }{
		{`{`, "", "", ""},
		{`{"id":7}`, "", "id", "invalid_type"},
		{`{"id":"x","event":"sing"}`, "x", "event", ""},
		{`{"id":"x","messages":[]}`, "x", "messages", "empty_array"},
		{`{"id":"x","model":"nobody","messages":[{"role":"user","content":"hi"}]}`, "x", "model", "model_not_found"},
		{`{"id":"x","cache":"maybe","model":"double","messages":[{"role":"user","content":"hi"}]}`, "x", "", ""},
	} {
		s.say(bad.text)
		m := s.hear()
		if m.Event != "error" || m.ID != bad.id {
			t.Errorf("%s: %+v", bad.text, m)
		}
		wantBody(t, string(m.Data), "invalid_request_error", bad.param, bad.code)
	}
	if err := s.Write(t.Context(), websocket.MessageBinary, []byte("x")); err != nil {
		t.Fatal(err)
	}
	wantBody(t, string(s.hear().Data), "invalid_request_error", "", "")
	w.models.Script = func(context.Context, gateway.Call) (gateway.Result, bool, error) {
		return gateway.Result{}, true, modelapitest.Failed(provider.ClassThrottled)
	}
	s.say(asking("y", "hi"))
	wantBody(t, string(s.hear().Data), "rate_limit_error", "", "rate_limit_exceeded")
	s.say(strings.Replace(asking("z", "hi"), "{", `{"idempotency_key":"k","cache":"always",`, 1))
	if m := s.hear(); m.ID != "z" {
		t.Errorf("heard %+v", m)
	}
	if call := w.models.Calls()[1]; call.Transient || call.Cache != gateway.CacheAlways {
		t.Errorf("asked %+v", call)
	}
}

// Large messages share the space of large bodies: one for which there is none
// is passed over, and the socket goes on.
func TestLargeMessagesShareASpace(t *testing.T) {
	t.Parallel()
	w := setup(t)
	proceed := make(chan struct{})
	w.models.Script = func(context.Context, gateway.Call) (gateway.Result, bool, error) {
		<-proceed
		return gateway.Result{}, false, nil
	}
	const fit, each = 256 << 20 / modelapi.MaxBody, 4 // at once; of one socket
	large := strings.Repeat("a", 1<<20)
	var sockets []*socket
	for i := range fit {
		if i%each == 0 {
			sockets = append(sockets, w.socket())
		}
		sockets[i/each].say(asking(fmt.Sprint(i), large))
		eventually(t, "the call", func() bool { return len(w.models.Calls()) == i+1 })
	}
	last := sockets[len(sockets)-1]
	last.say(asking("more", large))
	wantBody(t, string(last.hear().Data), "server_error", "", "overloaded")
	last.say(asking("small", "hi"))
	eventually(t, "the small call", func() bool { return len(w.models.Calls()) == fit+1 })
	close(proceed)
	for ended := 0; ended < 2; {
		if m := last.hear(); m.Event == "done" {
			ended++
		}
	}
	last.say(asking("again", large))
	for m := last.hear(); m.Event != "done"; m = last.hear() {
		if m.Event == "error" {
			t.Fatalf("with space again: %s", m.Data)
		}
	}
}

func TestSocketEndsWithItsKey(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *modelapi.Options) { o.Recheck = 10 * time.Millisecond })
	s := w.socket()
	if err := w.store.RevokeKey(t.Context(), w.keyID, now); err != nil {
		t.Fatal(err)
	}
	wantBody(t, string(s.hear().Data), "invalid_request_error", "", "invalid_api_key")
	if _, _, err := s.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Errorf("it ended with %v", err)
	}
}

func TestSocketEndsWithItsServer(t *testing.T) {
	t.Parallel()
	ending, end := context.WithCancel(t.Context())
	w := setup(t, func(o *modelapi.Options) { o.Ending = func(context.Context) context.Context { return ending } })
	proceed := make(chan struct{})
	w.models.Script = func(context.Context, gateway.Call) (gateway.Result, bool, error) {
		<-proceed
		return gateway.Result{}, false, nil
	}
	s := w.socket()
	s.say(asking("a", "last words"))
	eventually(t, "the call", func() bool { return len(w.models.Calls()) == 1 })
	end()
	time.Sleep(10 * time.Millisecond)
	close(proceed)
	for {
		if m := s.hear(); m.Event == "done" {
			break
		}
	}
	if _, _, err := s.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("it ended with %v", err)
	}
}

func TestSocketPings(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *modelapi.Options) { o.Heartbeat = 5 * time.Millisecond })
	pinged := make(chan struct{}, 100)
	s, _, err := w.dial(&websocket.DialOptions{ //nolint:bodyclose // of an upgrade there is none
		HTTPHeader:     http.Header{"Authorization": {"Bearer " + w.key}},
		OnPingReceived: func(context.Context, []byte) bool { pinged <- struct{}{}; return true },
	})
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _, _ = s.Read(t.Context()) }() // the client answers while it reads
	for range 3 {
		select {
		case <-pinged:
		case <-time.After(time.Minute):
			t.Fatal("no ping")
		}
	}
}

func TestWhoMayOpenASocket(t *testing.T) {
	t.Parallel()
	w := setup(t)
	bearer := http.Header{"Authorization": {"Bearer " + w.key}}
	browser, response, err := w.dial(&websocket.DialOptions{ //nolint:bodyclose // of an upgrade there is none
		Subprotocols: []string{"quaestor.chat", "quaestor.key." + w.key}, HTTPHeader: http.Header{"Origin": {w.server.URL}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if browser.Subprotocol() != "quaestor.chat" || strings.Contains(fmt.Sprint(response.Header), w.key) {
		t.Errorf("speaks %q, %v", browser.Subprotocol(), response.Header)
	}
	foreign := bearer.Clone()
	foreign.Set("Origin", "https://evil.example")
	for status, options := range map[int]*websocket.DialOptions{
		http.StatusUnauthorized: {Subprotocols: []string{"quaestor.chat", "quaestor.key.qk_wrong"}},
		http.StatusForbidden:    {HTTPHeader: foreign},
	} {
		_, response, err := w.dial(options) //nolint:bodyclose // of an upgrade there is none
		if err == nil || response == nil || response.StatusCode != status {
			t.Errorf("%+v: %v, %v", options, response, err)
		}
	}
	got := w.call(http.MethodGet, "/v1/chat/ws", "")
	got.wantError(http.StatusUpgradeRequired, "invalid_request_error", "", "upgrade_required")
	if got.header.Get("Upgrade") != "websocket" {
		t.Errorf("headers %v", got.header)
	}
}

func TestSocketReadsNoMoreThanARequestMayHave(t *testing.T) {
	t.Parallel()
	w := setup(t)
	s := w.socket()
	go func() { // it may be cut off while it is sent
		_ = s.Write(t.Context(), websocket.MessageText, []byte(strings.Repeat("a", modelapi.MaxBody+1)))
	}()
	if _, _, err := s.Read(t.Context()); err == nil {
		t.Error("it was taken")
	}
}
