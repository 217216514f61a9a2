package modelapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/server/modelapi"
	"github.com/quaestor-run/quaestor/runtime/store"
)

// user is a request with one message and more fields.
func user(fields string) string {
	return `{"model":"double","messages":[{"role":"user","content":"hi"}],` + fields + `}`
}

// said is a request with these messages.
func said(messages string) string { return `{"model":"double","messages":` + messages + `}` }

func TestBadRequests(t *testing.T) {
	t.Parallel()
	w := setup(t)
	toolCall := `{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]}`
	for _, bad := range []struct{ body, param, code string }{
		{"", "", ""},
		{`{`, "", ""},
		{`nonsense`, "", ""},
		{`[]`, "", ""},
		{`"x"`, "", ""},
		{"{\"model\":\"\xff\"}", "", ""},
		{strings.Repeat(`[`, 100_000), "", ""},
		{user(`"x":` + strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200)), "", ""},
		{`{"messages":[{"role":"user","content":"hi"}]}`, "model", "missing_required_parameter"},
		{`{"model":null,"messages":[]}`, "model", "invalid_type"},
		{`{"model":7,"messages":[]}`, "model", "invalid_type"},
		{`{"model":"double"}`, "messages", "missing_required_parameter"},
		{said(`[]`), "messages", "empty_array"},
		{said(`"hi"`), "messages", "invalid_type"},
		{said(`{"role":"user"}`), "messages", "invalid_type"},
		{said(`["hi"]`), "messages[0]", "invalid_type"},
		{said(`[{"content":"hi"}]`), "messages[0].role", "missing_required_parameter"},
		{said(`[{"role":"user","content":"hi"},{"role":"robot","content":"hi"}]`), "messages[1].role", "invalid_value"},
		{said(`[{"role":"user"}]`), "messages[0].content", "missing_required_parameter"},
		{said(`[{"role":"user","content":5}]`), "messages[0].content", "invalid_type"},
		{said(`[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]`), "messages[0].content[0].type", "unsupported_content"},
		{said(`[{"role":"user","content":[{"type":"text","text":"a"},{"type":"input_audio","input_audio":{}}]}]`), "messages[0].content[1].type", "unsupported_content"},
		{said(`[{"role":"user","content":[{"type":"poem"}]}]`), "messages[0].content[0].type", "invalid_value"},
		{said(`[{"role":"tool","tool_call_id":"c1","content":"x"}]`), "messages[0].tool_call_id", ""},
		{said(`[` + toolCall + `]`), "messages", ""},
		{said(`[` + toolCall + `,{"role":"user","content":"hi"}]`), "messages", ""},
		{said(`[` + toolCall + `,{"role":"tool","tool_call_id":"c2","content":"x"}]`), "messages[1].tool_call_id", ""},
		{said(`[{"role":"assistant","tool_calls":[{"id":"c1","type":"custom"}]}]`), "messages[0].tool_calls[0].type", "invalid_value"},
		{said(`[{"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"f","arguments":"{"}}]}]`), "messages[0].tool_calls[0].function.arguments", "invalid_value"},
		{said(`[{"role":"assistant","tool_calls":[{"id":"c1","function":{}}]}]`), "messages[0].tool_calls[0]", ""},
		{said(`[` + strings.Repeat(`{"role":"user","content":"x"},`, 9_999) + `{"role":"user","content":"x"}]`), "messages", "array_above_max_length"},
		{user(`"max_tokens":-1`), "max_tokens", "integer_below_min_value"},
		{user(`"max_tokens":0`), "max_tokens", "integer_below_min_value"},
		{user(`"max_tokens":1.5`), "max_tokens", "invalid_type"},
		{user(`"max_tokens":1e99`), "max_tokens", "integer_above_max_value"},
		{user(`"max_tokens":1e999`), "max_tokens", "integer_above_max_value"},
		{user(`"max_tokens":"5"`), "max_tokens", "invalid_type"},
		{user(`"max_completion_tokens":-7`), "max_completion_tokens", "integer_below_min_value"},
		{user(`"max_tokens":5,"max_completion_tokens":5`), "max_tokens", ""},
		{user(`"n":0`), "n", "integer_below_min_value"},
		{user(`"n":9`), "n", "integer_above_max_value"},
		{user(`"temperature":2.1`), "temperature", "decimal_above_max_value"},
		{user(`"temperature":-0.1`), "temperature", "decimal_below_min_value"},
		{user(`"temperature":"hot"`), "temperature", "invalid_type"},
		{user(`"top_p":1.1`), "top_p", "decimal_above_max_value"},
		{user(`"stop":["a","b","c","d","e"]`), "stop", "array_above_max_length"},
		{user(`"stop":[1]`), "stop[0]", "invalid_type"},
		{user(`"stop":{}`), "stop", "invalid_type"},
		{user(`"stream":"yes"`), "stream", "invalid_type"},
		{user(`"stream_options":{"include_usage":true}`), "stream_options", ""},
		{user(`"stream":true,"stream_options":{"include_usage":1}`), "stream_options.include_usage", "invalid_type"},
		{user(`"user":{}`), "user", "invalid_type"},
		{user(`"metadata":{"a":1}`), "metadata.a", "invalid_type"},
		{user(`"metadata":[]`), "metadata", "invalid_type"},
		{user(`"logprobs":true`), "logprobs", "unsupported_parameter"},
		{user(`"top_logprobs":2`), "top_logprobs", "unsupported_parameter"},
		{user(`"logit_bias":{"5":1}`), "logit_bias", "unsupported_parameter"},
		{user(`"frequency_penalty":0.1`), "frequency_penalty", "unsupported_parameter"},
		{user(`"functions":[{}]`), "functions", "unsupported_parameter"},
		{user(`"modalities":["text","audio"]`), "modalities[1]", "unsupported_parameter"},
		{user(`"parallel_tool_calls":false`), "parallel_tool_calls", "unsupported_parameter"},
		{user(`"tools":[{"type":"custom","custom":{"name":"x"}}]`), "tools[0].type", "invalid_value"},
		{user(`"tools":[{"type":"function"}]`), "tools[0].function.name", "missing_required_parameter"},
		{user(`"tools":[{"type":"function","function":{"name":"a b"}}]`), "tools[0].function.name", "invalid_value"},
		{user(`"tools":[{"type":"function","function":{"name":"f","parameters":"none"}}]`), "tools[0].function.parameters", "invalid_type"},
		{user(`"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"nonsense"}}}]`), "tools[0].function.parameters", "invalid_function_parameters"},
		{user(`"tools":[{"type":"function","function":{"name":"f","parameters":{"$ref":"file:///etc/passwd"}}}]`), "tools[0].function.parameters", "invalid_function_parameters"},
		{user(`"tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"f"}}]`), "tools[1].function.name", ""},
		{user(`"tool_choice":"required"`), "tool_choice", ""},
		{user(`"tool_choice":"maybe"`), "tool_choice", "invalid_value"},
		{user(`"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"g"}}`), "tool_choice", ""},
		{user(`"response_format":{"type":"xml"}`), "response_format.type", "invalid_value"},
		{user(`"response_format":"json"`), "response_format", "invalid_type"},
		{user(`"response_format":{"type":"json_schema"}`), "response_format.json_schema", "missing_required_parameter"},
		{user(`"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":7}}}`), "response_format.json_schema.schema", "invalid_function_parameters"},
	} {
		got := w.chat(bad.body)
		if got.status != http.StatusBadRequest {
			t.Errorf("%.80s: status %d: %s", bad.body, got.status, got.body)
			continue
		}
		if message := got.wantError(http.StatusBadRequest, "invalid_request_error", bad.param, bad.code); len(message) > 400 {
			t.Errorf("%.80s: a message of %d bytes", bad.body, len(message))
		}
	}
	if calls := w.models.Calls(); len(calls) > 0 {
		t.Errorf("a model was asked: %+v", calls)
	}
}

