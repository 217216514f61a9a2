package provider

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Wire watches one request on its way, for proof of what became of it.
type Wire struct {
	sent    atomic.Bool
	caller  context.Context
	attempt context.Context
}

// Watch gives a context for one attempt that ends after timeout (0 is never),
// and a Wire that watches the HTTP request made under it.
func Watch(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc, *Wire) {
	wire := &Wire{caller: ctx}
	cancel := context.CancelFunc(func() {})
	if timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, timeout)
	}
	wire.attempt = ctx
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { wire.sent.Store(true) },
	})
	return ctx, cancel, wire
}

// Sent says whether the request may have left: it was given a connection. If
// not, it failed before (no credentials, no route, no TLS) and cost nothing.
func (w *Wire) Sent() bool { return w.sent.Load() }

// Broken is the failure of a request that was not answered.
func (w *Wire) Broken(provider string, err error) *Error {
	failed := &Error{Class: ClassUnavailable, Provider: provider, NotCharged: !w.Sent(), Err: err}
	switch {
	case w.caller.Err() != nil:
		failed.Class, failed.Message = ClassCancelled, "the caller went away before there was an answer"
	case errors.Is(err, context.DeadlineExceeded), w.attempt.Err() != nil: // a connection closed for it may say otherwise
		failed.Class, failed.Message = ClassTimeout, "there was no answer in time"
	case w.Sent():
		failed.Message = "the connection broke before there was an answer: " + err.Error()
	default:
		failed.Message = "there is no connection: " + err.Error()
	}
	return failed
}

// RetryAfter reads how long a server asks to wait: retry-after-ms, or
// Retry-After in seconds or as a date. It is 0 where nothing sensible is said.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	const longest = 24 * time.Hour
	if ms, err := strconv.ParseFloat(header.Get("Retry-After-Ms"), 64); err == nil && ms > 0 {
		return time.Duration(min(ms, float64(longest/time.Millisecond)) * float64(time.Millisecond))
	}
	text := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if !(seconds > 0) {
			return 0
		}
		return time.Duration(min(seconds, longest.Seconds()) * float64(time.Second))
	}
	if date, err := http.ParseTime(text); err == nil {
		return min(max(0, date.Sub(now)), longest)
	}
	return 0
}
