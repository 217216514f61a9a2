package store

import (
	"context"
	"encoding/json"
	"time"
)

// Summaries are summaries that a workflow makes.
type Summaries interface {
	// CreateSummary inserts a summary. One with the same id is given back as it
	// is (created=false).
	CreateSummary(ctx context.Context, summary Summary) (stored Summary, created bool, err error)
	Summary(ctx context.Context, id string) (Summary, error)
	// UpdateSummary applies the fields that are set. A summary in a final status
	// keeps everything.
	UpdateSummary(ctx context.Context, id string, update SummaryUpdate) error
	// PendingSummaries lists those that no workflow has touched, oldest first.
	PendingSummaries(ctx context.Context, limit int) ([]Summary, error)
}

// Summary is the read model of a workflow that summarises a text.
type Summary struct {
	ID          string
	Client      string
	Status      Status // StatusRunning, StatusCompleted or StatusFailed
	Request     json.RawMessage
	Result      json.RawMessage // once completed
	Error       string          // why it failed
	Done, Total int             // parts
	Created     time.Time
	Finished    time.Time
}

// SummaryUpdate changes what is set.
type SummaryUpdate struct {
	Status   *Status
	Result   json.RawMessage
	Error    *string
	Done     *int
	Total    *int
	Finished time.Time
}
