package bedrock_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/bedrock"
	"github.com/quaestor-run/quaestor/tools"
)

const (
	model  = "global.anthropic.claude-sonnet-4-20250514-v1:0"
	titan  = "amazon.titan-embed-text-v2:0"
	cohere = "cohere.embed-multilingual-v3"
)

// served are the paths of the double.
var served = map[string]bool{
	"/model/" + model + "/converse": true, "/model/" + model + "/converse-stream": true, "/model/" + model + "/count-tokens": true,
	"/model/" + titan + "/invoke": true, "/model/" + cohere + "/invoke": true, "/model/amazon.titan-embed-text-v1/invoke": true,
}

// endpoint is a double that speaks Bedrock.
type endpoint struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
}

func serve(tb testing.TB, answer http.HandlerFunc) *endpoint {
	tb.Helper()
	e := &endpoint{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, err := url.PathUnescape(r.URL.EscapedPath())
		if err != nil || r.Method != http.MethodPost || !served[path] {
			tb.Errorf("%s %s", r.Method, r.URL)
		}
		if a := r.Header.Get("Authorization"); !strings.HasPrefix(a, "AWS4-HMAC-SHA256 Credential=AKID/") || !strings.Contains(a, "/eu-west-1/bedrock/") {
			tb.Errorf("authorization %q", a)
		}
		if a := r.Header.Get("Amz-Sdk-Request"); a != "attempt=1; max=1" {
			tb.Errorf("Amz-Sdk-Request %q", a)
		}
		text, err := io.ReadAll(r.Body)
		if err != nil {
			tb.Error(err)
		}
		e.mu.Lock()
		e.bodies = append(e.bodies, string(text))
		e.mu.Unlock()
		answer(w, r)
	}))
	tb.Cleanup(e.Close)
	return e
}

func (e *endpoint) sent() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.bodies
}

func connect(tb testing.TB, endpoint string, timeout time.Duration) *bedrock.Provider {
	tb.Helper()
	p, err := bedrock.New(tb.Context(), bedrock.Options{
		Region: "eu-west-1", Endpoint: endpoint, Timeout: timeout,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}, nil
		}),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func say(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Amzn-Requestid", "req-1")
		fmt.Fprint(w, body)
	}
}

const answered = `{"metrics":{"latencyMs":551},"output":{"message":{"content":[{"text":"Four."}],"role":"assistant"}},
"stopReason":"end_turn","usage":{"cacheReadInputTokens":100,"cacheWriteInputTokens":3,"inputTokens":20,"outputTokens":7,"totalTokens":130}}`

func full() provider.Request {
	temperature := 0.0
	return provider.Request{
		Model: model, System: "Be brief.", MaxTokens: 50, Temperature: &temperature,
		Messages: []agents.Message{
			{Role: agents.RoleUser, Text: "2+2?"},
			{Role: agents.RoleAssistant, Text: "Let me see.", ToolCalls: []agents.ToolCall{
				{ID: "a", Name: "sum", Arguments: json.RawMessage(`{"x":[2,12345678901234567890.25,null,true]}`)},
				{ID: "b", Name: "sum", Arguments: json.RawMessage(`"two"`)},
			}},
			{Role: agents.RoleTool, ToolResults: []agents.ToolResult{
				{CallID: "a", Name: "sum", Value: json.RawMessage(`4`)}, {CallID: "b", Name: "sum", Error: "no number"},
			}},
			{Role: agents.RoleUser, Text: "Go on."},
		},
		Tools:  []tools.Spec{{Name: "sum", Description: "Adds.", Input: json.RawMessage(`{"type":"object"}`)}},
		Output: json.RawMessage(`{"type":"object"}`),
	}
}

