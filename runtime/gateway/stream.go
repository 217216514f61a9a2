package gateway

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/quaestor-run/quaestor/runtime/provider"
)

// errDrained ends a stream whose caller has gone for longer than is waited.
var errDrained = errors.New("the caller went away, and the answer did not end in time")

// stream hands the pieces of one attempt over. When its caller goes away, the
// rest is read and dropped, so that the usage at the end is known; not for
// longer than drain.
type stream struct {
	emit    func(provider.Delta) error
	drain   time.Duration
	started time.Time
	first   time.Duration // until the first piece
	handed  bool          // a piece reached the caller
	gone    atomic.Bool
	cancel  context.CancelCauseFunc
}

// converse makes the attempt, streamed or not. Streamed, it outlives its ctx:
// what was sent may be charged, and ends when its usage is known.
func (t *trip) converse(ctx context.Context, server provider.Provider, request provider.Request) (provider.Response, *provider.Error) {
	options := &t.gateway.options
	if t.call.Emit == nil {
		limited, cancel := context.WithTimeout(ctx, options.AttemptTimeout)
		defer cancel()
		response, err := server.Converse(limited, request)
		return response, inTime(ctx, limited, asProviderError(err, t.leg.model.Provider))
	}
	sent, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	limit := time.AfterFunc(options.AttemptTimeout, func() { cancel(context.DeadlineExceeded) })
	defer limit.Stop()
	s := &stream{emit: t.call.Emit, drain: options.Drain, started: time.Now(), cancel: cancel}
	defer context.AfterFunc(ctx, s.leave)()
	response, err := server.Stream(sent, request, s.piece)
	t.left = s.gone.Load()
	failed := asProviderError(err, t.leg.model.Provider)
	if failed != nil {
		failed = s.explain(sent, failed)
	}
	response.FirstToken = s.first
	return response, failed
}

// inTime says of an attempt that was ended here that the model took too long:
// to its provider it looks as if the caller had gone.
func inTime(ctx, limited context.Context, failed *provider.Error) *provider.Error {
	if failed == nil || ctx.Err() != nil || limited.Err() == nil {
		return failed
	}
	told := *failed
	told.Class, told.Message = provider.ClassTimeout, "there was no answer in time"
	return &told
}

func (s *stream) piece(delta provider.Delta) error {
	if s.first == 0 {
		s.first = max(time.Since(s.started), 1)
	}
	if s.gone.Load() {
		return nil
	}
	if err := s.emit(delta); err != nil {
		s.leave()
		return nil //nolint:nilerr // the caller has gone; what the answer costs is still to be known
	}
	s.handed = true
	return nil
}

// leave notes that the caller has gone, and lets the stream end by itself for
// some time.
func (s *stream) leave() {
	if !s.gone.Swap(true) {
		time.AfterFunc(s.drain, func() { s.cancel(errDrained) })
	}
}

// explain says of a stream that was ended here why it was.
func (s *stream) explain(sent context.Context, failed *provider.Error) *provider.Error {
	told := *failed
	told.Begun = failed.Begun || s.handed
	switch cause := context.Cause(sent); {
	case errors.Is(cause, errDrained):
		told.Class, told.Message = provider.ClassCancelled, cause.Error()
	case errors.Is(cause, context.DeadlineExceeded):
		told.Class, told.Message = provider.ClassTimeout, "the answer did not end in time"
	}
	return &told
}

// pieceBytes is how much of an answer that is known already is handed over at a
// time.
const pieceBytes = 512

// tell hands a known answer to a streamed caller, in pieces. One who has gone
// misses nothing that must be accounted for.
func tell(call Call, response provider.Response) {
	if call.Emit == nil {
		return
	}
	for text := response.Message.Text; text != ""; {
		size := min(pieceBytes, len(text))
		for size < len(text) && !utf8.RuneStart(text[size]) {
			size++
		}
		if call.Emit(provider.Delta{Text: text[:size]}) != nil {
			return
		}
		text = text[size:]
	}
	for i, c := range response.Message.ToolCalls {
		piece := provider.ToolCallDelta{Index: i, ID: c.ID, Name: c.Name, Arguments: string(c.Arguments)}
		if call.Emit(provider.Delta{ToolCall: &piece}) != nil {
			return
		}
	}
}
