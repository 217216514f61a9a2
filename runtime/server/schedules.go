package server

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/quaestor-run/quaestor/runtime/server/api"
	"github.com/quaestor-run/quaestor/workflows"
)

const (
	minInterval   = time.Second
	minCatchUp    = 10 * time.Second // Temporal's own
	mostSchedules = 1000             // looked through in one listing
)

// CreateSchedule makes a schedule.
func (o operations) CreateSchedule(ctx context.Context, in api.CreateScheduleRequestObject) (api.CreateScheduleResponseObject, error) {
	body := in.Body
	s := Schedule{ID: body.ID, Client: principalOf(ctx).client, Paused: body.Paused, Note: body.Note, Created: o.now().UTC()}
	if s.ID == "" {
		s.ID = "s-" + randomName(16)
	}
	overlap := body.Overlap
	if overlap == "" {
		overlap = api.OverlapSkip
	}
	var reading reading
	if body.Cron == "" && body.Interval == "" {
		reading.blame("/cron", "give either cron or interval")
	}
	patch := api.SchedulePatch{Overlap: &overlap, Research: &body.Research, TimeZone: &body.TimeZone}
	for field, value := range map[**string]*string{
		&patch.Cron: &body.Cron, &patch.Interval: &body.Interval, &patch.CatchUpWindow: &body.CatchUpWindow,
	} {
		if *value != "" {
			*field = value
		}
	}
	change, err := o.readPatch(ctx, &reading, patch, s.ID)
	if err = errors.Join(err, reading.err()); err != nil {
		return nil, err
	}
	change(&s)
	if err := o.engine.CreateSchedule(ctx, s); errors.Is(err, ErrScheduleExists) {
		return nil, conflict("A schedule %q exists; PATCH it, or choose another id.", s.ID)
	} else if err != nil {
		return nil, unavailable("temporal", err)
	}
	answer := scheduleOf(s)
	return api.CreateSchedule201JSONResponse{
		Body: answer, Headers: api.CreateSchedule201ResponseHeaders{Location: answer.Links.Self},
	}, nil
}

// ListSchedules lists the caller's schedules.
func (o operations) ListSchedules(ctx context.Context, in api.ListSchedulesRequestObject) (api.ListSchedulesResponseObject, error) {
	schedules, err := o.engine.Schedules(ctx, mostSchedules)
	if err != nil {
		return nil, unavailable("temporal", err)
	}
	limit := positive(given(in.Params.Limit), 50)
	answer := api.ListSchedules200JSONResponse{Schedules: []api.Schedule{}}
	for _, s := range schedules {
		if len(answer.Schedules) < limit && principalOf(ctx).sees(s.Client) {
			answer.Schedules = append(answer.Schedules, scheduleOf(s))
		}
	}
	return answer, nil
}

