package postgres

import (
	"context"
	"time"
)

// OpenAt opens a ledger with a clock of the test's.
func OpenAt(ctx context.Context, url string, now func() time.Time) (*Ledger, error) {
	return openAt(ctx, url, now)
}
