package mock_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	openai "github.com/sashabaranov/go-openai"

	"github.com/quaestor-run/quaestor/runtime/mock"
	"github.com/quaestor-run/quaestor/runtime/mock/mocktest"
)

func client(base string) *openai.Client {
	config := openai.DefaultConfig("sk-test-0123456789abcdef")
	config.BaseURL = base
	return openai.NewClientWithConfig(config)
}

func say(text string) openai.ChatCompletionRequest {
	return openai.ChatCompletionRequest{Model: "gpt-4o-mini", Messages: []openai.ChatCompletionMessage{{Role: "user", Content: text}}}
}

func TestChat(t *testing.T) {
	t.Parallel()
	s := mocktest.Start(t, mock.Options{})
	request := say("Hello\n\"you\" \u2028 \x01")
	request.N, request.User, request.MaxCompletionTokens = 2, "attempt-7", 50
	got, err := client(s.OpenAI("eu-west-1")).CreateChatCompletion(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Choices) != 2 || got.Choices[1].Message.Content != "You said: "+request.Messages[0].Content || got.Choices[1].FinishReason != "stop" || got.Model != "gpt-4o-mini" {
		t.Errorf("got %+v", got)
	}
	if got.Usage.PromptTokens != 3+4+5 || got.Usage.CompletionTokens != 2*7 || got.Usage.TotalTokens != 26 {
		t.Errorf("usage %+v", got.Usage)
	}
	if e := s.Ended(t, 1)[0]; e.Region != "eu-west-1" || e.Call != "attempt-7" || e.MaxTokens != 50 || e.Protocol != mock.OpenAI || !e.Complete {
		t.Errorf("entry %+v", e)
	}
}

// heard is a stream as its reader sees it.
type heard struct {
	text, arguments, name string
	finish                openai.FinishReason
	usage                 *openai.Usage
	chunks                int
}

func listen(ctx context.Context, c *openai.Client, request openai.ChatCompletionRequest) (heard, error) {
	var got heard
	stream, err := c.CreateChatCompletionStream(ctx, request)
	if err != nil {
		return got, err
	}
	defer stream.Close()
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		got.chunks++
		if chunk.Usage != nil {
			got.usage = chunk.Usage
		}
		for _, choice := range chunk.Choices {
			got.text += choice.Delta.Content
			for _, call := range choice.Delta.ToolCalls {
				got.name += call.Function.Name
				got.arguments += call.Function.Arguments
			}
			if choice.FinishReason != "" {
				got.finish = choice.FinishReason
			}
		}
	}
}

func TestChatStream(t *testing.T) {
	t.Parallel()
	s := mocktest.Start(t, mock.Options{})
	request := say("Grüße")
	request.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
	got, err := listen(t.Context(), client(s.OpenAI("")), request)
	if err != nil || got.text != "You said: Grüße" || got.finish != "stop" || got.usage == nil || got.usage.CompletionTokens != 5 {
		t.Errorf("%+v, %v", got, err)
	}
	request.StreamOptions = nil
	if got, err = listen(t.Context(), client(s.OpenAI("")), request); err != nil || got.usage != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if entries := s.Ended(t, 2); entries[0].UsageUntold || !entries[1].UsageUntold || entries[1].Pieces != 5 {
		t.Errorf("log %+v", entries)
	}
}

