package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	client "github.com/sashabaranov/go-openai"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// answer is what is read of a whole answer. go-openai's own type reads every
// message twice, and loses a text that comes in parts.
type answer struct {
	Choices []struct {
		Message struct {
			Content   content           `json:"content"`
			Refusal   string            `json:"refusal"`
			ToolCalls []client.ToolCall `json:"tool_calls"`
		} `json:"message"`
		FinishReason client.FinishReason `json:"finish_reason"`
	} `json:"choices"`
	Usage *client.Usage `json:"usage"`
}

// content is a text, or the texts of the parts that some endpoints make of one.
type content string

// UnmarshalJSON implements json.Unmarshaler.
func (c *content) UnmarshalJSON(text []byte) error {
	if n := len(text) - 1; n > 0 && text[0] == '"' && bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text) {
		*c = content(text[1:n]) // as most are; json would go over it three times
		return nil
	}
	if len(text) == 0 || text[0] != '[' {
		var whole *string
		err := json.Unmarshal(text, &whole)
		if whole != nil {
			*c = content(*whole)
		}
		return err
	}
	var parts []client.ChatMessagePart
	if err := json.Unmarshal(text, &parts); err != nil {
		return err
	}
	var joined strings.Builder
	for _, part := range parts {
		joined.WriteString(part.Text)
	}
	*c = content(joined.String())
	return nil
}

// read takes the first choice of an answer. Position makes ids for tool calls of
// endpoints that give none.
func read(told *answer, position int) (provider.Response, error) {
	if len(told.Choices) == 0 {
		return provider.Response{}, errors.New("it has no choices")
	}
	choice := &told.Choices[0]
	text := string(choice.Message.Content)
	if text == "" {
		text = choice.Message.Refusal
	}
	response := provider.Response{
		Message:    agents.Message{Role: agents.RoleAssistant, Text: text},
		StopReason: stopReason(choice.FinishReason),
	}
	for i, call := range choice.Message.ToolCalls {
		if call.ID == "" {
			call.ID = callID(position, i)
		}
		arguments, err := provider.Arguments(call.Function.Arguments)
		if err != nil {
			return provider.Response{}, err
		}
		response.Message.ToolCalls = append(response.Message.ToolCalls,
			agents.ToolCall{ID: call.ID, Name: call.Function.Name, Arguments: arguments})
	}
	if len(response.Message.ToolCalls) > 0 && response.StopReason == provider.StopEnd {
		response.StopReason = provider.StopToolCalls
	}
	response.Usage, response.UsageMissing = usage(told.Usage)
	return response, nil
}

// callID names the nth call of the message at a position of a transcript.
func callID(position, nth int) string { return fmt.Sprintf("call_%d_%d", position, nth) }

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
func usage(u *client.Usage) (tokens provider.Tokens, missing bool) {
	if u == nil {
		return provider.Tokens{}, true
	}
	cached := 0
	if u.PromptTokensDetails != nil {
		cached = u.PromptTokensDetails.CachedTokens
	}
	if u.PromptTokens <= 0 || u.CompletionTokens < 0 || cached < 0 || cached > u.PromptTokens {
		return provider.Tokens{}, true
	}
	return provider.Tokens{Input: int64(u.PromptTokens - cached), Output: int64(u.CompletionTokens), CacheRead: int64(cached)}, false
}
