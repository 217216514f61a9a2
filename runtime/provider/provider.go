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
}

// InputCounter is implemented by providers that know how many input tokens a
// request is charged as, or a tighter bound than its bytes.
type InputCounter interface {
	CountInput(ctx context.Context, req Request) (int64, error)
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
