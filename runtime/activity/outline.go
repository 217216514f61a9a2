package activity

import (
	"context"
	"slices"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/writer"
	"github.com/quaestor-run/quaestor/workflows"
)

// OutlineReport divides a report that is too long for one answer of the writer's
// model, and keeps what each call gets.
func (a *Activities) OutlineReport(ctx context.Context, in workflows.OutlineRequest) (workflows.ReportOutline, error) {
	var outline workflows.ReportOutline
	portions, err := a.portions(ctx, in)
	if err != nil || len(portions) == 0 {
		return outline, err
	}
	evidence, err := load[[]agents.Evidence](ctx, a.Store, in.Evidence)
	if err != nil {
		return outline, err
	}
	for _, portion := range portions {
		part, err := a.keepPortion(ctx, portion, evidence, in)
		if err != nil {
			return outline, err
		}
		outline.Parts = append(outline.Parts, part)
	}
	return outline, nil
}

func (a *Activities) portions(ctx context.Context, in workflows.OutlineRequest) ([]writer.Portion, error) {
	if in.Draft != "" {
		draft, err := load[agents.Draft](ctx, a.Store, in.Draft)
		if err != nil {
			return nil, err
		}
		var review agents.Review
		if in.Review != "" {
			if review, err = load[agents.Review](ctx, a.Store, in.Review); err != nil {
				return nil, err
			}
		}
		return writer.OutlineRefinement(draft, review, in.Comments, in.Output), nil
	}
	plan, err := load[agents.Plan](ctx, a.Store, in.Plan)
	if err != nil {
		return nil, err
	}
	var analyses []agents.Analysis
	for _, ref := range in.Analyses {
		analysis, err := load[agents.Analysis](ctx, a.Store, ref)
		if err != nil {
			return nil, err
		}
		analyses = append(analyses, analysis)
	}
	return writer.Outline(plan, analyses, in.Output), nil
}

// keepPortion keeps what a call gets. Of a first draft that is its findings and
// what they cite; a refinement may need any evidence of the run.
func (a *Activities) keepPortion(ctx context.Context, portion writer.Portion, evidence []agents.Evidence, in workflows.OutlineRequest) (workflows.ReportPart, error) {
	part := workflows.ReportPart{Headings: portion.Headings, Evidence: in.Evidence}
	var err error
	if in.Draft != "" {
		if part.Previous, err = a.putJSON(ctx, agents.Draft{Sections: portion.Sections}); err == nil && in.Review != "" {
			part.Review, err = a.putJSON(ctx, agents.Review{Issues: portion.Issues})
		}
		return part, err
	}
	analysis := agents.Analysis{Findings: portion.Findings}
	if part.Analysis, err = a.putJSON(ctx, analysis); err != nil {
		return part, err
	}
	cited := analysis.CitedEvidence()
	part.Evidence, err = a.putJSON(ctx, slices.DeleteFunc(slices.Clone(evidence), func(e agents.Evidence) bool { return !slices.Contains(cited, e.ID) }))
	return part, err
}

// AssembleReport puts a draft together from parts that calls of their own wrote.
func (a *Activities) AssembleReport(ctx context.Context, in workflows.Assembly) (string, error) {
	var parts []agents.Draft
	for _, ref := range in.Parts {
		part, err := load[agents.Draft](ctx, a.Store, ref)
		if err != nil {
			return "", err
		}
		parts = append(parts, part)
	}
	if in.Draft != "" {
		draft, err := load[agents.Draft](ctx, a.Store, in.Draft)
		if err != nil {
			return "", err
		}
		return a.putJSON(ctx, writer.Replace(draft, parts))
	}
	plan, err := load[agents.Plan](ctx, a.Store, in.Plan)
	if err != nil {
		return "", err
	}
	if in.Findings {
		parts = append(parts, agents.Draft{})
	}
	return a.putJSON(ctx, writer.Assemble(plan, parts))
}
