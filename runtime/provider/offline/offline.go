// Package offline serves calls without a model. An agent's call runs the agent's
// own offline brain; a call of nobody's agent, as a chat client makes it, is
// answered with sentences of what was sent. It is free, deterministic and local,
// and does not pretend to write like a model.
package offline

import (
	"context"
	"fmt"
	"strings"
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
	_ provider.Embedder     = (*Provider)(nil)
	_ provider.InputCounter = (*Provider)(nil)
)

// New makes a provider for the agents that lookup knows.
func New(lookup func(agent string) (agents.Definition, bool)) *Provider {
	return &Provider{lookup: lookup}
}

// Converse asks the agent's brain for its next move, or quotes where the call is
// no agent's. The step is the number of moves the agent made already; what tools
// answered is given in the order of the calls. A text above MaxTokens is cut, as
// a model's would be.
func (p *Provider) Converse(ctx context.Context, req provider.Request) (provider.Response, error) {
	started := time.Now()
	if err := ctx.Err(); err != nil {
		return provider.Response{}, failure(provider.ClassCancelled, "the call was cancelled", err)
	}
	message, err := p.move(req)
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
	for _, stop := range req.Stop {
		if at := strings.Index(response.Message.Text, stop); stop != "" && at >= 0 {
			response.Message.Text = response.Message.Text[:at]
		}
	}
	if req.MaxTokens > 0 && len(response.Message.Text) > req.MaxTokens*bytesPerToken {
		response.Message.Text = cut(response.Message.Text, req.MaxTokens*bytesPerToken)
		response.StopReason = provider.StopLength
	}
	response.Usage = provider.Tokens{Input: input, Output: tokens(messageBytes(response.Message))}
	return response, nil
}

// Stream hands over Converse's answer by words. There is nothing to wait for: it
// is all there before the first.
func (p *Provider) Stream(ctx context.Context, req provider.Request, emit func(provider.Delta) error) (provider.Response, error) {
	started := time.Now()
	response, err := p.Converse(ctx, req)
	if err != nil {
		return provider.Response{}, err
	}
	for i, piece := range provider.Pieces(response.Message) {
		if i == 0 {
			response.FirstToken = max(time.Since(started), 1)
		}
		err := ctx.Err()
		if err == nil {
			err = emit(piece)
		}
		if err != nil {
			failed := failure(provider.ClassCancelled, "the caller took no more pieces", err)
			failed.Begun = true
			return provider.Response{}, failed
		}
	}
	response.Latency = time.Since(started)
	return response, nil
}

func (p *Provider) move(req provider.Request) (agents.Message, error) {
	if req.Agent == "" {
		return chat(req)
	}
	agent, known := p.lookup(req.Agent)
	if !known {
		return agents.Message{}, fmt.Errorf("agent %q is not registered; the offline model serves agents that are", req.Agent)
	}
	step, results := progress(req.Messages)
	offered := make([]string, len(req.Tools))
	for i, tool := range req.Tools {
		offered[i] = tool.Name
	}
	return agent.OfflineWith(offered, req.Input, step, results)
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
