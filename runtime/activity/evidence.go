package activity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/store"
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

// CheckDraft holds a draft against the evidence: ids that do not resolve or
// whose quote is not in its snapshot are taken out, and a sentence of findings
// that nothing supports is marked or dropped. The draft that results, its claims
// and its changes are kept.
func (a *Activities) CheckDraft(ctx context.Context, in workflows.DraftCheck) (workflows.CheckedDraft, error) {
	draft, err := load[agents.Draft](ctx, a.Store, in.Draft)
	if err != nil {
		return workflows.CheckedDraft{}, err
	}
	sound, err := a.soundEvidence(ctx, in.Run, draft.CitedEvidence())
	if err != nil {
		return workflows.CheckedDraft{}, err
	}
	draft, claims := hold(draft, sound, in.Unsupported == workflows.UnsupportedDrop)
	ref, err := a.putJSON(ctx, draft)
	if err != nil {
		return workflows.CheckedDraft{}, fmt.Errorf("storing the checked draft: %w", err)
	}
	record := store.DraftRecord{Run: in.Run, Round: in.Round, Ref: ref, Digest: ref, Created: a.Now().UTC()}
	if in.Previous != "" {
		previous, err := load[agents.Draft](ctx, a.Store, in.Previous)
		if err != nil {
			return workflows.CheckedDraft{}, err
		}
		record.Changes = agents.Changes(previous, draft)
	}
	if err := a.Store.PutDraft(ctx, record); err != nil {
		return workflows.CheckedDraft{}, fmt.Errorf("keeping the draft: %w", err)
	}
	if err := a.Store.PutClaims(ctx, in.Run, claims); err != nil {
		return workflows.CheckedDraft{}, fmt.Errorf("keeping the claims: %w", err)
	}
	checked := workflows.CheckedDraft{Draft: ref, Digest: ref, Claims: len(claims), Changes: len(record.Changes)}
	for _, claim := range claims {
		if claim.Status == agents.ClaimUnsupported {
			checked.Unsupported++
		}
	}
	return checked, nil
}

// soundEvidence tells which of the cited ids are evidence of this run whose
// quote stands in its snapshot.
func (a *Activities) soundEvidence(ctx context.Context, run string, cited []string) (map[string]bool, error) {
	known, err := a.evidence(ctx, run)
	if err != nil {
		return nil, err
	}
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
	return sound, nil
}

// hold keeps only sound evidence in a draft and lists its claims.
func hold(draft agents.Draft, sound map[string]bool, drop bool) (agents.Draft, []agents.Claim) {
	claims := []agents.Claim{}
	for i := range draft.Sections {
		section := &draft.Sections[i]
		strict := section.Kind == agents.SectionFindings
		for j := range section.Paragraphs {
			paragraph := &section.Paragraphs[j]
			kept := []agents.Statement{}
			for _, sentence := range paragraph.Sentences {
				cites := len(sentence.Evidence) > 0
				sentence.Evidence = keepSound(sentence.Evidence, sound)
				supported := len(sentence.Evidence) > 0
				if !supported && drop && (strict || cites) {
					continue
				}
				kept = append(kept, sentence)
				if strict || cites {
					claims = append(claims, claimOf(section.Heading, sentence, supported))
				}
			}
			paragraph.Sentences = kept
		}
		for j := range section.Tables {
			section.Tables[j].Evidence = keepSound(section.Tables[j].Evidence, sound)
		}
		for j := range section.Charts {
			section.Charts[j].Evidence = keepSound(section.Charts[j].Evidence, sound)
		}
	}
	return draft, claims
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

func claimOf(section string, sentence agents.Statement, supported bool) agents.Claim {
	digest := sha256.Sum256([]byte(section + "\x00" + sentence.Text))
	claim := agents.Claim{
		ID: "c_" + hex.EncodeToString(digest[:])[:12], Section: section, Text: sentence.Text,
		Evidence: sentence.Evidence, Status: agents.ClaimSupported,
	}
	if !supported {
		claim.Status = agents.ClaimUnsupported
	}
	return claim
}
