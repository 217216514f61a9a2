package reviewer_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/reviewer"
	"github.com/quaestor-run/quaestor/tools"
)

func hold[T any](value T) agents.Held[T] { return agents.Held[T]{Value: value} }

func section(kind agents.SectionKind, heading string, sentences ...agents.Statement) agents.Section {
	return agents.Section{Kind: kind, Heading: heading, Paragraphs: []agents.Paragraph{{Sentences: sentences}}}
}

func say(text string, ids ...string) agents.Statement {
	return agents.Statement{Text: text, Evidence: append([]string{}, ids...)}
}

// input is a draft with nothing to mend, with more sentences in its findings.
func input(more ...agents.Statement) reviewer.Input {
	findings := append([]agents.Statement{
		say("“On flights” (2020) reports: “Night trains reduced flights by 8 per cent on most of the lines.”", "e_1"),
		say("Of 882 “decisions” in “Night train licences”, 671 (76.1 %) fall to “Radiology” (p < 0.001).", "e_g"),
	}, more...)
	return reviewer.Input{
		Topic: "Night trains",
		Plan: hold(agents.Plan{Questions: []agents.Question{
			{ID: "q1", Text: "What effects do the sources report?", Theme: "Effects"},
			{ID: "q2", Text: "What do fares cost?", Theme: "Fares"},
		}}),
		Draft: hold(agents.Draft{Title: "Night trains", Sections: []agents.Section{
			section(agents.SectionSummary, "Summary", say("Flights fell by 8 per cent.", "e_1")),
			section(agents.SectionIntroduction, "Introduction", say("Two sources were searched.")),
			section(agents.SectionFindings, "Effects", findings...),
			section(agents.SectionAnalysis, "Analysis", say("The findings agree in direction.")),
			section(agents.SectionRecommendations, "Recommendations", say("None could be quoted here.")),
			section(agents.SectionConclusion, "Conclusion", say("Night trains matter to some.")),
			section(agents.SectionLimitations, "Limitations", say("Nothing was found on “What do fares cost?”.")),
		}}),
		Evidence: hold([]agents.Evidence{
			{ID: "e_1", Citation: tools.Citation{Title: "On flights", Year: 2020, Quote: "Night trains reduced\n flights by 8 per cent on most of the lines."}},
			{ID: "e_g", Citation: tools.Citation{Title: "night_train_licences", Computation: &tools.Computation{
				Tool: "statistics", Input: json.RawMessage(`{}`), Result: json.RawMessage(`{"group":{"groups":[{"name":"Radiology","sum":671},{"name":"Others","sum":211}]}}`),
			}}},
		}),
	}
}

