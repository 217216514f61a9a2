package openai_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/openai"
	"github.com/quaestor-run/quaestor/tools"
)

const key = "sk-test-0123456789"

// endpoint is a double that speaks chat completions.
type endpoint struct {
	*httptest.Server
	calls atomic.Int64
	mu    sync.Mutex     // of body, while requests are under way
	body  map[string]any // of the last request
}

func serve(t *testing.T, answer http.HandlerFunc) *endpoint {
	t.Helper()
	e := &endpoint{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.calls.Add(1)
		if r.Method != http.MethodPost || r.URL.Path != "/v1/chat/completions" && r.URL.Path != "/v1/embeddings" || r.Header.Get("Authorization") != "Bearer "+key {
			t.Errorf("%s %s, authorization %q", r.Method, r.URL, r.Header.Get("Authorization"))
		}
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var body map[string]any
		if err := json.Unmarshal(text, &body); err != nil {
			t.Errorf("body %s: %v", text, err)
		}
		e.mu.Lock()
		e.body = body
		e.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(e.Close)
	return e
}

func connect(t *testing.T, url string, change ...func(*openai.Options)) *openai.Provider {
	t.Helper()
	options := openai.Options{BaseURL: url + "/v1/", APIKey: key, JSONSchema: true, Timeout: 10 * time.Second}
	for _, c := range change {
		c(&options)
	}
	p, err := openai.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func say(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Request-Id", "req_1")
		fmt.Fprint(w, body)
	}
}

const answered = `{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,
"message":{"role":"assistant","content":"Four."},"logprobs":null,"finish_reason":"stop"}],
"usage":{"prompt_tokens":120,"completion_tokens":7,"total_tokens":127,"prompt_tokens_details":{"cached_tokens":100}}}`

func zero() *float64 { z := 0.0; return &z }

func full() provider.Request {
	return provider.Request{
		Model: "m", System: "Be brief.", MaxTokens: 50, Temperature: zero(),
		Messages: []agents.Message{
			{Role: agents.RoleUser, Text: "2+2?"},
			{Role: agents.RoleAssistant, Text: "Let me see.", ToolCalls: []agents.ToolCall{{ID: "a", Name: "sum", Arguments: json.RawMessage(`{"x":[2,2]}`)}, {ID: "b", Name: "sum", Arguments: json.RawMessage(`{}`)}}},
			{Role: agents.RoleTool, ToolResults: []agents.ToolResult{{CallID: "a", Name: "sum", Value: json.RawMessage(`4`)}, {CallID: "b", Name: "sum", Error: "no \"x\""}}},
		},
		Tools:  []tools.Spec{{Name: "sum", Description: "Adds.", Input: json.RawMessage(`{"type":"object"}`)}},
		Output: json.RawMessage(`{"type":"object","properties":{"n":{"type":"number"}}}`),
	}
}

func TestConverse(t *testing.T) {
	t.Parallel()
	e := serve(t, say(answered))
	got, err := connect(t, e.URL).Converse(t.Context(), full())
	if err != nil {
		t.Fatal(err)
	}
	if got.Message.Text != "Four." || got.StopReason != provider.StopEnd || got.RequestID != "req_1" || got.Latency <= 0 {
		t.Errorf("response %+v", got)
	}
	if got.Usage != (provider.Tokens{Input: 20, Output: 7, CacheRead: 100}) || got.UsageMissing {
		t.Errorf("usage %+v", got.Usage)
	}
	sent, err := json.Marshal(e.body)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"max_tokens":50,"messages":[` +
		`{"content":"Be brief.\n\nAnswer with one JSON value and nothing around it. It must conform to this JSON Schema:\n{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"number\"}}}","role":"system"},` +
		`{"content":"2+2?","role":"user"},` +
		`{"content":"Let me see.","role":"assistant","tool_calls":[{"function":{"arguments":"{\"x\":[2,2]}","name":"sum"},"id":"a","type":"function"},{"function":{"arguments":"{}","name":"sum"},"id":"b","type":"function"}]},` +
		`{"content":"4","role":"tool","tool_call_id":"a"},` +
		`{"content":"{\"error\":\"no \\\"x\\\"\"}","role":"tool","tool_call_id":"b"}],` +
		`"model":"m","stream":false,"temperature":0,` +
		`"tools":[{"function":{"description":"Adds.","name":"sum","parameters":{"type":"object"}},"type":"function"}]}`
	if string(sent) != want {
		t.Errorf("sent\n%s\nwant\n%s", sent, want)
	}
}

func TestTheSchemaOfTheAnswer(t *testing.T) {
	t.Parallel()
	e := serve(t, say(answered))
	request := full()
	request.Tools, request.Messages = nil, request.Messages[:1]
	if _, err := connect(t, e.URL).Converse(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	format, _ := json.Marshal(e.body["response_format"])
	if want := `{"json_schema":{"name":"answer","schema":{"properties":{"n":{"type":"number"}},"type":"object"},"strict":false},"type":"json_schema"}`; string(format) != want {
		t.Errorf("response_format %s", format)
	}

	without := connect(t, e.URL, func(o *openai.Options) { o.JSONSchema = false })
	if _, err := without.Converse(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	system := e.body["messages"].([]any)[0].(map[string]any)["content"].(string)
	if e.body["response_format"] != nil || !strings.Contains(system, string(request.Output)) {
		t.Errorf("sent %v", e.body)
	}
	request.System = "Conform to " + string(request.Output)
	if _, err := without.Converse(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if system := e.body["messages"].([]any)[0].(map[string]any)["content"]; system != request.System {
		t.Errorf("the schema was told twice: %v", system)
	}
}

func TestReasoningModelsKnowTheOtherLimit(t *testing.T) {
	t.Parallel()
	e := serve(t, say(answered))
	_, err := connect(t, e.URL).Converse(t.Context(), provider.Request{Model: "gpt-5-mini", MaxTokens: 9, Messages: full().Messages[:1]})
	if err != nil || e.body["max_completion_tokens"] != 9.0 || e.body["max_tokens"] != nil {
		t.Errorf("sent %v, %v", e.body, err)
	}
	var failed *provider.Error
	_, err = connect(t, e.URL).Converse(t.Context(), provider.Request{Model: "gpt-5-mini", Temperature: zero(), Messages: full().Messages[:1]})
	if !errors.As(err, &failed) || failed.Class != provider.ClassInvalid || !failed.NotCharged || e.calls.Load() != 1 {
		t.Errorf("a temperature for a model without: %v", err)
	}
}

func TestToolCalls(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ calls, want string }{
		"plain":        {`{"id":"x","type":"function","function":{"name":"sum","arguments":"{\"a\":1}"}}`, `[{"id":"x","name":"sum","arguments":{"a":1}}]`},
		"no id":        {`{"type":"function","function":{"name":"sum","arguments":"{}"}}`, `[{"id":"call_3_0","name":"sum","arguments":{}}]`},
		"no arguments": {`{"id":"x","type":"function","function":{"name":"sum","arguments":""}}`, `[{"id":"x","name":"sum","arguments":{}}]`},
		"no JSON":      {`{"id":"x","type":"function","function":{"name":"sum","arguments":"}}{"}}`, `[{"id":"x","name":"sum","arguments":"}}{"}]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := serve(t, say(`{"choices":[{"message":{"role":"assistant","content":null,"tool_calls":[`+c.calls+`]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}`))
			got, err := connect(t, e.URL).Converse(t.Context(), full())
			if err != nil {
				t.Fatal(err)
			}
			calls, err := json.Marshal(got.Message.ToolCalls)
			if err != nil || string(calls) != c.want || got.StopReason != provider.StopToolCalls {
				t.Errorf("calls %s, stop %s, %v", calls, got.StopReason, err)
			}
		})
	}
}

