package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/server/api"
	"github.com/quaestor-run/quaestor/runtime/server/money"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/workflows"
)

// operations are the handlers of the specification's operations.
type operations struct{ *Server }

var _ api.StrictServerInterface = operations{}

// startPatience is how long the engine may take to start or steer a workflow;
// the caller's going away does not cut it short.
const startPatience = 20 * time.Second

// CreateResearch accepts a run: its record first, then its workflow. Whoever
// sends the request again with its idempotency key makes sure of both.
func (o operations) CreateResearch(ctx context.Context, in api.CreateResearchRequestObject) (api.CreateResearchResponseObject, error) {
	var reading reading
	request, err := o.research(ctx, &reading, *in.Body, false)
	if err = errors.Join(err, reading.err()); err != nil {
		return nil, err
	}
	run, err := o.record(ctx, *in.Body, request, given(in.Params.IdempotencyKey))
	if err != nil {
		return nil, err
	}
	exchangeOf(ctx).run = run.ID
	if !run.Status.Final() {
		if err := o.begin(ctx, run); err != nil {
			return nil, err
		}
	}
	accepted := acceptedRun(run)
	return api.CreateResearch202JSONResponse{
		Body: accepted, Headers: api.CreateResearch202ResponseHeaders{Location: accepted.Links.Self},
	}, nil
}

func (o operations) record(ctx context.Context, body api.ResearchRequest, request workflows.ResearchRequest, key string) (store.Run, error) {
	accepted, err := json.Marshal(request)
	if err != nil {
		return store.Run{}, fmt.Errorf("encoding a research request: %w", err)
	}
	asked, err := json.Marshal(body) // what was asked, not what time and defaults made of it
	if err != nil {
		return store.Run{}, fmt.Errorf("encoding a research request: %w", err)
	}
	digest := sha256.Sum256(asked)
	now := o.now().UTC()
	run, _, err := o.store.CreateRun(ctx, store.Run{
		ID: "r_" + randomName(20), Client: request.Client, Topic: request.Topic, Request: accepted,
		RequestDigest: hex.EncodeToString(digest[:]), IdempotencyKey: key,
		Status: store.StatusRunning, Created: now, Updated: now,
	})
	if errors.Is(err, store.ErrConflict) {
		return store.Run{}, conflict("The Idempotency-Key %q was used for another request; use a new key for a new request.", key)
	}
	if err != nil {
		return store.Run{}, fmt.Errorf("keeping a new run: %w", err)
	}
	return run, nil
}

// begin starts the workflow of a run that was recorded. When that fails and
// the caller has no key to try again with, the run ends as failed.
func (o operations) begin(ctx context.Context, run store.Run) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startPatience)
	defer cancel()
	err := o.start(ctx, run)
	if err == nil {
		return nil
	}
	refusal := unavailable("temporal", err)
	if run.IdempotencyKey != "" {
		refusal.detail = fmt.Sprintf("Run %s is kept and will be started when Temporal answers; "+
			"send the request again with the same Idempotency-Key to see it. %s", run.ID, refusal.detail)
		return refusal
	}
	status, reason := store.StatusFailed, "The run could not be started: "+err.Error()
	if err := o.store.UpdateRun(ctx, run.ID, store.RunUpdate{Status: &status, Error: &reason}); err != nil {
		return errors.Join(refusal, fmt.Errorf("recording that run %s failed: %w", run.ID, err))
	}
	if err := o.engine.Cancel(ctx, run.ID); err != nil { // it may have begun after all
		return errors.Join(refusal, err)
	}
	return refusal
}

// ListResearch lists the caller's runs.
func (o operations) ListResearch(ctx context.Context, in api.ListResearchRequestObject) (api.ListResearchResponseObject, error) {
	page, err := o.store.Runs(ctx, store.RunFilter{
		Client: principalOf(ctx).filter(), Status: store.Status(given(in.Params.Status)),
		Schedule: given(in.Params.Schedule), Cursor: given(in.Params.Cursor), Limit: given(in.Params.Limit),
	})
	if err != nil {
		return nil, err
	}
	answer := api.ListResearch200JSONResponse{Runs: make([]api.RunSummary, 0, len(page.Runs)), Next: page.Next}
	for _, run := range page.Runs {
		answer.Runs = append(answer.Runs, summaryOf(run))
	}
	return answer, nil
}