func TestADuplicateFieldCountsOnce(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.chat(`{"model":"x","messages":[{"role":"user","content":"one"}],"messages":[{"role":"user","content":"two"}],"model":"double"}`).want(http.StatusOK)
	if calls := w.models.Calls(); len(calls[0].Messages) != 1 || calls[0].Messages[0].Text != "two" {
		t.Errorf("asked %+v", calls[0].Messages)
	}
}

// endless is a body that never ends, and counts what was read of it.
type endless struct{ read atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, bytes.Repeat([]byte(" "), len(p)))
	e.read.Add(int64(n))
	return n, nil
}

func TestLargeBodiesAreNotRead(t *testing.T) {
	t.Parallel()
	w := setup(t)
	large := said(`[{"role":"user","content":"` + strings.Repeat("a", modelapi.MaxBody) + `"}]`)
	r := w.request(t.Context(), http.MethodPost, "/v1/chat/completions", strings.NewReader(large))
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Fatalf("status %d, %v", response.StatusCode, err)
	}
	wantBody(t, string(text), "invalid_request_error", "", "request_too_large")

	body := &endless{}
	response, err = http.DefaultTransport.RoundTrip(w.request(t.Context(), http.MethodPost, "/v1/chat/completions", body))
	if err == nil { // the connection may also be cut while the body is sent
		defer response.Body.Close()
		if response.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("an endless body: status %d", response.StatusCode)
		}
	}
	if n := body.read.Load(); n > 4*modelapi.MaxBody {
		t.Errorf("%d bytes of an endless body were taken", n)
	}
	if w.chat(said(`[{"role":"user","content":"`+strings.Repeat("a", modelapi.MaxBody-100)+`"}]`)).status != http.StatusOK {
		t.Error("a body within the limit is refused")
	}
}

