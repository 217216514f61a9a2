package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	client "github.com/sashabaranov/go-openai"

	"github.com/quaestor-run/quaestor/runtime/provider"
)

// maxCalls bounds the tool calls of one answer.
const maxCalls = 256

// Stream implements provider.Provider.
func (p *Provider) Stream(ctx context.Context, req provider.Request, emit func(provider.Delta) error) (provider.Response, error) {
	where, failed := p.at(req.Region)
	if failed != nil {
		return provider.Response{}, failed
	}
	body, err := p.request(req, true)
	if err != nil {
		return provider.Response{}, refused(err)
	}
	ctx, cancel, wire := provider.Watch(ctx, p.options.Timeout)
	defer cancel()
	s := &stream{position: len(req.Messages), gathering: provider.Gathering{Emit: emit, Started: time.Now()}}
	resp, failed := p.send(ctx, wire, where.chat, body)
	if failed != nil {
		return provider.Response{}, failed
	}
	defer resp.Body.Close()
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind == "application/json" {
		return provider.Response{}, p.unreadable(resp.StatusCode, errors.New("a stream was asked for, and one JSON document came"))
	}
	if err := s.read(resp.Body); err != nil {
		return provider.Response{}, p.brokenStream(err, wire, s)
	}
	response, err := s.response()
	if err != nil {
		return provider.Response{}, p.brokenStream(err, wire, s)
	}
	response.RequestID = strings.Clone(resp.Header.Get(requestIDHeader))
	linger(resp.Body)
	return response, nil
}

// linger reads the end of a body whose content is complete, so that its
// connection can be used again, and waits for it no longer than a moment.
func linger(body io.ReadCloser) {
	const moment, most = 50 * time.Millisecond, 4 << 10
	timer := time.AfterFunc(moment, func() { body.Close() })
	defer timer.Stop()
	_, _ = io.CopyN(io.Discard, body, most) // what is wrong with the rest is nobody's concern
}

// chunk is a piece of a stream, or the error that ends it.
type chunk struct {
	client.ChatCompletionStreamResponse
	Error json.RawMessage `json:"error"`
}

// stream reads one answer.
type stream struct {
	position  int
	gathering provider.Gathering
	calls     []*openCall // in the order in which they came
	finish    client.FinishReason
	usage     *client.Usage
}

// openCall is a tool call whose pieces come.
type openCall struct {
	index     int    // as the endpoint counts
	id, name  string // known so far
	arguments string // held back until the name is known
	at        int    // as it was handed over, -1 before
}

// The ways in which a stream ends before its time.
type (
	goneError struct{ err error }   // who is streamed to is gone
	toldError struct{ text []byte } // the endpoint told an error
	cutError  struct{ err error }   // the connection broke
)

func (e *goneError) Error() string { return "handing over a piece: " + e.err.Error() }
func (e *goneError) Unwrap() error { return e.err }
func (e *toldError) Error() string { return "the endpoint told an error: " + string(e.text) }
func (e *cutError) Error() string  { return e.err.Error() }
func (e *cutError) Unwrap() error  { return e.err }

// brokenStream says of what class the failure of a stream is.
func (p *Provider) brokenStream(err error, wire *provider.Wire, s *stream) *provider.Error {
	var gone *goneError
	var told *toldError
	var cut *cutError
	var failed *provider.Error
	switch {
	case errors.As(err, &gone):
		failed = &provider.Error{Class: provider.ClassCancelled, Provider: name, Status: http.StatusOK, Message: "the caller took no more pieces", Err: gone.err}
	case errors.As(err, &told):
		failed = p.streamed(told.text)
	case errors.As(err, &cut):
		failed = p.broken(cut.err, wire)
		failed.Status = http.StatusOK
	default:
		failed = p.unreadable(http.StatusOK, err)
	}
	failed.Begun = s.gathering.Begun()
	return failed
}

