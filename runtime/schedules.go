package runtime

import (
	"context"
	"errors"
	"fmt"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/workflows"
)

// schedulePrefix tells our schedules from others in the same namespace.
const schedulePrefix = "quaestor-"

// scheduleMemo is where a schedule's own words travel: Temporal gives a cron
// expression back as calendars only.
const scheduleMemo = "quaestor_schedule"

// CreateSchedule implements server.Engine.
func (e engine) CreateSchedule(ctx context.Context, s server.Schedule) error {
	_, err := e.temporal.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: schedulePrefix + s.ID, Spec: specOf(s), Action: e.actionOf(s),
		Overlap: overlapOf(s.Overlap), CatchupWindow: s.CatchUp, Paused: s.Paused, Note: s.Note,
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return server.ErrScheduleExists
	}
	if err != nil {
		return fmt.Errorf("creating schedule %s: %w", s.ID, err)
	}
	return nil
}

// Schedule implements server.Engine.
func (e engine) Schedule(ctx context.Context, id string) (server.Schedule, error) {
	description, err := e.handle(ctx, id).Describe(ctx)
	if err != nil {
		return server.Schedule{}, scheduleError("reading", id, err)
	}
	s, err := scheduleOf(description.Schedule)
	if err != nil {
		return server.Schedule{}, fmt.Errorf("reading schedule %s: %w", id, err)
	}
	s.ID, s.Created, s.Next = id, description.Info.CreatedAt, description.Info.NextActionTimes
	for _, action := range description.Info.RecentActions {
		if action.StartWorkflowResult != nil {
			s.Recent = append(s.Recent, action.StartWorkflowResult.WorkflowID)
		}
	}
	return s, nil
}

// Schedules implements server.Engine.
func (e engine) Schedules(ctx context.Context, limit int) ([]server.Schedule, error) {
	list, err := e.temporal.ScheduleClient().List(ctx, client.ScheduleListOptions{PageSize: limit})
	if err != nil {
		return nil, fmt.Errorf("listing schedules: %w", err)
	}
	var schedules []server.Schedule
	for list.HasNext() && len(schedules) < limit {
		entry, err := list.Next()
		if err != nil {
			return nil, fmt.Errorf("listing schedules: %w", err)
		}
		id, ours := strings.CutPrefix(entry.ID, schedulePrefix)
		if !ours {
			continue
		}
		s, err := e.Schedule(ctx, id)
		if errors.Is(err, server.ErrNoSchedule) { // deleted meanwhile
			continue
		}
		if err != nil {
			return nil, err
		}
		schedules = append(schedules, s)
	}
	return schedules, nil
}

// UpdateSchedule implements server.Engine.
func (e engine) UpdateSchedule(ctx context.Context, id string, change func(*server.Schedule) error) (server.Schedule, error) {
	var refused error
	err := e.handle(ctx, id).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(input client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			s, err := scheduleOf(input.Description.Schedule)
			if err != nil {
				return nil, err
			}
			s.ID = id
			if refused = change(&s); refused != nil {
				return nil, refused
			}
			updated := input.Description.Schedule
			spec := specOf(s)
			updated.Spec, updated.Action = &spec, e.actionOf(s)
			updated.Policy = &client.SchedulePolicies{Overlap: overlapOf(s.Overlap), CatchupWindow: s.CatchUp}
			updated.State.Paused, updated.State.Note = s.Paused, s.Note
			return &client.ScheduleUpdate{Schedule: &updated}, nil
		},
	})
	switch {
	case refused != nil:
		return server.Schedule{}, refused
	case err != nil:
		return server.Schedule{}, scheduleError("changing", id, err)
	}
	return e.Schedule(ctx, id)
}

// DeleteSchedule implements server.Engine.
func (e engine) DeleteSchedule(ctx context.Context, id string) error {
	return scheduleError("deleting", id, e.handle(ctx, id).Delete(ctx))
}

// TriggerSchedule implements server.Engine.
func (e engine) TriggerSchedule(ctx context.Context, id string) error {
	return scheduleError("triggering", id, e.handle(ctx, id).Trigger(ctx, client.ScheduleTriggerOptions{
		Overlap: enums.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL,
	}))
}

func (e engine) handle(ctx context.Context, id string) client.ScheduleHandle {
	return e.temporal.ScheduleClient().GetHandle(ctx, schedulePrefix+id)
}

func scheduleError(doing, id string, err error) error {
	var gone *serviceerror.NotFound
	switch {
	case err == nil:
		return nil
	case errors.As(err, &gone):
		return server.ErrNoSchedule
	}
	return fmt.Errorf("%s schedule %s: %w", doing, id, err)
}

func specOf(s server.Schedule) client.ScheduleSpec {
	spec := client.ScheduleSpec{CronExpressions: s.Cron, TimeZoneName: s.TimeZone}
	if s.Every > 0 {
		spec.Intervals = []client.ScheduleIntervalSpec{{Every: s.Every}}
	}
	return spec
}

// actionOf starts a research run whose id is the action's, with the time of the
// start appended by Temporal.
func (e engine) actionOf(s server.Schedule) *client.ScheduleWorkflowAction {
	s.Request.Schedule, s.Request.Client = s.ID, s.Client
	return &client.ScheduleWorkflowAction{
		ID: "r_" + s.ID, Workflow: workflows.ResearchName, Args: []any{s.Request}, TaskQueue: e.taskQueue,
		StaticSummary: workflows.Summary(s.Request.Topic), Memo: map[string]any{scheduleMemo: s},
	}
}

func scheduleOf(described client.Schedule) (server.Schedule, error) {
	var s server.Schedule
	action, ok := described.Action.(*client.ScheduleWorkflowAction)
	if !ok {
		return s, fmt.Errorf("its action is a %T, not a workflow", described.Action)
	}
	payload, ok := action.Memo[scheduleMemo].(*commonpb.Payload)
	if !ok {
		return s, errors.New("it was not made by this program")
	}
	if err := converter.GetDefaultDataConverter().FromPayload(payload, &s); err != nil {
		return s, fmt.Errorf("decoding its memo: %w", err)
	}
	if described.State != nil {
		s.Paused, s.Note = described.State.Paused, described.State.Note
	}
	return s, nil
}

// overlapOf maps our words to Temporal's; an unknown word is Temporal's default,
// which skips.
func overlapOf(policy string) enums.ScheduleOverlapPolicy {
	switch policy {
	case "buffer_one":
		return enums.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE
	case "buffer_all":
		return enums.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL
	case "cancel_other":
		return enums.SCHEDULE_OVERLAP_POLICY_CANCEL_OTHER
	case "terminate_other":
		return enums.SCHEDULE_OVERLAP_POLICY_TERMINATE_OTHER
	case "allow_all":
		return enums.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL
	}
	return enums.SCHEDULE_OVERLAP_POLICY_SKIP
}
