package activity_test

import (
	"encoding/json"
	"slices"
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
			agents.Statement{Text: "There are words.", Evidence: []string{evidence, "e_000000000000"}},
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
		"drop":              {true, 1, 0, "There are words.", "made up"},
		"mark, quote wrong": {false, 3, 3, "There are words. **[unsupported]**", ""},
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
	mended.Sections[1].Paragraphs[0].Sentences[0].Text = "There are only words."
	second, err := do[workflows.CheckedDraft](t, l, workflows.CheckDraftName, workflows.DraftCheck{
		Run: run, Round: 1, Draft: put(t, l, mended), Previous: first.Draft, Unsupported: "drop",
	})
	if err != nil || second.Changes != 1 || second.Digest == first.Digest {
		t.Fatalf("second %+v, error %v", second, err)
	}
	drafts, err := l.store.Drafts(t.Context(), run)
	if err != nil || len(drafts) != 2 || drafts[1].Changes[0].After != "There are only words." {
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

// checked checks a draft whose only finding is a sentence.
func checkFinding(t *testing.T, l *lab, in workflows.DraftCheck, s agents.Statement) workflows.CheckedDraft {
	t.Helper()
	in.Run = run
	in.Draft = put(t, l, agents.Draft{Title: "T", Sections: []agents.Section{
		{Kind: agents.SectionFindings, Heading: "Findings", Paragraphs: []agents.Paragraph{{Sentences: []agents.Statement{s}}}},
	}})
	out, err := do[workflows.CheckedDraft](t, l, workflows.CheckDraftName, in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func rise() tools.Citation {
	const quote = "Fares rose by 12 % in 2019 on most of the lines."
	return tools.Citation{SHA256: strings.Repeat("cd", 32), URI: "b.md", Title: "B", End: len(quote), Quote: quote}
}

func TestAClaimIsHeldAgainstWhatItCites(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]agents.ClaimStatus{
		"Fares rose by 12 % in 2019 on most of the lines.": agents.ClaimSupported,
		"Fares rose by 13 % in 2019 on most of the lines.": agents.ClaimContradicted,
		"Fares fell by 12 % in 2019 on most of the lines.": agents.ClaimContradicted,
		"Guests were pleased with their breakfast.":        agents.ClaimNotShown,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			l := setup(t)
			id := keep(t, l, rise())
			for _, policy := range []string{workflows.UnsupportedMark, workflows.UnsupportedDrop} {
				out := checkFinding(t, l, workflows.DraftCheck{Unsupported: policy}, agents.Statement{Text: text, Evidence: []string{id}})
				claims, err := l.store.Claims(t.Context(), run)
				if err != nil {
					t.Fatal(err)
				}
				markdown := published(t, l, out.Draft, "")
				kept := want == agents.ClaimSupported || policy == workflows.UnsupportedMark
				if kept != strings.Contains(markdown, text) || kept != (len(claims) == 1) {
					t.Errorf("%s: claims %+v, published:\n%s", policy, claims, markdown)
					continue
				}
				if kept && (claims[0].Status != want || (len(claims[0].Problems) > 0) == (want == agents.ClaimSupported)) {
					t.Errorf("claim %+v, want it %s", claims[0], want)
				}
				if marked := strings.Contains(markdown, "**[unsupported]**"); marked != (kept && want != agents.ClaimSupported) {
					t.Errorf("%s: marked %t:\n%s", policy, marked, markdown)
				}
			}
		})
	}
}

func TestAnEditThatBreaksACitationIsRefused(t *testing.T) {
	t.Parallel()
	l := setup(t)
	id, other := keep(t, l, rise()), keep(t, l, quote())
	sound := agents.Statement{Text: "Fares rose by 12 % in 2019 on most of the lines.", Evidence: []string{id}}
	first := checkFinding(t, l, workflows.DraftCheck{Unsupported: "mark"}, sound)
	review := put(t, l, agents.Review{Issues: []agents.Issue{{Kind: "flow", Severity: "major", Section: "Findings", Sentence: sound.Text, Problem: "it is long"}}})
	in := workflows.DraftCheck{Round: 1, Previous: first.Draft, Unsupported: "mark", Author: "writer", Version: "sha256:w", Review: review}
	for broken, edit := range map[string]agents.Statement{
		"negation": {Text: "Fares did not rise by 12 % in 2019 on most of the lines.", Evidence: []string{id}},
		"figure":   {Text: "Fares rose by 21 % in 2019 on most of the lines.", Evidence: []string{id}},
		"citation": {Text: sound.Text, Evidence: []string{other}},
		"none":     {Text: sound.Text},
		"made up":  {Text: sound.Text, Evidence: []string{"e_000000000000"}},
	} {
		out := checkFinding(t, l, in, edit)
		if out.Draft != first.Draft || out.Refused != 1 || out.Unsupported != 0 {
			t.Errorf("%s: %+v, want the draft before it", broken, out)
		}
		change := lastChange(t, l)
		if change.Kind != agents.ChangeRefused || change.After != edit.Text || change.Reason == "" || change.Author != "writer" || change.Version != "sha256:w" {
			t.Errorf("%s: change %+v", broken, change)
		}
	}
	out := checkFinding(t, l, in, agents.Statement{Text: "Fares rose by 12 % in 2019.", Evidence: []string{id}})
	change := lastChange(t, l)
	want := []string{agents.ClaimID("Findings", sound.Text), agents.ClaimID("Findings", "Fares rose by 12 % in 2019.")}
	if out.Refused != 0 || change.Kind != agents.ChangeReplaced || change.Reason != "it is long" || !slices.Equal(change.Claims, want) {
		t.Errorf("%+v, change %+v", out, change)
	}
}

func lastChange(t *testing.T, l *lab) agents.Change {
	t.Helper()
	drafts, err := l.store.Drafts(t.Context(), run)
	if err != nil || len(drafts) < 2 || len(drafts[1].Changes) != 1 {
		t.Fatalf("drafts %+v, %v", drafts, err)
	}
	return drafts[1].Changes[0]
}

func TestAReportEndsWithItsScorecard(t *testing.T) {
	t.Parallel()
	l := setup(t)
	id, other := keep(t, l, rise()), keep(t, l, quote())
	out := checkFinding(t, l, workflows.DraftCheck{Unsupported: "mark"}, agents.Statement{
		Text: "Fares rose by 12 % in 2019 on most of the lines.", Evidence: []string{id, other},
	})
	markdown := published(t, l, out.Draft, "")
	for _, row := range []string{"| Claims | 1 |", "| Supported | 1 |", "| Citation precision | 50.0 % |", "| Citation recall | 100.0 % |", "| Sources cited | 2 |", "| Sources live, archived, dead | 0, 2, 0 |"} {
		if !strings.Contains(strings.Join(strings.Fields(markdown), " "), row) {
			t.Errorf("no %q in:\n%s", row, markdown)
		}
	}
}

func TestTheScorecardTellsWhichPagesAreThereNoMore(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		gone map[string]bool
		row  string
	}{
		"all are there": {nil, "| Sources live, archived, dead | 2, 1, 0 |"},
		"one is gone":   {map[string]bool{"https://b.example/": true}, "| Sources live, archived, dead | 1, 1, 1 |"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := setup(t)
			var ids []string
			for i, address := range []string{"https://a.example/", "https://b.example/", "c.md"} {
				page := rise()
				page.SHA256, page.URI, page.Accessed = strings.Repeat(string(rune('a'+i)), 64), address, "2026-11-26"
				if address == "c.md" {
					page.Accessed = ""
				}
				ids = append(ids, keep(t, l, page))
			}
			l.gone = test.gone
			out := checkFinding(t, l, workflows.DraftCheck{Unsupported: "mark"}, agents.Statement{Text: "Fares rose by 12 % in 2019 on most of the lines.", Evidence: ids})
			if markdown := published(t, l, out.Draft, ""); !strings.Contains(strings.Join(strings.Fields(markdown), " "), test.row) {
				t.Errorf("no %q in:\n%s", test.row, markdown)
			}
		})
	}
}
