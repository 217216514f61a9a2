package mcp

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/tools/mcp"
)

// probeTime is how long a server that was late has to say that it is there.
const probeTime = 2 * time.Second

// went says that a call went well.
func (l *link) went(ctx context.Context) {
	if l.take(ctx) == nil {
		l.pause = 0
		<-l.turn
	}
}

// call makes one call.
func (l *link) call(ctx context.Context, call mcp.Call) (mcp.Answer, error) {
	limited, cancel := context.WithTimeout(ctx, l.server.Timeout)
	defer cancel()
	answer, err := l.ask(limited, call)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		return mcp.Answer{}, unavailable(l.server.Name, "did not answer within %v", l.server.Timeout)
	}
	return answer, err
}

func (l *link) ask(ctx context.Context, call mcp.Call) (mcp.Answer, error) {
	select {
	case l.places <- struct{}{}:
		defer func() { <-l.places }()
	case <-ctx.Done():
		return mcp.Answer{}, ctx.Err()
	}
	for again := false; ; again = true {
		opened, err := l.current(ctx)
		if err != nil {
			return mcp.Answer{}, err
		}
		if err := opened.knows(call); err != nil {
			return mcp.Answer{}, err
		}
		result, err := opened.ask(ctx, call)
		if errors.Is(err, sdk.ErrSessionMissing) && !again { // it forgot us and did nothing, as servers do after a while
			opened.stop()
			continue
		}
		return l.judge(ctx, opened, result, err)
	}
}

// ask makes the call itself.
func (s *session) ask(ctx context.Context, call mcp.Call) (*sdk.CallToolResult, error) {
	s.budget.grant()
	return within(ctx, func() (*sdk.CallToolResult, error) {
		return s.CallTool(ctx, &sdk.CallToolParams{Name: call.Tool, Arguments: call.Arguments})
	})
}

// within does what cannot always be cancelled (a write to a server that does not
// read), and leaves it behind when the context ends.
func within[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := do()
		done <- outcome{value, err}
	}()
	select {
	case got := <-done:
		return got.value, got.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// knows says whether the server describes a tool as it did when the agent was
// given it: a server that began anew may be another.
func (s *session) knows(call mcp.Call) error {
	for _, described := range *s.tools.Load() {
		if described.Tool != call.Tool {
			continue
		}
		if record, err := described.Record(); err == nil && bytes.Equal(record, call.Record) {
			return nil
		}
		return unavailable(call.Server, "now describes the tool %q otherwise than when the workers were started, and it is not called before they are started again", call.Tool)
	}
	return unavailable(call.Server, "no longer has the tool %q", call.Tool)
}

// probe ends a session whose server does not answer at all.
func (s *session) probe() {
	ctx, cancel := context.WithTimeout(context.Background(), probeTime)
	defer cancel()
	_, err := within(ctx, func() (struct{}, error) { return struct{}{}, s.Ping(ctx, nil) })
	var refused *jsonrpc.Error
	if err == nil || errors.As(err, &refused) {
		return
	}
	s.stop()
}

// stop ends a session, and waits a little until it is over.
func (s *session) stop() {
	s.end()
	go s.Close() //nolint:errcheck // whatever comes of it, the session is over
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-s.over:
	case <-timer.C:
	}
}

// judge makes an answer of what came, or an error of ours.
func (l *link) judge(ctx context.Context, opened *session, result *sdk.CallToolResult, err error) (mcp.Answer, error) {
	var refused *jsonrpc.Error
	switch {
	case err == nil:
		l.went(ctx)
		return l.answer(result), nil
	case errors.As(err, &refused):
		return mcp.Answer{Failed: true, Text: shorten(refused.Message)}, nil
	case ctx.Err() != nil:
		go opened.probe()
		return mcp.Answer{}, ctx.Err()
	}
	opened.stop()
	l.options.Logger.Warn("a call of an MCP server failed", zap.String("server", l.server.Name), zap.String("why", shorten(err.Error())))
	if opened.budget.spent() {
		return mcp.Answer{}, unavailable(l.server.Name, "sent more than can be taken")
	}
	return mcp.Answer{}, unavailable(l.server.Name, "broke off, or answered what is no answer")
}
