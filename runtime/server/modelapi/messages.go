package modelapi

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
)

// wireMessage is a message as OpenAI has it.
type wireMessage struct {
	role    string
	text    string
	content bool // it has some
	calls   []agents.ToolCall
	callID  string
}

// messages reads the conversation. System messages become the instructions; the
// results of tools that follow each other become one message.
func (d *decoder) messages() error {
	d.request.messages = nil // of a field that was given twice, the last one counts
	transcript := transcript{decoder: d}
	err := d.items(func(i int) error {
		if i == maxMessages {
			return d.tooLong("messages", maxMessages)
		}
		message, err := d.message()
		if err != nil {
			return err
		}
		return transcript.add(message)
	})
	if err != nil {
		return err
	}
	return transcript.end()
}

func (d *decoder) message() (wireMessage, error) {
	var m wireMessage
	err := d.fields(func(name string) (err error) {
		if d.null() {
			return nil
		}
		switch name {
		case "role":
			m.role, err = d.role()
		case "content":
			m.content = true
			m.text, err = d.content()
		case "refusal":
			if m.text == "" {
				m.text, err = d.string()
				m.content = true
			} else {
				d.raw()
			}
		case "tool_calls":
			m.calls, err = d.toolCalls()
		case "tool_call_id":
			m.callID, err = d.string()
		case "function_call", "audio":
			if d.truthy() {
				err = d.unsupported("it is not to be had here.")
			}
		default:
			d.raw()
		}
		return err
	})
	if err == nil && m.role == "" {
		failure := invalid(string(d.path)+".role", "Missing required parameter: '%s.role'.", d.path)
		failure.Code = "missing_required_parameter"
		return m, failure
	}
	return m, err
}

func (d *decoder) role() (string, error) {
	role, err := d.string()
	if err != nil {
		return "", err
	}
	switch role {
	case "system", "developer", "user", "assistant", "tool":
		return role, nil
	}
	return "", d.refuse("invalid_value", "'%s'. Supported values are: 'system', 'developer', 'user', 'assistant', and 'tool'.", clip(role))
}

// content is a text, or a list of parts of which only text is taken.
func (d *decoder) content() (string, error) {
	if d.kind() == '"' {
		return d.string()
	}
	var parts []string
	err := d.items(func(int) error {
		part, err := d.part()
		parts = append(parts, part)
		return err
	})
	return strings.Join(parts, "\n"), err
}

func (d *decoder) part() (string, error) {
	var kind, text string
	err := d.fields(func(name string) (err error) {
		switch name {
		case "type":
			kind, err = d.string()
		case "text", "refusal":
			text, err = d.string()
		default:
			d.raw()
		}
		return err
	})
	switch {
	case err != nil:
		return "", err
	case kind == "text", kind == "refusal":
		return text, nil
	case kind == "image_url", kind == "input_audio", kind == "file":
		failure := invalid(string(d.path)+".type", "Unsupported content at '%s': parts of type '%s' are not supported; send text.", d.path, kind)
		failure.Code = "unsupported_content"
		return "", failure
	}
	failure := invalid(string(d.path)+".type", "Invalid value for '%s.type': '%s'. Supported values are: 'text'.", d.path, clip(kind))
	failure.Code = "invalid_value"
	return "", failure
}

// toolCalls reads what an assistant called.
func (d *decoder) toolCalls() ([]agents.ToolCall, error) {
	var calls []agents.ToolCall
	err := d.items(func(int) error {
		var call agents.ToolCall
		err := d.fields(func(name string) (err error) {
			switch name {
			case "id":
				call.ID, err = d.string()
			case "type":
				err = d.functionType()
			case "function":
				err = d.calledFunction(&call)
			default:
				d.raw()
			}
			return err
		})
		if err == nil && (call.ID == "" || call.Name == "") {
			return invalid(string(d.path), "Invalid value for '%s': a tool call needs an 'id' and a 'function' with a 'name'.", d.path)
		}
		if call.Arguments == nil {
			call.Arguments = json.RawMessage("{}")
		}
		calls = append(calls, call)
		return err
	})
	return calls, err
}

