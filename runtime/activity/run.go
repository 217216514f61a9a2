package activity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/workflows"
)

// OpenRun makes sure of the run's record and its budget, and gives the settings
// the run keeps to its end.
func (a *Activities) OpenRun(ctx context.Context, in workflows.OpenRun) (workflows.Settings, error) {
	raw, err := json.Marshal(in.Request)
	if err != nil {
		return workflows.Settings{}, fmt.Errorf("encoding the request: %w", err)
	}
	if _, err := a.Store.Run(ctx, in.Run); err != nil {
		digest := sha256.Sum256(raw)
		now := a.Now().UTC()
		_, _, err := a.Store.CreateRun(ctx, store.Run{
			ID: in.Run, Client: in.Request.Client, Topic: in.Request.Topic, Schedule: in.Request.Schedule,
			Request: raw, RequestDigest: hex.EncodeToString(digest[:]), Status: store.StatusRunning, Created: now, Updated: now,
		})
		if err != nil {
			return workflows.Settings{}, fmt.Errorf("creating the record of run %s: %w", in.Run, err)
		}
	}
	limit := ledger.Limit{Tokens: in.Request.Budget.Tokens, NanoUSD: in.Request.Budget.NanoUSD}
	if err := a.Gateway.EnsureRun(ctx, in.Run, limit); err != nil {
		return workflows.Settings{}, fmt.Errorf("setting the budget of run %s: %w", in.Run, err)
	}
	settings := a.Settings
	settings.Agents = make(map[string]string, len(a.Agents))
	for name, agent := range a.Agents {
		version, err := a.Store.PutBlob(ctx, agent.Frozen())
		if err != nil {
			return workflows.Settings{}, fmt.Errorf("keeping agent %q as it is: %w", name, err)
		}
		settings.Agents[name] = version
	}
	for name, tool := range a.Tools {
		if tool.Version() == "" {
			continue
		}
		if _, err := a.Store.PutBlob(ctx, tool.Recorded()); err != nil {
			return workflows.Settings{}, fmt.Errorf("keeping the description of tool %q: %w", name, err)
		}
	}
	return settings, nil
}

// RecordProgress changes the run's read model. With a phase it gives the run's
// usage so far.
func (a *Activities) RecordProgress(ctx context.Context, in workflows.Record) (workflows.Recorded, error) {
	update := store.RunUpdate{Iteration: in.Iteration, Done: in.Done, Total: in.Total}
	if in.Status != "" {
		status := store.Status(in.Status)
		update.Status = &status
	}
	if in.Phase != "" {
		update.Phase = &in.Phase
	}
	if in.Error != "" {
		update.Error = &in.Error
	}
	if in.Plan != "" {
		plan, err := a.Store.Blob(ctx, in.Plan)
		if err != nil {
			return workflows.Recorded{}, fmt.Errorf("reading the plan: %w", err)
		}
		update.Plan = plan
	}
	for _, event := range in.Events {
		update.Events = append(update.Events, store.Event{Key: event.Key, Type: event.Type, Time: a.Now().UTC(), Data: event.Data})
	}
	if err := a.Store.UpdateRun(ctx, in.Run, update); err != nil {
		return workflows.Recorded{}, fmt.Errorf("recording progress of run %s: %w", in.Run, err)
	}
	if in.Phase == "" {
		return workflows.Recorded{}, nil
	}
	usage, err := a.Gateway.Usage(ctx, in.Run)
	return workflows.Recorded{Usage: usage}, err
}

// tell appends one event to a run.
func (a *Activities) tell(ctx context.Context, run, key, kind string, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encoding an event: %w", err)
	}
	event := store.Event{Key: key, Type: kind, Time: a.Now().UTC(), Data: raw}
	err = a.Store.UpdateRun(ctx, run, store.RunUpdate{Events: []store.Event{event}})
	if err != nil && !errors.Is(err, store.ErrNotFound) { // a workflow of the user's own need not keep a record
		return fmt.Errorf("telling of %s: %w", kind, err)
	}
	return nil
}

// SurveySources says what there is to research. A run without a single readable
// document ends here, before anything is spent, unless it can look elsewhere.
func (a *Activities) SurveySources(ctx context.Context, in workflows.SurveyRequest) (string, error) {
	defer beat(ctx)()
	scope := tools.Scope{Run: in.Run, Client: in.Client, Team: in.Team, Sources: in.Sources, Published: in.Published}
	survey, err := a.Sources.Survey(ctx, scope, in.Topic)
	if err != nil {
		return "", fmt.Errorf("surveying the sources: %w", err)
	}
	if len(survey.Documents)+len(survey.Tables) == 0 && !a.Outside {
		return "", noSources(in.Sources, survey.Unread)
	}
	planted, err := a.Sources.Instructions(ctx, scope)
	if err != nil {
		return "", fmt.Errorf("looking for instructions in the sources: %w", err)
	}
	if err := a.tellInstructions(ctx, in.Run, planted); err != nil {
		return "", err
	}
	err = a.tell(ctx, in.Run, "survey", "survey", struct {
		Documents int                     `json:"documents"`
		Tables    int                     `json:"tables"`
		Unread    []agents.UnreadDocument `json:"unread,omitempty"`
	}{survey.Total, len(survey.Tables), survey.Unread})
	if err != nil {
		return "", err
	}
	return a.putJSON(ctx, survey)
}

// maxLoaded bounds, in bytes, what a workflow may take into its history.
const maxLoaded = 256 << 10

// LoadOutput gives a small agent output to a workflow that drives on it.
func (a *Activities) LoadOutput(ctx context.Context, ref string) (json.RawMessage, error) {
	raw, err := a.Store.Blob(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("reading output %s: %w", ref, err)
	}
	if len(raw) > maxLoaded {
		return nil, refuse("output %s has %d bytes; a workflow takes at most %d into its history", ref, len(raw), maxLoaded)
	}
	return raw, nil
}

// ReadReview gives the workflow what it needs of a review.
func (a *Activities) ReadReview(ctx context.Context, ref string) (workflows.ReviewVerdict, error) {
	review, err := load[agents.Review](ctx, a.Store, ref)
	return workflows.ReviewVerdict{Accept: review.Accept, Issues: len(review.Issues)}, err
}

// GateReview adds to a review what the check of the draft found: the writer is
// told of every claim that is not shown, whatever the reviewer thought of it.
func (a *Activities) GateReview(ctx context.Context, in workflows.GateReview) (string, error) {
	review, err := load[agents.Review](ctx, a.Store, in.Review)
	if err != nil {
		return "", err
	}
	claims, err := a.Store.Claims(ctx, in.Run)
	if err != nil {
		return "", fmt.Errorf("reading the claims: %w", err)
	}
	for _, claim := range claims {
		named := func(i agents.Issue) bool { return i.Sentence == claim.Text && i.Severity == "major" }
		if claim.Status.Shown() || slices.ContainsFunc(review.Issues, named) {
			continue
		}
		problem := "it cites no evidence that holds"
		if len(claim.Problems) > 0 {
			problem = claim.Problems[0].Reason
		}
		review.Accept = false
		review.Issues = append(review.Issues, agents.Issue{
			Kind: "accuracy", Severity: "major", Section: claim.Section, Sentence: claim.Text, Problem: problem,
			Suggestion: "Say what the evidence says, or leave it out.",
		})
	}
	return a.putJSON(ctx, review)
}
