// Package providertest has a scripted provider for tests of what stands above
// providers.
package providertest

import (
	"context"
	"fmt"
	"slices"
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
	// Streams decides each call that is streamed; nil hands Answer's over, cut
	// into words. See Cut and Paced.
	Streams func(ctx context.Context, call int, req provider.Request, emit func(provider.Delta) error) (provider.Response, error)
	// Vectors decides each call for embeddings; nil makes vectors of the bytes.
	Vectors func(ctx context.Context, call int, req provider.EmbedRequest) (provider.EmbedResponse, error)
	// Latency is how long a call takes, or its first piece; a cancelled ctx ends
	// it earlier.
	Latency time.Duration
	// Gate, where it is set, holds each call until it is closed or gives a value.
	Gate <-chan struct{}

	mu       sync.Mutex
	log      []Call
	underway int
	most     int
}

// Call is what is kept of a call. Of Request and Embed, one is set.
type Call struct {
	Request  provider.Request
	Embed    provider.EmbedRequest
	Kind     Kind
	Region   string
	AtOnce   int   // calls that were under way when it came, itself included
	Pieces   int   // of a stream, that were taken
	Ended    bool  // it was answered, or failed
	Err      error // how it failed
	Duration time.Duration
}

// Kind says by what method a call came.
type Kind string

// The kinds of call.
const (
	Conversed Kind = "converse"
	Streamed  Kind = "stream"
	Embedded  Kind = "embed"
)

var (
	_ provider.Provider = (*Provider)(nil)
	_ provider.Embedder = (*Provider)(nil)
)

// Converse implements provider.Provider.
func (p *Provider) Converse(ctx context.Context, req provider.Request) (response provider.Response, err error) {
	call, end := p.begin(Call{Kind: Conversed, Request: req, Region: req.Region})
	defer func() { end(err) }()
	started := time.Now()
	if err := p.wait(ctx); err != nil {
		return provider.Response{}, err
	}
	return p.answer(ctx, call, req, started)
}

func (p *Provider) answer(ctx context.Context, call int, req provider.Request, started time.Time) (provider.Response, error) {
	response := Text("ok")
	if p.Answer != nil {
		var err error
		if response, err = p.Answer(ctx, call, req); err != nil {
			return provider.Response{}, err
		}
	}
	return finished(response, call, req, started), nil
}

// Stream implements provider.Provider.
func (p *Provider) Stream(ctx context.Context, req provider.Request, emit func(provider.Delta) error) (response provider.Response, err error) {
	call, end := p.begin(Call{Kind: Streamed, Request: req, Region: req.Region})
	defer func() { end(err) }()
	started := time.Now()
	if err := p.wait(ctx); err != nil {
		return provider.Response{}, err
	}
	var first time.Duration
	counted := func(piece provider.Delta) error {
		if first == 0 {
			first = max(time.Since(started), 1)
		}
		if err := emit(piece); err != nil {
			return err
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.log[call].Pieces++
		return nil
	}
	if p.Streams != nil {
		response, err = p.Streams(ctx, call, req, counted)
	} else if response, err = p.answer(ctx, call, req, started); err == nil {
		err = hand(ctx, provider.Pieces(response.Message), counted)
	}
	if err != nil {
		return provider.Response{}, asError(err, first > 0)
	}
	response = finished(response, call, req, started)
	response.FirstToken = first
	return response, nil
}

// Embed implements provider.Embedder.
func (p *Provider) Embed(ctx context.Context, req provider.EmbedRequest) (response provider.EmbedResponse, err error) {
	call, end := p.begin(Call{Kind: Embedded, Embed: req, Region: req.Region})
	defer func() { end(err) }()
	started := time.Now()
	if err := p.wait(ctx); err != nil {
		return provider.EmbedResponse{}, err
	}
	if p.Vectors != nil {
		response, err = p.Vectors(ctx, call, req)
	} else {
		response = vectors(req)
	}
	if err != nil {
		return provider.EmbedResponse{}, err
	}
	if response.Usage == (provider.Tokens{}) && !response.UsageMissing {
		for _, text := range req.Texts {
			response.Usage.Input += int64(len(text)/4 + 1)
		}
	}
	response.RequestID, response.Latency = requestID(call), time.Since(started)
	return response, nil
}

func requestID(call int) string { return fmt.Sprintf("req-%d", call) }

// finished puts in what a script left out.
func finished(response provider.Response, call int, req provider.Request, started time.Time) provider.Response {
	if response.Usage == (provider.Tokens{}) && !response.UsageMissing {
		response.Usage = usage(req, response)
	}
	response.RequestID, response.Latency = requestID(call), time.Since(started)
	return response
}

// wait is the latency and the gate of a call.
func (p *Provider) wait(ctx context.Context) error {
	if p.Latency > 0 {
		timer := time.NewTimer(p.Latency)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return cancelled(ctx.Err())
		}
	}
	if p.Gate != nil {
		select {
		case <-p.Gate:
		case <-ctx.Done():
			return cancelled(ctx.Err())
		}
	}
	return nil
}

func cancelled(err error) *provider.Error {
	return &provider.Error{Class: provider.ClassCancelled, Provider: "double", Message: "the call was cancelled", Err: err}
}

func (p *Provider) begin(c Call) (call int, end func(error)) {
	started := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.underway++
	p.most = max(p.most, p.underway)
	c.AtOnce = p.underway
	p.log = append(p.log, c)
	call = len(p.log) - 1
	return call, func(err error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.underway--
		entry := &p.log[call]
		entry.Ended, entry.Err, entry.Duration = true, err, time.Since(started)
	}
}

// Calls are the calls so far, in order of arrival.
func (p *Provider) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.log)
}

// Requests are the requests of the calls so far that asked for a message, in
// order of arrival.
func (p *Provider) Requests() []provider.Request {
	var requests []provider.Request
	for _, call := range p.Calls() {
		if call.Kind != Embedded {
			requests = append(requests, call.Request)
		}
	}
	return requests
}

// Regions are the regions of the calls so far, in order of arrival.
func (p *Provider) Regions() []string {
	var regions []string
	for _, call := range p.Calls() {
		regions = append(regions, call.Region)
	}
	return regions
}

// Underway is the number of calls that have not ended.
func (p *Provider) Underway() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.underway
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
