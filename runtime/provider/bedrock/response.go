package bedrock

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

func read(output *bedrockruntime.ConverseOutput) (provider.Response, error) {
	said, ok := output.Output.(*types.ConverseOutputMemberMessage)
	if !ok {
		return provider.Response{}, errors.New("the answer holds no message")
	}
	response := provider.Response{
		Message:    agents.Message{Role: agents.RoleAssistant},
		StopReason: stopReason(output.StopReason),
	}
	var text []string
	for _, block := range said.Value.Content {
		switch b := block.(type) {
		case *types.ContentBlockMemberText:
			text = append(text, b.Value)
		case *types.ContentBlockMemberToolUse:
			arguments, err := readArguments(b.Value)
			if err != nil {
				return provider.Response{}, err
			}
			response.Message.ToolCalls = append(response.Message.ToolCalls, agents.ToolCall{
				ID: aws.ToString(b.Value.ToolUseId), Name: aws.ToString(b.Value.Name), Arguments: arguments,
			})
		}
	}
	response.Message.Text = strings.Join(text, "\n")
	response.Usage, response.UsageMissing = usage(output.Usage)
	return response, nil
}

func readArguments(use types.ToolUseBlock) (json.RawMessage, error) {
	if use.Input == nil {
		return json.RawMessage("{}"), nil
	}
	text, err := use.Input.MarshalSmithyDocument()
	if err != nil {
		return nil, fmt.Errorf("reading the arguments of tool %q: %w", aws.ToString(use.Name), err)
	}
	return text, nil
}

func stopReason(reason types.StopReason) provider.StopReason {
	switch reason {
	case types.StopReasonToolUse:
		return provider.StopToolCalls
	case types.StopReasonMaxTokens, types.StopReasonModelContextWindowExceeded:
		return provider.StopLength
	case types.StopReasonGuardrailIntervened, types.StopReasonContentFiltered:
		return provider.StopFiltered
	}
	return provider.StopEnd
}

// usage is missing where Bedrock tells none, or what cannot be.
func usage(u *types.TokenUsage) (tokens provider.Tokens, missing bool) {
	if u == nil || u.InputTokens == nil || u.OutputTokens == nil {
		return provider.Tokens{}, true
	}
	tokens = provider.Tokens{
		Input: int64(*u.InputTokens), Output: int64(*u.OutputTokens),
		CacheRead: int64(aws.ToInt32(u.CacheReadInputTokens)), CacheWrite: int64(aws.ToInt32(u.CacheWriteInputTokens)),
	}
	if min(tokens.Input, tokens.Output, tokens.CacheRead, tokens.CacheWrite) < 0 {
		return provider.Tokens{}, true
	}
	return tokens, false
}
