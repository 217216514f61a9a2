package modelapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/server/modelapi/modelapitest"
	"github.com/quaestor-run/quaestor/runtime/store"
)

const hello = `{"model":"double","messages":[{"role":"user","content":"hello there"}]}`

func TestCompletionToTheLetter(t *testing.T) {
	t.Parallel()
	w := setup(t)
	got := w.chat(hello).want(http.StatusOK)
	id := regexp.MustCompile(`chatcmpl-[A-Z0-9]{26}`)
	want := `{"id":"chatcmpl-x","object":"chat.completion","created":1893553445,"model":"double","choices":[` +
		`{"index":0,"message":{"role":"assistant","content":"hello there","refusal":null},"logprobs":null,"finish_reason":"stop"}],` +
		`"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":2}}}`
	if body := id.ReplaceAllString(got.body, "chatcmpl-x"); body != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
	if got.header.Get("X-Quaestor-Model") != "double" || got.header.Get("X-Quaestor-Remaining-Tokens") != "" {
		t.Errorf("headers %v", got.header)
	}
}

func TestWhatTheGatewayIsAsked(t *testing.T) {
	t.Parallel()
	w := setup(t)
	if err := w.store.CreateTeam(t.Context(), store.Team{ID: "ops"}); err != nil {
		t.Fatal(err)
	}
	if err := w.store.CreateClient(t.Context(), store.Client{ID: "acme", Team: "ops", Cache: "exact", Block: 0.8, SystemPrompt: "Be brief."}); err != nil {
		t.Fatal(err)
	}
	w.chat(`{"model":"double","messages":[
		{"role":"system","content":"One."},
		{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b\u00e9\n"}]},
		{"role":"developer","content":"Two."},
		{"role":"assistant","content":null,"tool_calls":[
			{"id":"c1","type":"function","function":{"name":"sum","arguments":"{\"x\": 1}"}},
			{"id":"c2","type":"function","function":{"name":"now","arguments":""}}]},
		{"role":"tool","tool_call_id":"c2","content":"noon"},
		{"role":"tool","tool_call_id":"c1","content":"{\"sum\": 2}"},
		{"role":"assistant","content":"done","name":"x"}],
		"max_completion_tokens":50,"temperature":0.5,"top_p":1,"stop":"END","user":"u","metadata":{"a":"b"},"seed":1,"unheard_of":{"x":[1]},
		"logprobs":false,"n":null,"presence_penalty":0.0,"store":true,
		"tools":[{"type":"function","function":{"name":"sum","description":"Adds.","parameters":{"type":"object","properties":{"x":{"type":"number"}}},"strict":true}},
			{"type":"function","function":{"name":"now"}}],
		"tool_choice":{"type":"function","function":{"name":"sum"}}}`).want(http.StatusOK)
	calls := w.models.Calls()
	if len(calls) != 1 {
		t.Fatalf("%d calls", len(calls))
	}
	got := calls[0]
	if !regexp.MustCompile(`^c/[0-9a-f]{13}-[A-Z2-7]{16}/acme/0$`).MatchString(got.Key) || !got.Transient {
		t.Errorf("key %q, transient %v", got.Key, got.Transient)
	}
	got.Key = ""
	half, one := 0.5, 1.0
	want := gateway.Call{
		Client: "acme", Team: "ops", Feature: "chat", Model: "double", System: "Be brief.\n\nOne.\n\nTwo.",
		Messages: []agents.Message{
			{Role: agents.RoleUser, Text: "a\nbé\n"},
			{Role: agents.RoleAssistant, ToolCalls: []agents.ToolCall{
				{ID: "c1", Name: "sum", Arguments: json.RawMessage(`{"x": 1}`)}, {ID: "c2", Name: "now", Arguments: json.RawMessage(`{}`)},
			}},
			{Role: agents.RoleTool, ToolResults: []agents.ToolResult{
				{CallID: "c2", Name: "now", Value: json.RawMessage(`"noon"`)}, {CallID: "c1", Name: "sum", Value: json.RawMessage(`{"sum": 2}`)},
			}},
			{Role: agents.RoleAssistant, Text: "done"},
		},
		MaxTokens: 50, Temperature: &half, TopP: &one, Stop: []string{"END"}, Shape: true, Transient: true, Cache: gateway.CacheExact, BlockInjections: 0.8,
		ToolChoice: provider.ToolChoice{Mode: provider.ToolNamed, Name: "sum"},
	}
	want.Tools = got.Tools
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if len(got.Tools) != 2 || got.Tools[0].Description != "Adds." || string(got.Tools[1].Input) != `{"type":"object","properties":{}}` {
		t.Errorf("tools %+v", got.Tools)
	}
}

