// Package servertest has stand-ins for what the API server works with.
package servertest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/workflows"
)

// Engine is a server.Engine in memory. It does what it is asked and keeps a
// record; it runs no workflow. The zero value is ready, and safe for use by
// several goroutines.
type Engine struct {
	mu        sync.Mutex
	failure   error
	started   map[string]workflows.ResearchRequest
	starts    int
	summaries map[string]workflows.SummaryJob
	cancelled []string
	waiting   map[string]string // digest of the draft that waits, by run
	decisions map[string]workflows.ReviewDecision
	schedules map[string]server.Schedule
	triggered []string
}

var _ server.Engine = (*Engine)(nil)

// Fail makes every call fail with the error, until it is told nil.
func (e *Engine) Fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failure = err
}

// Await makes a run wait for a decision on the draft with the digest.
func (e *Engine) Await(run, digest string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	put(&e.waiting, run, digest)
}

// Started gives the requests that were started, by run.
func (e *Engine) Started() map[string]workflows.ResearchRequest {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.started)
}

// Starts counts the calls of StartResearch that succeeded.
func (e *Engine) Starts() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.starts
}

// Cancelled gives the runs that were asked to stop, in order.
func (e *Engine) Cancelled() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.cancelled)
}

// Decisions gives the decisions that were taken, by run.
func (e *Engine) Decisions() map[string]workflows.ReviewDecision {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.decisions)
}

// Triggered gives the schedules that were triggered, in order.
func (e *Engine) Triggered() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.triggered)
}

// StartResearch implements server.Engine.
func (e *Engine) StartResearch(_ context.Context, id string, req workflows.ResearchRequest) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failure != nil {
		return e.failure
	}
	e.starts++
	put(&e.started, id, req)
	return nil
}

// StartSummary implements server.Engine.
func (e *Engine) StartSummary(_ context.Context, job workflows.SummaryJob) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failure != nil {
		return e.failure
	}
	put(&e.summaries, job.ID, job)
	return nil
}

// Summaries gives the jobs that were started, by id.
func (e *Engine) Summaries() map[string]workflows.SummaryJob {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.summaries)
}

// Cancel implements server.Engine.
func (e *Engine) Cancel(_ context.Context, run string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failure != nil {
		return e.failure
	}
	e.cancelled = append(e.cancelled, run)
	return nil
}

// Decide implements server.Engine.
func (e *Engine) Decide(_ context.Context, run string, decision workflows.ReviewDecision) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	digest, waits := e.waiting[run]
	switch {
	case e.failure != nil:
		return e.failure
	case !waits:
		return server.ErrNoReview
	case digest != decision.Digest:
		return server.ErrStaleReview
	}
	delete(e.waiting, run)
	put(&e.decisions, run, decision)
	return nil
}

// CreateSchedule implements server.Engine.
func (e *Engine) CreateSchedule(_ context.Context, s server.Schedule) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failure != nil {
		return e.failure
	}
	if _, exists := e.schedules[s.ID]; exists {
		return server.ErrScheduleExists
	}
	put(&e.schedules, s.ID, s)
	return nil
}

// Schedule implements server.Engine.
func (e *Engine) Schedule(_ context.Context, id string) (server.Schedule, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.find(id)
}

func (e *Engine) find(id string) (server.Schedule, error) {
	if e.failure != nil {
		return server.Schedule{}, e.failure
	}
	s, ok := e.schedules[id]
	if !ok {
		return server.Schedule{}, server.ErrNoSchedule
	}
	return s, nil
}

// Schedules implements server.Engine, by id.
func (e *Engine) Schedules(_ context.Context, limit int) ([]server.Schedule, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failure != nil {
		return nil, e.failure
	}
	list := slices.SortedFunc(maps.Values(e.schedules), func(a, b server.Schedule) int { return cmp.Compare(a.ID, b.ID) })
	return list[:min(limit, len(list))], nil
}

// UpdateSchedule implements server.Engine.
func (e *Engine) UpdateSchedule(_ context.Context, id string, change func(*server.Schedule) error) (server.Schedule, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, err := e.find(id)
	if err != nil {
		return server.Schedule{}, err
	}
	if err := change(&s); err != nil {
		return server.Schedule{}, err
	}
	e.schedules[id] = s
	return s, nil
}

// DeleteSchedule implements server.Engine.
func (e *Engine) DeleteSchedule(_ context.Context, id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, err := e.find(id); err != nil {
		return err
	}
	delete(e.schedules, id)
	return nil
}

// TriggerSchedule implements server.Engine.
func (e *Engine) TriggerSchedule(_ context.Context, id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, err := e.find(id); err != nil {
		return err
	}
	e.triggered = append(e.triggered, id)
	return nil
}

// Ready implements server.Engine.
func (e *Engine) Ready(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.failure
}

func put[V any](m *map[string]V, key string, value V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = value
}
