package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// EventEnd is the type of the last event of a run; its data holds the status.
const EventEnd = "end"

const (
	firstPause  = 200 * time.Millisecond
	longestWait = 5 * time.Second
	mostTries   = 30      // in a row, without an event: about two minutes
	longestLine = 4 << 20 // bytes of one line of a stream
	silence     = 45 * time.Second
)

// Event is something that happened in a run. ID is its number in the run, 0
// for [EventEnd].
type Event struct {
	ID   int64
	Type string
	Data json.RawMessage
}

// Events follows a run from after an event (0 for the start) to its end,
// connecting again when the server ends or the connection breaks. The last
// event is of type [EventEnd]. An error ends the sequence: a [*Problem] that
// another try would not mend, the context's, or a server that stays away.
func (a *API) Events(ctx context.Context, runID string, lastID int64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		wait, failures := firstPause, 0
		for {
			ended, seen, err := a.follow(ctx, runID, &lastID, yield)
			if ended {
				return
			}
			if seen {
				wait, failures = firstPause, 0
			}
			if failures++; failures > mostTries || final(err) || ctx.Err() != nil {
				if err == nil {
					err = errors.New("the server keeps ending the stream")
				}
				yield(Event{}, fmt.Errorf("following run %s: %w", runID, errors.Join(ctx.Err(), err)))
				return
			}
			if err := pause(ctx, wait); err != nil {
				yield(Event{}, fmt.Errorf("following run %s: %w", runID, err))
				return
			}
			wait = min(2*wait, longestWait)
		}
	}
}

// final says whether the server refused for good.
func final(err error) bool {
	var p *Problem
	return errors.As(err, &p) && p.Status < http.StatusInternalServerError
}

// follow reads one connection. Ended means that the run or the reader is done.
func (a *API) follow(ctx context.Context, runID string, lastID *int64, yield func(Event, error) bool) (ended, seen bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	quiet := time.AfterFunc(silence, cancel) // a server that lives sends a comment now and then
	defer quiet.Stop()
	response, err := a.StreamEvents(ctx, runID, &StreamEventsParams{LastEventID: lastID})
	if err != nil {
		return false, false, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return false, false, refusal(response)
	}
	for event, err := range readEvents(response.Body, func() { quiet.Reset(silence) }) {
		if err != nil {
			return false, seen, err
		}
		seen = true
		if event.ID > 0 {
			*lastID = event.ID
		}
		if !yield(event, nil) || event.Type == EventEnd {
			return true, true, nil
		}
	}
	return false, seen, nil
}

func refusal(response *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return err
	}
	var p Problem
	if json.Unmarshal(body, &p) == nil && p.Status != 0 {
		return &p
	}
	return fmt.Errorf("the server answered %d: %.200s", response.StatusCode, body)
}

// readEvents reads a text/event-stream, as far as servers of ours write it.
// Alive is called for every line.
func readEvents(stream io.Reader, alive func()) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		lines := bufio.NewScanner(stream)
		lines.Buffer(make([]byte, 0, 64<<10), longestLine)
		var event Event
		var data []string
		for lines.Scan() {
			alive()
			field, value, _ := strings.Cut(lines.Text(), ":")
			value = strings.TrimPrefix(value, " ")
			switch field {
			case "id":
				id, err := strconv.ParseInt(value, 10, 64)
				if err != nil {
					yield(Event{}, fmt.Errorf("reading an event: id %q is not a number", value))
					return
				}
				event.ID = id
			case "event":
				event.Type = value
			case "data":
				data = append(data, value)
			}
			if lines.Text() != "" {
				continue
			}
			if event.Type != "" {
				event.Data = json.RawMessage(strings.Join(data, "\n"))
				if !yield(event, nil) {
					return
				}
			}
			event, data = Event{}, nil
		}
		if err := lines.Err(); err != nil {
			yield(Event{}, fmt.Errorf("reading events: %w", err))
		}
	}
}
