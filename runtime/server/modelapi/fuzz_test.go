package modelapi

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
)

func FuzzDecodeChat(f *testing.F) {
	for _, seed := range []string{
		`{"model":"m","messages":[{"role":"user","content":"hi"}]}`,
		`{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"\ud83d\ude00"}]}],"stream":true,"stream_options":{"include_usage":true}}`,
		`{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"x"}]}`,
		`{"model":"m","messages":[{"role":"user","content":""}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":"required"}`,
		`{"model":"m","messages":[],"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"$ref":"#"}}}}`,
		`{"n":1e0,"max_tokens":-0,"stop":["a"],"temperature":0.1,"metadata":{"a":"b"}}`,
		`{"a\"b":[{},[],"\\",null,true,false,1.5e-3],"a":{"b":{"c":[[[]]]}}}`,
		"{\"model\":\"\xff\"}", `{"messages":[`, ``, `{}`, `[]`, `nul`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		request, err := decodeChat(body, &schemas{})
		if err != nil {
			var failure *Failure
			if !errors.As(err, &failure) || failure.Status != 400 || failure.Message == "" || !json.Valid(failure.Body()) {
				t.Errorf("%q: %v", body, err)
			}
			return
		}
		checkDecoded(t, body, request)
	})
}

// checkDecoded holds a request against a slower reading of the same text.
func checkDecoded(t *testing.T, body []byte, request chatRequest) {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		t.Fatalf("%q was taken: %v", body, err)
	}
	var model string
	if err := json.Unmarshal(fields["model"], &model); err != nil || model != request.model {
		t.Errorf("model %q, want %q (%v)", request.model, model, err)
	}
	if request.choices < 1 || request.choices > maxChoices || request.maxTokens < 0 || len(request.messages) == 0 {
		t.Errorf("%q became %+v", body, request)
	}
	for _, message := range request.messages {
		for _, call := range message.ToolCalls {
			if !json.Valid(call.Arguments) {
				t.Errorf("arguments %q", call.Arguments)
			}
		}
		for _, result := range message.ToolResults {
			if !json.Valid(result.Value) || message.Role != agents.RoleTool {
				t.Errorf("result %q in a message of %s", result.Value, message.Role)
			}
		}
	}
}

func FuzzDecodeEmbed(f *testing.F) {
	for _, seed := range []string{`{"model":"m","input":"x"}`, `{"model":"m","input":["x","y"],"dimensions":3}`, `{"input":[[1]]}`, `{"input":{}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		request, err := decodeEmbed(body)
		var failure *Failure
		if err != nil && !errors.As(err, &failure) {
			t.Errorf("%q: %v", body, err)
		}
		if err == nil && (len(request.texts) == 0 || len(request.texts) > maxTexts) {
			t.Errorf("%q has %d texts", body, len(request.texts))
		}
	})
}
