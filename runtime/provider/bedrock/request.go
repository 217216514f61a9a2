package bedrock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	smithydocument "github.com/aws/smithy-go/document"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

const schemaAsked = "Answer with one JSON value and nothing around it. It must conform to this JSON Schema:\n"

// request writes a call in Converse's terms. The schema of the answer is told in
// the instructions: the models of the catalog know no structured output there.
func request(req provider.Request) (*bedrockruntime.ConverseInput, error) {
	if err := req.CheckToolChoice(); err != nil {
		return nil, err
	}
	input := &bedrockruntime.ConverseInput{
		ModelId:         aws.String(req.Model),
		InferenceConfig: &types.InferenceConfiguration{StopSequences: req.Stop},
	}
	if req.MaxTokens > 0 {
		input.InferenceConfig.MaxTokens = aws.Int32(int32(min(req.MaxTokens, math.MaxInt32)))
	}
	if req.Temperature != nil {
		input.InferenceConfig.Temperature = aws.Float32(float32(*req.Temperature))
	}
	if req.TopP != nil {
		input.InferenceConfig.TopP = aws.Float32(float32(*req.TopP))
	}
	system := strings.TrimSpace(req.System)
	if len(req.Output) > 0 && !strings.Contains(system, string(req.Output)) {
		system += "\n\n" + schemaAsked + string(req.Output)
	}
	if system = strings.TrimSpace(system); system != "" {
		input.System = []types.SystemContentBlock{&types.SystemContentBlockMemberText{Value: system}}
	}
	// Converse cannot forbid a call, so tools that must not be called are not told.
	withTools := len(req.Tools) > 0 && req.ToolChoice.Mode != provider.ToolNone
	var err error
	if withTools {
		if input.ToolConfig, err = toolConfig(req); err != nil {
			return nil, err
		}
	}
	input.Messages, err = messages(req.Messages, withTools)
	return input, err
}

// streamRequest is the same call for ConverseStream.
func streamRequest(req provider.Request) (*bedrockruntime.ConverseStreamInput, error) {
	input, err := request(req)
	if err != nil {
		return nil, err
	}
	return &bedrockruntime.ConverseStreamInput{
		ModelId: input.ModelId, InferenceConfig: input.InferenceConfig, System: input.System,
		ToolConfig: input.ToolConfig, Messages: input.Messages,
	}, nil
}

// countRequest is the same call for CountTokens.
func countRequest(req provider.Request) (*bedrockruntime.CountTokensInput, error) {
	input, err := request(req)
	if err != nil {
		return nil, err
	}
	return &bedrockruntime.CountTokensInput{
		ModelId: input.ModelId,
		Input: &types.CountTokensInputMemberConverse{Value: types.ConverseTokensRequest{
			Messages: input.Messages, System: input.System, ToolConfig: input.ToolConfig,
		}},
	}, nil
}

func toolConfig(req provider.Request) (*types.ToolConfiguration, error) {
	out := &types.ToolConfiguration{}
	switch req.ToolChoice.Mode {
	case provider.ToolAny:
		out.ToolChoice = &types.ToolChoiceMemberAny{}
	case provider.ToolNamed:
		out.ToolChoice = &types.ToolChoiceMemberTool{Value: types.SpecificToolChoice{Name: aws.String(req.ToolChoice.Name)}}
	}
	for _, tool := range req.Tools {
		schema, err := toDocument(tool.Input)
		if err != nil {
			return nil, fmt.Errorf("writing the schema of tool %q: %w", tool.Name, err)
		}
		written := types.ToolSpecification{Name: aws.String(tool.Name), InputSchema: &types.ToolInputSchemaMemberJson{Value: schema}}
		if tool.Description != "" { // an empty one is refused
			written.Description = aws.String(tool.Description)
		}
		out.Tools = append(out.Tools, &types.ToolMemberToolSpec{Value: written})
	}
	return out, nil
}

