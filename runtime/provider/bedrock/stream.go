package bedrock

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/schemas"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go/transport/http/protocol/restjson1"

	"github.com/quaestor-run/quaestor/runtime/provider"
)

// maxCalls bounds the tool calls of one answer.
const maxCalls = 256

// Stream implements provider.Provider.
func (p *Provider) Stream(ctx context.Context, req provider.Request, emit func(provider.Delta) error) (provider.Response, error) {
	client, err := p.client(req.Region)
	if err != nil {
		return provider.Response{}, refused(err)
	}
	input, err := streamRequest(req)
	if err != nil {
		return provider.Response{}, refused(err)
	}
	ctx, cancel, wire := provider.Watch(ctx, p.options.Timeout)
	defer cancel()
	body := &watchedBody{}
	s := &stream{gathering: provider.Gathering{Emit: emit, Started: time.Now()}}
	output, err := client.ConverseStream(context.WithValue(ctx, watchedKey{}, body), input, ownProtocol)
	if err != nil {
		return provider.Response{}, failure(err, wire)
	}
	events := output.GetStream()
	defer events.Close() //nolint:errcheck // the end of the answer was told before
	response, err := s.read(events, body)
	if err != nil {
		return provider.Response{}, s.broken(err, wire)
	}
	response.RequestID, _ = middleware.GetRequestIDMetadata(output.ResultMetadata)
	return response, nil
}

// ownProtocol gives a stream a reader of events of its own. That of a client is
// shared by its streams, and each of them writes to it.
func ownProtocol(o *bedrockruntime.Options) {
	o.Protocol = restjson1.New(schemas.AmazonBedrockFrontendService)
}

// eventStream is what is read of the SDK's stream.
type eventStream interface {
	Events() <-chan types.ConverseStreamOutput
	Err() error
}

// stream reads one answer.
type stream struct {
	gathering provider.Gathering
	calls     map[int32]int // by the index of the content block
	block     int32         // the last one with text
	stop      terminal[types.MessageStopEvent]
	metadata  terminal[types.ConverseStreamMetadataEvent]
}

// terminal is an event that ends a stream. It may come again, once, the same.
type terminal[T any] struct {
	event *T
	again bool
}

func (t *terminal[T]) take(event T) error {
	switch {
	case t.event == nil:
		t.event = &event
	case t.again:
		return fmt.Errorf("%T came a third time", event)
	case !reflect.DeepEqual(*t.event, event):
		return fmt.Errorf("%T came a second time, and says otherwise", event)
	default:
		t.again = true
	}
	return nil
}

// goneError says that who is streamed to is gone; cutError that the connection
// broke.
type (
	goneError struct{ err error }
	cutError  struct{ err error }
)

func (e *goneError) Error() string { return "handing over a piece: " + e.err.Error() }
func (e *goneError) Unwrap() error { return e.err }
func (e *cutError) Error() string  { return e.err.Error() }
func (e *cutError) Unwrap() error  { return e.err }

// read takes a stream to its end. The SDK takes a cut stream for one that ended,
// so the end must have been told: by messageStop and by metadata.
func (s *stream) read(events eventStream, body *watchedBody) (provider.Response, error) {
	for event := range events.Events() {
		if err := s.take(event); err != nil {
			return provider.Response{}, err
		}
	}
	if err := events.Err(); err != nil {
		return provider.Response{}, err
	}
	if s.stop.event == nil || s.metadata.event == nil {
		var tooLong *http.MaxBytesError
		if err := body.failed(); errors.As(err, &tooLong) {
			return provider.Response{}, err
		} else if err != nil {
			return provider.Response{}, &cutError{err}
		}
		missing := "messageStop"
		if s.stop.event != nil {
			missing = "metadata"
		}
		return provider.Response{}, fmt.Errorf("the stream ended without %s", missing)
	}
	response, err := s.gathering.Response()
	if err != nil {
		return provider.Response{}, err
	}
	response.StopReason = stopReason(s.stop.event.StopReason)
	response.Usage, response.UsageMissing = usage(s.metadata.event.Usage)
	return response, nil
}

// take takes one event. Those nobody knows are skipped.
func (s *stream) take(event types.ConverseStreamOutput) error {
	switch e := event.(type) {
	case *types.ConverseStreamOutputMemberMessageStop:
		return s.stop.take(e.Value)
	case *types.ConverseStreamOutputMemberMetadata:
		return s.metadata.take(e.Value)
	case *types.ConverseStreamOutputMemberContentBlockStart:
		if s.stop.event != nil {
			return errors.New("a content block began after messageStop")
		}
		return s.start(aws.ToInt32(e.Value.ContentBlockIndex), e.Value.Start)
	case *types.ConverseStreamOutputMemberContentBlockDelta:
		if s.stop.event != nil {
			return errors.New("content came after messageStop")
		}
		return s.delta(aws.ToInt32(e.Value.ContentBlockIndex), e.Value.Delta)
	}
	return nil
}

func (s *stream) start(block int32, start types.ContentBlockStart) error {
	use, ok := start.(*types.ContentBlockStartMemberToolUse)
	if !ok {
		return nil
	}
	id, name := aws.ToString(use.Value.ToolUseId), aws.ToString(use.Value.Name)
	if id == "" || name == "" {
		return fmt.Errorf("the tool call in content block %d has no id or no name", block)
	}
	if _, open := s.calls[block]; open {
		return fmt.Errorf("content block %d began twice", block)
	}
	if len(s.calls) >= maxCalls {
		return fmt.Errorf("there are more than %d tool calls", maxCalls)
	}
	if s.calls == nil {
		s.calls = map[int32]int{}
	}
	s.calls[block] = s.gathering.Calls()
	return hand(s.gathering.Call(id, name, ""))
}

// delta hands over a piece of a block. Blocks of text are lines of the answer,
// as they are where it comes whole; thoughts are not part of it.
func (s *stream) delta(block int32, delta types.ContentBlockDelta) error {
	switch d := delta.(type) {
	case *types.ContentBlockDeltaMemberText:
		text := d.Value
		if text != "" {
			if s.gathering.HasText() && block != s.block {
				text = "\n" + text
			}
			s.block = block
		}
		return hand(s.gathering.Text(text))
	case *types.ContentBlockDeltaMemberToolUse:
		call, open := s.calls[block]
		if !open {
			return fmt.Errorf("a piece of a tool call came in content block %d, which is none", block)
		}
		return hand(s.gathering.Fragment(call, aws.ToString(d.Value.Input)))
	}
	return nil
}

func hand(err error) error {
	if err != nil {
		return &goneError{err}
	}
	return nil
}

// broken says of what class the failure of a stream is.
func (s *stream) broken(err error, wire *provider.Wire) *provider.Error {
	var gone *goneError
	var cut *cutError
	failed := inStream(err)
	switch {
	case errors.As(err, &gone):
		failed = &provider.Error{Class: provider.ClassCancelled, Provider: name, Status: http.StatusOK, Message: "the caller took no more pieces", Err: gone.err}
	case errors.As(err, &cut):
		failed = brokenOff(cut.err, wire)
	case failed == nil: // an end or an event that cannot be, unless the time is over
		if failed = brokenOff(err, wire); failed.Class == provider.ClassUnavailable {
			failed = unreadable(err)
		}
	}
	failed.Begun = s.gathering.Begun()
	return failed
}

func brokenOff(err error, wire *provider.Wire) *provider.Error {
	failed := wire.Broken(name, err)
	failed.Status, failed.Message = http.StatusOK, shorten(failed.Message)
	return failed
}
