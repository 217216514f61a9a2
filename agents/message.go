package agents

import (
	"encoding/json"
	"fmt"

	"github.com/quaestor-run/quaestor/tools"
)

// Role says who speaks in a transcript.
type Role string

// The roles of a transcript. Instructions are not a message: they travel
// beside the transcript.
const (
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
	RoleTool      Role = "tool"
)

// Message is one entry of a transcript. An assistant message holds text, tool
// calls or both; a tool message holds results.
type Message struct {
	Role        Role         `json:"role"`
	Text        string       `json:"text,omitempty"`
	ToolCalls   []ToolCall   `json:"tool_calls,omitempty"`
	ToolResults []ToolResult `json:"tool_results,omitempty"`
}

// ToolCall is a model's wish to call a tool.
type ToolCall struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
}

// ToolResult is what came of a tool call. Citations stay beside the value and
// are not shown to the model.
type ToolResult struct {
	CallID    string           `json:"call_id"`
	Name      string           `json:"name"`
	Value     json.RawMessage  `json:"value,omitempty"`
	Error     string           `json:"error,omitempty"` // set when the call failed in a way the model can mend
	Citations []tools.Citation `json:"citations,omitempty"`
}

// Shown is the result as a model reads it: a value that is a JSON string as its
// text, any other as it stands.
func (r ToolResult) Shown() string {
	var text string
	if len(r.Value) > 0 && r.Value[0] == '"' && json.Unmarshal(r.Value, &text) == nil {
		return text
	}
	return string(r.Value)
}

// Usage counts what model calls consumed. Money is in integer nano-dollars.
type Usage struct {
	InputTokens  int64 `json:"input_tokens"`
	OutputTokens int64 `json:"output_tokens"`
	CostNanoUSD  int64 `json:"cost_nano_usd"`
	Calls        int64 `json:"calls"`    // logical
	Attempts     int64 `json:"attempts"` // physical
}

// Value reads the value of a tool result. A call that failed gives its error.
func Value[T any](result ToolResult) (T, error) {
	var value T
	if result.Error != "" {
		return value, fmt.Errorf("tool %q: %s", result.Name, result.Error)
	}
	if err := json.Unmarshal(result.Value, &value); err != nil {
		return value, fmt.Errorf("decoding the result of tool %q: %w", result.Name, err)
	}
	return value, nil
}
