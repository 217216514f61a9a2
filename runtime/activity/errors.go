package activity

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/workflows"
)

// temporalError maps what a model call can end with to Temporal's terms: what
// can never work is not retried, the rest waits as long as the provider asked.
func temporalError(err error) error {
	if refused := (*gateway.RefusedError)(nil); errors.As(err, &refused) {
		err = refused.Failure // what passes; that no fallback could be paid is no reason to give up
	}
	var exceeded *ledger.ExceededError
	if errors.As(err, &exceeded) {
		return final(workflows.ErrorBudget, exceeded.Error(), err)
	}
	var unpriced *gateway.UnpricedError
	if errors.As(err, &unpriced) {
		return final(workflows.ErrorRefused, unpriced.Error(), err)
	}
	var unknown *gateway.UnknownModelError
	if errors.As(err, &unknown) {
		return final(workflows.ErrorRefused, unknown.Error(), err)
	}
	var failed *provider.Error
	if !errors.As(err, &failed) {
		return err
	}
	switch failed.Class {
	case provider.ClassInvalid, provider.ClassAccess, provider.ClassQuota:
		return final(string(failed.Class), failed.Error(), err)
	case provider.ClassCancelled:
		return context.Canceled
	}
	return temporal.NewApplicationErrorWithOptions(failed.Error(), string(failed.Class), temporal.ApplicationErrorOptions{
		Cause: err, NextRetryDelay: failed.RetryAfter,
	})
}

func final(kind, message string, cause error) error {
	return temporal.NewNonRetryableApplicationError(message, kind, cause)
}

func refuse(format string, args ...any) error {
	return final(workflows.ErrorRefused, fmt.Sprintf(format, args...), nil)
}

func noSources(sources []string, unread []agents.UnreadDocument) error {
	where := "the default corpus"
	if len(sources) > 0 {
		where = strings.Join(sources, ", ")
	}
	message := fmt.Sprintf("no readable document in %s: upload Markdown, text, HTML, CSV or PDF files first", where)
	if len(unread) > 0 {
		message = fmt.Sprintf("none of the %d documents in %s could be read; the first: %s: %s", len(unread), where, unread[0].URI, unread[0].Reason)
	}
	return final(workflows.ErrorNoSources, message, nil)
}

// beatEvery is how often a waiting activity says that it is alive; it is also
// how soon it hears that it was cancelled.
const beatEvery = 500 * time.Millisecond

// beat heartbeats until the returned function is called. In a local activity
// there is nobody to tell.
func beat(ctx context.Context) (stop func()) {
	if !activity.IsActivity(ctx) || activity.GetInfo(ctx).IsLocalActivity {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		ticker := time.NewTicker(beatEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	}()
	return cancel
}