func TestChatTools(t *testing.T) {
	t.Parallel()
	s := mocktest.Start(t, mock.Options{})
	c := client(s.OpenAI(""))
	request := say("What is the weather?")
	request.Tools = []openai.Tool{{Type: "function", Function: &openai.FunctionDefinition{Name: "weather", Parameters: json.RawMessage(`{"type":"object","required":["unit"],"properties":{"unit":{"enum":["C","F"]}}}`)}}}
	got, err := c.CreateChatCompletion(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	call := got.Choices[0].Message.ToolCalls[0]
	if got.Choices[0].FinishReason != "tool_calls" || call.Function.Arguments != `{"unit":"C"}` || call.ID == "" {
		t.Errorf("got %+v", got.Choices[0])
	}
	streamed, err := listen(t.Context(), c, request)
	if err != nil || streamed.name != "weather" || streamed.arguments != `{"unit":"C"}` || streamed.finish != "tool_calls" {
		t.Errorf("%+v, %v", streamed, err)
	}
	request.Messages = append(request.Messages, got.Choices[0].Message, openai.ChatCompletionMessage{Role: "tool", ToolCallID: call.ID, Content: "Sunny"})
	if got, err = c.CreateChatCompletion(t.Context(), request); err != nil || got.Choices[0].Message.Content != "The tool said: Sunny" {
		t.Errorf("%+v, %v", got, err)
	}
	request = say("weather")
	request.Tools, request.ToolChoice = []openai.Tool{{Type: "function", Function: &openai.FunctionDefinition{Name: "weather"}}}, "none"
	if got, err = c.CreateChatCompletion(t.Context(), request); err != nil || len(got.Choices[0].Message.ToolCalls) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestChatWithASchema(t *testing.T) {
	t.Parallel()
	s := mocktest.Start(t, mock.Options{})
	request := say("Ada")
	request.ResponseFormat = &openai.ChatCompletionResponseFormat{Type: "json_schema", JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{
		Name: "person", Strict: true, Schema: json.RawMessage(`{"type":"object","required":["name","age","tags","kind"],"$defs":{"kind":{"type":"string","maxLength":2}},
			"properties":{"name":{"type":"string"},"age":{"type":"integer"},"tags":{"type":"array","items":{"type":"string"},"minItems":2},"kind":{"$ref":"#/$defs/kind"}}}`),
	}}
	got, err := client(s.OpenAI("")).CreateChatCompletion(t.Context(), request)
	if err != nil || got.Choices[0].Message.Content != `{"age":1,"kind":"Ad","name":"Ada","tags":["Ada","Ada"]}` {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestEmbeddings(t *testing.T) {
	t.Parallel()
	s := mocktest.Start(t, mock.Options{})
	for _, format := range []openai.EmbeddingEncodingFormat{"float", "base64"} {
		got, err := client(s.OpenAI("")).CreateEmbeddings(t.Context(), openai.EmbeddingRequestStrings{
			Model: "text-embedding-3-small", EncodingFormat: format,
			Input: []string{"the red fox", "the red fox!", "a red fox", "nothing in common"},
		})
		if err != nil {
			t.Fatal(err)
		}
		dot := func(i, j int) float64 {
			var sum float64
			for k, x := range got.Data[i].Embedding {
				sum += float64(x) * float64(got.Data[j].Embedding[k])
			}
			return sum
		}
		if len(got.Data) != 4 || len(got.Data[0].Embedding) != 1536 || math.Abs(dot(0, 1)-1) > 1e-5 || dot(0, 2) < 0.5 || dot(0, 3) > 0.3 || got.Usage.PromptTokens != 3+3+3+5 {
			t.Errorf("%s: %v %v %v, %+v", format, dot(0, 1), dot(0, 2), dot(0, 3), got.Usage)
		}
	}
}

func TestModels(t *testing.T) {
	t.Parallel()
	s := mocktest.StartScript(t, "models: [small, org/large]")
	c := client(s.OpenAI(""))
	list, err := c.ListModels(t.Context())
	if err != nil || len(list.Models) != 2 || list.Models[1].ID != "org/large" {
		t.Errorf("%+v, %v", list, err)
	}
	var told *openai.APIError
	if _, err = c.CreateChatCompletion(t.Context(), say("Hi")); !errors.As(err, &told) || told.Code != "model_not_found" || told.HTTPStatusCode != 404 {
		t.Errorf("%v", err)
	}
	if _, err := c.GetModel(t.Context(), "small"); err != nil {
		t.Error(err)
	}
}

func TestOpenAIFailures(t *testing.T) {
	t.Parallel()
	for kind, want := range map[mock.FaultKind]int{
		mock.FaultThrottled: 429, mock.FaultTimeout: 408, mock.FaultNotReady: 503, mock.FaultUnavailable: 503, mock.FaultInternal: 500,
		mock.FaultValidation: 400, mock.FaultAccess: 403, mock.FaultQuota: 429, mock.FaultNotFound: 404, mock.FaultModelError: 500,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := mocktest.StartScript(t, fmt.Sprintf("rules: [{fault: {kind: %s, message: because, retry_after: 1500ms}}]", kind))
			c := client(s.OpenAI(""))
			_, whole := c.CreateChatCompletion(t.Context(), say("Hi"))
			_, streamed := listen(t.Context(), c, say("Hi"))
			for _, err := range []error{whole, streamed} {
				var told *openai.APIError
				if !errors.As(err, &told) || told.HTTPStatusCode != want || told.Message != "because" || told.Type == "" {
					t.Errorf("%v", err)
				}
			}
			resp := post(t, s.OpenAI("")+"/chat/completions", `{"model":"m","messages":[{"role":"user","content":"x"}]}`)
			if resp.header.Get("Retry-After") != "2" || resp.header.Get("Retry-After-Ms") != "1500" {
				t.Errorf("headers %v", resp.header)
			}
		})
	}
}

// posted is what a POST was answered with; err says how its body broke off.
type posted struct {
	status int
	header http.Header
	text   string
	err    error
}

func post(t *testing.T, url, body string) posted {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return posted{resp.StatusCode, resp.Header, string(text), err}
}

func TestBrokenOpenAIStreams(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault string
		want  string // how what was read ends
		cut   bool
	}{
		"cut":                {"{kind: cut, after: 2}", `"content":"two "}` + ",", true},
		"ends":               {"{kind: end, after: 2}", `"content":"two "}` + ",", false},
		"no JSON":            {"{kind: malformed, after: 4}", "no JSON", false},
		"no finish_reason":   {"{kind: no_stop}", "data: [DONE]\n\n", false},
		"no [DONE]":          {"{kind: no_done}", `"finish_reason":"stop"}]}` + "\n\n", false},
		"no end":             {"{kind: no_end}", `"finish_reason":null}]}` + "\n\n", false},
		"terminal replayed":  {"{kind: replay_end}", "data: [DONE]\n\n", false},
		"error in a stream":  {"{kind: internal, after: 1, message: oh}", `data: {"error":{"message":"oh","type":"server_error","param":null,"code":null}}` + "\n\n", false},
		"cut before the end": {"{kind: cut, after: 4}", `"content":"e 4"}` + ",", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mocktest.StartScript(t, "rules: [{answer: {text: one two three 4}, fault: "+c.fault+"}]")
			resp := post(t, s.OpenAI("")+"/chat/completions", `{"model":"m","stream":true,"messages":[{"role":"user","content":"x"}]}`)
			if errors.Is(resp.err, io.ErrUnexpectedEOF) != c.cut {
				t.Errorf("reading: %v", resp.err)
			}
			events := strings.SplitAfter(resp.text, "\n\n")
			last := events[len(events)-2]
			switch {
			case c.want == "no JSON":
				if json.Valid([]byte(strings.TrimPrefix(last, "data: "))) {
					t.Errorf("the last event is JSON: %s", last)
				}
			case !strings.Contains(last, c.want):
				t.Errorf("the last event is %s", last)
			}
			if done := strings.Count(resp.text, "[DONE]"); name == "terminal replayed" && (done != 2 || strings.Count(resp.text, `"finish_reason":"stop"`) != 2) {
				t.Errorf("%d times done: %s", done, resp.text)
			}
			if e := s.Ended(t, 1)[0]; e.Complete == c.cut {
				t.Errorf("entry %+v", e)
			}
		})
	}
}

