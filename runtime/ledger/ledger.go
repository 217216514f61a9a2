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
	"strings"
	"time"
)

// Ledger is durable and safe for several processes at once.
type Ledger interface {
	// SetLimit creates or replaces the limit of a scope in a period (of every
	// day, of every month, or in total). A zero field of the limit means no
	// limit of that kind. What the period has used already counts.
	SetLimit(ctx context.Context, scope Scope, period Period, limit Limit) error
	// Limits lists what SetLimit was told, by scope and period.
	Limits(ctx context.Context, scope Scope) ([]PeriodLimit, error)
	// Reserve opens an attempt at a call and holds its upper bound in every
	// scope, in one transaction. A scope whose settled + held would pass its
	// limit refuses with *ExceededError and nothing is written. Attempts of the
	// same call that are still reserved or dispatched become released or
	// uncertain: their owner is gone. A call that has a settled attempt is
	// refused with ErrAnswered.
	Reserve(ctx context.Context, r Reservation) (Attempt, error)
	// Dispatch marks the attempt as about to be sent. A Reservation with
	// Dispatched set does both in one step.
	Dispatch(ctx context.Context, attempt int64) error
	// Settle ends a dispatched or uncertain attempt with its true usage, stores
	// the response and gives the rest of the hold back. What the usage is above
	// the hold is kept apart, as overage. Settling twice is an error unless it
	// is the same settlement. It gives what the tightest budgets of the attempt
	// leave then.
	Settle(ctx context.Context, attempt int64, s Settlement) (Left, error)
	// SettleSoon is Settle for a caller who does not wait. When it returns nil
	// the settlement is queued: what this process asks of the ledger afterwards,
	// but for Find, sees it, and it is written within milliseconds, in one
	// transaction with what comes next. Told is called once with what came of
	// it, from where the ledger writes, which it must not hold up. When it
	// returns an error nothing is queued and told is not called.
	SettleSoon(ctx context.Context, attempt int64, s Settlement, told func(error)) error
	// Release ends a reserved, dispatched or uncertain attempt that is proven to
	// have cost nothing.
	Release(ctx context.Context, attempt int64, reason string) error
	// Uncertain ends an attempt whose outcome is unknown; its hold stays.
	Uncertain(ctx context.Context, attempt int64, reason string) error
	// Find gives the stored response of the attempt of a call that was settled
	// first, or false.
	Find(ctx context.Context, key string) (Settled, bool, error)
	// Attempts lists attempts, oldest first.
	Attempts(ctx context.Context, filter AttemptFilter) ([]Attempt, error)
	// Balance is what a scope has settled and held in the period that is now,
	// and its limit.
	Balance(ctx context.Context, scope Scope, period Period) (Balance, error)
	// RecordHit keeps that a call was answered from a cache, at no cost. It is
	// an attempt that was never sent, settled with a usage of zero. Its response
	// is the cache's to give: the call may still be made, when it is asked for
	// again and the cache has forgotten it. Recording it again changes nothing.
	RecordHit(ctx context.Context, r Reservation) error
	// Sweep ends attempts whose time is over: what was reserved is released,
	// what was dispatched becomes uncertain. It gives how many of each.
	Sweep(ctx context.Context, now time.Time) (released, uncertain int, err error)
	// Usage sums what was settled, by the dimensions of the query.
	Usage(ctx context.Context, query UsageQuery) ([]UsageRow, error)
}

// Scope is who is charged.
type Scope struct {
	Kind ScopeKind
	ID   string
}

// ScopeKind is the kind of a scope.
type ScopeKind string

// The kinds of scope. Every scope has a budget in total; clients and teams
// have one for each day and each month too.
const (
	ScopeRun    ScopeKind = "run"
	ScopeClient ScopeKind = "client"
	ScopeTeam   ScopeKind = "team"
	// ScopeRequest is one call, over all its attempts; its id is the call's key.
	ScopeRequest ScopeKind = "request"
)

// Period is the time a limit holds for. Days and months are those of UTC.
type Period string

// The periods of budgets.
const (
	PeriodDay   Period = "day"
	PeriodMonth Period = "month"
	PeriodTotal Period = "total"
)

// PeriodLimit is a limit and the period it holds for.
type PeriodLimit struct {
	Period Period
	Limit  Limit
}

// Left is what the tightest of some budgets leave; -1 where none is limited.
type Left struct {
	Tokens  int64
	NanoUSD int64
}

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

