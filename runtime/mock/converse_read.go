package mock

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// The body of Converse, as far as the emulator heeds it.
type converseBody struct {
	Messages        []converseMessage `json:"messages"`
	System          []converseBlock   `json:"system"`
	InferenceConfig struct {
		MaxTokens     *int64   `json:"maxTokens"`
		Temperature   *float64 `json:"temperature"`
		TopP          *float64 `json:"topP"`
		StopSequences []string `json:"stopSequences"`
	} `json:"inferenceConfig"`
	ToolConfig *struct {
		Tools []struct {
			ToolSpec *struct {
				Name        string `json:"name"`
				Description string `json:"description"`
				InputSchema struct {
					JSON json.RawMessage `json:"json"`
				} `json:"inputSchema"`
			} `json:"toolSpec"`
		} `json:"tools"`
		ToolChoice *struct {
			Any  *struct{} `json:"any"`
			Tool *struct {
				Name string `json:"name"`
			} `json:"tool"`
		} `json:"toolChoice"`
	} `json:"toolConfig"`
	RequestMetadata map[string]string `json:"requestMetadata"`
}

type converseMessage struct {
	Role    string          `json:"role"`
	Content []converseBlock `json:"content"`
}

type converseBlock struct {
	Text    *string `json:"text"`
	ToolUse *struct {
		ID    string          `json:"toolUseId"`
		Name  string          `json:"name"`
		Input json.RawMessage `json:"input"`
	} `json:"toolUse"`
	ToolResult *struct {
		ID      string `json:"toolUseId"`
		Content []struct {
			Text *string         `json:"text"`
			JSON json.RawMessage `json:"json"`
		} `json:"content"`
	} `json:"toolResult"`
}

func readConverse(body []byte, req *Request) *refusal {
	var told converseBody
	if f := decodeBedrock(body, &told); f != nil {
		return f
	}
	return told.into(req)
}

// decodeBedrock reads a body in Bedrock's way of saying what is wrong.
func decodeBedrock(body []byte, into any) *refusal {
	err := json.Unmarshal(body, into)
	var mistyped *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &mistyped):
		return invalid(fmt.Sprintf("Malformed input request: #/%s: expected type: %s, found: %s, please reformat your input and try again.",
			strings.ReplaceAll(mistyped.Field, ".", "/"), mistyped.Type, mistyped.Value))
	}
	return invalid("Malformed input request: " + err.Error() + ", please reformat your input and try again.")
}

func (b *converseBody) into(req *Request) *refusal {
	config := b.InferenceConfig
	switch {
	case config.MaxTokens != nil && *config.MaxTokens < 1:
		return constraint(*config.MaxTokens, "inferenceConfig.maxTokens", "greater than or equal to 1")
	case config.Temperature != nil && *config.Temperature < 0:
		return constraint(*config.Temperature, "inferenceConfig.temperature", "greater than or equal to 0")
	case config.Temperature != nil && *config.Temperature > 1:
		return constraint(*config.Temperature, "inferenceConfig.temperature", "less than or equal to 1")
	case config.TopP != nil && (*config.TopP < 0 || *config.TopP > 1):
		return constraint(*config.TopP, "inferenceConfig.topP", "between 0 and 1")
	}
	if config.MaxTokens != nil {
		req.MaxTokens = *config.MaxTokens
	}
	req.Stop, req.N, req.CallID = config.StopSequences, 1, b.RequestMetadata["attempt"]
	for i, block := range b.System {
		if block.Text == nil {
			continue
		}
		if i > 0 {
			req.System += "\n"
		}
		req.System += *block.Text
	}
	if f := b.tools(req); f != nil {
		return f
	}
	if len(b.Messages) == 0 {
		return invalid("1 validation error detected: Value at 'messages' failed to satisfy constraint: Member must not be empty")
	}
	req.Messages = make([]Message, 0, len(b.Messages))
	for i := range b.Messages {
		message, f := b.Messages[i].read(i)
		if f != nil {
			return f
		}
		req.Messages = append(req.Messages, message)
	}
	return checkTurns(req, b.ToolConfig != nil)
}

