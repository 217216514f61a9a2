package modelapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/runtime/server/access"
)

const (
	chatProtocol = "quaestor.chat"
	keyProtocol  = "quaestor.key." // and the key: a browser cannot send a header
	maxRunning   = 4               // requests of one socket at once
	maxID        = 200             // bytes of the id of a request

	messageWindow = time.Minute // for a message that has begun to be there whole
)

// takeProtocolKey lets a browser name its key beside the protocol it speaks.
func takeProtocolKey(r *http.Request) {
	if r.Header.Get("Authorization") != "" || !upgrades(r) {
		return
	}
	for _, protocols := range r.Header.Values("Sec-Websocket-Protocol") {
		for protocol := range strings.SplitSeq(protocols, ",") {
			if key, found := strings.CutPrefix(strings.TrimSpace(protocol), keyProtocol); found {
				r.Header.Set("Authorization", "Bearer "+key)
				return
			}
		}
	}
}

func upgrades(r *http.Request) bool { return strings.EqualFold(r.Header.Get("Upgrade"), "websocket") }

// socket serves GET /v1/chat/ws.
func (a *API) socket(w http.ResponseWriter, r *http.Request, caller access.Caller) error {
	if !upgrades(r) || r.Header.Get("Sec-Websocket-Key") == "" || r.Header.Get("Sec-Websocket-Version") != "13" {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Sec-Websocket-Version", "13")
		return &Failure{
			Status: http.StatusUpgradeRequired, Type: typeInvalid, Code: "upgrade_required", Final: true,
			Message: "This address speaks WebSocket (RFC 6455) only; without it use POST /v1/chat/completions.",
		}
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		if parsed, err := url.Parse(origin); err != nil || !strings.EqualFold(parsed.Host, r.Host) {
			return &Failure{
				Status: http.StatusForbidden, Type: typeAccess, Code: "origin_not_allowed", Final: true,
				Message: fmt.Sprintf("Pages of %s may not open this socket.", clip(origin)),
			}
		}
	}
	connection, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{chatProtocol}})
	if err != nil {
		a.log.Debug("a WebSocket was not opened", zap.Error(err))
		return nil // it was answered
	}
	connection.SetReadLimit(MaxBody)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	s := &session{api: a, caller: caller, connection: connection, running: map[string]context.CancelFunc{}}
	a.calls.Add(1)
	defer a.calls.Done()
	s.serve(ctx, a.options.Ending(r.Context()), cancel)
	return nil
}

// session is one socket and its requests under way.
type session struct {
	api        *API
	caller     access.Caller
	connection *websocket.Conn

	mu      sync.Mutex
	running map[string]context.CancelFunc
	ending  bool
	work    sync.WaitGroup
}

// serve reads requests until the client goes, the key is revoked, or the
// server ends.
func (s *session) serve(ctx, ending context.Context, cancel context.CancelFunc) {
	defer s.work.Wait()
	defer cancel()
	defer context.AfterFunc(ending, func() { s.retire(ctx) })()
	go s.watch(ctx, cancel)
	for {
		m, err := s.read(ctx)
		switch {
		case err != nil:
			// A message above the limit ends the connection: the reader says so.
			_ = s.connection.Close(websocket.StatusNormalClosure, "")
			return
		case m.refused != nil:
			s.fail(ctx, "", m.refused)
		default:
			s.take(ctx, m)
			continue
		}
		m.give()
	}
}

// heard is what a client sent, or why it is not taken.
type heard struct {
	text    []byte
	give    func() // the space it takes back
	refused error
}

// read reads a message, within a time once it has begun. One that is large takes
// space from what all of them share, and is passed over where there is none.
func (s *session) read(ctx context.Context) (heard, error) {
	m := heard{give: func() {}}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	kind, from, err := s.connection.Reader(ctx)
	if err != nil {
		return m, err
	}
	defer time.AfterFunc(messageWindow, cancel).Stop()
	if m.text, err = io.ReadAll(io.LimitReader(from, largeBody)); err != nil {
		return m, err
	}
	if len(m.text) == largeBody {
		m.give, m.refused = s.api.takeRoom(MaxBody)
	}
	switch {
	case m.refused != nil:
		m.text = nil
		_, err = io.Copy(io.Discard, from)
	case kind != websocket.MessageText:
		m.refused = invalid("", "Requests are JSON text messages.")
		_, err = io.Copy(io.Discard, from)
	default:
		m.text, err = readInto(m.text, from)
	}
	if err != nil {
		m.give()
	}
	return m, err
}

// retire ends a socket whose server ends, once its requests have.
func (s *session) retire(ctx context.Context) {
	s.mu.Lock()
	s.ending = true
	s.mu.Unlock()
	s.work.Wait()
	if ctx.Err() == nil {
		_ = s.connection.Close(websocket.StatusGoingAway, "the server ends; connect again")
	}
}