func TestWhoIsTurnedAway(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for name, authorization := range map[string]string{"none": "", "wrong": "Bearer qk_wrong", "basic": "Basic eDp5", "OpenAI's": "Bearer sk-abc"} {
		t.Log(name)
		got := w.chat(hello, with("Authorization", authorization))
		got.wantError(http.StatusUnauthorized, "invalid_request_error", "", "invalid_api_key")
		if got.header.Get("Www-Authenticate") == "" {
			t.Error("no challenge")
		}
	}
	w.chat(hello, with("Content-Type", "text/plain")).wantError(http.StatusUnsupportedMediaType, "invalid_request_error", "", "")
	w.chat(hello, with("X-Quaestor-Cache", "sometimes")).wantError(http.StatusBadRequest, "invalid_request_error", "", "")
	for _, model := range []string{"gpt-4o", "double-vectors"} {
		w.chat(strings.Replace(hello, "double", model, 1)).wantError(http.StatusNotFound, "invalid_request_error", "model", "model_not_found")
	}
	if err := w.store.CreateClient(t.Context(), store.Client{ID: "acme", Models: []string{"other"}}); err != nil {
		t.Fatal(err)
	}
	w.chat(hello).wantError(http.StatusNotFound, "invalid_request_error", "model", "model_not_found")
	if _, err := w.store.UpdateClient(t.Context(), "acme", func(c *store.Client) error { c.Models, c.Disabled = nil, true; return nil }); err != nil {
		t.Fatal(err)
	}
	w.chat(hello).wantError(http.StatusForbidden, "permission_error", "", "client_disabled")
	if err := w.store.RevokeKey(t.Context(), w.keyID, now); err != nil {
		t.Fatal(err)
	}
	w.chat(hello).wantError(http.StatusUnauthorized, "invalid_request_error", "", "invalid_api_key")
	if len(w.models.Calls()) > 0 {
		t.Error("a model was asked")
	}
}

