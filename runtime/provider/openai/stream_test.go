package openai_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/openai"
)

// roundTrip is a connection that answers by itself.
type roundTrip func(*http.Request) (*http.Response, error)

func (r roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return r(req) }

// streaming is a provider whose endpoint streams body.
func streaming(tb testing.TB, body func() io.Reader) *openai.Provider {
	tb.Helper()
	p, err := openai.New(openai.Options{BaseURL: "http://double/v1", APIKey: key, Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		if req.GetBody != nil {
			tb.Error("the request can be sent again behind our back")
		}
		return &http.Response{
			StatusCode: http.StatusOK, ContentLength: -1, Request: req, Body: io.NopCloser(body()),
			Header: http.Header{"Content-Type": {"text/event-stream; charset=utf-8"}, "X-Request-Id": {"req_1"}},
		}, nil
	})})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func events(lines ...string) string {
	var out strings.Builder
	for _, line := range lines {
		out.WriteString("data: " + line + "\n\n")
	}
	return out.String()
}

func delta(delta string) string {
	return `{"id":"c","choices":[{"index":0,"delta":` + delta + `,"finish_reason":null}]}`
}

func finish(reason string) string {
	return `{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"` + reason + `"}],"usage":null}`
}

const told = `{"id":"c","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":2}}}`

// stream collects what is handed over.
func stream(ctx context.Context, p *openai.Provider, req provider.Request) (pieces []provider.Delta, response provider.Response, err error) {
	response, err = p.Stream(ctx, req, func(d provider.Delta) error {
		pieces = append(pieces, d)
		return nil
	})
	return pieces, response, err
}

// join puts pieces together as a client does.
func join(t *testing.T, pieces []provider.Delta) agents.Message {
	t.Helper()
	message := agents.Message{Role: agents.RoleAssistant}
	for _, piece := range pieces {
		message.Text += piece.Text
		if call := piece.ToolCall; call != nil {
			if call.Index == len(message.ToolCalls) {
				if call.ID == "" || call.Name == "" {
					t.Errorf("the first piece of call %d has no id or name: %+v", call.Index, call)
				}
				message.ToolCalls = append(message.ToolCalls, agents.ToolCall{ID: call.ID, Name: call.Name})
			}
			to := &message.ToolCalls[call.Index]
			to.Arguments = append(to.Arguments, call.Arguments...)
		}
	}
	return message
}

func TestStream(t *testing.T) {
	t.Parallel()
	e := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("X-Request-Id", "req_1")
		fmt.Fprint(w, events(delta(`{"role":"assistant","content":""}`), delta(`{"content":"Fo"}`)))
		w.(http.Flusher).Flush()
		fmt.Fprint(w, ": beat\n\n", events(delta(`{"content":"ur."}`), finish("stop"), told, "[DONE]"))
	})
	p := connect(t, e.URL)
	for range 2 {
		pieces, got, err := stream(t.Context(), p, full())
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(pieces, []provider.Delta{{Text: "Fo"}, {Text: "ur."}}) {
			t.Errorf("pieces %+v", pieces)
		}
		if got.Message.Text != "Four." || got.StopReason != provider.StopEnd || got.RequestID != "req_1" {
			t.Errorf("response %+v", got)
		}
		if got.FirstToken <= 0 || got.Latency < got.FirstToken {
			t.Errorf("first token %v, latency %v", got.FirstToken, got.Latency)
		}
		if got.Usage != (provider.Tokens{Input: 10, Output: 3, CacheRead: 2}) || got.UsageMissing {
			t.Errorf("usage %+v", got.Usage)
		}
	}
	options, _ := json.Marshal(e.body["stream_options"])
	if e.body["stream"] != true || string(options) != `{"include_usage":true}` {
		t.Errorf("sent %v", e.body)
	}
}

