package factcheck_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/factcheck"
)

func quote(id, text string) factcheck.Evidence {
	return factcheck.Evidence{ID: id, Citation: tools.Citation{
		Title: "Night trains in Ruritania", Year: 2020, Heading: "Results", Quote: text, End: len(text),
	}}
}

func computation(id, title, result string) factcheck.Evidence {
	return factcheck.Evidence{ID: id, Citation: tools.Citation{Title: title, Computation: &tools.Computation{
		Tool: "statistics", Input: json.RawMessage(`{}`), Result: json.RawMessage(result),
	}}}
}

func shelf() []factcheck.Evidence {
	return []factcheck.Evidence{
		quote("e_fares", "Fares rose from 40 to 50 euros in 2019, while the number of guests fell by 8 % on most of the lines."),
		quote("e_trial", "In the trial of 1,200 guests, 71 % of women and 61% of men slept well; the new mattress did not reduce noise."),
		quote("e_may", "Cheaper fares may reduce short flights between Strelsau and Zenda, although costs of 3.2 million euros remain."),
		quote("e_dose", "The mean weight of a breakfast was 250 g, served twelve minutes after departure."),
		quote("e_ai", "The computer-aided diagnosis (CAD) found “no fault” in the ﬁrst engine."),
		quote("e_de", "Die neuen Nachtzüge haben die Zahl der kurzen Flüge in der Region um 23 Prozent gesenkt, sagt die Behörde."),
		computation("e_lands", "exports.csv", `{"group":{"groups":[{"name":"World","sum":500},{"name":"Chile","sum":30},{"name":"Peru","sum":10}]}}`),
		computation("e_groups", "night_train_licences.csv", `{"group":{"groups":[{"name":"Radiology","sum":671},{"name":"Others","sum":211}]}}`),
		computation("e_trend", "flights", `{"trend":"decreasing","n":16,"first":221,"last":5,"years":[2008,2023]}`),
	}
}

// Each claim, what it cites, the status it has, and what is at odds, as kind and
// words.
func TestClaims(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, cites string
		want        factcheck.Status
		odds        string
	}{
		{"Fares rose from 40 to 50 euros in 2019.", "e_fares", factcheck.Supported, ""},
		{"The number of guests fell by 8 per cent on most lines.", "e_fares", factcheck.Supported, ""},
		{"“Night trains in Ruritania” (2020) reports: “Fares rose from 40 to 50 euros in 2019, while the number of guests fell by 8 % on most of the lines.”", "e_fares", factcheck.Supported, ""},
		{"Fares increased by 10 euros in 2019.", "e_fares", factcheck.Supported, ""},
		{"Fares rose from 40 to 60 euros in 2019.", "e_fares", factcheck.Contradicted, "number 60 euros"},
		{"Fares rose from 40 to 50 dollars in 2019.", "e_fares", factcheck.Contradicted, "unit 50 dollars"},
		{"Fares rose from 40 to 50 euros in 2018.", "e_fares", factcheck.Contradicted, "date 2018"},
		{"Fares fell from 40 to 50 euros in 2019.", "e_fares", factcheck.Contradicted, "direction fell"},
		{"Fares did not rise from 40 to 50 euros in 2019.", "e_fares", factcheck.Contradicted, "negation not rise"},
		{"Fares rose from 40 to 50 euros in Strelsau in 2019.", "e_fares", factcheck.NotShown, "name Strelsau"},
		{"Breakfast was served cold in the afternoon.", "e_fares", factcheck.NotShown, "coverage "},
		{"Fares rose in 2019.", "e_404", factcheck.NotShown, "citation e_404"},
		{"Of 1200 guests 71 % of women and 61 % of men slept well.", "e_trial", factcheck.Supported, ""},
		{"71 % of men and 61 % of women slept well.", "e_trial", factcheck.Contradicted, "name men"},
		{"61 % of women and 71 % of men slept well.", "e_trial", factcheck.Contradicted, "number 61 %"},
		{"The new mattress reduced noise.", "e_trial", factcheck.Contradicted, "negation reduced"},
		{"The new mattress didn't reduce noise.", "e_trial", factcheck.Supported, ""},
		{"The difference between women and men was 10 percentage points in the trial: 71 % and 61 % slept well.", "e_trial", factcheck.Supported, ""},
		{"Cheaper fares reduce short flights between Strelsau and Zenda.", "e_may", factcheck.Partly, "hedge reduce"},
		{"Cheaper fares might reduce short flights between Strelsau and Zenda.", "e_may", factcheck.Supported, ""},
		{"Costs of 3.2 billion euros remain.", "e_may", factcheck.Contradicted, "unit 3.2 billion euros"},
		{"Costs of 3,200 thousand euros remain.", "e_may", factcheck.Supported, ""},
		{"Costs of 3.2 million euros remain.", "e_may e_fares", factcheck.Supported, ""},
		{"The mean weight of a breakfast was 0.25 kg.", "e_dose", factcheck.Supported, ""},
		{"The mean weight of a breakfast was 250 mg.", "e_dose", factcheck.Contradicted, "unit 250 mg"},
		{"Breakfast was served 12 minutes after departure.", "e_dose", factcheck.Supported, ""},
		{"Breakfast was served twelve minutes before departure.", "e_dose", factcheck.Contradicted, "direction before"},
		{"CAD found “no fault” in the first engine.", "e_ai", factcheck.Supported, ""},
		{"The source says: “computer-aided diagnosis (CAD) found no fault in any engine at all”.", "e_ai", factcheck.NotShown, "quote computer-aided diagnosis (CAD) found no fault in any engine at all"},
		{"The new night trains cut short flights in the region by 23 per cent, the authority says.", "e_de", factcheck.Partly, "coverage "},
		{"The new night trains cut short flights in the region by 32 per cent, the authority says.", "e_de", factcheck.NotShown, "number 32 per cent"},
		{"Of 882 “decisions” in “Night train licences”, 671 (76.1 %) fall to “Radiology” (p < 0.001).", "e_groups", factcheck.Supported, ""},
		{"Of the total of 40 in “exports”, 30 (75.0 %) fall to “Chile”.", "e_lands", factcheck.Supported, ""},
		{"The share of the largest group is 76.2 %.", "e_groups", factcheck.NotShown, "number 76.2"},
		{"Records fell from 221 in 2008 to 5 in 2023.", "e_trend", factcheck.Supported, ""},
		{"Records grew from 2008 to 2023.", "e_trend", factcheck.Contradicted, "direction grew"},
		{"Records rose from 221 to 5.", "e_trend", factcheck.Contradicted, "direction rose"},
		{"Fares are reported by two sources.", "e_fares e_may", factcheck.Supported, ""},
	} {
		t.Run(c.text, func(t *testing.T) {
			t.Parallel()
			verdict := factcheck.Check(factcheck.Claim{Text: c.text, Evidence: strings.Fields(c.cites)}, shelf())
			if verdict.Status != c.want {
				t.Fatalf("%s, want %s: %+v", verdict.Status, c.want, verdict.Problems)
			}
			if c.odds != "" && !slices.ContainsFunc(verdict.Problems, func(p factcheck.Problem) bool { return p.Kind+" "+p.Text == c.odds }) {
				t.Errorf("want %q at odds, got %+v", c.odds, verdict.Problems)
			}
			for _, p := range verdict.Problems {
				if p.Reason == "" || p.Kind != factcheck.KindCitation && p.End > 0 && c.text[p.Start:p.End] != p.Text {
					t.Errorf("problem %+v", p)
				}
			}
		})
	}
}