func (b *converseBody) tools(req *Request) *refusal {
	if b.ToolConfig == nil {
		return nil
	}
	if len(b.ToolConfig.Tools) == 0 {
		return invalid("1 validation error detected: Value '[]' at 'toolConfig.tools' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	for i, tool := range b.ToolConfig.Tools {
		if tool.ToolSpec == nil { // a cache point
			continue
		}
		if !isObject(tool.ToolSpec.InputSchema.JSON) {
			return invalid(fmt.Sprintf("The value at toolConfig.tools.%d.toolSpec.inputSchema.json is invalid. Provide a JSON Schema of type object, and try again.", i))
		}
		req.Tools = append(req.Tools, Tool{Name: tool.ToolSpec.Name, Description: tool.ToolSpec.Description, Schema: tool.ToolSpec.InputSchema.JSON})
	}
	if choice := b.ToolConfig.ToolChoice; choice != nil {
		switch {
		case choice.Tool != nil:
			req.Choice = Choice{Mode: "named", Name: choice.Tool.Name}
		case choice.Any != nil:
			req.Choice = Choice{Mode: "any"}
		}
	}
	return nil
}

func (m *converseMessage) read(at int) (Message, *refusal) {
	if m.Role != "user" && m.Role != "assistant" {
		return Message{}, invalid(fmt.Sprintf("1 validation error detected: Value '%s' at 'messages.%d.member.role' failed to satisfy constraint: Member must satisfy enum value set: [user, assistant]", m.Role, at+1))
	}
	if len(m.Content) == 0 {
		return Message{}, invalid(fmt.Sprintf("The content field in the Message object at messages.%d is empty. Add a ContentBlock object to the content field and try again.", at))
	}
	message := Message{Role: m.Role}
	var text strings.Builder
	for i, block := range m.Content {
		switch {
		case block.Text != nil:
			if strings.TrimSpace(*block.Text) == "" {
				return Message{}, invalid(fmt.Sprintf("The text field in the ContentBlock object at messages.%d.content.%d is blank. Add text to the text field, and try again.", at, i))
			}
			if text.Len() > 0 {
				text.WriteByte('\n')
			}
			text.WriteString(*block.Text)
		case block.ToolUse != nil:
			message.Calls = append(message.Calls, ToolCall{ID: block.ToolUse.ID, Name: block.ToolUse.Name, Arguments: string(block.ToolUse.Input)})
		case block.ToolResult != nil:
			result := ToolResult{ID: block.ToolResult.ID}
			for _, part := range block.ToolResult.Content {
				if part.Text != nil {
					result.Text += *part.Text
				} else {
					result.Text += string(part.JSON)
				}
			}
			message.Results = append(message.Results, result)
		}
	}
	message.Text = text.String()
	return message, nil
}

// checkTurns refuses what Bedrock refuses of a conversation: turns that do not
// alternate, and calls and results that do not meet.
func checkTurns(req *Request, withTools bool) *refusal {
	if req.Messages[0].Role != "user" {
		return invalid("A conversation must start with a user message. Try again with a conversation that starts with a user message.")
	}
	var open []ToolCall
	for i := range req.Messages {
		message := &req.Messages[i]
		if i > 0 && req.Messages[i-1].Role == message.Role {
			return invalid("A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.")
		}
		if !withTools && len(message.Calls)+len(message.Results) > 0 {
			return invalid("The toolConfig field must be defined when using toolUse and toolResult content blocks.")
		}
		if message.Role != "user" {
			open = message.Calls
			continue
		}
		if len(message.Results) > len(open) {
			return invalid(fmt.Sprintf("The number of toolResult blocks at messages.%d.content exceeds the number of toolUse blocks of previous turn.", i))
		}
		if missing := unanswered(open, message.Results); len(missing) > 0 {
			return invalid(fmt.Sprintf("Expected toolResult blocks at messages.%d.content for the following Ids: %s", i, strings.Join(missing, ", ")))
		}
		open = nil
	}
	return nil
}

func unanswered(calls []ToolCall, results []ToolResult) []string {
	answered := map[string]bool{}
	for _, result := range results {
		answered[result.ID] = true
	}
	var missing []string
	for _, call := range calls {
		if !answered[call.ID] {
			missing = append(missing, call.ID)
		}
	}
	return missing
}

func constraint(value any, at, want string) *refusal {
	return invalid(fmt.Sprintf("1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: Member must have value %s", value, at, want))
}

func isObject(schema json.RawMessage) bool {
	return strings.HasPrefix(strings.TrimSpace(string(schema)), "{")
}
