package mcp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/tools/mcp"
)

// The pauses before a server that failed is connected to again.
const (
	firstPause = time.Second
	lastPause  = time.Minute
)

// The tools of a server that are looked at.
const (
	maxTools = 256
	maxPages = 16
)

// freshness is how long the tools of a server are believed to be as they were.
const freshness = time.Minute

// link is the way to one server: a session while there is one.
type link struct {
	server  Server
	options Options
	client  *sdk.Client
	changed atomic.Bool // the server said that its tools are others now
	reach   func(ctx context.Context) (reached, error)
	places  chan struct{}

	// turn is held by whoever changes what follows.
	turn   chan struct{}
	opened *session
	pause  time.Duration // after the last failure
	next   time.Time     // before which nobody connects
	read   time.Time     // when the tools of the session were
	closed bool
}

// reached is a server that was reached, before anything was said.
type reached struct {
	transport sdk.Transport
	budget    *allowance
	end       func() // ends the program or the connections, at once
}

// session is one conversation with a server.
type session struct {
	*sdk.ClientSession
	reached
	tools atomic.Pointer[[]mcp.Described]
	over  chan struct{} // closed when the conversation is
}

func newLink(server Server, options Options) (*link, error) {
	server.Timeout = cmp.Or(server.Timeout, DefaultTimeout)
	server.OutputBytes = cmp.Or(server.OutputBytes, DefaultOutputBytes)
	l := &link{server: server, options: options, places: make(chan struct{}, concurrent), turn: make(chan struct{}, 1)}
	client := sdk.ClientOptions{
		Capabilities:   &sdk.ClientCapabilities{}, // no roots, no models of ours, no questions to people
		MultiRoundTrip: &sdk.MultiRoundTripOptions{Disabled: true},
		Logger:         slog.New(slog.DiscardHandler),
	}
	if server.Command != "" { // others would have to hold a stream open
		client.ToolListChangedHandler = func(context.Context, *sdk.ToolListChangedRequest) { l.changed.Store(true) }
	}
	l.client = sdk.NewClient(&sdk.Implementation{Name: "quaestor", Version: cmp.Or(options.Version, "dev")}, &client)
	var err error
	if server.Command != "" {
		l.reach = l.start
	} else {
		l.reach, err = l.dial()
	}
	return l, err
}

// frame bounds one message of the server, in bytes: a result is longer as JSON
// than as text.
func (l *link) frame() int { return int(max(4*l.server.OutputBytes, 1<<20)) }

// connect begins a conversation and reads the tools.
func (l *link) connect(ctx context.Context) (*session, error) {
	way, err := l.reach(ctx)
	if err != nil {
		return nil, err
	}
	opened, err := within(ctx, func() (*session, error) { return l.greet(ctx, way) })
	if err != nil {
		way.end()
		return nil, l.explain(way, err)
	}
	return opened, nil
}

func (l *link) greet(ctx context.Context, way reached) (*session, error) {
	conversation, err := l.client.Connect(ctx, way.transport, nil)
	if err != nil {
		return nil, fmt.Errorf("beginning the session: %w", err)
	}
	opened := &session{ClientSession: conversation, reached: way, over: make(chan struct{})}
	go func() {
		_ = conversation.Wait() // why is seen by whoever calls
		way.end()
		close(opened.over)
	}()
	found, err := l.list(ctx, conversation)
	if err != nil {
		opened.stop()
		return nil, fmt.Errorf("reading its tools: %w", err)
	}
	opened.tools.Store(&found)
	if ctx.Err() != nil { // nobody waits for it any more
		opened.stop()
	}
	return opened, ctx.Err()
}

// explain makes an error of ours from what went wrong with a server.
func (l *link) explain(way reached, err error) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("it did not answer in time")
	case way.budget.spent():
		return errFlood
	}
	return err
}

// list reads the tools of the server, in the order it gives them.
func (l *link) list(ctx context.Context, conversation *sdk.ClientSession) ([]mcp.Described, error) {
	var found []mcp.Described
	cursor := ""
	for range maxPages {
		page, err := conversation.ListTools(ctx, &sdk.ListToolsParams{Cursor: cursor})
		if err != nil {
			return nil, err
		}
		for _, tool := range page.Tools {
			schema, err := json.Marshal(tool.InputSchema)
			if err != nil {
				return nil, fmt.Errorf("encoding a schema: %w", err)
			}
			found = append(found, mcp.Described{Server: l.server.Name, Tool: tool.Name, Title: tool.Title, Description: tool.Description, Input: schema})
		}
		switch cursor = page.NextCursor; {
		case len(found) > maxTools:
			return nil, fmt.Errorf("it has more than %d", maxTools)
		case cursor == "":
			return found, nil
		}
	}
	return nil, fmt.Errorf("it has more than %d pages of them", maxPages)
}

// take waits for the turn.
func (l *link) take(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// current gives the session, a new one where the last is over.
func (l *link) current(ctx context.Context) (*session, error) {
	if err := l.take(ctx); err != nil {
		return nil, err
	}
	defer func() { <-l.turn }()
	if l.opened != nil {
		select {
		case <-l.opened.over:
			l.opened = nil
			l.failed("ended")
		default:
			err := l.refresh(ctx)
			if err == nil || ctx.Err() != nil {
				return l.opened, err
			}
			l.opened.stop()
			l.opened = nil
			l.failed(err.Error())
		}
	}
	switch wait := time.Until(l.next).Round(time.Second / 10); {
	case l.closed:
		return nil, unavailable(l.server.Name, "is closed")
	case wait > 0:
		return nil, unavailable(l.server.Name, "failed and is tried again in %v", wait)
	}
	opened, err := l.connect(ctx)
	if err != nil {
		l.failed(err.Error())
		return nil, unavailable(l.server.Name, "cannot be reached")
	}
	l.opened, l.read = opened, time.Now()
	return opened, nil
}

// refresh reads the tools of the session again where they were read a while ago,
// or the server says that they changed. Whoever has the turn may call it.
func (l *link) refresh(ctx context.Context) error {
	if !l.changed.Swap(false) && time.Since(l.read) < freshness {
		return nil
	}
	l.opened.budget.grant()
	conversation := l.opened.ClientSession
	found, err := within(ctx, func() ([]mcp.Described, error) { return l.list(ctx, conversation) })
	if err != nil {
		l.changed.Store(true)
		return fmt.Errorf("reading its tools again: %w", err)
	}
	l.read = time.Now()
	l.opened.tools.Store(&found)
	return nil
}

// failed makes the next connection wait, longer each time. The first one after
// a time that went well does not.
func (l *link) failed(why string) {
	l.options.Logger.Warn("an MCP server failed", zap.String("server", l.server.Name), zap.String("why", shorten(why)), zap.Duration("pause", l.pause))
	l.next = time.Now().Add(l.pause)
	l.pause = min(max(2*l.pause, firstPause), lastPause)
}

func shorten(text string) string { return text[:min(len(text), 500)] }

// close ends the session for good.
func (l *link) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*startTimeout)
	defer cancel()
	if err := l.take(ctx); err != nil {
		return fmt.Errorf("MCP server %q: waiting for a connection: %w", l.server.Name, err)
	}
	defer func() { <-l.turn }()
	l.closed = true
	if l.opened != nil {
		l.opened.stop()
		l.opened = nil
	}
	return nil
}
