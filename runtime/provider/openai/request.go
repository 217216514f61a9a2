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

// request writes a call in OpenAI's terms. The schema of the answer goes into
// response_format only where no tools are offered: some endpoints would let
// nothing else than the schema through, and never call a tool.
func (p *Provider) request(req provider.Request) (client.ChatCompletionRequest, error) {
	out := client.ChatCompletionRequest{Model: req.Model}
	if reasons(req.Model) {
		out.MaxCompletionTokens = req.MaxTokens
	} else {
		out.MaxTokens = req.MaxTokens //nolint:staticcheck // SA1019: what other endpoints than OpenAI's honour; one that ignores the limit would pass its hold
	}
	if req.Temperature != nil {
		// Zero would be left out, and mean the endpoint's default.
		out.Temperature = max(float32(*req.Temperature), math.SmallestNonzeroFloat32)
	}
	system := req.System
	if len(req.Output) > 0 {
		if p.options.JSONSchema && len(req.Tools) == 0 {
			out.ResponseFormat = &client.ChatCompletionResponseFormat{
				Type: client.ChatCompletionResponseFormatTypeJSONSchema,
				// Not strict: strict schemas know no optional properties.
				JSONSchema: &client.ChatCompletionResponseFormatJSONSchema{Name: "answer", Schema: req.Output},
			}
		} else if !strings.Contains(system, string(req.Output)) {
			system += "\n\nAnswer with one JSON value and nothing around it. It must conform to this JSON Schema:\n" + string(req.Output)
		}
	}
	if system = strings.TrimSpace(system); system != "" {
		out.Messages = append(out.Messages, client.ChatCompletionMessage{Role: client.ChatMessageRoleSystem, Content: system})
	}
	for _, tool := range req.Tools {
		out.Tools = append(out.Tools, client.Tool{Type: client.ToolTypeFunction, Function: &client.FunctionDefinition{
			Name: tool.Name, Description: tool.Description, Parameters: tool.Input,
		}})
	}
	for i, message := range req.Messages {
		written, err := messages(message)
		if err != nil {
			return out, fmt.Errorf("writing message %d: %w", i+1, err)
		}
		out.Messages = append(out.Messages, written...)
	}
	return out, nil
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

func messages(message agents.Message) ([]client.ChatCompletionMessage, error) {
	switch message.Role {
	case agents.RoleUser:
		return []client.ChatCompletionMessage{{Role: client.ChatMessageRoleUser, Content: message.Text}}, nil
	case agents.RoleAssistant:
		out := client.ChatCompletionMessage{Role: client.ChatMessageRoleAssistant, Content: message.Text}
		for _, call := range message.ToolCalls {
			out.ToolCalls = append(out.ToolCalls, client.ToolCall{
				ID: call.ID, Type: client.ToolTypeFunction,
				Function: client.FunctionCall{Name: call.Name, Arguments: string(call.Arguments)},
			})
		}
		return []client.ChatCompletionMessage{out}, nil
	case agents.RoleTool:
		var out []client.ChatCompletionMessage
		for _, result := range message.ToolResults {
			content := string(result.Value)
			if result.Error != "" {
				failed, err := json.Marshal(struct {
					Error string `json:"error"`
				}{result.Error})
				if err != nil {
					return nil, fmt.Errorf("writing the error of tool %q: %w", result.Name, err)
				}
				content = string(failed)
			}
			out = append(out, client.ChatCompletionMessage{Role: client.ChatMessageRoleTool, Content: content, ToolCallID: result.CallID})
		}
		return out, nil
	}
	return nil, fmt.Errorf("role %q is unknown", message.Role)
}
