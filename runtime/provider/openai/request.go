package openai

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	client "github.com/sashabaranov/go-openai"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// wireRequest is a request for a chat completion. go-openai's own has three times
// the fields, leaves out a zero, and writes JSON twice.
type wireRequest struct {
	Model               string                               `json:"model"`
	Messages            []wireMessage                        `json:"messages"`
	MaxTokens           int                                  `json:"max_tokens,omitempty"`
	MaxCompletionTokens int                                  `json:"max_completion_tokens,omitempty"`
	Temperature         *float64                             `json:"temperature,omitempty"`
	TopP                *float64                             `json:"top_p,omitempty"`
	Stop                []string                             `json:"stop,omitempty"`
	Stream              bool                                 `json:"stream"`
	StreamOptions       *client.StreamOptions                `json:"stream_options,omitempty"`
	ResponseFormat      *client.ChatCompletionResponseFormat `json:"response_format,omitempty"`
	Tools               []wireTool                           `json:"tools,omitempty"`
	ToolChoice          any                                  `json:"tool_choice,omitempty"`
}

type wireMessage struct {
	Role       string            `json:"role"`
	Content    *string           `json:"content,omitempty"`
	ToolCalls  []client.ToolCall `json:"tool_calls,omitempty"`
	ToolCallID string            `json:"tool_call_id,omitempty"`
}

type wireTool struct {
	Type     client.ToolType            `json:"type"`
	Function *client.FunctionDefinition `json:"function"`
}

// request writes a call in OpenAI's terms, as JSON. The schema of the answer
// goes into response_format only where no tools are offered: some endpoints
// would let nothing else than the schema through, and never call a tool.
func (p *Provider) request(req provider.Request, stream bool) ([]byte, error) {
	out := wireRequest{Model: req.Model, Temperature: req.Temperature, TopP: req.TopP, Stop: req.Stop}
	if reasons(req.Model) {
		out.MaxCompletionTokens = req.MaxTokens
	} else {
		out.MaxTokens = req.MaxTokens // what other endpoints than OpenAI's honour; one that ignores the limit would pass its hold
	}
	if stream {
		out.Stream, out.StreamOptions = true, &client.StreamOptions{IncludeUsage: true}
	}
	system := p.answerSchema(&out, req)
	for _, tool := range req.Tools {
		out.Tools = append(out.Tools, wireTool{Type: client.ToolTypeFunction, Function: &client.FunctionDefinition{
			Name: tool.Name, Description: tool.Description, Parameters: tool.Input,
		}})
	}
	if err := chooseTool(&out, req); err != nil {
		return nil, err
	}
	if err := validate(&out); err != nil {
		return nil, err
	}
	out.Messages = make([]wireMessage, 0, len(req.Messages)+1)
	if system = strings.TrimSpace(system); system != "" {
		out.Messages = append(out.Messages, wireMessage{Role: client.ChatMessageRoleSystem, Content: &system})
	}
	var err error
	for i := range req.Messages {
		if out.Messages, err = appendMessage(out.Messages, &req.Messages[i]); err != nil {
			return nil, fmt.Errorf("writing message %d: %w", i+1, err)
		}
	}
	body, err := json.Marshal(&out)
	if err != nil {
		return nil, fmt.Errorf("writing the request: %w", err)
	}
	return body, nil
}

// answerSchema asks for the form of the answer, and gives the instructions.
func (p *Provider) answerSchema(out *wireRequest, req provider.Request) string {
	switch {
	case len(req.Output) == 0 || strings.Contains(req.System, string(req.Output)) && !p.formats(req):
		return req.System
	case p.formats(req):
		out.ResponseFormat = &client.ChatCompletionResponseFormat{
			Type: client.ChatCompletionResponseFormatTypeJSONSchema,
			// Not strict: strict schemas know no optional properties.
			JSONSchema: &client.ChatCompletionResponseFormatJSONSchema{Name: "answer", Schema: req.Output},
		}
		return req.System
	}
	return req.System + "\n\nAnswer with one JSON value and nothing around it. It must conform to this JSON Schema:\n" + string(req.Output)
}

func (p *Provider) formats(req provider.Request) bool {
	return p.options.JSONSchema && len(req.Tools) == 0
}

// chooseTool writes the choice of tools where it is not the endpoint's default.
func chooseTool(out *wireRequest, req provider.Request) error {
	if err := req.CheckToolChoice(); err != nil {
		return err
	}
	switch req.ToolChoice.Mode {
	case provider.ToolNone:
		if len(req.Tools) > 0 {
			out.ToolChoice = "none"
		}
	case provider.ToolAny:
		out.ToolChoice = "required"
	case provider.ToolNamed:
		out.ToolChoice = client.ToolChoice{Type: client.ToolTypeFunction, Function: client.ToolFunction{Name: req.ToolChoice.Name}}
	}
	return nil
}

// validate asks go-openai what a reasoning model refuses. It tells an unset
// number from a set one by its being zero.
func validate(out *wireRequest) error {
	if !reasons(out.Model) {
		return nil
	}
	return client.NewReasoningValidator().Validate(client.ChatCompletionRequest{
		Model: out.Model, MaxCompletionTokens: out.MaxCompletionTokens, Temperature: set(out.Temperature), TopP: set(out.TopP),
		Tools: make([]client.Tool, len(out.Tools)), ToolChoice: out.ToolChoice,
	})
}

func set(value *float64) float32 {
	if value == nil {
		return 0
	}
	return max(float32(*value), math.SmallestNonzeroFloat32)
}

// reasons tells the models that know max_completion_tokens only.
func reasons(model string) bool {
	for _, family := range []string{"o1", "o3", "o4", "gpt-5", "gpt-6"} {
		if strings.HasPrefix(model, family) {
			return true
		}
	}
	return false
}

func appendMessage(out []wireMessage, message *agents.Message) ([]wireMessage, error) {
	switch message.Role {
	case agents.RoleUser:
		return append(out, wireMessage{Role: client.ChatMessageRoleUser, Content: &message.Text}), nil
	case agents.RoleAssistant:
		written := wireMessage{Role: client.ChatMessageRoleAssistant}
		if message.Text != "" || len(message.ToolCalls) == 0 {
			written.Content = &message.Text
		}
		for _, call := range message.ToolCalls {
			written.ToolCalls = append(written.ToolCalls, client.ToolCall{
				ID: call.ID, Type: client.ToolTypeFunction,
				Function: client.FunctionCall{Name: call.Name, Arguments: string(call.Arguments)},
			})
		}
		return append(out, written), nil
	case agents.RoleTool:
		for _, result := range message.ToolResults {
			content := result.Shown()
			if result.Error != "" {
				failed, err := json.Marshal(struct {
					Error string `json:"error"`
				}{result.Error})
				if err != nil {
					return nil, fmt.Errorf("writing the error of tool %q: %w", result.Name, err)
				}
				content = string(failed)
			}
			out = append(out, wireMessage{Role: client.ChatMessageRoleTool, Content: &content, ToolCallID: result.CallID})
		}
		return out, nil
	}
	return nil, fmt.Errorf("role %q is unknown", message.Role)
}