// read takes a stream to its [DONE].
func (s *stream) read(body io.Reader) error {
	events := newDecoder(body)
	for {
		event, err := events.next()
		if errors.Is(err, io.EOF) {
			return errors.New("the stream ended without [DONE]")
		}
		if err != nil {
			return err
		}
		if string(event.data) == "[DONE]" {
			return nil
		}
		if len(event.data) == 0 { // a ping
			continue
		}
		if string(event.name) == "error" {
			return toldIn(event.data)
		}
		var piece chunk
		if err := json.Unmarshal(event.data, &piece); err != nil {
			return fmt.Errorf("reading a piece of the stream: %w", err)
		}
		if len(piece.Error) > 0 && string(piece.Error) != "null" {
			return &toldError{piece.Error}
		}
		if err := s.take(&piece); err != nil {
			return err
		}
	}
}

// toldIn finds the error in an event of that name.
func toldIn(data []byte) error {
	var wrapped struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(data, &wrapped) == nil && len(wrapped.Error) > 0 {
		return &toldError{wrapped.Error}
	}
	return &toldError{append([]byte(nil), data...)}
}

func (s *stream) take(piece *chunk) error {
	if piece.Usage != nil {
		s.usage = piece.Usage
	}
	for i := range piece.Choices {
		choice := &piece.Choices[i]
		if choice.Index != 0 { // one is asked for
			continue
		}
		delta := &choice.Delta
		if s.finish != "" && (delta.Content != "" || delta.Refusal != "" || len(delta.ToolCalls) > 0) {
			return errors.New("the answer went on after its finish_reason")
		}
		if err := s.hand(s.gathering.Text(delta.Content + delta.Refusal)); err != nil {
			return err
		}
		for j := range delta.ToolCalls {
			if err := s.takeCall(&delta.ToolCalls[j]); err != nil {
				return err
			}
		}
		if choice.FinishReason == "" {
			continue
		}
		if s.finish != "" && s.finish != choice.FinishReason { // the same again is a replay
			return fmt.Errorf("the answer has two finish reasons, %q and %q", s.finish, choice.FinishReason)
		}
		s.finish = choice.FinishReason
	}
	return nil
}

func (s *stream) hand(err error) error {
	if err != nil {
		return &goneError{err}
	}
	return nil
}

// takeCall takes a piece of a tool call. A call is handed over from when its
// name is known.
func (s *stream) takeCall(piece *client.ToolCall) error {
	call, err := s.callOf(piece)
	if err != nil {
		return err
	}
	if call.at >= 0 {
		return s.hand(s.gathering.Fragment(call.at, piece.Function.Arguments))
	}
	if call.id == "" {
		call.id = piece.ID
	}
	call.name = piece.Function.Name
	call.arguments += piece.Function.Arguments
	if call.name == "" {
		return nil
	}
	call.at = s.gathering.Calls()
	if call.id == "" {
		call.id = callID(s.position, call.at)
	}
	return s.hand(s.gathering.Call(call.id, call.name, call.arguments))
}

// callOf finds the call a piece belongs to, or opens it. Some endpoints give no
// index, or the same one to every call: then a new id is a new call.
func (s *stream) callOf(piece *client.ToolCall) (*openCall, error) {
	index := max(len(s.calls)-1, 0)
	if piece.Index != nil {
		index = *piece.Index
	}
	if index < 0 || index >= maxCalls || len(s.calls) >= maxCalls {
		return nil, fmt.Errorf("tool call %d of one answer; %d are the most", index, maxCalls)
	}
	for i := len(s.calls) - 1; i >= 0; i-- {
		call := s.calls[i]
		if call.index != index {
			continue
		}
		if piece.ID == "" || call.id == "" || call.id == piece.ID {
			return call, nil
		}
		break
	}
	call := &openCall{index: index, at: -1}
	s.calls = append(s.calls, call)
	return call, nil
}

// response is the whole answer, once [DONE] has come.
func (s *stream) response() (provider.Response, error) {
	if s.finish == "" {
		return provider.Response{}, errors.New("the stream ended without a finish_reason")
	}
	for i, call := range s.calls {
		if call.at < 0 {
			return provider.Response{}, fmt.Errorf("tool call %d has no name", i)
		}
	}
	response, err := s.gathering.Response()
	if err != nil {
		return provider.Response{}, err
	}
	response.StopReason = stopReason(s.finish)
	if len(s.calls) > 0 && response.StopReason == provider.StopEnd {
		response.StopReason = provider.StopToolCalls
	}
	response.Usage, response.UsageMissing = usage(s.usage)
	return response, nil
}
