// Package offline serves agents without a model: it runs the agent's own
// offline brain. It is free, deterministic and local, and does not pretend to
// write like a model.
package offline

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// bytesPerToken is how this provider counts: nothing is tokenized, so usage is
// a quarter of the bytes, rounded up.
const bytesPerToken = 4

// Provider is a provider.Provider.
type Provider struct {
	lookup func(agent string) (agents.Definition, bool)
}

var (
	_ provider.Provider     = (*Provider)(nil)
	_ provider.InputCounter = (*Provider)(nil)
)

// New makes a provider for the agents that lookup knows.
func New(lookup func(agent string) (agents.Definition, bool)) *Provider {
	return &Provider{lookup: lookup}
}

// Converse asks the agent's brain for its next move. The step is the number of
// moves it made already; what tools answered is given in the order of the calls.
// A text above MaxTokens is cut, as a model's would be.
func (p *Provider) Converse(ctx context.Context, req provider.Request) (provider.Response, error) {
	started := time.Now()
	if err := ctx.Err(); err != nil {
		return provider.Response{}, failure(provider.ClassCancelled, "the call was cancelled", err)
	}
	agent, known := p.lookup(req.Agent)
	if !known {
		return provider.Response{}, failure(provider.ClassInvalid,
			fmt.Sprintf("agent %q is not registered; only agents can be served without a model", req.Agent), nil)
	}
	step, results := progress(req.Messages)
	message, err := agent.Offline(req.Input, step, results)
	if err != nil {
		return provider.Response{}, failure(provider.ClassInvalid, err.Error(), err)
	}
	input, err := p.CountInput(ctx, req)
	if err != nil {
		return provider.Response{}, err
	}
	response := provider.Response{Message: message, StopReason: provider.StopEnd, Latency: time.Since(started)}
	if len(message.ToolCalls) > 0 {
		response.StopReason = provider.StopToolCalls
	}
	if req.MaxTokens > 0 && len(message.Text) > req.MaxTokens*bytesPerToken {
		response.Message.Text = cut(message.Text, req.MaxTokens*bytesPerToken)
		response.StopReason = provider.StopLength
	}
	response.Usage = provider.Tokens{Input: input, Output: tokens(messageBytes(response.Message))}
	return response, nil
}

// CountInput implements provider.InputCounter: exactly what Converse reports.
func (p *Provider) CountInput(_ context.Context, req provider.Request) (int64, error) {
	bytes := len(req.System) + len(req.Output)
	for _, tool := range req.Tools {
		bytes += len(tool.Name) + len(tool.Description) + len(tool.Input)
	}
	for _, message := range req.Messages {
		bytes += messageBytes(message)
	}
	return tokens(bytes), nil
}

// progress reads a transcript: how many moves were made, and every result of
// their calls, in order.
func progress(transcript []agents.Message) (step int, results []agents.ToolResult) {
	for _, message := range transcript {
		if message.Role == agents.RoleAssistant {
			step++
		}
		results = append(results, message.ToolResults...)
	}
	return step, results
}

func messageBytes(message agents.Message) int {
	bytes := len(message.Text)
	for _, call := range message.ToolCalls {
		bytes += len(call.Name) + len(call.Arguments)
	}
	for _, result := range message.ToolResults {
		bytes += len(result.Name) + len(result.Value) + len(result.Error)
	}
	return bytes
}

func tokens(bytes int) int64 { return int64((bytes + bytesPerToken - 1) / bytesPerToken) }

// cut shortens text to at most limit bytes, between characters.
func cut(text string, limit int) string {
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// failure is never charged: nothing here costs anything.
func failure(class provider.Class, message string, err error) *provider.Error {
	return &provider.Error{Class: class, Provider: "offline", Message: message, NotCharged: true, Err: err}
}
