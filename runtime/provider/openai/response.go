package openai

import (
	"encoding/json"
	"errors"
	"fmt"

	client "github.com/sashabaranov/go-openai"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/tools"
)

// read takes the first choice of an answer. Position makes ids for tool calls of
// endpoints that give none.
func read(answer client.ChatCompletionResponse, position int) (provider.Response, error) {
	if len(answer.Choices) == 0 {
		return provider.Response{}, errors.New("the answer has no choices")
	}
	choice := answer.Choices[0]
	text := choice.Message.Content
	if text == "" {
		text = choice.Message.Refusal
	}
	response := provider.Response{
		Message:    agents.Message{Role: agents.RoleAssistant, Text: text},
		StopReason: stopReason(choice.FinishReason),
	}
	for i, call := range choice.Message.ToolCalls {
		if call.ID == "" {
			call.ID = fmt.Sprintf("call_%d_%d", position, i)
		}
		arguments, err := readArguments(call.Function.Arguments)
		if err != nil {
			return provider.Response{}, err
		}
		response.Message.ToolCalls = append(response.Message.ToolCalls,
			agents.ToolCall{ID: call.ID, Name: call.Function.Name, Arguments: arguments})
	}
	if len(response.Message.ToolCalls) > 0 && response.StopReason == provider.StopEnd {
		response.StopReason = provider.StopToolCalls
	}
	response.Usage, response.UsageMissing = usage(answer.Usage)
	return response, nil
}

// readArguments makes valid JSON of what a model wrote as arguments. What cannot
// be repaired is passed on as a JSON string, and the tool says what is wrong.
func readArguments(text string) (json.RawMessage, error) {
	if text == "" {
		return json.RawMessage("{}"), nil
	}
	if repaired, err := tools.RepairJSON([]byte(text)); err == nil && json.Valid(repaired) {
		return repaired, nil
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return nil, fmt.Errorf("keeping the arguments of a tool call: %w", err)
	}
	return quoted, nil
}

func stopReason(reason client.FinishReason) provider.StopReason {
	switch reason {
	case client.FinishReasonLength:
		return provider.StopLength
	case client.FinishReasonToolCalls, client.FinishReasonFunctionCall:
		return provider.StopToolCalls
	case client.FinishReasonContentFilter:
		return provider.StopFiltered
	}
	return provider.StopEnd
}

// usage takes the cached part out of the prompt. Endpoints that leave usage out,
// or give what cannot be, have told nothing.
func usage(u client.Usage) (tokens provider.Tokens, missing bool) {
	cached := 0
	if u.PromptTokensDetails != nil {
		cached = u.PromptTokensDetails.CachedTokens
	}
	if u.PromptTokens <= 0 || u.CompletionTokens < 0 || cached < 0 || cached > u.PromptTokens {
		return provider.Tokens{}, true
	}
	return provider.Tokens{Input: int64(u.PromptTokens - cached), Output: int64(u.CompletionTokens), CacheRead: int64(cached)}, false
}
