// Package modelapitest has a stand-in for the gateway behind the model API.
package modelapitest

import (
	"context"
	"strings"
	"sync"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// The models of a [Models].
const (
	Chat    = "double"
	Vectors = "double-vectors"
)

// Models answers calls by script, and keeps a record. The zero value repeats
// what the user said last, word by word. It is safe for concurrent use.
type Models struct {
	// Script answers a call; nil, or a false second value, repeats.
	Script func(ctx context.Context, call gateway.Call) (gateway.Result, bool, error)
	// EmbedErr fails every request for vectors.
	EmbedErr error

	mu    sync.Mutex
	calls []gateway.Call
	embed []gateway.EmbedCall
}

// Calls are the calls that were made, in order.
func (m *Models) Calls() []gateway.Call {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]gateway.Call(nil), m.calls...)
}

// EmbedCalls are the requests for vectors that were made, in order.
func (m *Models) EmbedCalls() []gateway.EmbedCall {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]gateway.EmbedCall(nil), m.embed...)
}

// Invoke implements modelapi.Models.
func (m *Models) Invoke(ctx context.Context, call gateway.Call) (gateway.Result, error) {
	m.mu.Lock()
	m.calls = append(m.calls, call)
	m.mu.Unlock()
	if m.Script != nil {
		if result, done, err := m.Script(ctx, call); done || err != nil {
			return result, err
		}
	}
	text := ""
	if last := len(call.Messages) - 1; last >= 0 {
		text = call.Messages[last].Text
	}
	result := Text(text)
	if call.Emit != nil {
		for _, word := range strings.SplitAfter(text, " ") {
			if err := call.Emit(provider.Delta{Text: word}); err != nil {
				return gateway.Result{}, Failed(provider.ClassCancelled)
			}
		}
	}
	return result, nil
}

// Text is the result of a call that was answered with a text.
func Text(text string) gateway.Result {
	return gateway.Result{
		Model: Chat, NanoUSD: 1000, Left: ledger.Left{Tokens: -1, NanoUSD: -1},
		Response: provider.Response{
			Message: agents.Message{Role: agents.RoleAssistant, Text: text}, StopReason: provider.StopEnd,
			Usage: provider.Tokens{Input: 7, Output: int64(len(strings.Fields(text))), CacheRead: 2, CacheWrite: 1},
		},
	}
}

// Failed is a call that failed at its provider.
func Failed(class provider.Class) error {
	return &gateway.CallError{
		Key: "k", Model: Chat, Attempts: 1, Retryable: true,
		Err: &provider.Error{Class: class, Provider: "double", Message: "as scripted"},
	}
}

// Embed implements modelapi.Models: the vector of a text is its length, and
// ones.
func (m *Models) Embed(_ context.Context, call gateway.EmbedCall) (gateway.EmbedResult, error) {
	m.mu.Lock()
	m.embed = append(m.embed, call)
	m.mu.Unlock()
	if m.EmbedErr != nil {
		return gateway.EmbedResult{}, m.EmbedErr
	}
	result := gateway.EmbedResult{Model: call.Model, Left: ledger.Left{Tokens: 900, NanoUSD: -1}}
	dimensions := 3
	if call.Dimensions > 0 {
		dimensions = call.Dimensions
	}
	for _, text := range call.Texts {
		vector := make([]float32, dimensions)
		for i := range vector {
			vector[i] = 1
		}
		vector[0] = float32(len(text))
		result.Response.Vectors = append(result.Response.Vectors, vector)
		result.Response.Usage.Input += int64(len(strings.Fields(text)))
	}
	return result, nil
}

// Models implements modelapi.Models.
func (m *Models) Models() []gateway.ModelInfo {
	return []gateway.ModelInfo{
		{Name: Chat, Provider: "double", ContextWindow: 8000, MaxOutput: 1000},
		{Name: Vectors, Provider: "double", ContextWindow: 8000, Embedding: true},
	}
}
