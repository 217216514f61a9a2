package bedrock_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"reflect"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/eventstream"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/bedrock"
)

// roundTrip is a connection that answers by itself.
type roundTrip func(*http.Request) (*http.Response, error)

func (r roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return r(req) }

// streaming is a provider whose endpoint streams body.
func streaming(tb testing.TB, body func() io.Reader) *bedrock.Provider {
	tb.Helper()
	p, err := bedrock.New(tb.Context(), bedrock.Options{
		Region: "eu-west-1", Credentials: aws.CredentialsProviderFunc(keys),
		Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			if req.GetBody != nil {
				tb.Error("the request can be sent again behind our back")
			}
			if a := req.Header.Get("Amz-Sdk-Request"); a != "attempt=1; max=1" {
				tb.Errorf("Amz-Sdk-Request %q", a)
			}
			return &http.Response{
				StatusCode: http.StatusOK, ContentLength: -1, Request: req, Body: io.NopCloser(body()),
				Header: http.Header{"Content-Type": {"application/vnd.amazon.eventstream"}, "X-Amzn-Requestid": {"req-1"}},
			}, nil
		}),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func keys(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}, nil
}

// frame is one message on the wire: kind is event, exception or error.
func frame(kind, of, payload string) []byte {
	var message eventstream.Message
	set := func(name, value string) { message.Headers.Set(name, eventstream.StringValue(value)) }
	set(":message-type", kind)
	switch kind {
	case "error":
		set(":error-code", of)
		set(":error-message", payload)
	default:
		set(":"+kind+"-type", of)
		set(":content-type", "application/json")
		message.Payload = []byte(payload)
	}
	var out bytes.Buffer
	if err := eventstream.NewEncoder().Encode(&out, message); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func event(of, payload string) []byte { return frame("event", of, payload) }

func text(block int, text string) []byte {
	quoted, _ := json.Marshal(text)
	return event("contentBlockDelta", fmt.Sprintf(`{"contentBlockIndex":%d,"delta":{"text":%s}}`, block, quoted))
}

func use(block int, id, name string) []byte {
	return event("contentBlockStart", fmt.Sprintf(`{"contentBlockIndex":%d,"start":{"toolUse":{"toolUseId":%q,"name":%q}}}`, block, id, name))
}

func input(block int, fragment string) []byte {
	quoted, _ := json.Marshal(fragment)
	return event("contentBlockDelta", fmt.Sprintf(`{"contentBlockIndex":%d,"delta":{"toolUse":{"input":%s}}}`, block, quoted))
}

func stop(reason string) []byte { return event("messageStop", `{"stopReason":"`+reason+`"}`) }

var (
	start    = event("messageStart", `{"role":"assistant"}`)
	metadata = event("metadata", `{"usage":{"inputTokens":20,"outputTokens":7,"totalTokens":130,"cacheReadInputTokens":100,"cacheWriteInputTokens":3},"metrics":{"latencyMs":551}}`)
)

func frames(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func stream(ctx context.Context, p *bedrock.Provider, req provider.Request) (pieces []provider.Delta, response provider.Response, err error) {
	response, err = p.Stream(ctx, req, func(d provider.Delta) error {
		pieces = append(pieces, d)
		return nil
	})
	return pieces, response, err
}

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

// whole is an answer with everything in it.
func whole() []byte {
	return frames(start, text(0, "I ad"), text(0, "d: Привет 🙂."), event("contentBlockStop", `{"contentBlockIndex":0}`),
		event("contentBlockDelta", `{"contentBlockIndex":1,"delta":{"reasoningContent":{"text":"hm"}}}`), text(2, "Twice."),
		use(3, "t1", "sum"), input(3, `{"x":`), input(3, `[1.50,12345678901234567890]}`), use(4, "t2", "sum"),
		event("contentBlockStop", `{"contentBlockIndex":4}`), event("somethingNew", `{}`), stop("tool_use"), metadata)
}

func checkWhole(t *testing.T, how string, pieces []provider.Delta, got provider.Response, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", how, err)
	}
	calls, _ := json.Marshal(got.Message.ToolCalls)
	if got.Message.Text != "I add: Привет 🙂.\nTwice." || got.StopReason != provider.StopToolCalls ||
		string(calls) != `[{"id":"t1","name":"sum","arguments":{"x":[1.50,12345678901234567890]}},{"id":"t2","name":"sum","arguments":{}}]` {
		t.Fatalf("%s: %+v, calls %s", how, got, calls)
	}
	if got.Usage != (provider.Tokens{Input: 20, Output: 7, CacheRead: 100, CacheWrite: 3}) || got.UsageMissing {
		t.Fatalf("%s: usage %+v", how, got.Usage)
	}
	joined := join(t, pieces)
	if joined.Text != got.Message.Text || len(joined.ToolCalls) != 2 || string(joined.ToolCalls[0].Arguments) != `{"x":[1.50,12345678901234567890]}` {
		t.Fatalf("%s: handed over %+v", how, joined)
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	e := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
		w.Header().Set("X-Amzn-Requestid", "req-1")
		_, _ = w.Write(whole())
	})
	p := connect(t, e.URL, 0)
	pieces, got, err := stream(t.Context(), p, full())
	checkWhole(t, "over the wire", pieces, got, err)
	if got.RequestID != "req-1" || got.FirstToken <= 0 || got.Latency < got.FirstToken {
		t.Errorf("response %+v", got)
	}
	if _, err := p.Converse(t.Context(), full()); err == nil {
		t.Error("a stream was taken for one document")
	}
	same(t, e.sent()[0], e.sent()[1])
}

