package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/quaestor-run/quaestor/runtime/server/api"
	"github.com/quaestor-run/quaestor/runtime/store"
)

const (
	eventPage  = 100                    // events read from the store at once
	eventPoll  = 500 * time.Millisecond // for events of other processes
	heartbeat  = 15 * time.Second       // between comments on a quiet stream
	endOfRun   = "end"                  // type of the last event
	finished   = "run.finished"         // type of the event a run ends with, after which its status is looked at
	eventRetry = 1000                   // milliseconds a browser waits before it connects again
)

// StreamEvents follows a run.
func (o operations) StreamEvents(ctx context.Context, in api.StreamEventsRequestObject) (api.StreamEventsResponseObject, error) {
	run, err := o.visibleRun(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	after := given(in.Params.After)
	if in.Params.LastEventID != nil {
		after = *in.Params.LastEventID
	}
	return eventStream{server: o.Server, ctx: ctx, run: run.ID, after: after}, nil
}

// eventStream writes the events of one run as they come. It holds one page of
// them; a reader that does not take it in time is cut off and comes back with
// the last id it has.
type eventStream struct {
	server *Server
	ctx    context.Context // of the request, which the generated Visit does not pass
	run    string
	after  int64
}

// VisitStreamEventsResponse implements api.StreamEventsResponseObject.
func (e eventStream) VisitStreamEventsResponse(w http.ResponseWriter) error {
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // of nginx
	w.WriteHeader(http.StatusOK)
	out := &eventWriter{control: http.NewResponseController(w), w: w}
	_ = out.control.SetReadDeadline(time.Time{}) // nothing more is read; its passing would end the request
	if err := out.send("retry: %d\n\n", eventRetry); err != nil {
		return err
	}
	ending := serving(e.ctx)
	defer context.AfterFunc(ending, out.hurry)()
	wake, stop := e.server.watch(e.run)
	defer stop()
	poll := time.NewTicker(eventPoll)
	defer poll.Stop()
	quiet, mayBeOver := time.Now(), true
	for {
		sent, ended, err := e.catchUp(out, mayBeOver)
		if err != nil || ended {
			return err
		}
		switch {
		case sent:
			quiet = time.Now()
		case time.Since(quiet) >= heartbeat:
			if err := out.send(": nothing new\n\n"); err != nil {
				return err
			}
			quiet = time.Now()
		}
		select {
		case <-e.ctx.Done():
			return nil
		case <-ending.Done():
			return out.send(": the server ends; connect again\n\n")
		case <-wake:
			mayBeOver = false
		case <-poll.C:
			mayBeOver = true
		}
	}
}

// catchUp sends what is new, and the end when there will be no more. Whether
// the run is over is asked of the store only where that may be, and before the
// events are: what is final then has all its events.
func (e *eventStream) catchUp(out *eventWriter, mayBeOver bool) (sent, ended bool, err error) {
	var status store.Status
	if mayBeOver {
		run, err := e.server.store.Run(e.ctx, e.run)
		if err != nil {
			return false, false, err
		}
		status = run.Status
	}
	sent, over, err := e.sendNew(out)
	switch {
	case err != nil:
		return sent, false, err
	case mayBeOver && status.Final():
		return true, true, out.send("event: %s\ndata: {\"status\":%q}\n\n", endOfRun, status)
	case over:
		return e.catchUp(out, true)
	}
	return sent, false, nil
}

// sendNew sends the events that came since, and says whether one of them ends
// the run.
func (e *eventStream) sendNew(out *eventWriter) (sent, over bool, err error) {
	for {
		events, err := e.server.store.Events(e.ctx, e.run, e.after, eventPage)
		if err != nil {
			return sent, over, err
		}
		for _, event := range events {
			if err := out.event(event); err != nil {
				return sent, over, err
			}
			e.after, sent = event.Seq, true
			over = over || event.Type == finished
		}
		if len(events) < eventPage {
			return sent, over, nil
		}
	}
}

// watch wakes when the run changes in this process; the channel is nil, and
// never wakes, when the store cannot tell.
func (s *Server) watch(run string) (<-chan struct{}, func()) {
	if watcher, ok := s.store.(store.Watcher); ok {
		return watcher.Watch(run)
	}
	return nil, func() {}
}

// eventWriter writes server-sent events, each within the patience of the
// server.
type eventWriter struct {
	control *http.ResponseController
	w       http.ResponseWriter
}

func (o *eventWriter) event(event store.Event) error {
	data := bytes.NewBufferString("{}")
	if len(event.Data) > 0 {
		data.Reset()
		if err := json.Compact(data, event.Data); err != nil { // a line break would end the field
			return fmt.Errorf("reading event %d: %w", event.Seq, err)
		}
	}
	name := event.Type
	if strings.ContainsAny(name, "\r\n") {
		name = strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == '\r' || r == '\n' }), " ")
	}
	return o.send("id: %d\nevent: %s\ndata: %s\n\n", event.Seq, name, data)
}

// hurry cuts off a reader who holds up the end of the server.
func (o *eventWriter) hurry() { _ = o.control.SetWriteDeadline(time.Now().Add(time.Second)) }

func (o *eventWriter) send(format string, args ...any) error {
	// Without deadlines (in a test, or behind an embedder) the connection's
	// own end must do.
	_ = o.control.SetWriteDeadline(time.Now().Add(eventPatience))
	if _, err := fmt.Fprintf(o.w, format, args...); err != nil {
		return fmt.Errorf("sending events: %w", err)
	}
	if err := o.control.Flush(); err != nil {
		return fmt.Errorf("sending events: %w", err)
	}
	return nil
}
