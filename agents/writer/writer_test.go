package writer_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/writer"
	"github.com/quaestor-run/quaestor/tools"
)

func hold[T any](value T) agents.Held[T] { return agents.Held[T]{Value: value} }

func quoted(id, source, heading, quote string, start int) agents.Evidence {
	return agents.Evidence{ID: id, Heading: heading, Citation: tools.Citation{SHA256: source, URI: source + ".md", Title: "On " + source, Year: 2020, Start: start, End: start + len(quote), Quote: quote}}
}

func input() writer.Input {
	in := writer.Input{
		Topic: "How are night trains changing travel?",
		Plan: hold(agents.Plan{Title: "Night trains", Structure: []string{"Development over time", "Reported effects", "Recommendations"}, Questions: []agents.Question{
			{ID: "q1", Text: "How have night trains developed over time?", Theme: "Development over time"},
			{ID: "q2", Text: "What effects of night trains do the sources report?", Theme: "Reported effects"},
			{ID: "q3", Text: "What do the sources recommend on night trains?", Theme: "Recommendations"},
		}}),
		Survey: hold(agents.Survey{
			Total: 3, Documents: []agents.DocumentProfile{{ID: "d_1", Title: "On flights", Year: 2020}},
			Tables: []tools.TableProfile{{ID: "d_2", Title: "licences", URI: "licences.csv", Rows: 90}},
			Unread: []agents.UnreadDocument{{URI: "scan.pdf", Reason: "it is encrypted; supply it without a password"}},
		}),
		Evidence: hold([]agents.Evidence{
			quoted("e_1", "flights", "Results", "Night trains reduced flights by 8 per cent.", 0),
			quoted("e_2", "flights", "Conclusion", "Night trains improved sleep on long journeys.", 100),
			quoted("e_3", "buses", "Conclusion", "Railways should publish the delays of night trains.", 0),
			{ID: "e_t", Citation: tools.Citation{SHA256: "t", URI: "licences.csv", Title: "licences", Computation: &tools.Computation{Tool: "trend", Input: json.RawMessage(`{}`), Result: json.RawMessage(
				`{"direction":"increasing","significant":true,"p":0.01,"n":9,"first":{"period":"2015","value":12},"last":{"period":"2023","value":31},"slope":{"value":2,"per":"year"},"excluded":[{"period":"2024"}]}`)}}},
		}),
	}
	line := agents.Chart{Kind: "line", Title: "Records per year", X: []string{"2015", "2023"}, Y: []float64{12, 31}, Evidence: []string{"e_t"}}
	in.Analyses = []agents.Held[agents.Analysis]{
		hold(agents.Analysis{Question: "q1", Findings: []agents.Finding{{
			Statement: "Records in “Licences” rose from 12 in 2015 to 31 in 2023.", Theme: "Development over time", Confidence: "high", Evidence: []string{"e_t"},
			DataPoints: []agents.DataPoint{{Label: "2023", Value: 31, Evidence: "e_t"}}, Chart: &line,
		}}}),
		hold(agents.Analysis{Question: "q2", Findings: []agents.Finding{
			{Statement: "“On flights” (2020) reports: “Night trains reduced flights by 8 per cent.”", Theme: "Reported effects", Confidence: "medium", Evidence: []string{"e_1"}},
			{Statement: "“On flights” (2020) concludes: “Night trains improved sleep on long journeys.”", Theme: "Reported effects", Confidence: "medium", Evidence: []string{"e_2"}},
			{Statement: "Nobody can say whence this comes.", Theme: "Reported effects", Confidence: "low", Evidence: []string{"e_unknown"}},
		}}),
		hold(agents.Analysis{Question: "q3", Findings: []agents.Finding{
			{Statement: "“On buses” (2020) concludes: “Railways should publish the delays of night trains.”", Theme: "Recommendations", Confidence: "low", Evidence: []string{"e_3"}},
		}}),
	}
	return in
}

