package mock

import (
	"encoding/json"
)

// Protocol is a family of wire formats.
type Protocol string

// The protocols.
const (
	Bedrock Protocol = "bedrock"
	OpenAI  Protocol = "openai"
)

// The operations, as rules and the log name them.
const (
	OpConverse       = "converse"
	OpConverseStream = "converse-stream"
	OpInvoke         = "invoke"
	OpInvokeStream   = "invoke-stream"
	OpCountTokens    = "count-tokens"
	OpChat           = "chat"
	OpEmbeddings     = "embeddings"
	OpModels         = "models"
)

// Request is a request in nobody's wire format.
type Request struct {
	Protocol  Protocol
	Operation string
	Model     string
	Region    string // empty when the request tells none
	Stream    bool

	System      string
	Messages    []Message
	Tools       []Tool
	Choice      Choice
	MaxTokens   int64 // 0 when none is given
	Stop        []string
	JSON        bool            // the answer must be JSON
	Schema      json.RawMessage // that the answer must have; nil for none
	SchemaName  string
	N           int  // answers wanted, at least 1
	StreamUsage bool // OpenAI: stream_options.include_usage
	CallID      string

	Texts      []string // to embed
	Dimensions int      // 0 means the model's own
	format     string   // of vectors: float or base64, or Cohere's types
}

// Message is one turn of a conversation.
type Message struct {
	Role    string // system, user, assistant or tool
	Text    string
	Calls   []ToolCall   // of the assistant
	Results []ToolResult // of tools
}

// Tool is one that the model may call.
type Tool struct {
	Name        string
	Description string
	Schema      json.RawMessage
}

// ToolCall is a call that the model makes. Arguments are JSON, unless a script
// means to break it.
type ToolCall struct {
	ID        string
	Name      string
	Arguments string
}

// ToolResult is what came of a call.
type ToolResult struct {
	ID   string
	Text string
}

// Choice says what a model may do about its tools: auto (or empty), none, any,
// or the one by name.
type Choice struct {
	Mode string
	Name string
}

// LastUser is the text of the newest message of the user, empty when there is
// none.
func (r *Request) LastUser() string {
	for i := len(r.Messages) - 1; i >= 0; i-- {
		if m := &r.Messages[i]; m.Role == "user" && m.Text != "" {
			return m.Text
		}
	}
	return ""
}

// Results are the tool results the conversation ends with.
func (r *Request) Results() []ToolResult {
	var results []ToolResult
	for i := len(r.Messages) - 1; i >= 0; i-- {
		m := &r.Messages[i]
		if len(m.Results) == 0 || m.Role != "tool" && m.Text != "" {
			break
		}
		results = append(append([]ToolResult{}, m.Results...), results...)
	}
	return results
}