func TestStreamedToolCalls(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		deltas []string
		want   string
	}{
		"two, by index": {[]string{
			`{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"sum","arguments":""}}]}`,
			`{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}},{"index":1,"id":"b","function":{"name":"max","arguments":"{}"}}]}`,
			`{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}`,
		}, `[{"id":"a","name":"sum","arguments":{"x":1}},{"id":"b","name":"max","arguments":{}}]`},
		"the same index, other ids": {[]string{
			`{"tool_calls":[{"index":0,"id":"a","function":{"name":"sum","arguments":"{}"}}]}`,
			`{"tool_calls":[{"index":0,"id":"b","function":{"name":"max","arguments":"{}"}}]}`,
		}, `[{"id":"a","name":"sum","arguments":{}},{"id":"b","name":"max","arguments":{}}]`},
		"no index": {[]string{
			`{"tool_calls":[{"id":"a","function":{"name":"sum","arguments":"{"}}]}`, `{"tool_calls":[{"function":{"arguments":"}"}}]}`,
		}, `[{"id":"a","name":"sum","arguments":{}}]`},
		"the id each time": {[]string{
			`{"tool_calls":[{"index":0,"id":"a","function":{"name":"sum","arguments":"{"}}]}`, `{"tool_calls":[{"index":0,"id":"a","function":{"arguments":"}"}}]}`,
		}, `[{"id":"a","name":"sum","arguments":{}}]`},
		"no id, a late name": {[]string{
			`{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}`, `{"tool_calls":[{"index":0,"function":{"name":"sum","arguments":"}"}}]}`,
		}, `[{"id":"call_3_0","name":"sum","arguments":{}}]`},
		"an index that is high": {[]string{
			`{"tool_calls":[{"index":7,"id":"a","function":{"name":"sum","arguments":"{}"}}]}`,
		}, `[{"id":"a","name":"sum","arguments":{}}]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lines []string
			for _, d := range c.deltas {
				lines = append(lines, delta(d))
			}
			text := events(append(lines, finish("stop"), told, "[DONE]")...)
			pieces, got, err := stream(t.Context(), streaming(t, func() io.Reader { return strings.NewReader(text) }), full())
			if err != nil {
				t.Fatal(err)
			}
			calls, _ := json.Marshal(got.Message.ToolCalls)
			if string(calls) != c.want || got.StopReason != provider.StopToolCalls {
				t.Errorf("calls %s, %s", calls, got.StopReason)
			}
			if joined, _ := json.Marshal(join(t, pieces).ToolCalls); string(joined) != c.want {
				t.Errorf("handed over %s", joined)
			}
		})
	}
}

// What ends otherwise than it should is no answer.
func TestStreamsThatAreNoAnswer(t *testing.T) {
	t.Parallel()
	begin := delta(`{"content":"Fo"}`)
	errorIn := func(code, kind string) string {
		return events(begin, fmt.Sprintf(`{"error":{"message":"Because of %s.","type":%q,"code":%s}}`, key, kind, code))
	}
	for name, c := range map[string]struct {
		text  string
		class provider.Class
		begun bool
		code  string
	}{
		"nothing":                   {"", provider.ClassBadResponse, false, ""},
		"no DONE":                   {events(begin, finish("stop"), told), provider.ClassBadResponse, true, ""},
		"DONE without its end":      {events(begin, finish("stop"), told) + "data: [DONE]\n", provider.ClassBadResponse, true, ""},
		"no finish_reason":          {events(begin, told, "[DONE]"), provider.ClassBadResponse, true, ""},
		"only DONE":                 {events("[DONE]"), provider.ClassBadResponse, false, ""},
		"no JSON":                   {events(begin, "{"), provider.ClassBadResponse, true, ""},
		"more after the end":        {events(begin, finish("stop"), begin, "[DONE]"), provider.ClassBadResponse, true, ""},
		"two reasons":               {events(begin, finish("stop"), finish("length"), "[DONE]"), provider.ClassBadResponse, true, ""},
		"a call without a name":     {events(delta(`{"tool_calls":[{"index":0,"id":"a"}]}`), finish("stop"), "[DONE]"), provider.ClassBadResponse, false, ""},
		"an index that cannot be":   {events(delta(`{"tool_calls":[{"index":-1,"id":"a"}]}`), finish("stop"), "[DONE]"), provider.ClassBadResponse, false, ""},
		"throttled":                 {errorIn(`"rate_limit_exceeded"`, "requests"), provider.ClassThrottled, true, "rate_limit_exceeded"},
		"quota":                     {errorIn(`"insufficient_quota"`, "insufficient_quota"), provider.ClassQuota, true, "insufficient_quota"},
		"internal":                  {errorIn(`null`, "server_error"), provider.ClassInternal, true, "server_error"},
		"overloaded":                {errorIn(`null`, "overloaded_error"), provider.ClassUnavailable, true, "overloaded_error"},
		"a status for a code":       {errorIn(`503`, "x"), provider.ClassUnavailable, true, "503"},
		"timeout":                   {errorIn(`"timeout"`, "x"), provider.ClassTimeout, true, "timeout"},
		"invalid":                   {errorIn(`"context_length_exceeded"`, "invalid_request_error"), provider.ClassInvalid, true, "context_length_exceeded"},
		"access":                    {errorIn(`"x"`, "authentication_error"), provider.ClassAccess, true, "x"},
		"unknown":                   {errorIn(`"x"`, "y"), provider.ClassInternal, true, "x"},
		"an error that is a text":   {events(`{"error":"no"}`), provider.ClassInternal, false, ""},
		"an event of that name":     {"event: error\ndata: {\"message\":\"no\",\"code\":\"timeout\"}\n\n", provider.ClassTimeout, false, "timeout"},
		"an error in such an event": {"event: error\ndata: {\"error\":{\"message\":\"no\",\"code\":429}}\n\n", provider.ClassThrottled, false, "429"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := stream(t.Context(), streaming(t, func() io.Reader { return strings.NewReader(c.text) }), full())
			var failed *provider.Error
			if !errors.As(err, &failed) {
				t.Fatalf("error %v", err)
			}
			if failed.Class != c.class || failed.Begun != c.begun || failed.Code != c.code || failed.NotCharged || failed.Status != http.StatusOK {
				t.Errorf("failure %+v", failed)
			}
			if failed.Message == "" || strings.Contains(failed.Error(), key) {
				t.Errorf("message %q", failed.Message)
			}
		})
	}
}

func TestAReplayedEndIsTheSameEnd(t *testing.T) {
	t.Parallel()
	text := events(delta(`{"content":"a"}`), finish("length"), finish("length"), told, told, "[DONE]", "[DONE]")
	_, got, err := stream(t.Context(), streaming(t, func() io.Reader { return strings.NewReader(text) }), full())
	if err != nil || got.StopReason != provider.StopLength || got.Usage.Output != 3 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAStreamWithoutUsage(t *testing.T) {
	t.Parallel()
	text := events(delta(`{"content":"a"}`), finish("stop"), "[DONE]")
	_, got, err := stream(t.Context(), streaming(t, func() io.Reader { return strings.NewReader(text) }), full())
	if err != nil || !got.UsageMissing || got.Usage != (provider.Tokens{}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestOneDocumentIsNoStream(t *testing.T) {
	t.Parallel()
	e := serve(t, say(answered))
	_, _, err := stream(t.Context(), connect(t, e.URL), full())
	var failed *provider.Error
	if !errors.As(err, &failed) || failed.Class != provider.ClassBadResponse || failed.NotCharged {
		t.Errorf("%+v", err)
	}
}

func TestStreamsThatBreak(t *testing.T) {
	t.Parallel()
	begun := events(delta(`{"content":"Fo"}`))
	for name, c := range map[string]struct {
		rest    func(conn io.Writer, gone <-chan struct{})
		timeout time.Duration
		cancel  bool
		class   provider.Class
	}{
		"cut":       {rest: func(io.Writer, <-chan struct{}) {}, class: provider.ClassUnavailable},
		"too slow":  {rest: func(_ io.Writer, gone <-chan struct{}) { <-gone }, timeout: 300 * time.Millisecond, class: provider.ClassTimeout},
		"cancelled": {rest: func(_ io.Writer, gone <-chan struct{}) { <-gone }, cancel: true, class: provider.ClassCancelled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			e := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				fmt.Fprint(w, begun)
				w.(http.Flusher).Flush()
				c.rest(w, r.Context().Done())
				panic(http.ErrAbortHandler)
			})
			p := connect(t, e.URL, func(o *openai.Options) { o.Timeout = c.timeout })
			_, err := p.Stream(ctx, full(), func(provider.Delta) error {
				if c.cancel {
					cancel()
				}
				return nil
			})
			var failed *provider.Error
			if !errors.As(err, &failed) || failed.Class != c.class || !failed.Begun || failed.NotCharged {
				t.Errorf("failure %+v", err)
			}
			if e.calls.Load() != 1 {
				t.Errorf("it was sent %d times", e.calls.Load())
			}
		})
	}
}

func TestNobodyTakesThePieces(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	text := events(delta(`{"content":"a"}`), delta(`{"content":"b"}`), finish("stop"), told, "[DONE]")
	taken := 0
	_, err := streaming(t, func() io.Reader { return strings.NewReader(text) }).Stream(t.Context(), full(), func(provider.Delta) error {
		taken++
		return gone
	})
	var failed *provider.Error
	if !errors.As(err, &failed) || failed.Class != provider.ClassCancelled || !failed.Begun || !errors.Is(err, gone) || taken != 1 {
		t.Errorf("after %d: %+v", taken, err)
	}
}

// The reading waits for who takes the pieces.
func TestStreamsHoldBack(t *testing.T) {
	t.Parallel()
	read := 0
	lines := []string{delta(`{"content":"a"}`), delta(`{"content":"b"}`), delta(`{"content":"c"}`), finish("stop"), "[DONE]"}
	body := func() io.Reader {
		var readers []io.Reader
		for _, line := range lines {
			readers = append(readers, readerFunc(func(p []byte) (int, error) {
				read++
				return copy(p, events(line)), io.EOF
			}))
		}
		return io.MultiReader(readers...)
	}
	pieces := 0
	_, err := streaming(t, body).Stream(t.Context(), full(), func(provider.Delta) error {
		if pieces++; read != pieces {
			t.Errorf("%d events were read before piece %d was taken", read, pieces)
		}
		return nil
	})
	if err != nil || pieces != 3 {
		t.Errorf("%d pieces, %v", pieces, err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