func TestOnlyInstructionsAreSaidByTheUser(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.chat(`{"model":"double","messages":[{"role":"system","content":"Say hi."}]}`).want(http.StatusOK)
	if call := w.models.Calls()[0]; call.System != "" || len(call.Messages) != 1 || call.Messages[0].Text != "Say hi." {
		t.Errorf("asked %+v", call)
	}
}

func TestToolCallsAreAnswered(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.models.Script = func(context.Context, gateway.Call) (gateway.Result, bool, error) {
		result := modelapitest.Text("")
		result.Response.StopReason = provider.StopToolCalls
		result.Response.Message.ToolCalls = []agents.ToolCall{{ID: "c1", Name: "sum", Arguments: json.RawMessage(`{"x":"<&>"}`)}}
		return result, true, nil
	}
	got := w.chat(hello).want(http.StatusOK)
	want := `"message":{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"c1","type":"function","function":` +
		`{"name":"sum","arguments":"{\"x\":\"<&>\"}"}}]},"logprobs":null,"finish_reason":"tool_calls"}`
	if !strings.Contains(got.body, want) {
		t.Errorf("got %s", got.body)
	}
}

func TestChoicesAreCallsOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var count atomic.Int64
	w.models.Script = func(_ context.Context, call gateway.Call) (gateway.Result, bool, error) {
		if call.Cache != gateway.CacheNever {
			t.Errorf("choices share a cache: %q", call.Cache)
		}
		result := modelapitest.Text("choice " + call.Key[strings.LastIndex(call.Key, "/")+1:])
		result.Left = ledger.Left{Tokens: 100 - count.Add(1), NanoUSD: 4_500_000_000}
		return result, true, nil
	}
	var got struct {
		Choices []struct {
			Index   int
			Message struct{ Content string }
		}
		Usage struct{ PromptTokens int64 }
	}
	answer := w.chat(strings.Replace(hello, "{", `{"n":3,`, 1), with("X-Quaestor-Cache", "exact")).want(http.StatusOK)
	answer.into(&got)
	for i, choice := range got.Choices {
		if choice.Index != i || choice.Message.Content != fmt.Sprintf("choice %d", i) {
			t.Errorf("choice %d is %+v", i, choice)
		}
	}
	if len(got.Choices) != 3 || !strings.Contains(answer.body, `"prompt_tokens":30`) {
		t.Errorf("got %s", answer.body)
	}
	if answer.header.Get("X-Quaestor-Remaining-Tokens") != "97" || answer.header.Get("X-Quaestor-Remaining-Usd") != "4.5" {
		t.Errorf("headers %v", answer.header)
	}
}

func TestHeadersTellOfTheCall(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.models.Script = func(_ context.Context, call gateway.Call) (gateway.Result, bool, error) {
		result := modelapitest.Text("from elsewhere")
		result.Model, result.Cached, result.Omitted.Messages = "fallback", call.Cache == gateway.CacheAlways, 4
		result.Left = ledger.Left{}
		return result, true, nil
	}
	got := w.chat(hello, with("X-Quaestor-Cache", "always")).want(http.StatusOK)
	for name, want := range map[string]string{
		"X-Quaestor-Model": "fallback", "X-Quaestor-Cache": "hit", "X-Quaestor-Omitted-Messages": "4", "X-Quaestor-Remaining-Tokens": "",
	} {
		if got.header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.header.Get(name), want)
		}
	}
	if !strings.Contains(got.body, `"model":"fallback"`) {
		t.Errorf("got %s", got.body)
	}
	// Nothing is left after a call that was paid.
	if got := w.chat(hello).want(http.StatusOK); got.header.Get("X-Quaestor-Remaining-Tokens") != "0" || got.header.Get("X-Quaestor-Cache") != "" {
		t.Errorf("headers %v", got.header)
	}
}

const wanted = `{"model":"double","messages":[{"role":"user","content":"%s"}],"response_format":{"type":"json_schema","json_schema":
	{"name":"point","schema":{"type":"object","properties":{"x":{"type":"integer"}},"required":["x"]}}}}`