// messages writes a transcript: turns alternate, so neighbours of one role
// become one message.
func messages(transcript []agents.Message, withTools bool) ([]types.Message, error) {
	var out []types.Message
	for i, message := range transcript {
		role := types.ConversationRoleUser
		if message.Role == agents.RoleAssistant {
			role = types.ConversationRoleAssistant
		}
		content, err := blocks(message, withTools)
		if err != nil {
			return nil, fmt.Errorf("writing message %d: %w", i+1, err)
		}
		if last := len(out) - 1; last >= 0 && out[last].Role == role {
			out[last].Content = append(out[last].Content, content...)
			continue
		}
		out = append(out, types.Message{Role: role, Content: content})
	}
	return out, nil
}

// blocks writes one message. Bedrock refuses blank text, and refuses calls and
// results where no tools are offered: those become text.
func blocks(message agents.Message, withTools bool) ([]types.ContentBlock, error) {
	var out []types.ContentBlock
	text := func(format string, args ...any) {
		out = append(out, &types.ContentBlockMemberText{Value: fmt.Sprintf(format, args...)})
	}
	if strings.TrimSpace(message.Text) != "" {
		text("%s", message.Text)
	}
	for _, call := range message.ToolCalls {
		if !withTools {
			text("Called tool %s with %s", call.Name, call.Arguments)
			continue
		}
		arguments, err := toObject(call.Arguments)
		if err != nil {
			return nil, fmt.Errorf("writing the arguments of tool %q: %w", call.Name, err)
		}
		out = append(out, &types.ContentBlockMemberToolUse{Value: types.ToolUseBlock{
			ToolUseId: aws.String(call.ID), Name: aws.String(call.Name), Input: arguments,
		}})
	}
	for _, result := range message.ToolResults {
		if !withTools {
			text("Tool %s gave: %s%s", result.Name, result.Shown(), result.Error)
			continue
		}
		out = append(out, toolResult(result))
	}
	if len(out) == 0 {
		text("(nothing)")
	}
	return out, nil
}

// toolResult carries a result's JSON as text. Bedrock would take JSON as a
// document too, objects only, and write it for the model in its own way; as text
// the model reads what is accounted for, byte for byte.
func toolResult(result agents.ToolResult) types.ContentBlock {
	block := types.ToolResultBlock{ToolUseId: aws.String(result.CallID), Status: types.ToolResultStatusSuccess}
	text := result.Shown()
	if result.Error != "" {
		block.Status, text = types.ToolResultStatusError, result.Error
	}
	if strings.TrimSpace(text) == "" {
		text = "null"
	}
	block.Content = []types.ToolResultContentBlock{&types.ToolResultContentBlockMemberText{Value: text}}
	return &types.ContentBlockMemberToolResult{Value: block}
}

// toObject is toDocument where Bedrock takes nothing but an object.
func toObject(text json.RawMessage) (document.Interface, error) {
	trimmed := bytes.TrimSpace(text)
	switch {
	case len(trimmed) == 0:
		return toDocument(json.RawMessage("{}"))
	case trimmed[0] == '{':
		return toDocument(trimmed)
	}
	wrapped, err := json.Marshal(struct {
		Value json.RawMessage `json:"value"`
	}{trimmed})
	if err != nil {
		return nil, err
	}
	return toDocument(wrapped)
}

// toDocument turns JSON into a document of the SDK, every digit kept.
func toDocument(text json.RawMessage) (document.Interface, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("reading JSON: %w", err)
	}
	return document.NewLazyDocument(withNumbers(value)), nil
}

// withNumbers replaces encoding/json's numbers by the SDK's.
func withNumbers(value any) any {
	switch v := value.(type) {
	case json.Number:
		return smithydocument.Number(v)
	case []any:
		for i := range v {
			v[i] = withNumbers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = withNumbers(v[key])
		}
	}
	return value
}
