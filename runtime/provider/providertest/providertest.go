// Package providertest has a scripted provider for tests of what stands above
// providers.
package providertest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// Provider answers as told. Its fields must not change once it is in use; the
// zero value answers "ok" at once.
type Provider struct {
	// Answer decides each call; nil answers "ok". The call is the number of the
	// call, from 0. A response without usage is given one by bytes.
	Answer func(ctx context.Context, call int, req provider.Request) (provider.Response, error)
	// Latency is how long a call takes; a cancelled ctx ends it earlier.
	Latency time.Duration

	mu       sync.Mutex
	requests []provider.Request
	underway int
	most     int
}

var _ provider.Provider = (*Provider)(nil)

// Converse implements provider.Provider.
func (p *Provider) Converse(ctx context.Context, req provider.Request) (provider.Response, error) {
	call := p.begin(req)
	defer p.end()
	started := time.Now()
	if p.Latency > 0 {
		timer := time.NewTimer(p.Latency)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return provider.Response{}, &provider.Error{
				Class: provider.ClassCancelled, Provider: "double", Message: "the call was cancelled", Err: ctx.Err(),
			}
		}
	}
	response := Text("ok")
	if p.Answer != nil {
		var err error
		if response, err = p.Answer(ctx, call, req); err != nil {
			return provider.Response{}, err
		}
	}
	if response.Usage == (provider.Tokens{}) && !response.UsageMissing {
		response.Usage = usage(req, response)
	}
	response.RequestID, response.Latency = fmt.Sprintf("req-%d", call), time.Since(started)
	return response, nil
}

func (p *Provider) begin(req provider.Request) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, req)
	p.underway++
	p.most = max(p.most, p.underway)
	return len(p.requests) - 1
}

func (p *Provider) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.underway--
}

// Requests are the calls so far, in order of arrival.
func (p *Provider) Requests() []provider.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]provider.Request(nil), p.requests...)
}

// MostAtOnce is the largest number of calls that were under way at a time.
func (p *Provider) MostAtOnce() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.most
}

// Text is an answer that ends with a text.
func Text(text string) provider.Response {
	return provider.Response{Message: agents.Message{Role: agents.RoleAssistant, Text: text}, StopReason: provider.StopEnd}
}

// Calls is an answer that calls tools. Calls without an id are given one.
func Calls(calls ...agents.ToolCall) provider.Response {
	for i := range calls {
		if calls[i].ID == "" {
			calls[i].ID = fmt.Sprintf("call_%d", i)
		}
	}
	return provider.Response{Message: agents.Message{Role: agents.RoleAssistant, ToolCalls: calls}, StopReason: provider.StopToolCalls}
}

// Fail is a failure of a class. Throttled, invalid, access and quota failures
// are refusals, which cost nothing.
func Fail(class provider.Class) *provider.Error {
	refused := false
	switch class {
	case provider.ClassThrottled, provider.ClassInvalid, provider.ClassAccess, provider.ClassQuota:
		refused = true
	}
	return &provider.Error{Class: class, Provider: "double", Message: "as told", NotCharged: refused}
}

// Offline answers each agent with its own offline brain, as a model would that
// makes the same moves: for whole runs against a double with a latency.
func Offline(lookup func(agent string) (agents.Definition, bool)) func(context.Context, int, provider.Request) (provider.Response, error) {
	return func(_ context.Context, _ int, req provider.Request) (provider.Response, error) {
		agent, known := lookup(req.Agent)
		if !known {
			return provider.Response{}, Fail(provider.ClassInvalid)
		}
		step := 0
		var results []agents.ToolResult
		for _, message := range req.Messages {
			if message.Role == agents.RoleAssistant {
				step++
			}
			results = append(results, message.ToolResults...)
		}
		message, err := agent.Offline(req.Input, step, results)
		if err != nil {
			return provider.Response{}, &provider.Error{Class: provider.ClassInvalid, Provider: "double", Message: err.Error(), NotCharged: true, Err: err}
		}
		response := provider.Response{Message: message, StopReason: provider.StopEnd}
		if len(message.ToolCalls) > 0 {
			response.StopReason = provider.StopToolCalls
		}
		return response, nil
	}
}

func usage(req provider.Request, response provider.Response) provider.Tokens {
	input := len(req.System)
	for _, message := range req.Messages {
		input += len(message.Text)
		for _, result := range message.ToolResults {
			input += len(result.Value)
		}
	}
	output := len(response.Message.Text)
	for _, call := range response.Message.ToolCalls {
		output += len(call.Arguments)
	}
	return provider.Tokens{Input: int64(input/4 + 1), Output: min(int64(output/4+1), int64(max(req.MaxTokens, 1)))}
}