func TestStopAndUsage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		finish, usage string
		stop          provider.StopReason
		missing       bool
	}{
		"length":                {"length", `{"prompt_tokens":1,"completion_tokens":1}`, provider.StopLength, false},
		"filtered":              {"content_filter", `{"prompt_tokens":1,"completion_tokens":0}`, provider.StopFiltered, false},
		"no usage":              {"stop", `null`, provider.StopEnd, true},
		"negative":              {"stop", `{"prompt_tokens":5,"completion_tokens":-1}`, provider.StopEnd, true},
		"more cached than sent": {"stop", `{"prompt_tokens":5,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":6}}`, provider.StopEnd, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := serve(t, say(`{"choices":[{"message":{"role":"assistant","content":"a"},"finish_reason":"`+c.finish+`"}],"usage":`+c.usage+`}`))
			got, err := connect(t, e.URL).Converse(t.Context(), full())
			if err != nil || got.StopReason != c.stop || got.UsageMissing != c.missing {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func refuse(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	const told = `{"error":{"message":"Because of %s.","type":"t","param":null,"code":%s}}`
	for name, c := range map[string]struct {
		status     int
		body       string
		class      provider.Class
		notCharged bool
		code       string
	}{
		"throttled":   {429, fmt.Sprintf(told, "haste", `"rate_limit_exceeded"`), provider.ClassThrottled, true, "rate_limit_exceeded"},
		"quota":       {429, fmt.Sprintf(told, "poverty", `"insufficient_quota"`), provider.ClassQuota, true, "insufficient_quota"},
		"payment":     {402, `{}`, provider.ClassQuota, true, ""},
		"key":         {401, fmt.Sprintf(told, key, `"invalid_api_key"`), provider.ClassAccess, true, "invalid_api_key"},
		"billing":     {429, fmt.Sprintf(told, "debt", `"billing_hard_limit_reached"`), provider.ClassQuota, true, "billing_hard_limit_reached"},
		"forbidden":   {403, `no`, provider.ClassAccess, true, ""},
		"bad request": {400, fmt.Sprintf(told, "nonsense", `null`), provider.ClassInvalid, true, "t"},
		"not found":   {404, `<html>`, provider.ClassInvalid, true, ""},
		"no model":    {404, fmt.Sprintf(told, "the model", `"model_not_found"`), provider.ClassInvalid, true, "model_not_found"},
		"unprocessed": {422, `{"detail":[]}`, provider.ClassInvalid, true, ""},
		"timeout":     {408, ``, provider.ClassTimeout, false, ""},
		"gateway":     {504, ``, provider.ClassTimeout, false, ""},
		"internal":    {500, fmt.Sprintf(told, "us", `"server_error"`), provider.ClassInternal, false, "server_error"},
		"bad gateway": {502, `<html>`, provider.ClassUnavailable, false, ""},
		"unavailable": {503, fmt.Sprintf(told, "rest", `503`), provider.ClassUnavailable, false, "503"},
		"overloaded":  {529, ``, provider.ClassUnavailable, false, ""},
		"redirect":    {307, ``, provider.ClassInvalid, true, ""},
		"not JSON":    {200, `<html>`, provider.ClassBadResponse, false, ""},
		"no choices":  {200, `{"choices":[]}`, provider.ClassBadResponse, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := serve(t, refuse(c.status, c.body))
			for sent, ask := range everyWay() {
				err := ask(t.Context(), connect(t, e.URL))
				var failed *provider.Error
				if !errors.As(err, &failed) {
					t.Fatalf("error %v", err)
				}
				if failed.Class != c.class || failed.NotCharged != c.notCharged || failed.Code != c.code || failed.Status != c.status || failed.Begun {
					t.Errorf("failure %+v", failed)
				}
				if strings.Contains(failed.Error(), key) || failed.Message == "" {
					t.Errorf("message %q", failed.Message)
				}
				if c.status >= 400 && failed.RetryAfter != 3*time.Second {
					t.Errorf("retry after %v", failed.RetryAfter)
				}
				if e.calls.Load() != int64(sent+1) {
					t.Errorf("it was sent %d times", e.calls.Load()-int64(sent))
				}
			}
		})
	}
}

// everyWay asks in each way there is.
func everyWay() []func(context.Context, *openai.Provider) error {
	return []func(context.Context, *openai.Provider) error{
		func(ctx context.Context, p *openai.Provider) error {
			_, err := p.Converse(ctx, full())
			return err
		},
		func(ctx context.Context, p *openai.Provider) error {
			_, err := p.Stream(ctx, full(), func(provider.Delta) error { return nil })
			return err
		},
		func(ctx context.Context, p *openai.Provider) error {
			_, err := p.Embed(ctx, provider.EmbedRequest{Model: "m", Texts: []string{"a"}})
			return err
		},
	}
}

func TestBrokenConnections(t *testing.T) {
	t.Parallel()
	cut := func(status string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			fmt.Fprint(conn, status)
			conn.Close()
		}
	}
	for name, c := range map[string]struct {
		answer  http.HandlerFunc
		timeout time.Duration
		cancel  bool
		class   provider.Class
		// streamed is the class of a stream, where it is another.
		streamed provider.Class
	}{
		"closed without an answer": {answer: cut(""), class: provider.ClassUnavailable},
		"cut in the answer":        {answer: cut("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"choices\":"), class: provider.ClassBadResponse, streamed: provider.ClassUnavailable},
		"cut in a refusal":         {answer: cut("HTTP/1.1 500 No\r\nContent-Length: 500\r\n\r\n{\"error\":"), class: provider.ClassInternal},
		"too slow":                 {answer: hang, timeout: 300 * time.Millisecond, class: provider.ClassTimeout},
		"cancelled":                {answer: hang, cancel: true, class: provider.ClassCancelled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var gone atomic.Pointer[context.CancelFunc]
			e := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if c.cancel {
					(*gone.Load())()
				}
				c.answer(w, r)
			})
			p := connect(t, e.URL, func(o *openai.Options) { o.Timeout = c.timeout })
			for sent, ask := range everyWay() {
				ctx, cancel := context.WithCancel(t.Context())
				gone.Store(&cancel)
				err := ask(ctx, p)
				cancel()
				var failed *provider.Error
				if !errors.As(err, &failed) || failed.Class != c.class && (sent != 1 || failed.Class != c.streamed) || failed.NotCharged || failed.Begun {
					t.Errorf("%d: failure %+v", sent, err)
				}
				if e.calls.Load() != int64(sent+1) {
					t.Errorf("it was sent %d times", e.calls.Load()-int64(sent))
				}
			}
		})
	}
}

// hang answers when the client is gone.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String()
	listener.Close()
	_, err = connect(t, address).Converse(t.Context(), full())
	var failed *provider.Error
	if !errors.As(err, &failed) || failed.Class != provider.ClassUnavailable || !failed.NotCharged {
		t.Errorf("failure %+v", err)
	}
}

func TestNewRefusesWhatIsNoURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"localhost:8000", "ftp://host/v1", "http://"} {
		if _, err := openai.New(openai.Options{BaseURL: url}); err == nil || !strings.Contains(err.Error(), url) {
			t.Errorf("%q: %v", url, err)
		}
	}
}
