package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// UnpricedError refuses a model that has no price.
type UnpricedError struct {
	Model string
}

// Error implements error.
func (e *UnpricedError) Error() string {
	return fmt.Sprintf("model %q has no price in the catalog: add one, 0 if it is free", e.Model)
}

// UnknownModelError refuses a model nobody can serve.
type UnknownModelError struct {
	Model  string
	Reason string
}

// Error implements error.
func (e *UnknownModelError) Error() string {
	return fmt.Sprintf("model %q cannot be used: %s", e.Model, e.Reason)
}

// LedgerError says that the ledger could not be asked or told. Nothing was sent.
type LedgerError struct {
	Doing string // what the ledger was needed for
	Err   error
}

// Error implements error.
func (e *LedgerError) Error() string {
	return fmt.Sprintf("%s failed, and without the ledger nothing is sent: %v", e.Doing, e.Err)
}

// Unwrap gives the cause.
func (e *LedgerError) Unwrap() error { return e.Err }

// errAbandoned is what others are given of a call whose goroutine panicked.
var errAbandoned = errors.New("the call was abandoned")

// errNotKept says that a call was answered and its answer not kept.
var errNotKept = errors.New("it was answered before, and its answer was not kept: use a new key")

// errForeignKey says that a key belongs to a call of somebody else.
var errForeignKey = errors.New("its key is that of a call of another run or client: use a new key")

// ledgerFailed names a failure of the ledger as such, unless it is that the
// caller went away.
func ledgerFailed(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return &LedgerError{Doing: doing, Err: err}
}

// InjectionError refuses a call whose text tries to instruct the model over the
// heads of those who built on it.
type InjectionError struct {
	Injection Injection
	Threshold float64
}

// Error implements error.
func (e *InjectionError) Error() string {
	return fmt.Sprintf("the input looks like an attempt to override instructions (score %.2f, from %.2f on it is refused: %s)",
		e.Injection.Score, e.Threshold, strings.Join(e.Injection.Patterns, ", "))
}

// RefusedError says that a failed call was not tried elsewhere, because that was
// refused. It wraps both: the failure, and why the next attempt was refused.
type RefusedError struct {
	Model   string // that was refused
	Refusal error
	Failure error // of the attempt before
}

// Error implements error.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("%v; trying again with model %q was refused: %v", e.Failure, e.Model, e.Refusal)
}

// Unwrap gives both causes.
func (e *RefusedError) Unwrap() []error { return []error{e.Failure, e.Refusal} }

// CallError is a logical call that failed. It wraps the cause: a
// *ledger.ExceededError, *UnpricedError, *UnknownModelError, *InjectionError,
// *provider.Error, *LedgerError, or a *RefusedError with two of them.
type CallError struct {
	Key        string
	Model      string
	Attempts   int           // physical attempts this invocation made
	Notes      []AttemptNote // what became of each
	Retryable  bool          // whether the same call may succeed later
	RetryAfter time.Duration // not before, when known
	Err        error
}

// Error implements error.
func (e *CallError) Error() string {
	return fmt.Sprintf("calling model %q (call %s, %d attempts): %v", e.Model, e.Key, e.Attempts, e.Err)
}

// Unwrap gives the cause.
func (e *CallError) Unwrap() error { return e.Err }

// retryable says whether the same call may succeed later. Failures of the
// ledger may.
func retryable(err error) bool {
	if refused := (*RefusedError)(nil); errors.As(err, &refused) {
		return retryable(refused.Failure)
	}
	if injected := (*InjectionError)(nil); errors.As(err, &injected) || errors.Is(err, errNotKept) || errors.Is(err, errForeignKey) {
		return false
	}
	var exceeded *ledger.ExceededError
	var unpriced *UnpricedError
	var unknown *UnknownModelError
	if errors.As(err, &exceeded) || errors.As(err, &unpriced) || errors.As(err, &unknown) {
		return false
	}
	if failed := (*provider.Error)(nil); errors.As(err, &failed) {
		switch failed.Class {
		case provider.ClassInvalid, provider.ClassAccess, provider.ClassQuota, provider.ClassCancelled:
			return false
		}
		return true
	}
	return !cancelled(err)
}

func cancelled(err error) bool {
	if lost := (*LedgerError)(nil); errors.As(err, &lost) {
		return false // it may have been out of time; the caller has not gone
	}
	if failed := (*provider.Error)(nil); errors.As(err, &failed) && failed.Class == provider.ClassCancelled {
		return true
	}
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
