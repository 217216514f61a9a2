package eval_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/reviewer"
	"github.com/quaestor-run/quaestor/agents/writer"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/workflows"
)

// The sentences that the free writer adds to its first draft. Rules can neither
// show the first nor find fault with it; of the second they know that it is
// wrong.
const (
	retoldFreely = "Looking things up online sometimes puts doctors on the right track."
	untrue       = "The whole undertaking cost exactly 73,519 dollars."
)

// freeWriter writes as the offline model does, but for two sentences more; as a
// reviewer it finds nothing, and what it is asked to judge is as it was told.
type freeWriter struct {
	provider.Provider
	verdict agents.ClaimStatus

	mu    sync.Mutex
	asked []agents.OpenClaim
}

func (f *freeWriter) Converse(ctx context.Context, req provider.Request) (provider.Response, error) {
	response, err := f.Provider.Converse(ctx, req)
	if err != nil || response.Message.Text == "" {
		return response, err
	}
	switch req.Agent {
	case writer.Name:
		var in writer.Input
		if json.Unmarshal(req.Input, &in) == nil && in.Previous == nil {
			response.Message.Text = addSentences(response.Message.Text)
		}
	case reviewer.Name:
		response.Message.Text = f.review(req.Input)
	}
	return response, nil
}

func (f *freeWriter) review(input json.RawMessage) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := agents.Review{Accept: true, Issues: []agents.Issue{}}
	var in reviewer.Input
	if json.Unmarshal(input, &in) == nil && in.Open != nil {
		f.asked = append(f.asked, in.Open.Value...)
		for _, claim := range in.Open.Value {
			out.Judgements = append(out.Judgements, agents.Judgement{Claim: claim.ID, Verdict: f.verdict, Reason: "as the test says"})
		}
	}
	raw, _ := json.Marshal(out)
	return string(raw)
}

// addSentences adds to the first findings of a draft, citing what they cite.
func addSentences(text string) string {
	var draft agents.Draft
	if json.Unmarshal([]byte(text), &draft) != nil {
		return text
	}
	for section, s := range draft.Statements() {
		if section.Kind != agents.SectionFindings || len(s.Evidence) != 1 || strings.ContainsAny(s.Text, "0123456789") && !strings.Contains(s.Text, "“") {
			continue
		}
		i := slices.IndexFunc(draft.Sections, func(o agents.Section) bool { return o.Heading == section.Heading })
		draft.Sections[i].Paragraphs = append(draft.Sections[i].Paragraphs, agents.Paragraph{Sentences: []agents.Statement{
			{Text: retoldFreely, Evidence: s.Evidence}, {Text: untrue, Evidence: s.Evidence},
		}})
		break
	}
	raw, _ := json.Marshal(draft)
	return string(raw)
}

// sentence finds a sentence of a report: whether it is there, and marked.
func (r wholeRun) sentence(text string) (there, marked bool) {
	for _, section := range r.report.Sections {
		for _, paragraph := range section.Paragraphs {
			for _, s := range paragraph.Sentences {
				if s.Text == text {
					return true, s.Marked
				}
			}
		}
	}
	return false, false
}

// What the rules leave open the reviewer's model judges; what they find wrong it
// is not asked about, and what becomes of what is not shown is configured.
func TestAModelJudgesWhatTheRulesLeaveOpen(t *testing.T) {
	t.Parallel()
	documents, _ := hosts(t)
	for name, test := range map[string]struct {
		verdict        agents.ClaimStatus
		unsupported    string
		rounds         int
		there, marked  bool
		wrong, faulted bool // the other sentence: there, and marked
	}{
		"supported":              {agents.ClaimSupported, workflows.UnsupportedMark, 1, true, false, true, true},
		"partly":                 {agents.ClaimPartly, workflows.UnsupportedMark, 1, true, false, true, true},
		"not shown, marked":      {agents.ClaimNotShown, workflows.UnsupportedMark, 1, true, true, true, true},
		"supported, else drop":   {agents.ClaimSupported, workflows.UnsupportedDrop, 1, true, false, false, false},
		"not shown, dropped":     {agents.ClaimNotShown, workflows.UnsupportedDrop, 1, false, false, false, false},
		"supported, else repair": {agents.ClaimSupported, workflows.UnsupportedRepair, 1, true, false, false, false},
		"not shown, repaired":    {agents.ClaimNotShown, workflows.UnsupportedRepair, 1, false, false, false, false},
		"repair without rounds":  {agents.ClaimNotShown, workflows.UnsupportedRepair, 0, true, true, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			model := &freeWriter{verdict: test.verdict}
			l := newLaboratory(t, func(brain provider.Provider) provider.Provider { model.Provider = brain; return model })
			request := healthRequest()
			request.Unsupported, request.MaxIterations = test.unsupported, test.rounds
			run := l.research(t, "r_judged", documents, request)

			if there, marked := run.sentence(retoldFreely); there != test.there || marked != test.marked {
				t.Errorf("what the rules left open is there %v and marked %v", there, marked)
			}
			if there, marked := run.sentence(untrue); there != test.wrong || marked != test.faulted {
				t.Errorf("what is wrong is there %v and marked %v", there, marked)
			}
			if !slices.ContainsFunc(model.asked, func(c agents.OpenClaim) bool {
				return c.Text == retoldFreely && len(c.Evidence) == 1 && c.Evidence[0].Quote != ""
			}) {
				t.Errorf("the model was not asked about it; it was asked about %+v", model.asked)
			}
			if slices.ContainsFunc(model.asked, func(c agents.OpenClaim) bool { return c.Text == untrue }) {
				t.Error("the model was asked about what is wrong")
			}
			if test.there {
				checkJudged(t, run, test.verdict)
			}
		})
	}
}

func checkJudged(t *testing.T, run wholeRun, verdict agents.ClaimStatus) {
	t.Helper()
	at := slices.IndexFunc(run.claims, func(c agents.Claim) bool { return c.Text == retoldFreely })
	if at < 0 {
		t.Fatal("there is no claim")
	}
	claim := run.claims[at]
	if claim.Status != verdict || claim.Rules != agents.ClaimNotShown || claim.Judged == nil || claim.Judged.Verdict != verdict {
		t.Fatalf("the claim is %+v, judged %+v", claim, claim.Judged)
	}
	if claim.Judged.Model != "scripted" || claim.Judged.Call != run.id+"/reviewer-claims-1/0/0" {
		t.Errorf("judged by %q in %q", claim.Judged.Model, claim.Judged.Call)
	}
	if run.report.Scorecard.Judged != 1 {
		t.Errorf("the scorecard counts %d judged claims", run.report.Scorecard.Judged)
	}
}