// What is merely missing makes a sentence that weighs sources partly supported;
// what is wrong is wrong there too.
func TestSynthesisMaySayMoreThanItsSources(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]factcheck.Status{
		"What these sources say is cautious, and leaves room for doubt.": factcheck.Partly,
		"Fares fell from 40 to 50 euros in 2019.":                        factcheck.Contradicted,
	} {
		verdict := factcheck.Check(factcheck.Claim{Text: text, Evidence: []string{"e_fares"}, Synthesis: true}, shelf())
		if verdict.Status != want {
			t.Errorf("%q: %+v, want %s", text, verdict, want)
		}
	}
}

type books []factcheck.Evidence

func (b books) Cited(_ context.Context, scope tools.Scope, _ []string) ([]factcheck.Evidence, error) {
	if scope.Run != "r_1" {
		return nil, fmt.Errorf("run %q has none", scope.Run)
	}
	return b, nil
}

func TestTool(t *testing.T) {
	t.Parallel()
	tool, err := factcheck.New(books(shelf()))
	if err != nil {
		t.Fatal(err)
	}
	result, err := tool.Call(t.Context(), tools.Scope{Run: "r_1"}, json.RawMessage(
		`{"claims":[{"text":"Fares rose in 2019.","evidence":["e_fares"]},{"text":"Fares fell in 2019.","evidence":["e_fares"]},{"text":"Fares fell.","evidence":[]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var out factcheck.Output
	if err := json.Unmarshal(result.Value, &out); err != nil {
		t.Fatal(err)
	}
	var got []factcheck.Status
	for _, v := range out.Verdicts {
		got = append(got, v.Status)
	}
	if want := []factcheck.Status{factcheck.Supported, factcheck.Contradicted, factcheck.NotShown}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// No text breaks the checker, offsets stay within the claim, and a sentence is
// supported by itself unless it is all signs.
func FuzzCheck(f *testing.F) {
	for _, e := range shelf() {
		f.Add(e.Quote, "Fares rose from “40 to 50” euros: 1,2,3 .5 ½ 10–20 % per cent per")
	}
	f.Fuzz(func(t *testing.T, text, source string) {
		if len(text) > 2000 || len(source) > 2000 {
			t.Skip("long texts take long")
		}
		for _, evidence := range []factcheck.Evidence{quote("e_1", source), quote("e_1", text), computation("e_1", source, `{"n":1}`)} {
			verdict := factcheck.Check(factcheck.Claim{Text: text, Evidence: []string{"e_1"}}, []factcheck.Evidence{evidence})
			for _, p := range verdict.Problems {
				if p.Start < 0 || p.End < p.Start || p.End > len(text) {
					t.Fatalf("problem %+v in %q", p, text)
				}
			}
			if evidence.Quote == text && verdict.Status == factcheck.Contradicted {
				t.Errorf("%q contradicts itself: %+v", text, verdict.Problems)
			}
		}
	})
}
