package reviewer

import (
	"errors"
	"fmt"

	"github.com/quaestor-run/quaestor/agents"
)

// answer reviews a draft, or judges claims.
func answer(turn agents.Turn[Input]) (agents.Move[agents.Review], error) {
	if turn.Input.Open == nil {
		return review(turn)
	}
	out := agents.Review{Accept: true, Issues: []agents.Issue{}}
	for _, claim := range turn.Input.Open.Value {
		out.Judgements = append(out.Judgements, agents.Judgement{
			Claim: claim.ID, Verdict: agents.ClaimNotShown, Reason: "No model was asked: fixed rules know words, not meaning.",
		})
	}
	return agents.Done(out), nil
}

// checkJudgements asks for one judgement of each claim and none of others.
func checkJudgements(open []agents.OpenClaim, out agents.Review) error {
	var errs []error
	asked := map[string]bool{}
	for _, claim := range open {
		asked[claim.ID] = true
	}
	judged := map[string]bool{}
	for i, j := range out.Judgements {
		switch {
		case !asked[j.Claim]:
			errs = append(errs, fmt.Errorf("judgements[%d].claim: %q is not among the claims you were given", i, j.Claim))
		case judged[j.Claim]:
			errs = append(errs, fmt.Errorf("judgements[%d].claim: %q is judged twice", i, j.Claim))
		}
		judged[j.Claim] = true
	}
	for _, claim := range open {
		if !judged[claim.ID] {
			errs = append(errs, fmt.Errorf("judgements: there is none of %q", claim.ID))
		}
	}
	if !out.Accept || len(out.Issues) > 0 {
		errs = append(errs, errors.New("issues: you were asked to judge claims only; give none, and accept"))
	}
	return errors.Join(errs...)
}
