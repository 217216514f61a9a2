package activity_test

import (
	"encoding/json"
	"strings"
	"testing"

	"go.temporal.io/sdk/testsuite"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/workflows"
)

// keep gives the run a piece of evidence and its id.
func keep(t *testing.T, l *lab, citation tools.Citation) string {
	t.Helper()
	if err := l.store.PutEvidence(t.Context(), run, []agents.Evidence{{ID: citation.ID(), Citation: citation}}); err != nil {
		t.Fatal(err)
	}
	return citation.ID()
}

func draft(evidence string) agents.Draft {
	sentences := func(list ...agents.Statement) []agents.Paragraph { return []agents.Paragraph{{Sentences: list}} }
	return agents.Draft{Title: "T", Sections: []agents.Section{
		{Kind: agents.SectionIntroduction, Heading: "Introduction", Paragraphs: sentences(agents.Statement{Text: "Nothing is claimed here."})},
		{Kind: agents.SectionFindings, Heading: "Findings", Paragraphs: sentences(
			agents.Statement{Text: "This is supported.", Evidence: []string{evidence, "e_000000000000"}},
			agents.Statement{Text: "This is made up.", Evidence: []string{"e_000000000000"}},
			agents.Statement{Text: "This cites nothing."},
		)},
	}}
}

func TestNoSentenceOfFindingsIsSilentlyKept(t *testing.T) {
	t.Parallel()
	for policy, test := range map[string]struct {
		sound       bool
		claims      int
		unsupported int
		text        string
		not         string
	}{
		"mark":              {true, 3, 2, "This is made up. **[unsupported]**", ""},
		"drop":              {true, 1, 0, "This is supported.", "made up"},
		"mark, quote wrong": {false, 3, 3, "This is supported. **[unsupported]**", ""},
	} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			l := setup(t)
			l.sound = test.sound
			in := workflows.DraftCheck{Run: run, Draft: put(t, l, draft(keep(t, l, quote()))), Unsupported: policy[:4]}
			checked, err := do[workflows.CheckedDraft](t, l, workflows.CheckDraftName, in)
			if err != nil || checked.Claims != test.claims || checked.Unsupported != test.unsupported {
				t.Fatalf("checked %+v, error %v", checked, err)
			}
			markdown := published(t, l, checked.Draft, "")
			if !strings.Contains(markdown, test.text) || test.not != "" && strings.Contains(markdown, test.not) {
				t.Errorf("published:\n%s", markdown)
			}
			claims, err := l.store.Claims(t.Context(), run)
			if err != nil || len(claims) != test.claims || test.sound && (claims[0].Status != agents.ClaimSupported || len(claims[0].Evidence) != 1) {
				t.Errorf("claims %+v, %v", claims, err)
			}
		})
	}
}

func published(t *testing.T, l *lab, draft, notice string) string {
	t.Helper()
	in := workflows.Publication{Run: run, Request: workflows.ResearchRequest{Topic: "the topic"}, Draft: draft, Notice: notice}
	if _, err := do[string](t, l, workflows.PublishName, in); err != nil {
		t.Fatal(err)
	}
	report, err := l.store.Report(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	markdown, err := l.store.Blob(t.Context(), report.Markdown)
	if err != nil {
		t.Fatal(err)
	}
	return string(markdown)
}

func TestARefinementRecordsWhatItChanged(t *testing.T) {
	t.Parallel()
	l := setup(t)
	id := keep(t, l, quote())
	first, err := do[workflows.CheckedDraft](t, l, workflows.CheckDraftName, workflows.DraftCheck{Run: run, Draft: put(t, l, draft(id)), Unsupported: "drop"})
	if err != nil {
		t.Fatal(err)
	}
	mended := draft(id)
	mended.Sections[1].Paragraphs[0].Sentences[0].Text = "This is well supported."
	second, err := do[workflows.CheckedDraft](t, l, workflows.CheckDraftName, workflows.DraftCheck{
		Run: run, Round: 1, Draft: put(t, l, mended), Previous: first.Draft, Unsupported: "drop",
	})
	if err != nil || second.Changes != 1 || second.Digest == first.Digest {
		t.Fatalf("second %+v, error %v", second, err)
	}
	drafts, err := l.store.Drafts(t.Context(), run)
	if err != nil || len(drafts) != 2 || drafts[1].Changes[0].After != "This is well supported." {
		t.Errorf("drafts %+v, %v", drafts, err)
	}
}

func TestAPartialReportIsLabelledAndUsesWhatExists(t *testing.T) {
	t.Parallel()
	const notice = "The budget of the run ended before the work was done."
	for name, gathered := range map[string]bool{"nothing at all": false, "one analysis": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := setup(t)
			in := workflows.Partial{Run: run, Request: workflows.ResearchRequest{Topic: "the topic"}, Notice: notice}
			if gathered {
				id := keep(t, l, quote())
				in.Analyses = []string{put(t, l, agents.Analysis{Question: "q1", Findings: []agents.Finding{{
					Statement: "The source states: “words”.", Theme: "Words", Confidence: "low", Evidence: []string{id},
				}}})}
			}
			ref, err := do[string](t, l, workflows.ComposePartialName, in)
			if err != nil {
				t.Fatal(err)
			}
			markdown := published(t, l, ref, notice)
			if !strings.Contains(markdown, notice) || strings.Contains(markdown, "“words”") != gathered {
				t.Errorf("published:\n%s", markdown)
			}
		})
	}
}

