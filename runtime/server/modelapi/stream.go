package modelapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/server/access"
)

// errGone ends a stream that nobody reads any more.
var errGone = errors.New("the caller of the stream has gone")

// stream serves a chat completion piece by piece. The calls outlive the request
// for as long as the gateway drains them; what the caller gets ends at once.
func (a *API) stream(w http.ResponseWriter, r *http.Request, caller access.Caller, calls chatCalls) error {
	events := &sse{w: w, control: http.NewResponseController(w), patience: a.options.Patience, quiet: time.Now(), broken: make(chan struct{})}
	out := newChunks(calls, events)
	defer events.close(errGone)
	_, err := a.relay(r.Context(), caller, calls, out)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errGone):
		if r.Context().Err() == nil {
			a.log.Debug("a stream was not read in time")
		}
		return nil
	}
	failure := AsFailure(err)
	if !events.begun() {
		return failure
	}
	if failure.Status >= http.StatusInternalServerError {
		a.options.Failed(r, err)
	}
	return ignoreGone(events.send("data: ", failure.Body()))
}

func ignoreGone(err error) error {
	if errors.Is(err, errGone) {
		return nil
	}
	return err
}

// sink takes the pieces of a streamed completion.
type sink interface {
	piece(choice int, d provider.Delta) error
	finish(choice int, result gateway.Result) error
	end(answers []answer) error
	beat(quiet time.Duration) error
	gone() <-chan struct{}
}

// outcome is how the call of one choice ended.
type outcome struct {
	choice int
	result gateway.Result
	err    error
}

// relay makes the calls of a request and hands their pieces on, until all have
// ended, the caller is gone, or the key does not hold any more.
func (a *API) relay(ctx context.Context, caller access.Caller, calls chatCalls, out sink) ([]answer, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	outcomes := make(chan outcome, len(calls.calls))
	for i, call := range calls.calls {
		a.calls.Go(func() { outcomes <- a.follow(ctx, i, call, out) })
	}
	ticker := time.NewTicker(min(a.options.Recheck, a.options.Heartbeat))
	defer ticker.Stop()
	answers, open, checked := make([]answer, len(calls.calls)), len(calls.calls), time.Now()
	for open > 0 {
		select {
		case o := <-outcomes:
			if o.err != nil {
				return nil, o.err
			}
			response := o.result.Response
			answers[o.choice] = answer{result: o.result, tokens: response.Usage, usageMissing: response.UsageMissing}
			open--
		case <-ctx.Done():
			return nil, errGone
		case <-out.gone():
			return nil, errGone
		case <-ticker.C:
			if err := out.beat(a.options.Heartbeat); err != nil {
				return nil, err
			}
			if time.Since(checked) < a.options.Recheck {
				continue
			}
			checked = time.Now()
			if err := a.recheck(ctx, caller); err != nil {
				return nil, err
			}
		}
	}
	return answers, out.end(answers)
}

// recheck ends a stream whose key was revoked. A store that does not answer
// ends none.
func (a *API) recheck(ctx context.Context, caller access.Caller) error {
	limited, cancel := context.WithTimeout(ctx, a.options.Recheck) // the stream waits meanwhile
	defer cancel()
	err := a.options.Check(limited, caller)
	if denied := (*access.Denial)(nil); errors.As(err, &denied) {
		return denied
	}
	if err != nil && ctx.Err() == nil {
		a.log.Warn("looking whether the key of a stream still holds", zap.Error(err))
	}
	return nil
}

// follow makes one call, its pieces going to the sink.
func (a *API) follow(ctx context.Context, i int, call gateway.Call, out sink) outcome {
	told := false
	call.Emit = func(d provider.Delta) error {
		told = true
		return out.piece(i, d)
	}
	result, err := a.options.Models.Invoke(ctx, call)
	if err != nil {
		return outcome{choice: i, err: err}
	}
	if !told { // a known answer
		err = tell(result.Response, func(d provider.Delta) error { return out.piece(i, d) })
	}
	if err == nil {
		err = out.finish(i, result)
	}
	return outcome{choice: i, result: result, err: err}
}

// tell hands a whole answer over as pieces.
func tell(response provider.Response, piece func(provider.Delta) error) error {
	if text := response.Message.Text; text != "" {
		if err := piece(provider.Delta{Text: text}); err != nil {
			return err
		}
	}
	for i, call := range response.Message.ToolCalls {
		d := provider.ToolCallDelta{Index: i, ID: call.ID, Name: call.Name, Arguments: string(call.Arguments)}
		if err := piece(provider.Delta{ToolCall: &d}); err != nil {
			return err
		}
	}
	return nil
}

// sse writes server-sent events, each within the patience of the server. Calls
// and heartbeats write at the same time.
type sse struct {
	w        http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration

	mu      sync.Mutex
	started bool
	ended   error
	quiet   time.Time // since when nothing was sent
	broken  chan struct{}
}

func (s *sse) begun() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.started
}

// close makes every further event fail: the response is no longer there.
func (s *sse) close(err error) {
	// A write under way holds the lock; it must not wait for a reader who is gone.
	s.mu.Lock()
	defer s.mu.Unlock()
	s.breakOff(err)
}

func (s *sse) breakOff(err error) {
	if s.ended == nil {
		s.ended = err
		close(s.broken)
	}
}

func (s *sse) send(prefix string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(prefix, data)
}

func (s *sse) write(prefix string, data []byte) error {
	if s.ended != nil {
		return s.ended
	}
	s.start()
	// Without deadlines (in a test, or behind an embedder) the connection's own
	// end must do.
	_ = s.control.SetWriteDeadline(time.Now().Add(s.patience))
	text := make([]byte, 0, len(prefix)+len(data)+2)
	text = append(append(append(text, prefix...), data...), "\n\n"...)
	_, err := s.w.Write(text)
	if err == nil {
		err = s.control.Flush()
	}
	if err != nil {
		s.breakOff(fmt.Errorf("%w: %w", errGone, err))
		return s.ended
	}
	s.quiet = time.Now()
	return nil
}

// start sends the header, with the names of what is told at the end.
func (s *sse) start() {
	if s.started {
		return
	}
	s.started = true
	header := s.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("X-Accel-Buffering", "no") // of nginx
	header.Set("Trailer", strings.Join([]string{headerModel, headerCache, headerOmitted, headerTokens, headerDollars}, ", "))
	s.w.WriteHeader(http.StatusOK)
}

// beat keeps proxies from ending a quiet stream.
func (s *sse) beat(quiet time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.quiet) < quiet {
		return nil
	}
	return s.write(": waiting for the model", nil)
}