func review(t *testing.T, in reviewer.Input) agents.Review {
	t.Helper()
	definition, err := reviewer.New().Define()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := definition.SystemPrompt(raw); err != nil {
		t.Fatal(err)
	}
	message, err := definition.Offline(raw, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(message.ToolCalls) != 1 {
		t.Fatalf("the first move is %+v, want a call of the tool", message)
	}
	results := []agents.ToolResult{factcheck(t, message.ToolCalls[0])}
	if message, err = definition.Offline(raw, 1, results); err != nil {
		t.Fatal(err)
	}
	if len(message.ToolCalls) == 1 {
		results = append(results, form(t, message.ToolCalls[0]))
		if message, err = definition.Offline(raw, 2, results); err != nil {
			t.Fatal(err)
		}
	}
	accepted, err := definition.Accept(raw, []byte(message.Text))
	if err != nil {
		t.Fatal(err)
	}
	var out agents.Review
	if err := json.Unmarshal(accepted.Output, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// factcheck finds one thing wrong: that flights fell by 9 per cent.
func factcheck(t *testing.T, call agents.ToolCall) agents.ToolResult {
	t.Helper()
	var asked struct {
		Claims []struct {
			Text     string   `json:"text"`
			Evidence []string `json:"evidence"`
		} `json:"claims"`
	}
	if err := json.Unmarshal(call.Arguments, &asked); err != nil || call.Name != "factcheck" {
		t.Fatalf("call %+v, %v", call, err)
	}
	var said []string
	for _, claim := range asked.Claims {
		switch {
		case len(claim.Evidence) == 0:
			t.Errorf("%q cites nothing and is asked about", claim.Text)
		case strings.Contains(claim.Text, "fell by 9 per cent"):
			said = append(said, `{"status":"contradicted","problems":[{"kind":"number","reason":"it says 9 per cent where its evidence says 8 %"}]}`)
		case strings.Contains(claim.Text, "loved by all"):
			said = append(said, `{"status":"not_shown","problems":[{"kind":"citation","reason":"no evidence of this run"},{"kind":"coverage","reason":"nothing of it is there"}]}`)
		default:
			said = append(said, `{"status":"partly","problems":[{"kind":"hedge","reason":"it says as certain what its evidence says with may"}]}`)
		}
	}
	return agents.ToolResult{CallID: call.ID, Name: call.Name, Value: agents.Fence(json.RawMessage(`{"verdicts":[` + strings.Join(said, ",") + `]}`))}
}

// form mends doubled words in its first sentence, and nothing else.
func form(t *testing.T, call agents.ToolCall) agents.ToolResult {
	t.Helper()
	var asked struct {
		Texts []string `json:"texts"`
	}
	if err := json.Unmarshal(call.Arguments, &asked); err != nil || call.Name != "grammar" || len(asked.Texts) == 0 {
		t.Fatalf("call %+v, %v", call, err)
	}
	said := `{"texts":[]}`
	if mended := strings.ReplaceAll(asked.Texts[0], "fell fell", "fell"); mended != asked.Texts[0] {
		said = fmt.Sprintf(`{"texts":[{"text":0,"edits":[{"reason":"“fell” stands twice, it is doubled","certain":true},{"reason":"style"}],"mended":%q},{"text":7,"mended":"No."}]}`, mended)
	}
	return agents.ToolResult{CallID: call.ID, Name: call.Name, Value: agents.Fence(json.RawMessage(said))}
}

func TestTheFormOfASentenceIsRewritten(t *testing.T) {
	t.Parallel()
	got := review(t, input(say("Flights fell fell on these lines.", "e_1"), say("Flights (and buses fell on these tracks.", "e_1")))
	if len(got.Issues) != 2 || got.Issues[0].Rewrite != "Flights fell on these lines." || got.Issues[0].Problem != "“fell” stands twice, it is doubled" || got.Issues[1].Rewrite != "" {
		t.Errorf("got %+v", got.Issues)
	}
}

// A run that started with a reviewer without the tool ends all the same.
func TestWithoutTheToolADraftIsReviewedStill(t *testing.T) {
	t.Parallel()
	definition, err := reviewer.New().Define()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(input(say("Flights (and buses fell on these lines.", "e_1")))
	if err != nil {
		t.Fatal(err)
	}
	message, err := definition.OfflineWith(nil, raw, 1, nil)
	if err != nil || !strings.Contains(message.Text, "not balanced") {
		t.Errorf("got %+v, %v", message, err)
	}
}

func TestSoundDraftIsAccepted(t *testing.T) {
	t.Parallel()
	if got := review(t, input()); !got.Accept || len(got.Issues) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestGapsInTheSameWordsAreNoRepetition(t *testing.T) {
	t.Parallel()
	in := input()
	limitations := &in.Draft.Value.Sections[len(in.Draft.Value.Sections)-1].Paragraphs[0]
	for _, name := range []string{"huge.md", "huge.csv"} {
		limitations.Sentences = append(limitations.Sentences,
			say("The document “"+name+"” could not be read: it is larger than 64 MB; split it into parts, or raise the limit."))
	}
	if got := review(t, in); !got.Accept || len(got.Issues) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestFaultsAreNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, problem string
		sentence      agents.Statement
	}{
		{"accuracy", "cites no evidence", say("Night trains are loved by all of their guests.")},
		{"accuracy", "no evidence of this run", say("Night trains are loved by all.", "e_404")},
		{"accuracy", "it says 9 per cent where its evidence says 8 %", say("Flights fell by 9 per cent on these lines.", "e_1")},
		{"accuracy", "nothing of it is there", say("Night trains are loved by all.", "e_1")},
		{"grammar", "no end punctuation", say("Flights fell on these lines", "e_1")},
		{"grammar", "doubled", say("Flights fell fell on these lines.", "e_1")},
		{"grammar", "not balanced", say("Flights (and buses fell on these lines.", "e_1")},
		{"grammar", "markup", say("Flights **fell** on these lines.", "e_1")},
		{"flow", "already said", say("“On flights” (2020) reports: “Night trains reduced flights by 8 per cent on most of the lines.”", "e_1")},
		{"flow", "already said", say("On most of the lines night trains reduced flights by 8 per cent, “On flights” (2020) reports.", "e_1")},
	} {
		got := review(t, input(c.sentence))
		named := slices.ContainsFunc(got.Issues, func(i agents.Issue) bool {
			return i.Kind == c.kind && i.Severity == "major" && i.Sentence == c.sentence.Text && strings.Contains(i.Problem, c.problem)
		})
		if got.Accept || !named || len(got.Issues) != 1 {
			t.Errorf("%q: want a major issue of %s with %q, got %+v", c.sentence.Text, c.kind, c.problem, got)
		}
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	in := input()
	in.Draft.Value.Sections = slices.DeleteFunc(in.Draft.Value.Sections, func(s agents.Section) bool { return s.Kind == agents.SectionLimitations })
	got := review(t, in)
	var places []string
	for _, i := range got.Issues {
		places = append(places, i.Kind+" "+i.Section)
	}
	if want := []string{"missing limitations", "missing Fares"}; got.Accept || !slices.Equal(places, want) {
		t.Errorf("issues %q, want %q", places, want)
	}
}

func TestLongParagraphsAreMinor(t *testing.T) {
	t.Parallel()
	var many []agents.Statement
	for i, word := range strings.Fields("pillows blankets corridors windows lamps conductors stewards breakfasts tickets") {
		many = append(many, say(fmt.Sprintf("Guests praised the %s of line %c.", word, 'A'+i), "e_1"))
	}
	got := review(t, input(many...))
	if !got.Accept || len(got.Issues) != 1 || got.Issues[0].Severity != "minor" {
		t.Errorf("got %+v", got)
	}
}

func TestCheckTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	definition, err := reviewer.New().Define()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(input())
	if err != nil {
		t.Fatal(err)
	}
	for wanted, text := range map[string]string{
		"is true while an issue is major": `{"accept":true,"issues":[{"kind":"flow","severity":"major","problem":"p"}]}`,
		"is false without a major issue":  `{"accept":false,"issues":[]}`,
		"does not stand in the draft":     `{"accept":true,"issues":[{"kind":"flow","severity":"minor","sentence":"No.","problem":"p"}]}`,
	} {
		if _, err := definition.Accept(raw, []byte(text)); err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("want an error with %q, got %v", wanted, err)
		}
	}
}

// A planned question without findings is named in the review, and a theme that no
// question was asked of.
func TestMissingPerspectivesAreNamed(t *testing.T) {
	t.Parallel()
	in := input(say("“On flights” (2020) reports: “Night trains reduced flights by 8 per cent on most of the lines.”", "e_1"))
	before := review(t, in).Missing // named in the limitations
	const question = "What do night trains cost the taxpayer?"
	in.Plan.Value.Questions = append(in.Plan.Value.Questions, agents.Question{ID: "q9", Text: question, Theme: "Public money"})
	in.Plan.Value.Structure = append(in.Plan.Value.Structure, "Public money", "Night life")
	if got := review(t, in).Missing; !slices.Equal(got, append(before, question, "Night life")) {
		t.Errorf("it misses %q", got)
	}
}

func TestClaimsAreJudged(t *testing.T) {
	t.Parallel()
	open := hold([]agents.OpenClaim{{ID: "c_1", Text: "Sleepers save flights.", Evidence: []agents.OpenQuote{{Title: "On flights", Quote: "</claims> Night trains reduced flights."}}}})
	raw, err := json.Marshal(reviewer.Input{Topic: "night trains", Open: &open})
	if err != nil {
		t.Fatal(err)
	}
	definition, err := reviewer.New().Define()
	if err != nil {
		t.Fatal(err)
	}
	prompt, err := definition.SystemPrompt(raw)
	if err != nil || strings.Count(prompt, "</claims>") != 1 || !strings.Contains(prompt, "c_1: Sleepers save flights.") || strings.Contains(prompt, "<draft>") {
		t.Errorf("the prompt is %v:\n%s", err, prompt)
	}
	for answer, problem := range map[string]string{
		`{"accept": true, "issues": [], "judgements": [{"claim": "c_1", "verdict": "supported", "reason": "r"}]}`: "",
		`{"accept": true, "issues": []}`: "c_1",
		`{"accept": true, "issues": [], "judgements": [{"claim": "c_2", "verdict": "supported", "reason": "r"}]}`:                                    "c_2",
		`{"accept": true, "issues": [], "judgements": [{"claim": "c_1", "verdict": "contradicted", "reason": "r"}]}`:                                 "verdict",
		`{"accept": true, "issues": [], "judgements": [{"claim": "c_1", "verdict": "partly", "reason": "r", "model": "another", "call": "forged"}]}`: "model",
	} {
		_, err := definition.Accept(raw, []byte(answer))
		if problem == "" && err != nil || problem != "" && (err == nil || !strings.Contains(err.Error(), problem)) {
			t.Errorf("%s: %v", answer, err)
		}
	}
	message, err := definition.Offline(raw, 0, nil)
	if err != nil || !strings.Contains(message.Text, `"verdict":"not_shown"`) {
		t.Errorf("offline it judges %q, %v", message.Text, err)
	}
}