// same compares JSON texts by value, numbers digit by digit.
func same(t *testing.T, got, want string) {
	t.Helper()
	normal := func(text string) string {
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		var value any
		if err := decoder.Decode(&value); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		out, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	if normal(got) != normal(want) {
		t.Errorf("sent\n%s\nwant\n%s", normal(got), normal(want))
	}
}

func TestConverse(t *testing.T) {
	t.Parallel()
	e := serve(t, say(answered))
	got, err := connect(t, e.URL, 0).Converse(t.Context(), full())
	if err != nil {
		t.Fatal(err)
	}
	if got.Message.Text != "Four." || got.StopReason != provider.StopEnd || got.RequestID != "req-1" || got.Latency <= 0 {
		t.Errorf("response %+v", got)
	}
	if got.Usage != (provider.Tokens{Input: 20, Output: 7, CacheRead: 100, CacheWrite: 3}) || got.UsageMissing {
		t.Errorf("usage %+v", got.Usage)
	}
	same(t, e.sent()[0], `{
		"inferenceConfig": {"maxTokens": 50, "temperature": 0},
		"system": [{"text": "Be brief.\n\nAnswer with one JSON value and nothing around it. It must conform to this JSON Schema:\n{\"type\":\"object\"}"}],
		"messages": [
			{"role": "user", "content": [{"text": "2+2?"}]},
			{"role": "assistant", "content": [{"text": "Let me see."},
				{"toolUse": {"toolUseId": "a", "name": "sum", "input": {"x": [2, 12345678901234567890.25, null, true]}}},
				{"toolUse": {"toolUseId": "b", "name": "sum", "input": {"value": "two"}}}]},
			{"role": "user", "content": [
				{"toolResult": {"toolUseId": "a", "status": "success", "content": [{"text": "4"}]}},
				{"toolResult": {"toolUseId": "b", "status": "error", "content": [{"text": "no number"}]}},
				{"text": "Go on."}]}],
		"toolConfig": {"tools": [{"toolSpec": {"name": "sum", "description": "Adds.", "inputSchema": {"json": {"type": "object"}}}}]}}`)
}

// Bedrock refuses calls and results of tools where no tools are offered.
func TestATranscriptOfToolsWithoutTools(t *testing.T) {
	t.Parallel()
	e := serve(t, say(answered))
	request := full()
	request.Tools, request.Output, request.System = nil, nil, " "
	request.Messages = append(request.Messages, agents.Message{Role: agents.RoleAssistant, Text: " \n"})
	if _, err := connect(t, e.URL, 0).Converse(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	same(t, e.sent()[0], `{
		"inferenceConfig": {"maxTokens": 50, "temperature": 0},
		"messages": [
			{"role": "user", "content": [{"text": "2+2?"}]},
			{"role": "assistant", "content": [{"text": "Let me see."},
				{"text": "Called tool sum with {\"x\":[2,12345678901234567890.25,null,true]}"}, {"text": "Called tool sum with \"two\""}]},
			{"role": "user", "content": [{"text": "Tool sum gave: 4"}, {"text": "Tool sum gave: no number"}, {"text": "Go on."}]},
			{"role": "assistant", "content": [{"text": "(nothing)"}]}]}`)
}

func TestToolCalls(t *testing.T) {
	t.Parallel()
	e := serve(t, say(`{"output":{"message":{"role":"assistant","content":[{"text":"I add."},{"text":"Twice."},
		{"toolUse":{"toolUseId":"tooluse_1","name":"sum","input":{"n":12345678901234567890,"x":[1.50]}}},{"toolUse":{"toolUseId":"tooluse_2","name":"sum","input":{}}}]}},
		"stopReason":"tool_use","usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}`))
	got, err := connect(t, e.URL, 0).Converse(t.Context(), full())
	if err != nil {
		t.Fatal(err)
	}
	calls, err := json.Marshal(got.Message.ToolCalls)
	if err != nil {
		t.Fatal(err)
	}
	same(t, string(calls), `[{"id":"tooluse_1","name":"sum","arguments":{"n":12345678901234567890,"x":[1.50]}},{"id":"tooluse_2","name":"sum","arguments":{}}]`)
	if got.Message.Text != "I add.\nTwice." || got.StopReason != provider.StopToolCalls {
		t.Errorf("response %+v", got)
	}
}

func TestStopAndUsage(t *testing.T) {
	t.Parallel()
	const told = `"usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}`
	for name, c := range map[string]struct {
		stop, usage string
		want        provider.StopReason
		missing     bool
	}{
		"length":     {"max_tokens", told, provider.StopLength, false},
		"window":     {"model_context_window_exceeded", told, provider.StopLength, false},
		"guardrail":  {"guardrail_intervened", told, provider.StopFiltered, false},
		"sequence":   {"stop_sequence", told, provider.StopEnd, false},
		"no usage":   {"end_turn", `"metrics":{}`, provider.StopEnd, true},
		"half of it": {"end_turn", `"usage":{"inputTokens":1}`, provider.StopEnd, true},
		"negative":   {"end_turn", `"usage":{"inputTokens":-1,"outputTokens":1}`, provider.StopEnd, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := serve(t, say(`{"output":{"message":{"role":"assistant","content":[{"text":"a"}]}},"stopReason":"`+c.stop+`",`+c.usage+`}`))
			got, err := connect(t, e.URL, 0).Converse(t.Context(), full())
			if err != nil || got.StopReason != c.want || got.UsageMissing != c.missing {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status     int
		kind       string
		class      provider.Class
		notCharged bool
		retryAfter time.Duration
	}{
		"throttled":     {429, "ThrottlingException", provider.ClassThrottled, true, 3 * time.Second},
		"not ready":     {429, "ModelNotReadyException", provider.ClassNotReady, true, 5 * time.Second},
		"timeout":       {408, "ModelTimeoutException", provider.ClassTimeout, false, 3 * time.Second},
		"unavailable":   {503, "ServiceUnavailableException", provider.ClassUnavailable, false, 3 * time.Second},
		"internal":      {500, "InternalServerException", provider.ClassInternal, false, 3 * time.Second},
		"model error":   {424, "ModelErrorException", provider.ClassInternal, false, 3 * time.Second},
		"stream error":  {424, "ModelStreamErrorException", provider.ClassInternal, false, 3 * time.Second},
		"validation":    {400, "ValidationException", provider.ClassInvalid, true, 3 * time.Second},
		"not found":     {404, "ResourceNotFoundException", provider.ClassInvalid, true, 3 * time.Second},
		"access":        {403, "AccessDeniedException", provider.ClassAccess, true, 3 * time.Second},
		"expired":       {403, "ExpiredTokenException", provider.ClassAccess, true, 3 * time.Second},
		"quota":         {400, "ServiceQuotaExceededException", provider.ClassQuota, true, 3 * time.Second},
		"unknown 4xx":   {418, "TeapotException", provider.ClassInvalid, true, 3 * time.Second},
		"unknown 5xx":   {599, "OddException", provider.ClassInternal, false, 3 * time.Second},
		"a proxy's 502": {502, "", provider.ClassUnavailable, false, 3 * time.Second},
		"a proxy's 504": {504, "", provider.ClassTimeout, false, 3 * time.Second},
		"not an answer": {200, "", provider.ClassBadResponse, false, 3 * time.Second},
		"a redirect":    {307, "", provider.ClassBadResponse, false, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "3")
				w.Header().Set("Location", "/elsewhere")
				body := "<html>"
				if c.kind != "" {
					w.Header().Set("X-Amzn-Errortype", c.kind+":http://internal.amazon.com/coral/com.amazon.bedrock/")
					body = `{"message":"Because of that."}`
				}
				w.WriteHeader(c.status)
				fmt.Fprint(w, body)
			})
			for sent, ask := range everyWay() {
				err := ask(t.Context(), connect(t, e.URL, 0))
				var failed *provider.Error
				if !errors.As(err, &failed) {
					t.Fatalf("%d: error %v", sent, err)
				}
				if failed.Class != c.class || failed.NotCharged != c.notCharged || failed.Status != c.status || failed.RetryAfter != c.retryAfter && c.status >= 300 || failed.Begun {
					t.Errorf("%d: failure %+v", sent, failed)
				}
				if c.kind != "" && (failed.Code != c.kind || failed.Message != "Because of that.") || failed.Message == "" {
					t.Errorf("%d: code %q, message %q", sent, failed.Code, failed.Message)
				}
				if n := len(e.sent()); n != sent+1 {
					t.Errorf("%d: it was sent %d times", sent, n-sent)
				}
			}
		})
	}
}

