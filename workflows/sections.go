package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/writer"
)

// firstDraft has the first draft written: in one call, or, where that would be
// too long an answer for the writer's model, part by part.
func (r *research) firstDraft(ctx workflow.Context, input writer.Input) (string, error) {
	outline, err := r.outline(ctx, OutlineRequest{Evidence: input.Evidence.Ref})
	if err != nil {
		return "", err
	}
	if len(outline.Parts) == 0 {
		return r.runAgent(ctx, "writer", "writer-0", "writer · first draft", input)
	}
	of := len(outline.Parts) + 1
	r.total += of - 1
	parts, err := r.writeParts(ctx, "writer-0", "writer", of, outline.Parts, input)
	if err != nil {
		return "", err
	}
	findings, err := quick[string](ctx, AssembleName, Assembly{Plan: r.planRef, Parts: parts, Findings: true})
	if err != nil {
		return "", err
	}
	written := agents.Hold[agents.Draft](findings)
	input.Written, input.Part = &written, &writer.Part{Number: of, Of: of}
	frame, err := r.runAgent(ctx, "writer", fmt.Sprintf("writer-0-part-%d", of), fmt.Sprintf("writer · part %d of %d: summary to limitations", of, of), input)
	if err != nil {
		return "", err
	}
	return quick[string](ctx, AssembleName, Assembly{Plan: r.planRef, Parts: []string{findings, frame}})
}

// refined has a draft refined: in one call, or, where it is too long for one,
// those of its sections that are to be changed; the others stay as they are.
func (r *research) refined(ctx workflow.Context, input writer.Input, draft string, round int) (string, error) {
	request := OutlineRequest{Evidence: input.Evidence.Ref, Draft: draft, Comments: input.Comments != ""}
	if input.Review != nil {
		request.Review = input.Review.Ref
	}
	outline, err := r.outline(ctx, request)
	if err != nil {
		return "", err
	}
	name, label := fmt.Sprintf("writer-%d", round), fmt.Sprintf("writer · refinement %d", round)
	if len(outline.Parts) == 0 {
		return r.runAgent(ctx, "writer", name, label, input)
	}
	r.total += len(outline.Parts) - 1
	parts, err := r.writeParts(ctx, name, label, len(outline.Parts), outline.Parts, input)
	if err != nil {
		return "", err
	}
	return quick[string](ctx, AssembleName, Assembly{Plan: r.planRef, Parts: parts, Draft: draft})
}

// outline asks how a report is divided. Runs whose writer has no limit, and
// those that began before there was one, write in one call and do not ask.
func (r *research) outline(ctx workflow.Context, request OutlineRequest) (ReportOutline, error) {
	if r.settings.WriterOutput == 0 || r.settings.Instant["writer"] {
		return ReportOutline{}, nil
	}
	request.Plan, request.Analyses, request.Output = r.planRef, present(r.analyses), r.settings.WriterOutput
	return quick[ReportOutline](ctx, OutlineName, request)
}

// writeParts has parts written, some at a time, and gives them in their order.
// No two of them have a finding or a section in common.
func (r *research) writeParts(ctx workflow.Context, name, label string, of int, parts []ReportPart, whole writer.Input) ([]string, error) {
	written, errs := make([]string, len(parts)), make([]error, len(parts))
	slots, group := workflow.NewSemaphore(ctx, int64(max(r.settings.Concurrency, 1))), workflow.NewWaitGroup(ctx)
	var failed error
	for i, part := range parts {
		if err := slots.Acquire(ctx, 1); err != nil {
			failed = firstError(failed, err)
		}
		if failed != nil { // what is under way is waited for, nothing more is begun
			break
		}
		group.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer group.Done()
			defer slots.Release(1)
			number := i + 1
			title := fmt.Sprintf("%s · part %d of %d: %s", label, number, of, strings.Join(part.Headings, ", "))
			written[i], errs[i] = r.runAgent(ctx, "writer", fmt.Sprintf("%s-part-%d", name, number), title, part.input(whole, number, of))
			failed = firstError(failed, errs[i])
		})
	}
	group.Wait(ctx)
	return written, failed
}

// input is the writer's input for one part.
func (p ReportPart) input(whole writer.Input, number, of int) writer.Input {
	whole.Part = &writer.Part{Number: number, Of: of, Headings: p.Headings}
	whole.Evidence = agents.Hold[[]agents.Evidence](p.Evidence)
	if p.Analysis != "" {
		whole.Analyses = []agents.Held[agents.Analysis]{agents.Hold[agents.Analysis](p.Analysis)}
	}
	if p.Previous != "" {
		previous := agents.Hold[agents.Draft](p.Previous)
		whole.Previous, whole.Analyses = &previous, nil
	}
	whole.Review = nil
	if p.Review != "" {
		review := agents.Hold[agents.Review](p.Review)
		whole.Review = &review
	}
	return whole
}
