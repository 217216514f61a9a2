package runtime

import (
	"context"
	"fmt"

	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/workflows"
)

// durable is an engine whose Temporal may have what it was told in memory only:
// what a caller hears has been done is on the disk before he hears it.
type durable struct {
	server.Engine
	flush func() error
}

func (d durable) after(done error) error {
	if done != nil {
		return done
	}
	if err := d.flush(); err != nil {
		return fmt.Errorf("making sure of it: %w", err)
	}
	return nil
}

// StartResearch implements server.Engine.
func (d durable) StartResearch(ctx context.Context, id string, req workflows.ResearchRequest) error {
	return d.after(d.Engine.StartResearch(ctx, id, req))
}

// StartSummary implements server.Engine.
func (d durable) StartSummary(ctx context.Context, job workflows.SummaryJob) error {
	return d.after(d.Engine.StartSummary(ctx, job))
}

// Cancel implements server.Engine.
func (d durable) Cancel(ctx context.Context, run string) error {
	return d.after(d.Engine.Cancel(ctx, run))
}

// Decide implements server.Engine.
func (d durable) Decide(ctx context.Context, run string, decision workflows.ReviewDecision) error {
	return d.after(d.Engine.Decide(ctx, run, decision))
}

// CreateSchedule implements server.Engine.
func (d durable) CreateSchedule(ctx context.Context, s server.Schedule) error {
	return d.after(d.Engine.CreateSchedule(ctx, s))
}

// UpdateSchedule implements server.Engine.
func (d durable) UpdateSchedule(ctx context.Context, id string, change func(*server.Schedule) error) (server.Schedule, error) {
	changed, err := d.Engine.UpdateSchedule(ctx, id, change)
	return changed, d.after(err)
}

// DeleteSchedule implements server.Engine.
func (d durable) DeleteSchedule(ctx context.Context, id string) error {
	return d.after(d.Engine.DeleteSchedule(ctx, id))
}

// TriggerSchedule implements server.Engine.
func (d durable) TriggerSchedule(ctx context.Context, id string) error {
	return d.after(d.Engine.TriggerSchedule(ctx, id))
}