func TestOpenRunMakesTheRecordOfAScheduledRun(t *testing.T) {
	t.Parallel()
	l := setup(t)
	in := workflows.OpenRun{Run: "r_new", Request: workflows.ResearchRequest{Topic: "t", Client: "c", Schedule: "s"}}
	for range 2 {
		settings, err := do[workflows.Settings](t, l, workflows.OpenRunName, in)
		if err != nil || settings.Agents["clerk"] == "" {
			t.Fatalf("settings %+v, error %v", settings, err)
		}
		if frozen, err := l.store.Blob(t.Context(), settings.Agents["clerk"]); err != nil || !json.Valid(frozen) {
			t.Errorf("the version of the agent is not kept: %s, %v", frozen, err)
		}
	}
	record, err := l.store.Run(t.Context(), "r_new")
	if err != nil || record.Client != "c" || record.Schedule != "s" || record.Status != store.StatusRunning {
		t.Errorf("record %+v, %v", record, err)
	}
}

func TestSurveyNeedsSomethingToRead(t *testing.T) {
	t.Parallel()
	l := setup(t)
	_, err := do[string](t, l, workflows.SurveySourcesName, workflows.SurveyRequest{Run: run, Topic: "t", Sources: []string{"empty"}})
	if kind, _ := errorType(err); kind != workflows.ErrorNoSources || !strings.Contains(err.Error(), "empty") {
		t.Errorf("error %v", err)
	}
}

// A run that can look elsewhere needs no document.
func TestSurveyOfARunThatCanLookElsewhere(t *testing.T) {
	t.Parallel()
	l := setup(t)
	outside := &lab{TestActivityEnvironment: new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment(), store: l.store}
	activity.New(activity.Options{Store: l.store, Sources: sources{l}, Outside: true}).Register(outside)
	ref, err := do[string](t, outside, workflows.SurveySourcesName, workflows.SurveyRequest{Run: run, Topic: "t"})
	if err != nil || ref == "" {
		t.Errorf("the survey is %q, %v", ref, err)
	}
}

// A run may have begun while there was a tool that is there no more.
func TestAToolThatIsNotThereAnyMoreIsToldOf(t *testing.T) {
	t.Parallel()
	l := setup(t)
	ref := put(t, l, agents.ToolCall{ID: "1", Name: "webpage", Arguments: json.RawMessage(`{}`)})
	answer, err := do[string](t, l, workflows.CallToolName, workflows.ToolCall{
		Run: run, Agent: "clerk", Label: "clerk", Call: workflows.CallRef{Tool: "webpage", Ref: ref},
	})
	if err != nil {
		t.Fatal(err)
	}
	blob, err := l.store.Blob(t.Context(), answer)
	if err != nil || !strings.Contains(string(blob), "not there any more") {
		t.Errorf("the answer is %s, %v", blob, err)
	}
}
