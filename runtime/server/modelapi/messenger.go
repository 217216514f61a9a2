package modelapi

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// messages writes the chunks of one completion to a socket.
type messages struct {
	*framer
	session *session
	ctx     context.Context // of the socket: to cancel a write would end it
	id      string
	leave   func() // frees the id, before its end is told

	mu    sync.Mutex
	ended bool // its end was told: nothing comes after that
}

// close lets nothing more of the request be told.
func (m *messages) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = true
}

func (m *messages) piece(choice int, d provider.Delta) error {
	if err := m.send(m.opening(choice)); err != nil {
		return err
	}
	return m.send(m.framer.piece(choice, d))
}

func (m *messages) finish(choice int, result gateway.Result) error {
	if err := m.send(m.opening(choice)); err != nil {
		return err
	}
	return m.send(m.framer.finish(choice, result))
}

// ended is what the end of a request tells: what is a header elsewhere.
type ended struct {
	Model            string `json:"model"`
	Usage            *usage `json:"usage,omitempty"`
	Cache            string `json:"cache,omitempty"`
	OmittedMessages  string `json:"omitted_messages,omitempty"`
	RemainingTokens  string `json:"remaining_tokens,omitempty"`
	RemainingDollars string `json:"remaining_usd,omitempty"`
}

func (m *messages) end(answers []answer) error {
	header := http.Header{}
	tellResult(header, answers)
	data, err := encode(ended{
		Model: header.Get(headerModel), Usage: usageOf(answers...), Cache: header.Get(headerCache),
		OmittedMessages: header.Get(headerOmitted), RemainingTokens: header.Get(headerTokens), RemainingDollars: header.Get(headerDollars),
	})
	if err != nil {
		return err
	}
	m.leave()
	return m.tell("done", data)
}

// beat does nothing: the socket has a heartbeat of its own.
func (m *messages) beat(time.Duration) error { return nil }

// gone never is: the end of the socket ends the request's context.
func (m *messages) gone() <-chan struct{} { return nil }

func (m *messages) send(text []byte, err error) error {
	if err != nil || text == nil {
		return err
	}
	return m.tell("chunk", text)
}

func (m *messages) tell(event string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		return errGone
	}
	return m.session.tell(m.ctx, told{ID: m.id, Event: event, Data: data})
}