// GetSchedule gives one schedule.
func (o operations) GetSchedule(ctx context.Context, in api.GetScheduleRequestObject) (api.GetScheduleResponseObject, error) {
	s, err := o.visibleSchedule(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return api.GetSchedule200JSONResponse(scheduleOf(s)), nil
}

// UpdateSchedule changes what is given.
func (o operations) UpdateSchedule(ctx context.Context, in api.UpdateScheduleRequestObject) (api.UpdateScheduleResponseObject, error) {
	if _, err := o.visibleSchedule(ctx, in.ID); err != nil {
		return nil, err
	}
	var reading reading
	change, err := o.readPatch(ctx, &reading, *in.Body, in.ID)
	if err = errors.Join(err, reading.err()); err != nil {
		return nil, err
	}
	s, err := o.engine.UpdateSchedule(ctx, in.ID, func(s *Schedule) error {
		change(s)
		return nil
	})
	if err != nil {
		return nil, scheduleProblem(in.ID, err)
	}
	return api.UpdateSchedule200JSONResponse(scheduleOf(s)), nil
}

// DeleteSchedule deletes a schedule.
func (o operations) DeleteSchedule(ctx context.Context, in api.DeleteScheduleRequestObject) (api.DeleteScheduleResponseObject, error) {
	if _, err := o.visibleSchedule(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := o.engine.DeleteSchedule(ctx, in.ID); err != nil {
		return nil, scheduleProblem(in.ID, err)
	}
	return api.DeleteSchedule204Response{}, nil
}

// TriggerSchedule starts a run now.
func (o operations) TriggerSchedule(ctx context.Context, in api.TriggerScheduleRequestObject) (api.TriggerScheduleResponseObject, error) {
	if _, err := o.visibleSchedule(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := o.engine.TriggerSchedule(ctx, in.ID); err != nil {
		return nil, scheduleProblem(in.ID, err)
	}
	return api.TriggerSchedule202JSONResponse{ID: in.ID, Links: scheduleLinks(in.ID)}, nil
}

func (s *Server) visibleSchedule(ctx context.Context, id string) (Schedule, error) {
	schedule, err := s.engine.Schedule(ctx, id)
	if err != nil {
		return Schedule{}, scheduleProblem(id, err)
	}
	if !principalOf(ctx).sees(schedule.Client) {
		return Schedule{}, notFound("schedule", id)
	}
	return schedule, nil
}

func scheduleProblem(id string, err error) error {
	if errors.Is(err, ErrNoSchedule) {
		return notFound("schedule", id)
	}
	return unavailable("temporal", err)
}

// readPatch reads what is given as one change of a schedule.
func (s *Server) readPatch(ctx context.Context, r *reading, patch api.SchedulePatch, id string) (func(*Schedule), error) {
	var request workflows.ResearchRequest
	if patch.Research != nil {
		inner := reading{prefix: "/research"}
		var err error
		if request, err = s.research(ctx, &inner, *patch.Research, true); err != nil {
			return nil, err
		}
		r.fields = append(r.fields, inner.fields...)
	}
	if patch.Cron != nil && patch.Interval != nil {
		r.blame("/interval", "give either cron or interval")
	}
	cronLine := r.cron(patch.Cron)
	every := r.duration("/interval", patch.Interval, minInterval)
	catchUp := r.duration("/catch_up_window", patch.CatchUpWindow, minCatchUp)
	r.timeZone(patch.TimeZone)
	if patch.Note != nil {
		r.printable("/note", *patch.Note)
	}
	return func(schedule *Schedule) {
		switch {
		case patch.Cron != nil:
			schedule.Cron, schedule.Every = []string{cronLine}, 0
		case patch.Interval != nil:
			schedule.Cron, schedule.Every = nil, every
		}
		set(&schedule.TimeZone, patch.TimeZone)
		set(&schedule.Note, patch.Note)
		set(&schedule.Paused, patch.Paused)
		if patch.Overlap != nil {
			schedule.Overlap = string(*patch.Overlap)
		}
		if patch.CatchUpWindow != nil {
			schedule.CatchUp = catchUp
		}
		if patch.Research != nil {
			schedule.Request = request
			schedule.Request.Client, schedule.Request.Schedule = schedule.Client, id
		}
	}, nil
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// cron checks a line against what both Temporal and people understand by it.
func (r *reading) cron(line *string) string {
	if line == nil {
		return ""
	}
	text := strings.Join(strings.Fields(*line), " ")
	switch {
	case strings.Contains(text, "TZ="):
		r.blame("/cron", "must not name a time zone; time_zone does")
		return ""
	case strings.HasPrefix(text, "@every"):
		r.blame("/cron", "must not be @every; use interval")
		return ""
	}
	if _, err := cron.ParseStandard(text); err != nil {
		r.blame("/cron", "is not a cron line such as \"0 7 * * 1\": %v", err)
	}
	return text
}

func (r *reading) duration(pointer string, text *string, least time.Duration) time.Duration {
	if text == nil {
		return 0
	}
	d, err := time.ParseDuration(*text)
	switch {
	case err != nil:
		r.blame(pointer, "%q is not a duration such as 90m or 6h", *text)
	case d < least:
		r.blame(pointer, "must be at least %s", least)
	}
	return d
}

func (r *reading) timeZone(name *string) {
	if name == nil || *name == "" {
		return
	}
	if _, err := time.LoadLocation(*name); err != nil || strings.EqualFold(*name, "local") {
		r.blame("/time_zone", "%q is not an IANA time zone such as Europe/Berlin", *name)
	}
}

func scheduleOf(s Schedule) api.Schedule {
	answer := api.Schedule{
		ID: s.ID, Cron: strings.Join(s.Cron, ", "), TimeZone: s.TimeZone, Overlap: api.Overlap(s.Overlap), Paused: s.Paused, Note: s.Note,
		Next: present(slices.Clone(s.Next)), Recent: present(s.Recent), CreatedAt: utc(s.Created),
		Links: scheduleLinks(s.ID), Research: bodyOf(s.Request),
	}
	if s.Every > 0 {
		answer.Interval = s.Every.String()
	}
	if s.CatchUp > 0 {
		answer.CatchUpWindow = s.CatchUp.String()
	}
	for i := range answer.Next {
		answer.Next[i] = answer.Next[i].UTC()
	}
	return answer
}

// bodyOf is the request of a schedule as it would be posted.
func bodyOf(request workflows.ResearchRequest) api.ResearchRequest {
	body := api.ResearchRequest{
		Topic: request.Topic, Sources: api.Sources{Documents: request.Sources}, Questions: request.Questions,
		MaxIterations: &request.MaxIterations, Review: api.ReviewMode(request.Review), Budget: budgetOf(request.Budget),
		Language: request.Language, Unsupported: api.Unsupported(request.Unsupported), CitationStyle: api.CitationStyle(request.CitationStyle), Template: request.Template,
		Published: api.PublicationWindow{From: request.Published.From, To: request.Published.To},
	}
	if request.Timeout > 0 {
		body.Deadline = request.Timeout.String()
	}
	return body
}

func scheduleLinks(id string) api.ScheduleLinks {
	self := "/v1/schedules/" + id
	return api.ScheduleLinks{Self: self, Trigger: self + "/trigger", Runs: "/v1/research?schedule=" + id}
}