func TestEveryCutOfTheBytes(t *testing.T) {
	t.Parallel()
	all := whole()
	var in io.Reader
	p := streaming(t, func() io.Reader { return in })
	check := func(how string) {
		pieces, got, err := stream(t.Context(), p, full())
		checkWhole(t, how, pieces, got, err)
	}
	in = iotest.OneByteReader(bytes.NewReader(all))
	check("by byte")
	for at := range all {
		in = io.MultiReader(bytes.NewReader(all[:at]), bytes.NewReader(all[at:]))
		check(fmt.Sprintf("split at %d", at))
	}
	for seed := range uint64(50) {
		in = atRandom(all, seed)
		check(fmt.Sprintf("seed %d", seed))
	}
	for at := range all {
		in = bytes.NewReader(all[:at])
		var failed *provider.Error
		if _, _, err := stream(t.Context(), p, full()); !errors.As(err, &failed) || failed.Class != provider.ClassBadResponse || failed.NotCharged {
			t.Fatalf("cut at %d: %+v", at, err)
		}
	}
	for at := range all {
		flipped := bytes.Clone(all)
		flipped[at] ^= 0x10
		in = bytes.NewReader(flipped)
		var failed *provider.Error
		if _, _, err := stream(t.Context(), p, full()); !errors.As(err, &failed) || failed.Class != provider.ClassBadResponse {
			t.Fatalf("a bit flipped in byte %d: %+v", at, err)
		}
	}
}

func atRandom(all []byte, seed uint64) io.Reader {
	draw := rand.New(rand.NewPCG(seed, 7))
	var readers []io.Reader
	for len(all) > 0 {
		n := 1 + draw.IntN(min(len(all), 200))
		readers = append(readers, bytes.NewReader(all[:n]))
		all = all[n:]
	}
	return io.MultiReader(readers...)
}

