package modelapi

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// completion is a whole answer as OpenAI writes it.
type completion struct {
	ID      string   `json:"id"`
	Object  string   `json:"object"`
	Created int64    `json:"created"`
	Model   string   `json:"model"`
	Choices []choice `json:"choices"`
	Usage   *usage   `json:"usage,omitempty"`
}

type choice struct {
	Index        int       `json:"index"`
	Message      message   `json:"message"`
	Logprobs     *struct{} `json:"logprobs"` // always null
	FinishReason string    `json:"finish_reason"`
}

type message struct {
	Role      string    `json:"role"`
	Content   *string   `json:"content"` // null beside tool calls
	Refusal   *struct{} `json:"refusal"` // always null
	ToolCalls []call    `json:"tool_calls,omitempty"`
}

type call struct {
	ID       string   `json:"id"`
	Type     string   `json:"type"`
	Function function `json:"function"`
}

type function struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

type usage struct {
	PromptTokens     int64         `json:"prompt_tokens"`
	CompletionTokens int64         `json:"completion_tokens"`
	TotalTokens      int64         `json:"total_tokens"`
	Details          promptDetails `json:"prompt_tokens_details"`
}

type promptDetails struct {
	CachedTokens int64 `json:"cached_tokens"`
}

// usageOf sums the usage of answers. Where one does not tell its own, the sum
// would be wrong, and there is none.
func usageOf(answers ...answer) *usage {
	var sum usage
	for _, answer := range answers {
		if answer.usageMissing {
			return nil
		}
		t := answer.tokens
		sum.PromptTokens += t.Input + t.CacheRead + t.CacheWrite
		sum.CompletionTokens += t.Output
		sum.Details.CachedTokens += t.CacheRead
	}
	sum.TotalTokens = sum.PromptTokens + sum.CompletionTokens
	return &sum
}

func messageOf(m agents.Message) message {
	out := message{Role: "assistant", Content: &m.Text}
	if m.Text == "" && len(m.ToolCalls) > 0 {
		out.Content = nil
	}
	for _, c := range m.ToolCalls {
		out.ToolCalls = append(out.ToolCalls, call{ID: c.ID, Type: "function", Function: function{c.Name, string(c.Arguments)}})
	}
	return out
}

func finishReason(response provider.Response) string {
	switch response.StopReason {
	case provider.StopLength:
		return "length"
	case provider.StopToolCalls:
		return "tool_calls"
	case provider.StopFiltered:
		return "content_filter"
	}
	if len(response.Message.ToolCalls) > 0 {
		return "tool_calls"
	}
	return "stop"
}

// chunk is a piece of an answer as OpenAI writes it.
type chunk struct {
	ID      string        `json:"id"`
	Object  string        `json:"object"`
	Created int64         `json:"created"`
	Model   string        `json:"model"`
	Choices []chunkChoice `json:"choices"`
	Usage   *usage        `json:"usage,omitempty"`
}

// countedChunk is a chunk of a stream that was asked to tell its usage: null
// until the end.
type countedChunk struct {
	ID      string        `json:"id"`
	Object  string        `json:"object"`
	Created int64         `json:"created"`
	Model   string        `json:"model"`
	Choices []chunkChoice `json:"choices"`
	Usage   *usage        `json:"usage"`
}

type chunkChoice struct {
	Index        int       `json:"index"`
	Delta        delta     `json:"delta"`
	Logprobs     *struct{} `json:"logprobs"` // always null
	FinishReason *string   `json:"finish_reason"`
}

type delta struct {
	Role      string      `json:"role,omitempty"`
	Content   *string     `json:"content,omitempty"`
	ToolCalls []callDelta `json:"tool_calls,omitempty"`
}

type callDelta struct {
	Index    int           `json:"index"`
	ID       string        `json:"id,omitempty"`
	Type     string        `json:"type,omitempty"`
	Function functionDelta `json:"function"`
}

type functionDelta struct {
	Name      string `json:"name,omitempty"`
	Arguments string `json:"arguments"`
}

func deltaOf(d provider.Delta) delta {
	if d.ToolCall == nil {
		return delta{Content: &d.Text}
	}
	out := callDelta{Index: d.ToolCall.Index, ID: d.ToolCall.ID, Function: functionDelta{d.ToolCall.Name, d.ToolCall.Arguments}}
	if out.ID != "" {
		out.Type = "function"
	}
	return delta{ToolCalls: []callDelta{out}}
}

// encode writes JSON without the escapes that only HTML needs.
func encode(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("encoding an answer: %w", err)
	}
	return bytes.TrimRight(text.Bytes(), "\n"), nil
}
