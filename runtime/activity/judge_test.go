package activity_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/workflows"
)

// A model's word counts where the rules leave a claim open, and nowhere else;
// it counts for the claim and the evidence that it was given for, in later rounds
// too.
func TestWhatAModelMaySayOfAClaim(t *testing.T) {
	t.Parallel()
	const (
		wrong = "Flights fell by 9 per cent in 2020."
		free  = "Fewer people took to the air."
	)
	l := setup(t)
	cite := func(sha, quote string) string {
		return keep(t, l, tools.Citation{SHA256: strings.Repeat(sha, 32), URI: "a.md", Title: "On flights", Start: 0, End: len(quote), Quote: quote})
	}
	first, other := cite("ab", "Flights fell by 8 per cent in 2020."), cite("cd", "Sleeper cars were built in Vienna.")
	written := func(evidence string) string {
		return put(t, l, agents.Draft{Title: "T", Sections: []agents.Section{{Kind: agents.SectionFindings, Heading: "Findings", Paragraphs: []agents.Paragraph{{Sentences: []agents.Statement{
			{Text: wrong, Evidence: []string{first}}, {Text: free, Evidence: []string{evidence}},
		}}}}}})
	}
	check := func(in workflows.DraftCheck) workflows.CheckedDraft {
		t.Helper()
		in.Run, in.Unsupported = run, workflows.UnsupportedMark
		checked, err := do[workflows.CheckedDraft](t, l, workflows.CheckDraftName, in)
		if err != nil {
			t.Fatal(err)
		}
		return checked
	}
	claim := func(text string) agents.Claim {
		t.Helper()
		claims, err := l.store.Claims(t.Context(), run)
		at := slices.IndexFunc(claims, func(c agents.Claim) bool { return c.Text == text })
		if err != nil || at < 0 {
			t.Fatalf("no claim %q in %+v, %v", text, claims, err)
		}
		return claims[at]
	}

	draft := written(first)
	if got := check(workflows.DraftCheck{Draft: draft, Judge: true}); got.Open != 1 || got.OpenClaims == "" || got.Draft != "" {
		t.Fatalf("a check that waits for a model gives %+v", got)
	}
	supported := func(text string) agents.Judgement {
		return agents.Judgement{Claim: agents.ClaimID("Findings", text), Verdict: agents.ClaimSupported, Reason: "so it is", Model: "m", Call: "k"}
	}
	said := put(t, l, agents.Review{Accept: true, Judgements: []agents.Judgement{supported(wrong), supported(free)}})
	if got := check(workflows.DraftCheck{Draft: draft, Judgements: said}); got.Open != 0 || got.Unsupported != 1 || got.Draft == "" {
		t.Errorf("the check with the model's word gives %+v", got)
	}
	if c := claim(wrong); c.Status != agents.ClaimContradicted || c.Judged != nil {
		t.Errorf("what the rules found wrong is %+v", c)
	}
	if c := claim(free); c.Status != agents.ClaimSupported || c.Rules != agents.ClaimNotShown || c.Judged == nil || c.Judged.Model != "m" || c.Judged.Call != "k" {
		t.Errorf("what they left open is %+v", c)
	}
	if got := check(workflows.DraftCheck{Draft: draft, Judge: true, Round: 1}); got.Open != 0 || claim(free).Status != agents.ClaimSupported {
		t.Errorf("in the next round the claim is asked about again: %+v", got)
	}
	if got := check(workflows.DraftCheck{Draft: written(other), Judge: true, Round: 2}); got.Open != 1 {
		t.Errorf("with other evidence the claim is not asked about: %+v", got)
	}
	if check(workflows.DraftCheck{Draft: written(other), Round: 2}); claim(free).Status != agents.ClaimNotShown {
		t.Errorf("with other evidence the claim is %+v", claim(free))
	}
}