func TestAnswersFitTheirSchema(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answers []string
		want    string // content; empty is an error
	}{
		"fits":        {[]string{`{"x": 1}`}, `{"x": 1}`},
		"mended":      {[]string{"```json\n{'x': 1,}\n```"}, `{"x":1}`},
		"asked again": {[]string{`{"x":"one"}`, `{"x":1}`}, `{"x":1}`},
		"never":       {[]string{`{"x":"one"}`, `I would rather not.`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			var asked atomic.Int64
			w.models.Script = func(context.Context, gateway.Call) (gateway.Result, bool, error) {
				return modelapitest.Text(test.answers[asked.Add(1)-1]), true, nil
			}
			got := w.chat(fmt.Sprintf(wanted, "a point"))
			calls := w.models.Calls()
			if len(calls) != len(test.answers) || string(calls[0].Output) == "" {
				t.Fatalf("asked %+v", calls)
			}
			if len(calls) == 2 && (calls[1].Key != calls[0].Key+"/again" || len(calls[1].Messages) != 3) {
				t.Errorf("asked again with %+v", calls[1])
			}
			if test.want == "" {
				got.wantError(http.StatusInternalServerError, "server_error", "response_format", "invalid_model_output")
				return
			}
			var completion struct {
				Choices []struct{ Message struct{ Content string } }
			}
			got.want(http.StatusOK).into(&completion)
			if completion.Choices[0].Message.Content != test.want {
				t.Errorf("got %s", got.body)
			}
			if prompts := fmt.Sprintf(`"prompt_tokens":%d,`, 10*len(calls)); !strings.Contains(got.body, prompts) {
				t.Errorf("usage is not that of all calls: %s", got.body)
			}
		})
	}
}

// A schema of 40 definitions, each with two references to the next, would be
// applied a million million times.
func TestASchemaThatGrowsWithoutBoundEndsInAnError(t *testing.T) {
	t.Parallel()
	var definitions []string
	for i := range 40 {
		definitions = append(definitions, fmt.Sprintf(`"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]}`, i, i+1, i+1))
	}
	schema := `{"$ref":"#/$defs/d0","$defs":{` + strings.Join(definitions, ",") + `,"d40":{"type":"object"}}}`
	w := setup(t)
	w.models.Script = func(context.Context, gateway.Call) (gateway.Result, bool, error) {
		return modelapitest.Text(`{"x": 1}`), true, nil
	}
	w.chat(`{"model":"double","messages":[{"role":"user","content":"hi"}],"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":`+schema+`}}}`).
		wantError(http.StatusInternalServerError, "server_error", "response_format", "invalid_model_output")
}

func TestAnAnswerThatWasCutIsNotMended(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.models.Script = func(context.Context, gateway.Call) (gateway.Result, bool, error) {
		result := modelapitest.Text(`{"x": 1`)
		result.Response.StopReason = provider.StopLength
		return result, true, nil
	}
	got := w.chat(fmt.Sprintf(wanted, "a point")).want(http.StatusOK)
	if !strings.Contains(got.body, `"content":"{\"x\": 1"`) || !strings.Contains(got.body, `"finish_reason":"length"`) {
		t.Errorf("got %s", got.body)
	}
}

func TestUsageThatIsNotKnownIsNotTold(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.models.Script = func(context.Context, gateway.Call) (gateway.Result, bool, error) {
		result := modelapitest.Text("x")
		result.Response.UsageMissing = true
		return result, true, nil
	}
	if got := w.chat(hello).want(http.StatusOK); strings.Contains(got.body, "usage") {
		t.Errorf("got %s", got.body)
	}
}

func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	w := setup(t)
	mine := with("Idempotency-Key", "k-1")
	w.chat(hello, mine).want(http.StatusOK)
	w.chat(hello, mine).want(http.StatusOK)
	other := strings.Replace(hello, "there", "you", 1)
	got := w.chat(other, mine)
	got.wantError(http.StatusConflict, "invalid_request_error", "", "idempotency_key_in_use")
	if got.header.Get("X-Should-Retry") != "false" {
		t.Error("SDKs would try again")
	}
	w.chat(other, with("Idempotency-Key", "k-2")).want(http.StatusOK)
	secret, _ := w.addKey("zoo")
	w.chat(hello, mine, with("Authorization", "Bearer "+secret)).want(http.StatusOK)
	calls := w.models.Calls()
	if len(calls) != 4 {
		t.Fatalf("%d calls", len(calls))
	}
	if calls[0].Key != calls[1].Key || calls[0].Transient || calls[0].Key == calls[2].Key || calls[0].Key == calls[3].Key {
		t.Errorf("keys %q, %q, %q, %q", calls[0].Key, calls[1].Key, calls[2].Key, calls[3].Key)
	}
	for _, bad := range []string{strings.Repeat("k", 201), "caf\xc3\xa9"} {
		w.chat(hello, with("Idempotency-Key", bad)).wantError(http.StatusBadRequest, "invalid_request_error", "", "")
	}
}