func (d *decoder) functionType() error {
	kind, err := d.string()
	if err == nil && kind != "function" {
		return d.refuse("invalid_value", "'%s'. Supported values are: 'function'.", clip(kind))
	}
	return err
}

func (d *decoder) calledFunction(call *agents.ToolCall) error {
	return d.fields(func(name string) (err error) {
		switch name {
		case "name":
			call.Name, err = d.string()
		case "arguments":
			var text string
			if text, err = d.string(); err == nil && strings.TrimSpace(text) != "" {
				call.Arguments = json.RawMessage(text)
				err = d.checkArguments(text)
			}
		default:
			d.raw()
		}
		return err
	})
}

func (d *decoder) checkArguments(text string) error {
	if deepest([]byte(text)) > maxDepth || !json.Valid([]byte(text)) {
		return d.refuse("invalid_value", "the arguments of a call must be JSON.")
	}
	return nil
}

// transcript turns messages into a conversation, in which every call has a
// result and every result a call.
type transcript struct {
	*decoder
	system  []string
	pending []agents.ToolCall // calls that wait for their result
}

func (t *transcript) add(m wireMessage) error {
	messages := &t.request.messages
	if m.role != "tool" && len(t.pending) > 0 {
		return t.unanswered()
	}
	if !m.content && m.role != "assistant" {
		failure := invalid(string(t.path)+".content", "Missing required parameter: '%s.content'.", t.path)
		failure.Code = "missing_required_parameter"
		return failure
	}
	switch m.role {
	case "system", "developer":
		if m.text != "" {
			t.system = append(t.system, m.text)
		}
	case "user":
		*messages = append(*messages, agents.Message{Role: agents.RoleUser, Text: m.text})
	case "assistant":
		*messages = append(*messages, agents.Message{Role: agents.RoleAssistant, Text: m.text, ToolCalls: m.calls})
		t.pending = slices.Clone(m.calls)
	default:
		return t.result(m)
	}
	return nil
}

// result takes what a tool gave for a call that waits for it.
func (t *transcript) result(m wireMessage) error {
	at := slices.IndexFunc(t.pending, func(call agents.ToolCall) bool { return call.ID == m.callID })
	if at < 0 {
		return invalid(string(t.path)+".tool_call_id", "Invalid '%s': messages with role 'tool' must be a response to a preceding message with 'tool_calls'.", t.path)
	}
	result := agents.ToolResult{CallID: m.callID, Name: t.pending[at].Name, Value: resultValue(m.text)}
	t.pending = slices.Delete(t.pending, at, at+1)
	messages := t.request.messages
	if last := len(messages) - 1; messages[last].Role == agents.RoleTool {
		messages[last].ToolResults = append(messages[last].ToolResults, result)
		return nil
	}
	t.request.messages = append(t.request.messages, agents.Message{Role: agents.RoleTool, ToolResults: []agents.ToolResult{result}})
	return nil
}

// resultValue is the text of a result as JSON: as it stands where it is an
// object or an array, else as a string.
func resultValue(text string) json.RawMessage {
	trimmed := strings.TrimSpace(text)
	if (strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[")) && deepest([]byte(text)) <= maxDepth && json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	value, _ := json.Marshal(text) // a string always encodes
	return value
}

func (t *transcript) unanswered() error {
	var ids []string
	for _, call := range t.pending {
		ids = append(ids, clip(call.ID))
	}
	return invalid("messages", "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "+
		"The following tool_call_ids did not have response messages: %s", strings.Join(ids, ", "))
}

func (t *transcript) end() error {
	if len(t.pending) > 0 {
		return t.unanswered()
	}
	if len(t.request.messages) == 0 && len(t.system) == 0 {
		failure := invalid("messages", "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.")
		failure.Code = "empty_array"
		return failure
	}
	t.request.system = strings.Join(t.system, "\n\n")
	return nil
}
