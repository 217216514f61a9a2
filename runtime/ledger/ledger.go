// Package ledger keeps the account of model calls: budgets, holds, physical
// attempts and what they cost. It is the journal by which a call is paid once.
//
// The backends are in ledger/sqlite and ledger/postgres; ledger/ledgertest is
// the suite both pass.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Ledger is durable and safe for several processes at once.
type Ledger interface {
	// SetLimit creates or replaces the limit of a scope. A zero field of the
	// limit means no limit of that kind.
	SetLimit(ctx context.Context, scope Scope, limit Limit) error
	// Reserve opens an attempt at a call and holds its upper bound in every
	// scope, in one transaction. A scope whose settled + held would pass its
	// limit refuses with *ExceededError and nothing is written. Attempts of the
	// same call that are still reserved or dispatched become released or
	// uncertain: their owner is gone. A call that has a settled attempt is
	// refused with ErrAnswered.
	Reserve(ctx context.Context, r Reservation) (Attempt, error)
	// Dispatch marks the attempt as about to be sent.
	Dispatch(ctx context.Context, attempt int64) error
	// Settle ends a dispatched or uncertain attempt with its true usage, stores
	// the response and gives the rest of the hold back. What the usage is above
	// the hold is kept apart, as overage. Settling twice is an error unless it
	// is the same settlement.
	Settle(ctx context.Context, attempt int64, s Settlement) error
	// Release ends a reserved, dispatched or uncertain attempt that is proven to
	// have cost nothing.
	Release(ctx context.Context, attempt int64, reason string) error
	// Uncertain ends an attempt whose outcome is unknown; its hold stays.
	Uncertain(ctx context.Context, attempt int64, reason string) error
	// Find gives the stored response of the attempt of a call that was settled
	// first, or false.
	Find(ctx context.Context, key string) (Settled, bool, error)
	// Attempts lists the attempts of a scope, oldest first, from after the
	// given id, at most limit.
	Attempts(ctx context.Context, scope Scope, after int64, limit int) ([]Attempt, error)
	// Balance is what a scope has settled and held, and its limit.
	Balance(ctx context.Context, scope Scope) (Balance, error)
}

// Scope is who is charged.
type Scope struct {
	Kind ScopeKind
	ID   string
}

// ScopeKind is the kind of a scope.
type ScopeKind string

// The kinds of scope.
const (
	ScopeRun    ScopeKind = "run"
	ScopeClient ScopeKind = "client"
	ScopeTeam   ScopeKind = "team"
)

// Limit bounds a scope; 0 is no limit.
type Limit struct {
	Tokens  int64
	NanoUSD int64
}

// Amount is tokens (input and output together) and integer nano-dollars.
type Amount struct {
	Tokens  int64
	NanoUSD int64
}

// Reservation asks for a hold.
type Reservation struct {
	Key          string // of the logical call: workflow id, step, ordinal
	Scopes       []Scope
	Hold         Amount
	Provider     string
	Model        string
	Agent        string
	AgentVersion string
}

// State of an attempt.
type State string

// The states of an attempt.
const (
	StateReserved   State = "reserved"
	StateDispatched State = "dispatched"
	StateSettled    State = "settled"
	StateReleased   State = "released"
	StateUncertain  State = "uncertain"
)

// Attempt is one physical attempt at a call.
type Attempt struct {
	ID           int64
	Key          string
	Ordinal      int // 1 for the first attempt at the call
	State        State
	Hold         Amount
	Provider     string
	Model        string
	Agent        string
	AgentVersion string
	Usage        Usage // once settled
	Reason       string
	Created      time.Time
	Ended        time.Time
}

// Usage is what a settled attempt consumed.
type Usage struct {
	InputTokens      int64
	OutputTokens     int64
	CacheReadTokens  int64
	CacheWriteTokens int64
	NanoUSD          int64
}

// Settlement ends an attempt.
type Settlement struct {
	Usage    Usage
	Response []byte // stored with the settlement
	Latency  time.Duration
}

// Settled is a call that was answered.
type Settled struct {
	Attempt  Attempt
	Response []byte
}

// Tokens is all that was consumed, in and out, cached or not.
func (u Usage) Tokens() int64 {
	return u.InputTokens + u.OutputTokens + u.CacheReadTokens + u.CacheWriteTokens
}

// Balance is the state of a scope. Calls counts logical calls that have an
// attempt which was dispatched, Attempts the physical ones. Settled + Held never
// pass Limit; Overage is what settlements were above their holds, and what is
// left for new holds is Limit - Settled - Held - Overage. InputTokens includes
// what a provider read from or wrote to its cache.
type Balance struct {
	Settled      Amount
	Held         Amount
	Overage      Amount
	Limit        Limit
	InputTokens  int64
	OutputTokens int64
	Calls        int64
	Attempts     int64
	Uncertain    int64
}

// ErrUnknownAttempt says that no attempt has the id.
var ErrUnknownAttempt = errors.New("no such attempt")

// ErrAnswered says that the call has a settled attempt: find it.
var ErrAnswered = errors.New("call has been answered")

// ErrState says that an attempt's state does not allow the change.
var ErrState = errors.New("attempt is not in a state for this")

// ExceededError says which scope's budget a hold would have passed.
type ExceededError struct {
	Scope     Scope
	Unit      string // "tokens" or "nano-dollars"
	Limit     int64
	Remaining int64
	Asked     int64
}

// Error implements error.
func (e *ExceededError) Error() string {
	return fmt.Sprintf("budget of %s %s: %d %s asked, %d of %d left", e.Scope.Kind, e.Scope.ID, e.Asked, e.Unit, e.Remaining, e.Limit)
}
