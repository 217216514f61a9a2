package mock

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The body of a chat completion, as far as the emulator heeds it.
type chatBody struct {
	Model         string            `json:"model"`
	Messages      []chatMessage     `json:"messages"`
	Stream        bool              `json:"stream"`
	StreamOptions *streamOptions    `json:"stream_options"`
	MaxTokens     *int64            `json:"max_tokens"`
	MaxCompletion *int64            `json:"max_completion_tokens"`
	Temperature   *float64          `json:"temperature"`
	TopP          *float64          `json:"top_p"`
	N             *int64            `json:"n"`
	Stop          json.RawMessage   `json:"stop"`
	Tools         []chatTool        `json:"tools"`
	ToolChoice    json.RawMessage   `json:"tool_choice"`
	Format        *responseFormat   `json:"response_format"`
	User          string            `json:"user"`
	Metadata      map[string]string `json:"metadata"`
}

type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

type chatTool struct {
	Type     string `json:"type"`
	Function *struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
	} `json:"function"`
}

type responseFormat struct {
	Type       string `json:"type"`
	JSONSchema *struct {
		Name   string          `json:"name"`
		Schema json.RawMessage `json:"schema"`
	} `json:"json_schema"`
}

type chatMessage struct {
	Role       string          `json:"role"`
	Content    json.RawMessage `json:"content"`
	ToolCallID string          `json:"tool_call_id"`
	ToolCalls  []struct {
		ID       string `json:"id"`
		Function struct {
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
}

// maxChoices bounds n.
const maxChoices = 128

func readChat(body []byte, req *Request) *refusal {
	var told chatBody
	if f := decodeOpenAI(body, &told); f != nil {
		return f
	}
	if f := told.check(); f != nil {
		return f
	}
	req.Model, req.Stream, req.N = told.Model, told.Stream, 1
	req.StreamUsage = told.StreamOptions != nil && told.StreamOptions.IncludeUsage
	if told.N != nil {
		req.N = int(*told.N)
	}
	if bound := cmp.Or(told.MaxCompletion, told.MaxTokens); bound != nil {
		req.MaxTokens = *bound
	}
	req.CallID = cmp.Or(told.Metadata["attempt"], told.User)
	if f := told.tools(req); f != nil {
		return f
	}
	if f := told.format(req); f != nil {
		return f
	}
	var f *refusal
	if req.Stop, f = stringOrList(told.Stop, "stop"); f != nil {
		return f
	}
	return told.conversation(req)
}

// decodeOpenAI reads a body in OpenAI's way of saying what is wrong.
func decodeOpenAI(body []byte, into any) *refusal {
	err := json.Unmarshal(body, into)
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mistyped):
		return badParam(mistyped.Field, "invalid_type", fmt.Sprintf("Invalid type for '%s': expected %s, but got %s instead.", mistyped.Field, article(mistyped.Type.String()), article(mistyped.Value)))
	case err != nil, !utf8.Valid(body):
		return badParam("", "", "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)")
	}
	return nil
}

func article(kind string) string {
	switch {
	case strings.HasPrefix(kind, "[]"):
		return "an array"
	case strings.HasPrefix(kind, "mock.") || strings.HasPrefix(kind, "map["):
		return "an object"
	case strings.HasPrefix(kind, "int"):
		return "an integer"
	case kind == "float64":
		return "a decimal"
	case kind == "bool":
		return "a boolean"
	case strings.HasPrefix(kind, "a") || strings.HasPrefix(kind, "o"):
		return "an " + kind
	}
	return "a " + kind
}