func TestStreamsThatAreNoAnswer(t *testing.T) {
	t.Parallel()
	begin := frames(start, text(0, "Fo"))
	end := stop("end_turn")
	told := func(name string) []byte {
		return frames(begin, frame("exception", name, `{"message":"Because of that."}`))
	}
	for name, c := range map[string]struct {
		body  []byte
		class provider.Class
		begun bool
		code  string
	}{
		"nothing":                 {nil, provider.ClassBadResponse, false, ""},
		"no messageStop":          {frames(begin, metadata), provider.ClassBadResponse, true, ""},
		"no metadata":             {frames(begin, end), provider.ClassBadResponse, true, ""},
		"text after the end":      {frames(begin, end, text(0, "ur."), metadata), provider.ClassBadResponse, true, ""},
		"a block after the end":   {frames(begin, end, metadata, use(1, "t", "sum")), provider.ClassBadResponse, true, ""},
		"two ends":                {frames(begin, end, stop("max_tokens"), metadata), provider.ClassBadResponse, true, ""},
		"an end three times":      {frames(begin, end, end, end, metadata), provider.ClassBadResponse, true, ""},
		"two usages":              {frames(begin, end, metadata, event("metadata", `{"usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}`)), provider.ClassBadResponse, true, ""},
		"a piece of no call":      {frames(start, input(0, "{}"), end, metadata), provider.ClassBadResponse, false, ""},
		"a call without a name":   {frames(start, use(0, "t", ""), end, metadata), provider.ClassBadResponse, false, ""},
		"a block twice":           {frames(start, use(0, "t", "sum"), use(0, "u", "sum"), end, metadata), provider.ClassBadResponse, true, ""},
		"no JSON":                 {frames(begin, event("contentBlockDelta", `{`), end, metadata), provider.ClassBadResponse, true, ""},
		"an unknown message type": {frames(begin, frame("riddle", "x", `{}`)), provider.ClassBadResponse, true, ""},
		"throttled":               {told("throttlingException"), provider.ClassThrottled, true, "ThrottlingException"},
		"model stream error":      {told("modelStreamErrorException"), provider.ClassInternal, true, "ModelStreamErrorException"},
		"internal":                {told("internalServerException"), provider.ClassInternal, true, "InternalServerException"},
		"unavailable":             {told("serviceUnavailableException"), provider.ClassUnavailable, true, "ServiceUnavailableException"},
		"validation":              {told("validationException"), provider.ClassInvalid, true, "ValidationException"},
		"model timeout":           {told("modelTimeoutException"), provider.ClassTimeout, true, "ModelTimeoutException"},
		"not ready":               {told("modelNotReadyException"), provider.ClassNotReady, true, "ModelNotReadyException"},
		"access":                  {told("accessDeniedException"), provider.ClassAccess, true, "AccessDeniedException"},
		"quota":                   {told("serviceQuotaExceededException"), provider.ClassQuota, true, "ServiceQuotaExceededException"},
		"unknown":                 {told("oddException"), provider.ClassInternal, true, "OddException"},
		"before any piece":        {frame("exception", "throttlingException", `{"message":"Because of that."}`), provider.ClassThrottled, false, "ThrottlingException"},
		"an error message":        {frames(begin, frame("error", "InternalFailure", "Because of that.")), provider.ClassInternal, true, "InternalFailure"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := stream(t.Context(), streaming(t, func() io.Reader { return bytes.NewReader(c.body) }), full())
			var failed *provider.Error
			if !errors.As(err, &failed) {
				t.Fatalf("error %v", err)
			}
			if failed.Class != c.class || failed.Begun != c.begun || failed.Code != c.code || failed.NotCharged || failed.Status != http.StatusOK {
				t.Errorf("failure %+v", failed)
			}
			if c.code != "" && failed.Message != "Because of that." || failed.Message == "" {
				t.Errorf("message %q", failed.Message)
			}
			if c.class == provider.ClassNotReady && failed.RetryAfter != 5*time.Second {
				t.Errorf("retry after %v", failed.RetryAfter)
			}
		})
	}
}