// everyWay asks in each way there is.
func everyWay() []func(context.Context, *bedrock.Provider) error {
	return []func(context.Context, *bedrock.Provider) error{
		func(ctx context.Context, p *bedrock.Provider) error {
			_, err := p.Converse(ctx, full())
			return err
		},
		func(ctx context.Context, p *bedrock.Provider) error {
			_, err := p.Stream(ctx, full(), func(provider.Delta) error { return nil })
			return err
		},
		func(ctx context.Context, p *bedrock.Provider) error {
			_, err := p.CountTokens(ctx, full())
			return err
		},
		func(ctx context.Context, p *bedrock.Provider) error {
			_, err := p.Embed(ctx, provider.EmbedRequest{Model: titan, Texts: []string{"a"}})
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
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, c := range map[string]struct {
		answer  http.HandlerFunc
		timeout time.Duration
		cancel  bool
		class   provider.Class
	}{
		"closed without an answer": {answer: cut(""), class: provider.ClassUnavailable},
		"cut in the answer":        {answer: cut("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"output\":"), class: provider.ClassBadResponse},
		"too slow":                 {answer: hang, timeout: time.Second, class: provider.ClassTimeout},
		"cancelled":                {answer: hang, cancel: true, class: provider.ClassCancelled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			e := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if c.cancel {
					cancel()
				}
				c.answer(w, r)
			})
			_, err := connect(t, e.URL, c.timeout).Converse(ctx, full())
			var failed *provider.Error
			if !errors.As(err, &failed) || failed.Class != c.class || failed.NotCharged {
				t.Errorf("failure %+v", err)
			}
			if n := len(e.sent()); n != 1 {
				t.Errorf("it was sent %d times", n)
			}
		})
	}
}
