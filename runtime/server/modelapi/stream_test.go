package modelapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/server/modelapi"
	"github.com/quaestor-run/quaestor/runtime/server/modelapi/modelapitest"
)

const streamed = `{"stream":true,"model":"double","messages":[{"role":"user","content":"hello there"}]}`

var anyID = regexp.MustCompile(`chatcmpl-[A-Z0-9]{26}`)

func wantEvents(t *testing.T, got []string, want ...string) {
	t.Helper()
	for i := range got {
		got[i] = anyID.ReplaceAllString(got[i], "ID")
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// chunkOf is a chunk with choices.
func chunkOf(choices string) string {
	return `data: {"id":"ID","object":"chat.completion.chunk","created":1893553445,"model":"double","choices":[` + choices + `]}`
}

func deltaOf(delta string) string {
	return chunkOf(`{"index":0,"delta":` + delta + `,"logprobs":null,"finish_reason":null}`)
}

func finished(reason string) string {
	return chunkOf(`{"index":0,"delta":{},"logprobs":null,"finish_reason":"` + reason + `"}`)
}

func TestStreamToTheLetter(t *testing.T) {
	t.Parallel()
	w := setup(t)
	events, err := w.open(t.Context(), streamed).all()
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	wantEvents(t, events, deltaOf(`{"role":"assistant","content":""}`), deltaOf(`{"content":"hello "}`), deltaOf(`{"content":"there"}`),
		finished("stop"), "data: [DONE]")
}

func TestStreamTellsUsageAndTrailers(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.models.Script = func(context.Context, gateway.Call) (gateway.Result, bool, error) {
		result := modelapitest.Text("known already") // nothing is emitted
		result.Model, result.Cached, result.Left = "fallback", true, ledger.Left{Tokens: 5, NanoUSD: 1}
		return result, true, nil
	}
	stream := w.open(t.Context(), strings.Replace(streamed, "{", `{"stream_options":{"include_usage":true},`, 1))
	events, _ := stream.all()
	counted := func(event string) string { return strings.TrimSuffix(event, "}") + `,"usage":null}` }
	wantEvents(t, events,
		counted(deltaOf(`{"role":"assistant","content":""}`)), counted(deltaOf(`{"content":"known already"}`)), counted(finished("stop")),
		strings.TrimSuffix(chunkOf(""), "}")+`,"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":2}}}`,
		"data: [DONE]")
	for name, want := range map[string]string{
		"X-Quaestor-Model": "fallback", "X-Quaestor-Cache": "hit", "X-Quaestor-Remaining-Tokens": "5", "X-Quaestor-Remaining-Usd": "0.000000001",
	} {
		if got := stream.response.Trailer.Get(name); got != want {
			t.Errorf("trailer %s is %q, want %q", name, got, want)
		}
	}
}

func TestStreamOfToolCalls(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.models.Script = func(_ context.Context, call gateway.Call) (gateway.Result, bool, error) {
		for _, d := range []provider.ToolCallDelta{{Index: 0, ID: "c1", Name: "sum"}, {Index: 0, Arguments: `{"x"`}, {Index: 0, Arguments: `:1}`}, {Index: 1, ID: "c2", Name: "now", Arguments: "{}"}} {
			if err := call.Emit(provider.Delta{ToolCall: &d}); err != nil {
				return gateway.Result{}, true, err
			}
		}
		result := modelapitest.Text("")
		result.Response.StopReason = provider.StopToolCalls
		result.Response.Message.ToolCalls = []agents.ToolCall{{ID: "c1", Name: "sum", Arguments: json.RawMessage(`{"x":1}`)}, {ID: "c2", Name: "now"}}
		return result, true, nil
	}
	events, _ := w.open(t.Context(), streamed).all()
	wantEvents(t, events, deltaOf(`{"role":"assistant","content":""}`),
		deltaOf(`{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"sum","arguments":""}}]}`),
		deltaOf(`{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\""}}]}`),
		deltaOf(`{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}`),
		deltaOf(`{"tool_calls":[{"index":1,"id":"c2","type":"function","function":{"name":"now","arguments":"{}"}}]}`),
		finished("tool_calls"), "data: [DONE]")
}

func TestStreamOfChoices(t *testing.T) {
	t.Parallel()
	w := setup(t)
	events, _ := w.open(t.Context(), strings.Replace(streamed, "{", `{"n":2,`, 1)).all()
	if len(events) != 2*4+1 || events[8] != "data: [DONE]" {
		t.Fatalf("events %q", events)
	}
	for i := range 2 {
		text := ""
		for _, event := range events[:8] {
			var chunk struct {
				Choices []struct {
					Index int
					Delta struct{ Content string }
				}
			}
			if err := json.Unmarshal([]byte(strings.TrimPrefix(event, "data: ")), &chunk); err != nil {
				t.Fatal(err)
			}
			if chunk.Choices[0].Index == i {
				text += chunk.Choices[0].Delta.Content
			}
		}
		if text != "hello there" {
			t.Errorf("choice %d is %q", i, text)
		}
	}
}

// endlessly emits until its caller is gone, and notes that.
func endlessly(gone chan<- error) func(context.Context, gateway.Call) (gateway.Result, bool, error) {
	return func(_ context.Context, call gateway.Call) (gateway.Result, bool, error) {
		for {
			if err := call.Emit(provider.Delta{Text: "more "}); err != nil {
				gone <- err
				return gateway.Result{}, true, modelapitest.Failed(provider.ClassCancelled)
			}
			time.Sleep(time.Millisecond)
		}
	}
}

func wantGone(t *testing.T, gone <-chan error) {
	t.Helper()
	select {
	case err := <-gone:
		if err == nil {
			t.Error("gone without an error")
		}
	case <-time.After(time.Minute):
		t.Fatal("the call was not told that its caller is gone")
	}
}

func TestAStreamThatBreaksIsAnErrorAndNoEnd(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.models.Script = func(_ context.Context, call gateway.Call) (gateway.Result, bool, error) {
		if err := call.Emit(provider.Delta{Text: "half "}); err != nil {
			t.Error(err)
		}
		return gateway.Result{}, true, modelapitest.Failed(provider.ClassUnavailable)
	}
	events, err := w.open(t.Context(), streamed).all()
	if !errors.Is(err, io.EOF) || len(events) != 3 {
		t.Fatalf("events %q, %v", events, err)
	}
	wantBody(t, strings.TrimPrefix(events[2], "data: "), "server_error", "", "unavailable")
}

func TestClientGoneEndsTheCall(t *testing.T) {
	t.Parallel()
	w := setup(t)
	gone := make(chan error, 1)
	w.models.Script = endlessly(gone)
	ctx, cancel := context.WithCancel(t.Context())
	stream := w.open(ctx, streamed)
	if _, err := stream.next(); err != nil {
		t.Fatal(err)
	}
	cancel()
	wantGone(t, gone)
	patience, release := context.WithTimeout(t.Context(), time.Minute)
	defer release()
	w.api.Wait(patience)
	if patience.Err() != nil {
		t.Error("the call is still under way")
	}
}

// Whoever goes away before the first piece is noticed as well.
func TestClientGoneBeforeTheFirstPiece(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ended, asked := make(chan error, 1), make(chan struct{})
	w.models.Script = func(ctx context.Context, _ gateway.Call) (gateway.Result, bool, error) {
		close(asked)
		<-ctx.Done()
		ended <- ctx.Err()
		return gateway.Result{}, true, modelapitest.Failed(provider.ClassCancelled)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if response, err := http.DefaultTransport.RoundTrip(w.request(ctx, http.MethodPost, "/v1/chat/completions", strings.NewReader(streamed))); err == nil {
		response.Body.Close()
		t.Error("an answer came")
	}
	wantGone(t, ended)
}

// An answer that is not streamed is let end, so that it is settled at its cost.
func TestClientGoneDoesNotCutAnAnswer(t *testing.T) {
	t.Parallel()
	w := setup(t)
	asked, proceed, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	w.models.Script = func(ctx context.Context, _ gateway.Call) (gateway.Result, bool, error) {
		close(asked)
		<-proceed
		ended <- ctx.Err()
		return gateway.Result{}, false, nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if response, err := http.DefaultTransport.RoundTrip(w.request(ctx, http.MethodPost, "/v1/chat/completions", strings.NewReader(hello))); err == nil {
		response.Body.Close()
		t.Error("an answer came")
	}
	time.Sleep(20 * time.Millisecond) // the server sees the end of the connection
	close(proceed)
	if err := <-ended; err != nil {
		t.Errorf("the call was cut: %v", err)
	}
}

func TestKeyRevokedInMidStream(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *modelapi.Options) { o.Recheck = 10 * time.Millisecond })
	gone := make(chan error, 1)
	w.models.Script = endlessly(gone)
	stream := w.open(t.Context(), streamed)
	if _, err := stream.next(); err != nil {
		t.Fatal(err)
	}
	if err := w.store.RevokeKey(t.Context(), w.keyID, now); err != nil {
		t.Fatal(err)
	}
	events, err := stream.all()
	if !errors.Is(err, io.EOF) || len(events) == 0 {
		t.Fatalf("events %q, %v", events, err)
	}
	wantBody(t, strings.TrimPrefix(events[len(events)-1], "data: "), "invalid_request_error", "", "invalid_api_key")
	wantGone(t, gone)
}

func TestHeartbeats(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *modelapi.Options) { o.Heartbeat = 10 * time.Millisecond })
	proceed := make(chan struct{})
	w.models.Script = func(context.Context, gateway.Call) (gateway.Result, bool, error) {
		<-proceed
		return gateway.Result{}, false, nil
	}
	stream := w.open(t.Context(), streamed) // the header comes with the first heartbeat
	for range 2 {
		if event, err := stream.next(); event != ": waiting for the model" || err != nil {
			t.Fatalf("event %q, %v", event, err)
		}
	}
	close(proceed)
	events, _ := stream.all()
	if events[len(events)-1] != "data: [DONE]" {
		t.Errorf("events %q", events)
	}
}

func TestSlowReaderHoldsUpTheModelAndThenIsCutOff(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *modelapi.Options) { o.Patience = 200 * time.Millisecond })
	gone := make(chan error, 1)
	w.models.Script = func(_ context.Context, call gateway.Call) (gateway.Result, bool, error) {
		big := strings.Repeat("x", 1<<20)
		for range 200 {
			if err := call.Emit(provider.Delta{Text: big}); err != nil {
				gone <- err
				return gateway.Result{}, true, modelapitest.Failed(provider.ClassCancelled)
			}
		}
		gone <- nil
		return modelapitest.Text(""), true, nil
	}
	connection, err := net.Dial("tcp", strings.TrimPrefix(w.server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	r := w.request(t.Context(), http.MethodPost, "/v1/chat/completions", strings.NewReader(streamed))
	if err := r.Write(connection); err != nil {
		t.Fatal(err)
	}
	wantGone(t, gone)
}
