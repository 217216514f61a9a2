package mock

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

// family tells whose body InvokeModel carries for a model, by its id, which may
// be that of an inference profile or an ARN.
func family(model string) string {
	for _, name := range []string{"anthropic.", "amazon.titan-embed", "cohere.embed"} {
		if strings.Contains(model, name) {
			return name
		}
	}
	return ""
}

func readInvoke(body []byte, req *Request) *refusal {
	switch family(req.Model) {
	case "anthropic.":
		return readAnthropic(body, req)
	case "amazon.titan-embed":
		return readTitan(body, req)
	case "cohere.embed":
		return readCohere(body, req)
	}
	return invalid(fmt.Sprintf("The emulator speaks InvokeModel for anthropic.*, amazon.titan-embed* and cohere.embed*, not for %q. Use Converse instead.", req.Model))
}

func readInvokeStream(body []byte, req *Request) *refusal {
	if family(req.Model) != "anthropic." {
		return invalid("The model is unsupported for response streaming")
	}
	return readAnthropic(body, req)
}

// The body of Anthropic's Messages API, as far as the emulator heeds it.
type anthropicBody struct {
	Version       string          `json:"anthropic_version"`
	MaxTokens     *int64          `json:"max_tokens"`
	System        json.RawMessage `json:"system"`
	StopSequences []string        `json:"stop_sequences"`
	Temperature   *float64        `json:"temperature"`
	Messages      []struct {
		Role    string          `json:"role"`
		Content json.RawMessage `json:"content"`
	} `json:"messages"`
	Tools []struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		InputSchema json.RawMessage `json:"input_schema"`
	} `json:"tools"`
	ToolChoice *struct {
		Type string `json:"type"`
		Name string `json:"name"`
	} `json:"tool_choice"`
	Metadata struct {
		UserID string `json:"user_id"`
	} `json:"metadata"`
}

type anthropicBlock struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	ToolUseID string          `json:"tool_use_id"`
	Content   json.RawMessage `json:"content"`
}

func readAnthropic(body []byte, req *Request) *refusal {
	var told anthropicBody
	if f := decodeBedrock(body, &told); f != nil {
		return f
	}
	switch {
	case told.Version == "":
		return invalid("anthropic_version: Field required")
	case told.MaxTokens == nil:
		return invalid("max_tokens: Field required")
	case *told.MaxTokens < 1:
		return invalid("max_tokens: Input should be greater than or equal to 1")
	case len(told.Messages) == 0:
		return invalid("messages: at least one message is required")
	case told.Temperature != nil && (*told.Temperature < 0 || *told.Temperature > 1):
		return invalid("temperature: range: 0..1")
	}
	req.MaxTokens, req.Stop, req.N, req.CallID = *told.MaxTokens, told.StopSequences, 1, told.Metadata.UserID
	for i, tool := range told.Tools {
		if !isObject(tool.InputSchema) {
			return invalid(fmt.Sprintf("tools.%d.custom.input_schema: Input should be a valid dictionary", i))
		}
		req.Tools = append(req.Tools, Tool{Name: tool.Name, Description: tool.Description, Schema: tool.InputSchema})
	}
	if choice := told.ToolChoice; choice != nil && choice.Type != "auto" {
		req.Choice = Choice{Mode: choice.Type, Name: choice.Name}
	}
	var f *refusal
	if req.System, f = anthropicText(told.System, "system"); f != nil {
		return f
	}
	for i, m := range told.Messages {
		if m.Role != "user" && m.Role != "assistant" {
			return invalid(fmt.Sprintf("messages.%d.role: Input should be 'user' or 'assistant'", i))
		}
		message, f := anthropicMessage(m.Content, fmt.Sprintf("messages.%d.content", i))
		if f != nil {
			return f
		}
		message.Role = m.Role
		req.Messages = append(req.Messages, message)
	}
	if req.Messages[0].Role != "user" {
		return invalid("messages: first message must use the \"user\" role")
	}
	return nil
}

// anthropicBlocks reads what is a text or a list of blocks.
func anthropicBlocks(content json.RawMessage, at string) ([]anthropicBlock, *refusal) {
	var text string
	var blocks []anthropicBlock
	switch {
	case len(content) == 0 || string(content) == "null":
		return nil, nil
	case json.Unmarshal(content, &text) == nil:
		return []anthropicBlock{{Type: "text", Text: text}}, nil
	case json.Unmarshal(content, &blocks) == nil:
		return blocks, nil
	}
	return nil, invalid(at + ": Input should be a valid string or a valid array")
}

func anthropicText(content json.RawMessage, at string) (string, *refusal) {
	blocks, f := anthropicBlocks(content, at)
	if f != nil {
		return "", f
	}
	var texts []string
	for _, block := range blocks {
		texts = append(texts, block.Text)
	}
	return strings.Join(texts, "\n"), nil
}

func anthropicMessage(content json.RawMessage, at string) (Message, *refusal) {
	blocks, f := anthropicBlocks(content, at)
	if f != nil {
		return Message{}, f
	}
	if len(blocks) == 0 {
		return Message{}, invalid(at + ": at least one block is required")
	}
	var message Message
	var texts []string
	for i, block := range blocks {
		switch block.Type {
		case "text":
			if block.Text == "" {
				return Message{}, invalid(fmt.Sprintf("%s.%d.text: text content blocks must be non-empty", at, i))
			}
			texts = append(texts, block.Text)
		case "tool_use":
			message.Calls = append(message.Calls, ToolCall{ID: block.ID, Name: block.Name, Arguments: string(block.Input)})
		case "tool_result":
			text, f := anthropicText(block.Content, fmt.Sprintf("%s.%d.content", at, i))
			if f != nil {
				return Message{}, f
			}
			message.Results = append(message.Results, ToolResult{ID: block.ToolUseID, Text: text})
		}
	}
	message.Text = strings.Join(texts, "\n")
	return message, nil
}

// readCountTokens reads a request whose tokens are to be counted, in either of
// the two forms.
func readCountTokens(body []byte, req *Request) *refusal {
	var told struct {
		Input struct {
			Converse    json.RawMessage `json:"converse"`
			InvokeModel *struct {
				Body string `json:"body"`
			} `json:"invokeModel"`
		} `json:"input"`
	}
	if f := decodeBedrock(body, &told); f != nil {
		return f
	}
	switch {
	case len(told.Input.Converse) > 0:
		return readConverse(told.Input.Converse, req)
	case told.Input.InvokeModel != nil:
		inner, err := base64.StdEncoding.DecodeString(told.Input.InvokeModel.Body)
		if err != nil {
			return invalid("Malformed input request: #/input/invokeModel/body: " + err.Error())
		}
		return readInvoke(inner, req)
	}
	return invalid("1 validation error detected: Value at 'input' failed to satisfy constraint: Member must not be null")
}

func wholeCountTokens(_ *exchange, a *Answer) []byte {
	return append(appendInt(nil, `{"inputTokens":`, a.Usage.prompt()), '}')
}