func write(t *testing.T, in writer.Input) agents.Draft {
	t.Helper()
	definition, err := writer.New().Define()
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
	accepted, err := definition.Accept(raw, []byte(message.Text))
	if err != nil {
		t.Fatal(err)
	}
	var out agents.Draft
	if err := json.Unmarshal(accepted.Output, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func sentences(d agents.Draft, heading string) []string {
	var out []string
	for _, s := range d.Sections {
		for _, p := range s.Paragraphs {
			for _, sentence := range p.Sentences {
				if heading == "" || s.Heading == heading {
					out = append(out, sentence.Text)
				}
			}
		}
	}
	return out
}

func TestReportIsArrangedByTheme(t *testing.T) {
	t.Parallel()
	draft := write(t, input())
	var headings []string
	for _, s := range draft.Sections {
		headings = append(headings, s.Heading)
	}
	if want := []string{"Executive summary", "Introduction", "Development over time", "Reported effects", "Analysis", "Recommendations", "Conclusion", "Limitations"}; !slices.Equal(headings, want) {
		t.Errorf("headings %q, want %q", headings, want)
	}
	effects := sentences(draft, "Reported effects")
	for _, want := range []string{
		"Effects are reported by one source.",
		"“On flights” (2020) reports: “Night trains reduced flights by 8 per cent.”",
		"The same source also concludes: “Night trains improved sleep on long journeys.”",
	} {
		if !slices.Contains(effects, want) {
			t.Errorf("%q is not among %q", want, effects)
		}
	}
	all := strings.Join(sentences(draft, ""), "\n")
	for _, want := range []string{
		"In “Licences”, yearly records went up from 12 (2015) to 31 (2023), a statistically significant trend (p = 0.010).",
		"The document “scan.pdf” could not be read: it is encrypted; supply it without a password.",
		"The tests on “Licences” say nothing of 2024, left out as incomplete or sparse.",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the report does not say %q:\n%s", want, all)
		}
	}
	if strings.Contains(all, "whence") {
		t.Error("a finding without known evidence was written")
	}
}

func TestRefineMendsWhatTheReviewNames(t *testing.T) {
	t.Parallel()
	in := input()
	draft := write(t, in)
	const first = "“On flights” (2020) reports: “Night trains reduced flights by 8 per cent.”"
	at := slices.IndexFunc(draft.Sections, func(s agents.Section) bool { return s.Heading == "Reported effects" })
	effects := &draft.Sections[at]
	effects.Paragraphs = append(effects.Paragraphs, agents.Paragraph{Sentences: []agents.Statement{
		{Text: "Beds beds are short", Evidence: []string{"e_1"}},
		{Text: "Tickets ar sold out.", Evidence: []string{"e_1"}},
		{Text: "Night trains doubled sleep.", Evidence: []string{"e_3"}},
		{Text: "Nobody knows why.", Evidence: []string{}},
	}})
	draft.Sections = slices.DeleteFunc(draft.Sections, func(s agents.Section) bool { return s.Kind == agents.SectionConclusion })
	previous := hold(draft)
	review := hold(agents.Review{Issues: []agents.Issue{
		{Kind: "flow", Severity: "major", Section: "Reported effects", Sentence: first, Problem: "already said"},
		{Kind: "grammar", Severity: "major", Section: "Reported effects", Sentence: "Beds beds are short", Problem: "doubled word, no end"},
		{Kind: "grammar", Severity: "minor", Section: "Reported effects", Sentence: "Tickets ar sold out.", Problem: "misspelled", Rewrite: "Tickets are sold out."},
		{Kind: "accuracy", Severity: "major", Section: "Reported effects", Sentence: "Night trains doubled sleep.", Problem: "not in its evidence"},
		{Kind: "accuracy", Severity: "major", Section: "Reported effects", Sentence: "Nobody knows why.", Problem: "no evidence"},
		{Kind: "missing", Severity: "major", Section: "conclusion", Problem: "there is none"},
		{Kind: "missing", Severity: "major", Section: "Fares", Problem: "planned and not answered"},
	}})
	in.Previous, in.Review = &previous, &review
	refined := write(t, in)
	got := sentences(refined, "Reported effects")
	for _, want := range []string{"Beds are short.", "Tickets are sold out.", "“On flights” (2020) concludes: “Night trains improved sleep on long journeys.”"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not among %q", want, got)
		}
	}
	for _, gone := range []string{first, "Night trains doubled sleep.", "Nobody knows why.", "Beds beds are short"} {
		if slices.Contains(got, gone) {
			t.Errorf("%q is still there", gone)
		}
	}
	if len(sentences(refined, "Conclusion")) == 0 {
		t.Error("the missing conclusion was not written")
	}
	if !strings.Contains(strings.Join(sentences(refined, "Limitations"), " "), "“Fares” was planned") {
		t.Error("the missing theme is not named as a gap")
	}
}

func TestCommentsAreWorkedInOrRecorded(t *testing.T) {
	t.Parallel()
	in := input()
	previous := hold(write(t, in))
	in.Previous = &previous
	const unwanted = "“On flights” (2020) reports: “Night trains reduced flights by 8 per cent.”"
	in.Comments = "Please remove: " + unwanted
	if slices.Contains(sentences(write(t, in), ""), unwanted) {
		t.Error("a sentence the person wanted removed is still there")
	}
	in.Comments = "Say more about fares."
	if got := strings.Join(sentences(write(t, in), "Limitations"), " "); !strings.Contains(got, "“Say more about fares.”") {
		t.Errorf("the comment is not recorded: %s", got)
	}
}

func TestCheckTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	definition, err := writer.New().Define()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(input())
	if err != nil {
		t.Fatal(err)
	}
	text := `{"title":"t","sections":[{"kind":"findings","heading":"h","paragraphs":[{"sentences":[{"text":"A.","evidence":[]},{"text":"B.","evidence":["e_9"]}]}]}]}`
	_, err = definition.Accept(raw, []byte(text))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`none of kind "summary"`, "sections[0].paragraphs[0].sentences[0].evidence: is empty", `no evidence "e_9"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}
