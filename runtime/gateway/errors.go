package gateway

import (
	"context"
	"errors"
	"fmt"
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

// CallError is a logical call that failed. It wraps the cause: a
// *ledger.ExceededError, *UnpricedError, *UnknownModelError, *provider.Error, or
// a failure of the ledger.
type CallError struct {
	Key        string
	Model      string
	Attempts   int           // physical attempts this invocation made
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
	if failed := (*provider.Error)(nil); errors.As(err, &failed) && failed.Class == provider.ClassCancelled {
		return true
	}
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
