package activity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/summarize"
	"github.com/quaestor-run/quaestor/workflows"
)

// Summaries makes summaries; *summarize.Summarizer does.
type Summaries interface {
	Limit(model string) (int, error)
	Step(ctx context.Context, job workflows.SummaryJob, name string, texts []string, last bool) (summarize.Piece, error)
}

// SplitText cuts the text of a job into parts that fit the model.
func (a *Activities) SplitText(ctx context.Context, job workflows.SummaryJob) (workflows.SummaryPlan, error) {
	limit, err := a.Summaries.Limit(job.Model)
	if err != nil {
		return workflows.SummaryPlan{}, temporalError(err)
	}
	text, err := a.Store.Blob(ctx, job.Text)
	if err != nil {
		return workflows.SummaryPlan{}, fmt.Errorf("reading the text of summary %s: %w", job.ID, err)
	}
	plan := workflows.SummaryPlan{Limit: limit}
	for _, part := range summarize.Split(string(text), limit) {
		ref, err := a.Store.PutBlob(ctx, []byte(part))
		if err != nil {
			return workflows.SummaryPlan{}, fmt.Errorf("keeping a part of summary %s: %w", job.ID, err)
		}
		plan.Parts = append(plan.Parts, ref)
	}
	total := len(plan.Parts)
	return plan, a.Store.UpdateSummary(ctx, job.ID, store.SummaryUpdate{Total: &total})
}

// SummarizeTexts takes one step of a job and keeps its piece.
func (a *Activities) SummarizeTexts(ctx context.Context, step workflows.SummaryStep) (workflows.SummaryPiece, error) {
	defer beat(ctx)()
	texts := make([]string, 0, len(step.Texts))
	for _, ref := range step.Texts {
		text, err := a.summaryText(ctx, ref, step.Combine)
		if err != nil {
			return workflows.SummaryPiece{}, err
		}
		texts = append(texts, text)
	}
	piece, err := a.Summaries.Step(ctx, step.Job, step.Name, texts, step.Last)
	if unread := (*summarize.OutputError)(nil); errors.As(err, &unread) {
		return workflows.SummaryPiece{}, final(workflows.ErrorInvalidOutput, unread.Error(), err)
	}
	if injected := (*gateway.InjectionError)(nil); errors.As(err, &injected) {
		return workflows.SummaryPiece{}, final(workflows.ErrorRefused, injected.Error(), err)
	}
	if err != nil {
		return workflows.SummaryPiece{}, temporalError(err)
	}
	ref, err := a.putJSON(ctx, piece)
	if err != nil {
		return workflows.SummaryPiece{}, fmt.Errorf("keeping a piece of summary %s: %w", step.Job.ID, err)
	}
	done := step.Done + 1
	if err := a.Store.UpdateSummary(ctx, step.Job.ID, store.SummaryUpdate{Done: &done}); err != nil {
		return workflows.SummaryPiece{}, err
	}
	return workflows.SummaryPiece{Ref: ref, Bytes: len(piece.Summary)}, nil
}

// summaryText is a part of the text itself, or the summary of some.
func (a *Activities) summaryText(ctx context.Context, ref string, piece bool) (string, error) {
	if piece {
		made, err := load[summarize.Piece](ctx, a.Store, ref)
		return made.Summary, err
	}
	raw, err := a.Store.Blob(ctx, ref)
	if err != nil {
		return "", fmt.Errorf("reading a part of a summary: %w", err)
	}
	return string(raw), nil
}

// EndSummary keeps the summary with what all of it consumed, or why there is
// none.
func (a *Activities) EndSummary(ctx context.Context, ending workflows.SummaryEnding) error {
	finished := a.Now().UTC()
	if ending.Error != "" {
		status := store.StatusFailed
		return a.Store.UpdateSummary(ctx, ending.Job.ID, store.SummaryUpdate{Status: &status, Error: &ending.Error, Finished: finished})
	}
	whole := summarize.Summary{Chunks: ending.Parts}
	for _, ref := range ending.Pieces {
		piece, err := load[summarize.Piece](ctx, a.Store, ref)
		if err != nil {
			return fmt.Errorf("reading a piece of summary %s: %w", ending.Job.ID, err)
		}
		whole.Add(piece)
	}
	result, err := json.Marshal(whole)
	if err != nil {
		return fmt.Errorf("encoding summary %s: %w", ending.Job.ID, err)
	}
	status := store.StatusCompleted
	return a.Store.UpdateSummary(ctx, ending.Job.ID, store.SummaryUpdate{Status: &status, Result: result, Finished: finished})
}