func TestFailuresOfCalls(t *testing.T) {
	t.Parallel()
	failed := func(class provider.Class) error {
		return &gateway.CallError{Key: "secret-key", Attempts: 1, Retryable: true, Err: &provider.Error{Class: class, Provider: "p", Message: "said so"}}
	}
	for name, test := range map[string]struct {
		err    error
		status int
		kind   string
		param  string
		code   string
		retry  string // Retry-After
		final  bool
	}{
		"budget": {
			&gateway.CallError{Err: &ledger.ExceededError{Scope: ledger.Scope{Kind: ledger.ScopeClient, ID: "acme"}, Period: ledger.PeriodDay, Unit: "tokens", Limit: 5, Asked: 9}},
			429, "insufficient_quota", "", "insufficient_quota", "", true,
		},
		"unknown model":   {&gateway.CallError{Err: &gateway.UnknownModelError{Model: "double"}}, 404, "invalid_request_error", "model", "model_not_found", "", true},
		"unpriced":        {&gateway.CallError{Err: &gateway.UnpricedError{Model: "double"}}, 404, "invalid_request_error", "model", "model_not_found", "", true},
		"throttled":       {failed(provider.ClassThrottled), 429, "rate_limit_error", "", "rate_limit_exceeded", "1", false},
		"throttled, told": {&gateway.CallError{RetryAfter: 6500 * time.Millisecond, Err: &provider.Error{Class: provider.ClassThrottled}}, 429, "rate_limit_error", "", "rate_limit_exceeded", "7", false},
		"timeout":         {failed(provider.ClassTimeout), 504, "server_error", "", "timeout", "", false},
		"not ready":       {failed(provider.ClassNotReady), 503, "server_error", "", "not_ready", "5", false},
		"unavailable":     {failed(provider.ClassUnavailable), 503, "server_error", "", "unavailable", "1", false},
		"internal":        {failed(provider.ClassInternal), 500, "server_error", "", "internal", "", false},
		"unreadable":      {failed(provider.ClassBadResponse), 500, "server_error", "", "bad_response", "", false},
		"invalid":         {failed(provider.ClassInvalid), 400, "invalid_request_error", "", "refused_by_provider", "", true},
		"too long":        {&gateway.CallError{Err: &provider.Error{Class: provider.ClassInvalid, Code: "context_length_exceeded"}}, 400, "invalid_request_error", "messages", "context_length_exceeded", "", true},
		"silent ledger":   {&gateway.CallError{Err: &gateway.LedgerError{Doing: "reserving", Err: context.DeadlineExceeded}}, 503, "server_error", "", "ledger_unavailable", "5", false},
		"access":          {failed(provider.ClassAccess), 503, "server_error", "", "access", "", true},
		"quota":           {failed(provider.ClassQuota), 503, "server_error", "", "quota", "", true},
		"deadline":        {&gateway.CallError{Err: context.DeadlineExceeded}, 504, "server_error", "", "timeout", "", false},
		"ledger":          {&gateway.CallError{Retryable: true, Err: &gateway.LedgerError{Doing: "reserving", Err: errors.New("disk on fire at secret-place")}}, 503, "server_error", "", "ledger_unavailable", "5", false},
		"injection":       {&gateway.CallError{Err: &gateway.InjectionError{Injection: gateway.Injection{Score: 0.9}, Threshold: 0.5}}, 400, "invalid_request_error", "messages", "prompt_injection", "", true},
		"refused fallback": {
			&gateway.CallError{RetryAfter: 3 * time.Second, Err: &gateway.RefusedError{Model: "paid", Refusal: &ledger.ExceededError{}, Failure: failed(provider.ClassUnavailable)}},
			503, "server_error", "", "unavailable", "1", false,
		},
		"a fault": {errors.New("secret-place"), 500, "server_error", "", "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.models.Script = func(context.Context, gateway.Call) (gateway.Result, bool, error) {
				return gateway.Result{}, true, test.err
			}
			w.models.EmbedErr = test.err
			for _, got := range []answer{
				w.chat(hello), w.chat(strings.Replace(hello, "{", `{"stream":true,`, 1)), w.chat(strings.Replace(hello, "{", `{"n":2,`, 1)),
				w.call(http.MethodPost, "/v1/embeddings", `{"model":"double-vectors","input":"x"}`),
			} {
				if message := got.wantError(test.status, test.kind, test.param, test.code); strings.Contains(message, "secret") {
					t.Errorf("the caller is told %q", message)
				}
				if retry := got.header.Get("Retry-After"); retry != test.retry {
					t.Errorf("Retry-After %q, want %q", retry, test.retry)
				}
				if final := got.header.Get("X-Should-Retry") == "false"; final != test.final {
					t.Errorf("final %v, want %v", final, test.final)
				}
			}
		})
	}
}

func TestOneChoiceThatFailsFailsTheRequest(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.models.Script = func(_ context.Context, call gateway.Call) (gateway.Result, bool, error) {
		if strings.HasSuffix(call.Key, "/1") {
			return gateway.Result{}, true, &gateway.CallError{Err: &ledger.ExceededError{}}
		}
		return gateway.Result{}, false, nil
	}
	w.chat(strings.Replace(hello, "{", `{"n":3,`, 1)).wantError(http.StatusTooManyRequests, "insufficient_quota", "", "insufficient_quota")
	if n := len(w.models.Calls()); n != 3 {
		t.Errorf("%d calls", n)
	}
}

func TestNewSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	if _, err := modelapi.New(modelapi.Options{}); err == nil || !strings.Contains(fmt.Sprint(err), "required") {
		t.Errorf("got %v", err)
	}
}