func TestAReplayedEndIsTheSameEnd(t *testing.T) {
	t.Parallel()
	body := frames(start, text(0, "a"), stop("max_tokens"), stop("max_tokens"), metadata, metadata)
	_, got, err := stream(t.Context(), streaming(t, func() io.Reader { return bytes.NewReader(body) }), full())
	if err != nil || got.StopReason != provider.StopLength || got.Usage.Output != 7 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAStreamWithoutUsage(t *testing.T) {
	t.Parallel()
	for _, told := range []string{`{}`, `{"usage":{"inputTokens":1}}`, `{"usage":{"inputTokens":-1,"outputTokens":2,"totalTokens":1}}`} {
		body := frames(start, text(0, "a"), stop("end_turn"), event("metadata", told))
		_, got, err := stream(t.Context(), streaming(t, func() io.Reader { return bytes.NewReader(body) }), full())
		if err != nil || !got.UsageMissing || got.Usage != (provider.Tokens{}) {
			t.Errorf("%s: %+v, %v", told, got, err)
		}
	}
}

func TestStreamsThatBreak(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rest    func(gone <-chan struct{})
		timeout time.Duration
		cancel  bool
		class   provider.Class
	}{
		"cut":       {rest: func(<-chan struct{}) {}, class: provider.ClassUnavailable},
		"too slow":  {rest: func(gone <-chan struct{}) { <-gone }, timeout: 500 * time.Millisecond, class: provider.ClassTimeout},
		"cancelled": {rest: func(gone <-chan struct{}) { <-gone }, cancel: true, class: provider.ClassCancelled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			e := serve(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = w.Write(frames(start, text(0, "Fo")))
				w.(http.Flusher).Flush()
				c.rest(r.Context().Done())
				panic(http.ErrAbortHandler)
			})
			_, err := connect(t, e.URL, c.timeout).Stream(ctx, full(), func(provider.Delta) error {
				if c.cancel {
					cancel()
				}
				return nil
			})
			var failed *provider.Error
			if !errors.As(err, &failed) || failed.Class != c.class || !failed.Begun || failed.NotCharged {
				t.Errorf("failure %+v", err)
			}
			if n := len(e.sent()); n != 1 {
				t.Errorf("it was sent %d times", n)
			}
		})
	}
}

func TestNobodyTakesThePieces(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	taken := 0
	_, err := streaming(t, func() io.Reader { return bytes.NewReader(whole()) }).Stream(t.Context(), full(), func(provider.Delta) error {
		taken++
		return gone
	})
	var failed *provider.Error
	if !errors.As(err, &failed) || failed.Class != provider.ClassCancelled || !failed.Begun || !errors.Is(err, gone) || taken != 1 {
		t.Errorf("after %d: %+v", taken, err)
	}
}

func FuzzEventStream(f *testing.F) {
	f.Add(whole())
	f.Add(frames(start, text(0, "a"), stop("end_turn"), metadata))
	f.Add(frames(start, frame("exception", "throttlingException", `{}`)))
	f.Add(frame("error", "x", "y"))
	var in []byte
	var oneByOne bool
	p := streaming(f, func() io.Reader {
		if oneByOne {
			return iotest.OneByteReader(bytes.NewReader(in))
		}
		return bytes.NewReader(in)
	})
	f.Fuzz(func(t *testing.T, body []byte) {
		in, oneByOne = body, false
		pieces, got, err := stream(t.Context(), p, full())
		oneByOne = true
		_, again, err2 := stream(t.Context(), p, full())
		if (err == nil) != (err2 == nil) || !reflect.DeepEqual(got.Message, again.Message) || got.Usage != again.Usage {
			t.Fatalf("whole: %+v, %v; by byte: %+v, %v", got, err, again, err2)
		}
		var failed *provider.Error
		if err != nil && (!errors.As(err, &failed) || failed.Begun != (len(pieces) > 0) || failed.NotCharged) {
			t.Fatalf("after %d pieces: %+v", len(pieces), err)
		}
		if err == nil {
			if _, err := json.Marshal(got); err != nil {
				t.Errorf("an answer that cannot be stored: %v", err)
			}
		}
	})
}
