package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// DefaultConcurrency is how many steps of a plan run at the same time.
const DefaultConcurrency = 3

// DefaultRounds is how often a result is refined at most.
const DefaultRounds = 3

// Cycle is plan → execute → validate → refine over any kind of work. The steps
// of a plan run in parallel; their outcomes are combined into a result, which
// is validated and refined until it meets the criteria, the rounds are used up
// or the budget ends.
//
// The functions are workflow code: they start activities and child workflows
// and hold no state of their own.
type Cycle[Step, Outcome, Result, Verdict any] struct {
	Plan     func(workflow.Context) ([]Step, error)
	Execute  func(ctx workflow.Context, step Step, number, of int) (Outcome, error)
	Combine  func(ctx workflow.Context, outcomes []Outcome) (Result, error)
	Validate func(ctx workflow.Context, result Result, round int) (Verdict, error)
	Met      func(Verdict) bool
	Refine   func(ctx workflow.Context, result Result, verdict Verdict, round int) (Result, error)

	// StepFailed hears of a step that could not be done; the others go on.
	// When it is nil, or returns an error, the cycle ends with the error.
	StepFailed func(ctx workflow.Context, step Step, err error) error

	Concurrency int // 0 means DefaultConcurrency
	Rounds      int // refinements at most; negative means DefaultRounds
}

// Stopped says why a cycle ended.
type Stopped string

// Why a cycle ended.
const (
	StoppedMet    Stopped = "met"    // the criteria are met
	StoppedRounds Stopped = "rounds" // the rounds are used up
	StoppedBudget Stopped = "budget" // the budget ended; the result is the last good one
)

// CycleResult is the last result of a cycle. Valid is false when the budget
// ended before there was one.
type CycleResult[Result any] struct {
	Result  Result
	Valid   bool
	Rounds  int // refinements made
	Stopped Stopped
}

// Run drives the cycle. An error that is not the end of a budget ends it; the
// result then is the last good one.
func (c Cycle[Step, Outcome, Result, Verdict]) Run(ctx workflow.Context) (CycleResult[Result], error) {
	var done CycleResult[Result]
	steps, err := c.Plan(ctx)
	if err != nil {
		return stopAt(done, err)
	}
	outcomes, err := c.execute(ctx, steps)
	if err != nil {
		return stopAt(done, err)
	}
	if done.Result, err = c.Combine(ctx, outcomes); err != nil {
		return stopAt(done, err)
	}
	done.Valid = true
	return c.refine(ctx, done)
}

// refine validates and refines a first result. It is also where a person's
// wish for changes enters.
func (c Cycle[Step, Outcome, Result, Verdict]) refine(ctx workflow.Context, done CycleResult[Result]) (CycleResult[Result], error) {
	rounds := c.Rounds
	if rounds < 0 {
		rounds = DefaultRounds
	}
	for {
		verdict, err := c.Validate(ctx, done.Result, done.Rounds)
		if err != nil {
			return stopAt(done, err)
		}
		if c.Met(verdict) {
			done.Stopped = StoppedMet
			return done, nil
		}
		if done.Rounds >= rounds {
			done.Stopped = StoppedRounds
			return done, nil
		}
		refined, err := c.Refine(ctx, done.Result, verdict, done.Rounds+1)
		if err != nil {
			return stopAt(done, err)
		}
		done.Result = refined
		done.Rounds++
	}
}

// execute runs the steps with bounded concurrency. Outcomes keep the order of
// the plan; failed steps are missing. The end of a budget stops steps that have
// not started.
func (c Cycle[Step, Outcome, Result, Verdict]) execute(ctx workflow.Context, steps []Step) ([]Outcome, error) {
	concurrency := c.Concurrency
	if concurrency <= 0 {
		concurrency = DefaultConcurrency
	}
	results := make([]*Outcome, len(steps))
	var failure error
	places := workflow.NewSemaphore(ctx, int64(concurrency))
	group := workflow.NewWaitGroup(ctx)
	for i, step := range steps {
		if err := places.Acquire(ctx, 1); err != nil {
			failure = firstError(failure, err)
			break
		}
		if failure != nil {
			places.Release(1)
			break
		}
		group.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer group.Done()
			defer places.Release(1)
			outcome, err := c.Execute(ctx, step, i+1, len(steps))
			if err == nil {
				results[i] = &outcome
				return
			}
			failure = firstError(failure, c.stepFailed(ctx, step, err))
		})
	}
	group.Wait(ctx)
	var outcomes []Outcome
	for _, outcome := range results {
		if outcome != nil {
			outcomes = append(outcomes, *outcome)
		}
	}
	return outcomes, failure
}

func (c Cycle[Step, Outcome, Result, Verdict]) stepFailed(ctx workflow.Context, step Step, err error) error {
	if c.StepFailed == nil || IsBudget(err) || temporal.IsCanceledError(err) {
		return err
	}
	return c.StepFailed(ctx, step, err)
}

func stopAt[Result any](done CycleResult[Result], err error) (CycleResult[Result], error) {
	if IsBudget(err) {
		done.Stopped = StoppedBudget
		return done, nil
	}
	return done, err
}

func firstError(first, next error) error {
	if first != nil {
		return first
	}
	return next
}