// Reservation asks for a hold. It is charged to Run, Client and Team, those
// that are set (one at least), in each of their periods. Limit bounds this call
// alone, over all its attempts.
type Reservation struct {
	Key          string // of the logical call: workflow id, step, ordinal
	Run          string
	Client       string
	Team         string
	Feature      string // what the call is for: agent, chat, embeddings, summarize, …
	Limit        Limit
	Hold         Amount
	Dispatched   bool // mark it as about to be sent in the same step
	Expires      time.Time
	Provider     string
	Region       string
	Model        string
	Agent        string
	AgentVersion string
	Wait         time.Duration // waited before this attempt
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
	Run          string
	Client       string
	Team         string
	Feature      string
	Hold         Amount
	Provider     string
	Region       string
	Model        string
	Agent        string
	AgentVersion string
	Cached       bool          // answered from a cache, never sent
	Wait         time.Duration // waited before this attempt
	Usage        Usage         // once settled
	Latency      time.Duration // once settled
	FirstToken   time.Duration // once settled, when streamed
	Reason       string
	Created      time.Time
	Expires      time.Time
	Ended        time.Time
	// Left is what the budgets of the attempt leave beside its hold, of a
	// reservation that was just made; else it is zero.
	Left Left
}

// LeftBy is what the budgets leave once a reservation that was just made is
// settled with a usage, if nobody else is charged to them meanwhile: each of
// them gains what the usage is below the hold.
func (a Attempt) LeftBy(u Usage) Left {
	after := func(left, hold, used int64) int64 {
		if left < 0 {
			return left
		}
		return max(0, left+hold-used)
	}
	return Left{
		Tokens:  after(a.Left.Tokens, a.Hold.Tokens, u.Tokens()),
		NanoUSD: after(a.Left.NanoUSD, a.Hold.NanoUSD, u.NanoUSD),
	}
}

// AttemptFilter selects attempts. Empty fields select all.
type AttemptFilter struct {
	Run    string
	Client string
	Team   string
	Key    string
	State  State
	After  int64 // id
	Limit  int   // 1 to 1000; 0 means 100
}

// UsageQuery selects and groups usage. Days are UTC, both included.
type UsageQuery struct {
	From, To time.Time
	Client   string // empty: all
	Team     string
	By       []Dimension // none: one row of everything
	After    string      // UsageRow.Cursor of the last row of the page before
	Limit    int         // 1 to 1000; 0 means 100
}

// Dimension is what usage can be grouped by.
type Dimension string

// The dimensions of usage.
const (
	ByDay     Dimension = "day"
	ByClient  Dimension = "client"
	ByTeam    Dimension = "team"
	ByFeature Dimension = "feature"
	ByModel   Dimension = "model"
)

// UsageRow is a sum of usage. Fields that were not grouped by are empty.
type UsageRow struct {
	Day       string // 2006-01-02
	Client    string
	Team      string
	Feature   string
	Model     string
	Usage     Usage
	Calls     int64 // answered by a model
	CacheHits int64
	Overage   Amount
	Cursor    string
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
	Usage Usage
	// Response is stored with the settlement, for a caller who asks again with
	// the same key; nil where nobody can.
	Response   []byte
	Latency    time.Duration
	FirstToken time.Duration
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

// ErrCursor says that a cursor was not made by the same query.
var ErrCursor = errors.New("not a cursor of this query")

// ErrState says that an attempt's state does not allow the change.
var ErrState = errors.New("attempt is not in a state for this")

// ExceededError says which scope's budget a hold would have passed.
type ExceededError struct {
	Scope     Scope
	Period    Period
	Unit      string // "tokens" or "nano-dollars"
	Limit     int64
	Remaining int64
	Asked     int64
}

// Error implements error.
func (e *ExceededError) Error() string {
	whose := fmt.Sprintf("%s %s", e.Scope.Kind, e.Scope.ID)
	if e.Period == PeriodDay || e.Period == PeriodMonth {
		whose += " for this " + string(e.Period)
	}
	if e.Unit == "tokens" {
		return fmt.Sprintf("budget of %s: %d tokens asked, %d of %d left", whose, e.Asked, e.Remaining, e.Limit)
	}
	return fmt.Sprintf("budget of %s: $%s asked, $%s of $%s left", whose, dollars(e.Asked), dollars(e.Remaining), dollars(e.Limit))
}

// dollars writes nano-dollars, exactly.
func dollars(nano int64) string {
	const nanos = 1_000_000_000
	text := strings.TrimRight(fmt.Sprintf("%d.%09d", nano/nanos, nano%nanos), "0")
	return strings.TrimSuffix(text, ".")
}
