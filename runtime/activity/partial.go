package activity

import (
	"context"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/writer"
	"github.com/quaestor-run/quaestor/workflows"
)

// ComposePartial makes a draft by fixed rules from whatever a run had when its
// budget or its deadline ended it. No model is asked: there is nothing left to
// pay one with.
func (a *Activities) ComposePartial(ctx context.Context, in workflows.Partial) (string, error) {
	input := writer.Input{Topic: in.Request.Topic, Language: in.Request.Language, Notice: in.Notice}
	var err error
	if in.Survey != "" {
		if input.Survey.Value, err = load[agents.Survey](ctx, a.Store, in.Survey); err != nil {
			return "", err
		}
	}
	if in.Plan != "" {
		if input.Plan.Value, err = load[agents.Plan](ctx, a.Store, in.Plan); err != nil {
			return "", err
		}
	}
	for _, ref := range in.Analyses {
		analysis, err := load[agents.Analysis](ctx, a.Store, ref)
		if err != nil {
			return "", err
		}
		input.Analyses = append(input.Analyses, agents.Held[agents.Analysis]{Value: analysis})
	}
	evidence, err := a.CollectEvidence(ctx, workflows.Collect{Run: in.Run, Outputs: append(in.Gathered, in.Analyses...)})
	if err != nil {
		return "", err
	}
	if input.Evidence.Value, err = load[[]agents.Evidence](ctx, a.Store, evidence); err != nil {
		return "", err
	}
	return a.putJSON(ctx, writer.Compose(input))
}
