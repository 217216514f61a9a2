package sqlite

import (
	"context"
	"time"
)

// OpenAt opens a ledger with a clock of the test's.
func OpenAt(ctx context.Context, path string, now func() time.Time) (*Ledger, error) {
	return openAt(ctx, path, Options{}, now)
}
