package activity

import (
	"context"
	"fmt"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/workflows"
)

// citing is any agent output as far as citations go.
type citing struct {
	agents.Gathered
	Findings []agents.Finding `json:"findings"`
}

// CollectEvidence gives the evidence that outputs of gatherers and analysts
// cite, in the order of first citation, as one blob.
func (a *Activities) CollectEvidence(ctx context.Context, in workflows.Collect) (string, error) {
	known, err := a.evidence(ctx, in.Run)
	if err != nil {
		return "", err
	}
	collected := []agents.Evidence{}
	seen := map[string]bool{}
	for _, ref := range in.Outputs {
		output, err := load[citing](ctx, a.Store, ref)
		if err != nil {
			return "", err
		}
		cited := append(output.CitedEvidence(), agents.Analysis{Findings: output.Findings}.CitedEvidence()...)
		for _, id := range cited {
			if evidence, ok := known[id]; ok && !seen[id] {
				seen[id] = true
				collected = append(collected, evidence)
			}
		}
	}
	return a.putJSON(ctx, collected)
}

func (a *Activities) evidence(ctx context.Context, run string) (map[string]agents.Evidence, error) {
	list, err := a.Store.Evidence(ctx, run)
	if err != nil {
		return nil, fmt.Errorf("reading the evidence of run %s: %w", run, err)
	}
	byID := make(map[string]agents.Evidence, len(list))
	for _, evidence := range list {
		byID[evidence.ID] = evidence
	}
	return byID, nil
}

// soundEvidence tells which of the cited ids are evidence of this run whose
// quote stands in its snapshot.
func (a *Activities) soundEvidence(ctx context.Context, known map[string]agents.Evidence, cited []string) map[string]bool {
	sound := map[string]bool{}
	for _, id := range cited {
		evidence, ok := known[id]
		if _, done := sound[id]; done || !ok {
			continue
		}
		err := a.Sources.Verify(ctx, evidence)
		if err != nil {
			a.Logger.Warn("Evidence does not hold")
		}
		sound[id] = err == nil
	}
	return sound
}

func keepSound(ids []string, sound map[string]bool) []string {
	kept := []string{}
	for _, id := range ids {
		if sound[id] {
			kept = append(kept, id)
		}
	}
	return kept
}
