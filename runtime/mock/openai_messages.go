package mock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// conversation reads the messages of a chat.
func (b *chatBody) conversation(req *Request) *refusal {
	req.Messages = make([]Message, 0, len(b.Messages))
	var system []string
	open := map[string]bool{} // calls that wait for their results
	for i := range b.Messages {
		told := &b.Messages[i]
		text, f := told.text(i)
		if f != nil {
			return f
		}
		switch told.Role {
		case "system", "developer":
			system = append(system, text)
			continue
		case "user":
			req.Messages = append(req.Messages, Message{Role: "user", Text: text})
		case "assistant":
			message := Message{Role: "assistant", Text: text}
			clear(open)
			for _, call := range told.ToolCalls {
				open[call.ID] = true
				message.Calls = append(message.Calls, ToolCall{ID: call.ID, Name: call.Function.Name, Arguments: call.Function.Arguments})
			}
			req.Messages = append(req.Messages, message)
			continue
		case "tool", "function":
			if told.Role == "tool" && !open[told.ToolCallID] {
				return badParam(fmt.Sprintf("messages.[%d].role", i), "", "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.")
			}
			delete(open, told.ToolCallID)
			req.Messages = append(req.Messages, Message{Role: "tool", Results: []ToolResult{{ID: told.ToolCallID, Text: text}}})
			continue
		default:
			return badParam(fmt.Sprintf("messages[%d].role", i), "invalid_value", fmt.Sprintf("Invalid value: '%s'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.", told.Role))
		}
		if len(open) > 0 {
			return badParam(fmt.Sprintf("messages.[%d].role", i), "", "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.")
		}
	}
	req.System = strings.Join(system, "\n")
	return nil
}

// text is the text of a message, of all its parts.
func (m *chatMessage) text(at int) (string, *refusal) {
	content := m.Content
	if len(content) > 1 && content[0] == '"' {
		if bytes.IndexByte(content, '\\') < 0 { // nothing to unescape: the common case, and valid already
			return string(content[1 : len(content)-1]), nil
		}
		var text string
		if json.Unmarshal(content, &text) == nil {
			return text, nil
		}
	}
	if len(content) == 0 || string(content) == "null" {
		if m.Role == "assistant" {
			return "", nil
		}
		return "", badParam("messages.["+strconv.Itoa(at)+"].content", "invalid_type", fmt.Sprintf("Invalid value for 'content': expected a string, got null. (messages[%d])", at))
	}
	var parts []struct {
		Type    string `json:"type"`
		Text    string `json:"text"`
		Refusal string `json:"refusal"`
	}
	if json.Unmarshal(content, &parts) != nil {
		return "", badParam(fmt.Sprintf("messages[%d].content", at), "invalid_type", fmt.Sprintf("Invalid type for 'messages[%d].content': expected one of a string or array of objects.", at))
	}
	var text strings.Builder
	for _, part := range parts {
		text.WriteString(part.Text)
		text.WriteString(part.Refusal)
	}
	return text.String(), nil
}

// stringOrList reads what may be null, a text or a list of texts.
func stringOrList(value json.RawMessage, param string) ([]string, *refusal) {
	var one string
	var many []string
	switch {
	case len(value) == 0 || string(value) == "null":
		return nil, nil
	case json.Unmarshal(value, &one) == nil:
		return []string{one}, nil
	case json.Unmarshal(value, &many) == nil:
		return many, nil
	}
	return nil, badParam(param, "invalid_type", fmt.Sprintf("Invalid type for '%s': expected one of a string or array of strings.", param))
}

func readEmbeddings(body []byte, req *Request) *refusal {
	var told struct {
		Model      string          `json:"model"`
		Input      json.RawMessage `json:"input"`
		Dimensions *int64          `json:"dimensions"`
		Format     string          `json:"encoding_format"`
		User       string          `json:"user"`
	}
	if f := decodeOpenAI(body, &told); f != nil {
		return f
	}
	if told.Model == "" {
		return badParam("model", "", "you must provide a model parameter")
	}
	if f := atLeast("dimensions", told.Dimensions, 1); f != nil {
		return f
	}
	if f := atMost("dimensions", told.Dimensions, maxDimensions); f != nil {
		return f
	}
	switch told.Format {
	case "", "float", "base64":
	default:
		return badParam("encoding_format", "invalid_value", fmt.Sprintf("Invalid value: '%s'. Supported values are: 'float' and 'base64'.", told.Format))
	}
	req.Model, req.format, req.CallID, req.Dimensions = told.Model, told.Format, told.User, dimensionsOpenAI
	if strings.HasSuffix(told.Model, "-3-large") {
		req.Dimensions = 2 * dimensionsOpenAI
	}
	if told.Dimensions != nil {
		req.Dimensions = int(*told.Dimensions)
	}
	var f *refusal
	if req.Texts, f = inputs(told.Input); f != nil {
		return f
	}
	if len(req.Texts) > maxTexts {
		return badParam("input", "", fmt.Sprintf("Invalid 'input': array too long. Expected an array with maximum length %d, but got an array with length %d instead.", maxTexts, len(req.Texts)))
	}
	return nil
}

// inputs reads what is to be embedded: texts, or tokens by their numbers, which
// stand for themselves.
func inputs(value json.RawMessage) ([]string, *refusal) {
	var tokens []int64
	var lists [][]int64
	texts, f := stringOrList(value, "input")
	switch {
	case f == nil:
	case json.Unmarshal(value, &tokens) == nil:
		texts = []string{fmt.Sprint(tokens)}
	case json.Unmarshal(value, &lists) == nil:
		for _, list := range lists {
			texts = append(texts, fmt.Sprint(list))
		}
	default:
		return nil, f
	}
	if len(texts) == 0 {
		return nil, badParam("input", "", "'input' cannot be an empty array.")
	}
	for i, text := range texts {
		if text == "" {
			return nil, badParam(fmt.Sprintf("input[%d]", i), "", "'input' cannot be an empty string.")
		}
	}
	return texts, nil
}
