package gateway

import (
	"context"
	"fmt"
	"time"

	"github.com/quaestor-run/quaestor/runtime/provider"
)

// retryFull is when a caller who found no place may come again.
const retryFull = time.Second

// slots bound the attempts under way at a provider. Who waits longest is next.
type slots struct {
	provider string
	taken    chan struct{}
}

func newSlots(name string, limit int) *slots {
	return &slots{provider: name, taken: make(chan struct{}, limit)}
}

// take waits for a place, timeout at most, and says how long that was.
func (s *slots) take(ctx context.Context, timeout time.Duration) (waited time.Duration, err error) {
	select {
	case s.taken <- struct{}{}:
		return 0, nil
	default:
	}
	started := time.Now()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case s.taken <- struct{}{}:
		return time.Since(started), nil
	case <-ctx.Done():
		return 0, fmt.Errorf("waiting for a place at provider %q: %w", s.provider, ctx.Err())
	case <-timer.C:
		return 0, &provider.Error{
			Class: provider.ClassThrottled, Provider: s.provider, NotCharged: true, RetryAfter: retryFull,
			Message: fmt.Sprintf("%d calls are under way, and no place became free within %s", cap(s.taken), timeout),
		}
	}
}

func (s *slots) give() { <-s.taken }