// watch keeps the connection alive, and ends it when its key does not hold any
// more.
func (s *session) watch(ctx context.Context, cancel context.CancelFunc) {
	options := s.api.options
	beat, look := time.NewTicker(options.Heartbeat), time.NewTicker(options.Recheck)
	defer beat.Stop()
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			if err := s.api.recheck(ctx, s.caller); err != nil {
				s.fail(ctx, "", AsFailure(err))
				_ = s.connection.Close(websocket.StatusPolicyViolation, "the key does not hold any more")
				cancel()
				return
			}
		case <-beat.C:
			patience, release := context.WithTimeout(ctx, options.Patience)
			err := s.connection.Ping(patience)
			release()
			if err != nil {
				cancel()
				return
			}
		}
	}
}

// envelope is what a message says beside the request in it.
type envelope struct {
	id    string
	event string
	asked asked
}

func openEnvelope(text []byte) (envelope, error) {
	e := envelope{asked: asked{path: "/v1/chat/completions"}}
	if err := checkText(text); err != nil {
		return e, err
	}
	c := &cursor{text: text}
	err := c.fields(func(name string) (err error) {
		var into *string
		switch name {
		case "id":
			into = &e.id
		case "event":
			into = &e.event
		case "idempotency_key":
			into = &e.asked.key
		case "cache":
			into = &e.asked.cache
		}
		if into == nil || c.null() {
			if into == nil {
				c.raw()
			}
			return nil
		}
		*into, err = c.string()
		return err
	})
	switch {
	case err != nil:
		return e, err
	case len(e.id) > maxID:
		return envelope{}, invalid("id", "Invalid 'id': %d bytes are the most.", maxID)
	case e.event != "" && e.event != "cancel":
		return e, invalid("event", "Invalid value for 'event': '%s'. Leave it out, or send 'cancel'.", clip(e.event))
	}
	return e, nil
}

// take starts a request or ends one.
func (s *session) take(ctx context.Context, m heard) {
	give := m.give
	defer func() { give() }()
	e, err := openEnvelope(m.text)
	if err != nil {
		s.fail(ctx, e.id, err)
		return
	}
	if e.event == "cancel" {
		s.mu.Lock()
		stop := s.running[e.id]
		s.mu.Unlock()
		if stop != nil {
			stop()
		}
		return
	}
	calls, err := s.api.prepare(ctx, s.caller, e.asked, m.text)
	if err != nil {
		s.fail(ctx, e.id, err)
		return
	}
	if e.id == "" {
		e.id = calls.id
	}
	running, stop := context.WithCancel(ctx)
	if err := s.enter(e.id, stop); err != nil {
		stop()
		s.fail(ctx, e.id, err)
		return
	}
	give = func() {} // until the request ends
	go func() {
		defer s.work.Done()
		defer m.give()
		leave := sync.OnceFunc(func() { s.leave(e.id, stop) })
		defer leave()
		s.answer(ctx, running, leave, e.id, calls)
	}()
}

// enter makes room for a request.
func (s *session) enter(id string, stop context.CancelFunc) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ending:
		return &Failure{Status: http.StatusServiceUnavailable, Type: typeServer, Code: "server_ends", Message: "The server ends; connect again."}
	case s.running[id] != nil:
		return invalid("id", "Invalid 'id': the request '%s' is still under way.", clip(id))
	case len(s.running) == maxRunning:
		return &Failure{
			Status: http.StatusTooManyRequests, Type: typeRateLimit, Code: "rate_limit_exceeded",
			Message: fmt.Sprintf("%d requests of this socket are under way, the most; wait for one to end.", maxRunning),
		}
	}
	s.running[id] = stop
	s.work.Add(1)
	return nil
}

func (s *session) leave(id string, stop context.CancelFunc) {
	s.mu.Lock()
	delete(s.running, id)
	s.mu.Unlock()
	stop()
}

// answer runs one request. Whoever is told of its end may use its id again.
func (s *session) answer(ctx, running context.Context, leave func(), id string, calls chatCalls) {
	calls.request.includeUsage = false // it comes with the end
	out := &messages{framer: newFramer(calls), session: s, ctx: ctx, id: id, leave: leave}
	_, err := s.api.relay(running, s.caller, calls, out)
	out.close()
	cancelled := running.Err() != nil
	leave()
	switch {
	case err == nil:
		return
	case errors.Is(err, errGone) && cancelled:
		err = &Failure{Status: statusClientGone, Type: typeInvalid, Code: "cancelled", Message: "The request was cancelled."}
	case errors.Is(err, errGone):
		return
	}
	s.fail(ctx, id, err)
}

// told is a message to the client.
type told struct {
	ID    string          `json:"id,omitempty"`
	Event string          `json:"event"`
	Data  json.RawMessage `json:"data,omitempty"`
}

func (s *session) fail(ctx context.Context, id string, err error) {
	failure := AsFailure(err)
	if failure.Status >= http.StatusInternalServerError {
		s.api.log.Error("request of a socket failed", zap.String("client", s.caller.Client.ID), zap.Error(err))
	}
	if err := s.tell(ctx, told{ID: id, Event: "error", Data: failure.Body()}); err != nil {
		s.api.log.Debug("client went away", zap.Error(err))
	}
}

// tell sends one message, within the patience of the server.
func (s *session) tell(ctx context.Context, message told) error {
	text, err := encode(message)
	if err != nil {
		return err
	}
	patience, release := context.WithTimeout(ctx, s.api.options.Patience)
	defer release()
	if err := s.connection.Write(patience, websocket.MessageText, text); err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	return nil
}