func TestInvalidOpenAIRequests(t *testing.T) {
	t.Parallel()
	s := mocktest.Start(t, mock.Options{})
	const hi = `"messages":[{"role":"user","content":"x"}]`
	for name, c := range map[string]struct{ path, body, param, code string }{
		"no JSON":            {"chat/completions", `{"model":`, "", ""},
		"no UTF-8":           {"chat/completions", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\xff\"}]}", "", ""},
		"no model":           {"chat/completions", `{` + hi + `}`, "model", ""},
		"no messages":        {"chat/completions", `{"model":"m"}`, "messages", "missing_required_parameter"},
		"empty messages":     {"chat/completions", `{"model":"m","messages":[]}`, "messages", "empty_array"},
		"messages a text":    {"chat/completions", `{"model":"m","messages":"x"}`, "messages", "invalid_type"},
		"strange role":       {"chat/completions", `{"model":"m","messages":[{"role":"boss","content":"x"}]}`, "messages[0].role", "invalid_value"},
		"negative tokens":    {"chat/completions", `{"model":"m","max_tokens":-1,` + hi + `}`, "max_tokens", "integer_below_min_value"},
		"no tokens":          {"chat/completions", `{"model":"m","max_completion_tokens":0,` + hi + `}`, "max_completion_tokens", "integer_below_min_value"},
		"hot":                {"chat/completions", `{"model":"m","temperature":3,` + hi + `}`, "temperature", "decimal_above_max_value"},
		"many answers":       {"chat/completions", `{"model":"m","n":1000,` + hi + `}`, "n", "integer_above_max_value"},
		"lonely result":      {"chat/completions", `{"model":"m","messages":[{"role":"tool","content":"x","tool_call_id":"a"}]}`, "messages.[0].role", ""},
		"schema a text":      {"chat/completions", `{"model":"m",` + hi + `,"tools":[{"type":"function","function":{"name":"f","parameters":"x"}}]}`, "tools[0].function.parameters", "invalid_type"},
		"strange format":     {"chat/completions", `{"model":"m",` + hi + `,"response_format":{"type":"xml"}}`, "response_format.type", "invalid_value"},
		"options, no stream": {"chat/completions", `{"model":"m",` + hi + `,"stream_options":{"include_usage":true}}`, "stream_options", ""},
		"nothing to embed":   {"embeddings", `{"model":"m","input":[]}`, "input", ""},
		"empty text":         {"embeddings", `{"model":"m","input":["a",""]}`, "input[1]", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp := post(t, s.OpenAI("")+"/"+c.path, c.body)
			var told struct {
				Error struct{ Message, Type, Param, Code string }
			}
			if err := json.Unmarshal([]byte(resp.text), &told); err != nil {
				t.Fatal(err)
			}
			if resp.status != http.StatusBadRequest || told.Error.Type != "invalid_request_error" || told.Error.Param != c.param || told.Error.Code != c.code || told.Error.Message == "" {
				t.Errorf("%d %+v", resp.status, told)
			}
		})
	}
}
