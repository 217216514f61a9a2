// Package provider is the vocabulary between the gateway and those who serve
// models. Each provider lives in its own folder and knows nothing of the others.
package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/tools"
)

// Provider makes one physical attempt at a model call: no retries, no budget.
type Provider interface {
	// Converse sends the request and waits for the whole answer. Every error
	// is an *Error.
	Converse(ctx context.Context, req Request) (Response, error)
	// Stream sends the request and hands over the answer as it comes, in order
	// and from one goroutine; a slow emit slows the provider down. It gives the
	// whole answer with its usage at the end. An error of emit ends the attempt
	// as cancelled. An answer that ends before its end was told (a cut
	// connection, no terminal event) is an *Error of ClassBadResponse or
	// ClassUnavailable, never a response.
	Stream(ctx context.Context, req Request, emit func(Delta) error) (Response, error)
}

// Embedder is implemented by providers that turn texts into vectors.
type Embedder interface {
	// Embed makes one physical attempt. Every error is an *Error.
	Embed(ctx context.Context, req EmbedRequest) (EmbedResponse, error)
}

// EmbedRequest asks for one vector for each text.
type EmbedRequest struct {
	Model      string // the provider's own model id
	Region     string
	Texts      []string
	Dimensions int // 0 means the model's own
}

// EmbedResponse holds vectors in the order of the texts.
type EmbedResponse struct {
	Vectors      [][]float32
	Usage        Tokens
	UsageMissing bool
	RequestID    string
	Latency      time.Duration
}

// InputCounter is implemented by providers that know how many input tokens a
// request is charged as, or a tighter bound than its bytes.
type InputCounter interface {
	CountInput(ctx context.Context, req Request) (int64, error)
}

// TokenCounter is implemented by providers that can be asked over the network
// what a request's input counts as. It costs a round trip and no tokens, and is
// for calls whose bound by bytes does not fit a budget.
type TokenCounter interface {
	// CountTokens gives the input tokens that Converse would be charged for.
	// Every error is an *Error.
	CountTokens(ctx context.Context, req Request) (int64, error)
}

// Request is one model call, in nobody's wire format.
type Request struct {
	Model       string // the provider's own model id
	Agent       string // name and input of the agent, for the offline provider
	Input       json.RawMessage
	System      string
	Messages    []agents.Message
	Tools       []tools.Spec
	Output      json.RawMessage // JSON Schema the final text must have; nil for free text
	MaxTokens   int
	Temperature *float64
	TopP        *float64
	Stop        []string
	ToolChoice  ToolChoice
	Region      string // one of the model's regions; empty means the provider's own
}

// ToolChoice says whether a model may, must or must not call a tool.
type ToolChoice struct {
	Mode ToolMode // empty means ToolAuto
	Name string   // of the tool, with ToolNamed
}

// ToolMode is the kind of a ToolChoice.
type ToolMode string

// What a model may do about its tools.
const (
	ToolAuto  ToolMode = "auto"
	ToolNone  ToolMode = "none"
	ToolAny   ToolMode = "any" // at least one call
	ToolNamed ToolMode = "named"
)

// Delta is a piece of an answer that is under way: text, or a piece of a tool
// call. The first piece of a call carries its id and name.
type Delta struct {
	Text     string
	ToolCall *ToolCallDelta
}

// ToolCallDelta is a piece of the tool call at Index, counted from 0.
type ToolCallDelta struct {
	Index     int
	ID        string
	Name      string
	Arguments string // a fragment of JSON
}

// Response is the model's answer.
type Response struct {
	Message    agents.Message `json:"message"`
	StopReason StopReason     `json:"stop_reason"`
	Usage      Tokens         `json:"usage"`
	// UsageMissing says that the provider answered and did not tell a usage that
	// can be right. Usage is then zero.
	UsageMissing bool          `json:"usage_missing,omitempty"`
	RequestID    string        `json:"request_id,omitempty"` // the provider's
	Latency      time.Duration `json:"latency_ns"`
	FirstToken   time.Duration `json:"first_token_ns,omitempty"` // until the first piece, when streamed
}

// StopReason says why the model stopped.
type StopReason string

// Why a model stops.
const (
	StopEnd       StopReason = "end"
	StopToolCalls StopReason = "tool_calls"
	StopLength    StopReason = "length"
	StopFiltered  StopReason = "filtered"
)

// Tokens is the usage a provider reports. Input excludes what was read from or
// written to the provider's cache.
type Tokens struct {
	Input      int64 `json:"input"`
	Output     int64 `json:"output"`
	CacheRead  int64 `json:"cache_read,omitempty"`
	CacheWrite int64 `json:"cache_write,omitempty"`
}

// Class is the kind of a failure; it alone decides what happens next.
type Class string

// The classes of failure.
const (
	ClassThrottled   Class = "throttled"
	ClassTimeout     Class = "timeout"      // the model took too long
	ClassNotReady    Class = "not_ready"    // the model is being loaded
	ClassUnavailable Class = "unavailable"  // the service or the way to it is down
	ClassInternal    Class = "internal"     // the service failed
	ClassInvalid     Class = "invalid"      // the request can never work
	ClassAccess      Class = "access"       // credentials or permissions
	ClassQuota       Class = "quota"        // the account's quota is used up
	ClassBadResponse Class = "bad_response" // the answer could not be read
	ClassCancelled   Class = "cancelled"    // the caller went away
)

// Error is a failed attempt.
type Error struct {
	Class      Class
	Provider   string
	Status     int           // HTTP status, 0 when there was no answer
	Code       string        // the provider's own error code
	Message    string        // never holds a secret
	RetryAfter time.Duration // as the provider asked; 0 when it did not
	NotCharged bool          // proof that the attempt cost nothing: it was refused or never sent
	Begun      bool          // a piece of the answer had been handed over
	Err        error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("%s: %s (HTTP %d, %s)", e.Provider, e.Message, e.Status, e.Class)
	}
	return fmt.Sprintf("%s: %s (%s)", e.Provider, e.Message, e.Class)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