func (b *chatBody) check() *refusal {
	switch {
	case b.Model == "":
		return badParam("model", "", "you must provide a model parameter")
	case b.Messages == nil:
		return badParam("messages", "missing_required_parameter", "Missing required parameter: 'messages'.")
	case len(b.Messages) == 0:
		return badParam("messages", "empty_array", "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.")
	case b.StreamOptions != nil && !b.Stream:
		return badParam("stream_options", "", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
	case b.MaxTokens != nil && b.MaxCompletion != nil:
		return badParam("max_tokens", "invalid_parameter_combination", "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.")
	}
	return cmp.Or(
		atLeast("max_tokens", b.MaxTokens, 1), atLeast("max_completion_tokens", b.MaxCompletion, 1),
		atLeast("n", b.N, 1), atMost("n", b.N, maxChoices),
		between("temperature", b.Temperature, 0, 2), between("top_p", b.TopP, 0, 1),
	)
}

func atLeast(param string, n *int64, least int64) *refusal {
	if n == nil || *n >= least {
		return nil
	}
	return badParam(param, "integer_below_min_value", fmt.Sprintf("Invalid '%s': integer below minimum value. Expected a value >= %d, but got %d instead.", param, least, *n))
}

func atMost(param string, n *int64, most int64) *refusal {
	if n == nil || *n <= most {
		return nil
	}
	return badParam(param, "integer_above_max_value", fmt.Sprintf("Invalid '%s': integer above maximum value. Expected a value <= %d, but got %d instead.", param, most, *n))
}

func between(param string, x *float64, least, most float64) *refusal {
	switch {
	case x != nil && *x < least:
		return badParam(param, "decimal_below_min_value", fmt.Sprintf("Invalid '%s': decimal below minimum value. Expected a value >= %v, but got %v instead.", param, least, *x))
	case x != nil && *x > most:
		return badParam(param, "decimal_above_max_value", fmt.Sprintf("Invalid '%s': decimal above maximum value. Expected a value <= %v, but got %v instead.", param, most, *x))
	}
	return nil
}

func (b *chatBody) tools(req *Request) *refusal {
	for i, tool := range b.Tools {
		at := fmt.Sprintf("tools[%d]", i)
		switch {
		case tool.Type != "function" || tool.Function == nil:
			return badParam(at+".type", "invalid_value", fmt.Sprintf("Invalid value: '%s'. Supported values are: 'function'.", tool.Type))
		case tool.Function.Name == "":
			return badParam(at+".function.name", "missing_required_parameter", fmt.Sprintf("Missing required parameter: '%s.function.name'.", at))
		case given(tool.Function.Parameters) && !isObject(tool.Function.Parameters):
			return badParam(at+".function.parameters", "invalid_type", fmt.Sprintf("Invalid type for '%s.function.parameters': expected an object.", at))
		}
		req.Tools = append(req.Tools, Tool{Name: tool.Function.Name, Description: tool.Function.Description, Schema: tool.Function.Parameters})
	}
	var mode string
	var named struct {
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	}
	switch {
	case !given(b.ToolChoice):
		return nil
	case len(b.Tools) == 0:
		return badParam("tool_choice", "", "'tool_choice' is only allowed when 'tools' are specified.")
	case json.Unmarshal(b.ToolChoice, &mode) == nil:
		switch mode {
		case "required":
			req.Choice.Mode = "any"
		case "auto", "none":
			req.Choice.Mode = mode
		default:
			return badParam("tool_choice", "invalid_value", fmt.Sprintf("Invalid value: '%s'. Supported values are: 'none', 'auto', and 'required'.", mode))
		}
		return nil
	case json.Unmarshal(b.ToolChoice, &named) == nil && named.Function.Name != "":
		req.Choice = Choice{Mode: "named", Name: named.Function.Name}
		for _, tool := range req.Tools {
			if tool.Name == req.Choice.Name {
				return nil
			}
		}
	}
	return badParam("tool_choice", "", "Invalid value for 'tool_choice': it names no function of 'tools'.")
}

// given says whether a field was there and not null.
func given(value json.RawMessage) bool { return len(value) > 0 && string(value) != "null" }

func (b *chatBody) format(req *Request) *refusal {
	if b.Format == nil {
		return nil
	}
	switch b.Format.Type {
	case "text":
	case "json_object":
		req.JSON = true
	case "json_schema":
		if b.Format.JSONSchema == nil || !isObject(b.Format.JSONSchema.Schema) {
			return badParam("response_format.json_schema", "missing_required_parameter", "Missing required parameter: 'response_format.json_schema'.")
		}
		req.JSON, req.Schema, req.SchemaName = true, b.Format.JSONSchema.Schema, b.Format.JSONSchema.Name
	default:
		return badParam("response_format.type", "invalid_value", fmt.Sprintf("Invalid value: '%s'. Supported values are: 'text', 'json_object', and 'json_schema'.", b.Format.Type))
	}
	return nil
}
