package server

import (
	"context"
	"errors"
	"time"

	"github.com/quaestor-run/quaestor/workflows"
)

// Engine starts and steers workflows; the runtime implements it on a Temporal
// client.
type Engine interface {
	// StartResearch starts the workflow of a run. Starting a run again that
	// has been started is no error.
	StartResearch(ctx context.Context, id string, req workflows.ResearchRequest) error
	// StartSummary starts the workflow of a summary. Starting one again that has
	// been started is no error.
	StartSummary(ctx context.Context, job workflows.SummaryJob) error
	// Cancel asks a run to stop; it keeps what was gathered.
	Cancel(ctx context.Context, run string) error
	// Decide sends a person's decision to the run that waits for it. Errors:
	// ErrStaleReview, ErrNoReview.
	Decide(ctx context.Context, run string, decision workflows.ReviewDecision) error

	CreateSchedule(ctx context.Context, s Schedule) error // ErrScheduleExists
	Schedule(ctx context.Context, id string) (Schedule, error)
	Schedules(ctx context.Context, limit int) ([]Schedule, error)
	UpdateSchedule(ctx context.Context, id string, change func(*Schedule) error) (Schedule, error)
	DeleteSchedule(ctx context.Context, id string) error
	TriggerSchedule(ctx context.Context, id string) error // ErrNoSchedule

	// Ready says whether Temporal answers.
	Ready(ctx context.Context) error
}

// Schedule starts a research run again and again. Exactly one of Cron and
// Every is set.
type Schedule struct {
	ID       string
	Client   string
	Cron     []string
	Every    time.Duration
	TimeZone string // IANA name; empty is UTC
	Overlap  string // skip, buffer_one, buffer_all, cancel_other, terminate_other, allow_all
	CatchUp  time.Duration
	Paused   bool
	Note     string
	Request  workflows.ResearchRequest
	Next     []time.Time // read only
	Recent   []string    // read only: run ids, newest last
	Created  time.Time   // read only
}

// Errors of an Engine.
var (
	ErrStaleReview    = errors.New("the decision names another draft than the one that waits")
	ErrNoReview       = errors.New("no review waits for a decision")
	ErrNoSchedule     = errors.New("no such schedule")
	ErrScheduleExists = errors.New("a schedule with this id exists")
)