// GetResearch says where a run stands.
func (o operations) GetResearch(ctx context.Context, in api.GetResearchRequestObject) (api.GetResearchResponseObject, error) {
	run, err := o.visibleRun(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	usage, err := o.usage(ctx, run.ID)
	if err != nil {
		return nil, fmt.Errorf("reading the usage of run %s: %w", run.ID, err)
	}
	answer, err := wholeRun(run, usage)
	if err != nil {
		return nil, err
	}
	return api.GetResearch200JSONResponse(answer), nil
}

// CancelResearch asks a run to stop.
func (o operations) CancelResearch(ctx context.Context, in api.CancelResearchRequestObject) (api.CancelResearchResponseObject, error) {
	run, err := o.visibleRun(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if run.Status.Final() {
		return nil, conflict("The run ended as %q and cannot be cancelled.", run.Status)
	}
	if err := o.engine.Cancel(ctx, run.ID); err != nil {
		return nil, unavailable("temporal", err)
	}
	return api.CancelResearch202JSONResponse(acceptedRun(run)), nil
}

// visibleRun finds a run of the caller. Others' runs do not exist for them.
func (s *Server) visibleRun(ctx context.Context, id string) (store.Run, error) {
	run, err := s.store.Run(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !principalOf(ctx).sees(run.Client) {
		return store.Run{}, notFound("run", id)
	}
	if err != nil {
		return store.Run{}, err
	}
	exchangeOf(ctx).run = run.ID
	return run, nil
}

func acceptedRun(run store.Run) api.Accepted {
	return api.Accepted{ID: run.ID, Status: api.Status(run.Status), Links: runLinks(run.ID)}
}

func runLinks(id string) api.RunLinks {
	self := "/v1/research/" + id
	return api.RunLinks{
		Self: self, Events: self + "/events", Report: self + "/report",
		Evidence: self + "/evidence", Drafts: self + "/drafts", Cancel: self + "/cancel",
	}
}

func summaryOf(run store.Run) api.RunSummary {
	return api.RunSummary{
		ID: run.ID, Topic: run.Topic, Status: api.Status(run.Status), Phase: run.Phase, Iteration: run.Iteration,
		Progress: api.Progress{Done: run.Done, Total: run.Total}, Error: run.Error, Schedule: run.Schedule,
		CreatedAt: run.Created.UTC(), UpdatedAt: run.Updated.UTC(), FinishedAt: utc(run.Finished), Links: runLinks(run.ID),
	}
}

// utc keeps the zero time, which means none.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

func wholeRun(run store.Run, usage agents.Usage) (api.Run, error) {
	var request workflows.ResearchRequest
	if err := json.Unmarshal(run.Request, &request); err != nil {
		return api.Run{}, fmt.Errorf("reading the request of run %s: %w", run.ID, err)
	}
	answer := api.Run{
		ID: run.ID, Topic: run.Topic, Status: api.Status(run.Status), Phase: run.Phase, Iteration: run.Iteration,
		Progress: api.Progress{Done: run.Done, Total: run.Total}, Error: run.Error, Schedule: run.Schedule,
		Usage: api.Usage{
			InputTokens: usage.InputTokens, OutputTokens: usage.OutputTokens, CostUSD: money.Dollars(usage.CostNanoUSD),
			Calls: usage.Calls, Attempts: usage.Attempts,
		},
		Budget:    budgetOf(request.Budget),
		CreatedAt: run.Created.UTC(), UpdatedAt: run.Updated.UTC(), FinishedAt: utc(run.Finished), Links: runLinks(run.ID),
	}
	if len(run.Plan) == 0 {
		return answer, nil
	}
	var plan agents.Plan
	if err := json.Unmarshal(run.Plan, &plan); err != nil {
		return api.Run{}, fmt.Errorf("reading the plan of run %s: %w", run.ID, err)
	}
	answer.Plan = planOf(plan)
	return answer, nil
}

func budgetOf(budget workflows.Budget) api.Budget {
	answer := api.Budget{Tokens: budget.Tokens}
	if budget.NanoUSD > 0 {
		answer.USD = money.Dollars(budget.NanoUSD)
	}
	return answer
}

func planOf(plan agents.Plan) api.Plan {
	answer := api.Plan{Title: plan.Title, Structure: present(plan.Structure), Questions: []api.Question{}}
	for _, q := range plan.Questions {
		answer.Questions = append(answer.Questions, api.Question{
			ID: q.ID, Text: q.Text, Theme: q.Theme, Queries: present(q.Queries), Tables: q.Tables,
		})
	}
	return answer
}

// present is a list that is written as [] when it is empty, not as null.
func present[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// given is the value of an optional parameter, or the zero value.
func given[T any](parameter *T) T {
	if parameter == nil {
		return *new(T)
	}
	return *parameter
}

// respond lets an operation write what the generated code has no type for.
type respond struct {
	status int
	header http.Header
	body   []byte
}

func (a respond) write(w http.ResponseWriter) error {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, err := w.Write(a.body)
	return err
}
