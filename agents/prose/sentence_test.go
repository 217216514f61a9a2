package prose_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents/prose"
)

func TestStandsUnder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		title, sentence string
		want            bool
	}{
		{"", "Night trains carried 12 per cent more passengers in 2023.", true},
		{"", "• Night trains were punctual on nine of ten days.", true},
		{"", "There was no change in fares between the two timetables.", true},
		{"", "This study found that night trains were seldom late.", true},
		{"", "This was found to hold in every region of the country.", false},
		{"", "However, punctuality fell in the second year of the contract.", false},
		{"", "Although these benefits are assumed, evidence for them is thin.", false},
		{"", "It was also found to depend on the season of the year.", false},
		{"", "All had access to a sleeping car at the main station.", false},
		{"", "Sixty-two (of 80) were given a sleeping car on the way.", false},
		{"", "Sixty-two (of 80) guests were given a sleeping car on the way.", true},
		{"", "With such trains, guests were given a sleeping car on the way.", false},
		{"", "Night trains were late on ten days, which is shown in the 3.", false},
		{"Do sleeper services pay?", "This sleeper service was profitable in its second year.", true},
		{"Do buses pay?", "This sleeper service was profitable in its second year.", false},
		{"", "Are night trains an alternative to flights within Europe?", false},
		{"", "Results for the year", false},
		{"", "Punctuality of night trains by country and season", false},
		{"", "Night trains are", false},
		{"", "night trains were punctual on nine of ten days.", false},
		{"", "The purpose of this study was to compare fares of night trains.", false},
		{"", "We interviewed 40 passengers on board of six night trains.", false},
		{"", "Copyright 2023 by the railway, all rights reserved everywhere.", false},
		{"", "Night trains (see the table were late on ten days.", false},
		{"", "12 34 56 78 90 11 12 13 14 15 is 16 17.", false},
		{"", "Die Nachtzüge waren im Jahr 2023 an neun von zehn Tagen pünktlich.", true},
	} {
		if got := prose.StandsUnder(c.title, c.sentence); got != c.want {
			t.Errorf("StandsUnder(%q, %q) = %v", c.title, c.sentence, got)
		}
	}
}

func TestBoilerplateDoesNotStand(t *testing.T) {
	t.Parallel()
	const stands = "Night trains were late on ten days in the winter of 2023"
	for boilerplate, want := range map[string]bool{
		"":                                    true,
		", see Table":                         false,
		", as table 12a shows":                false,
		" (fig. 3)":                           false,
		" (cf. Appendix)":                     false,
		", a table, 3 chairs":                 true,
		", as Group B was":                    false,
		", and groups b were":                 true,
		", and we then determined the reason": false,
		", and we then had tea":               true,
		", so the survey was carried out":     false,
		", so the survey was carried on":      true,
		", as this brief summarizes":          false,
		", as these briefs summarise":         true,
		", with copyrighted timetables":       false,
		", with unclickable timetables":       true,
		", as is said at www.example.com":     false,
		", and questionnaires were followed":  false,
		", and were Randomly stopped":         false,
	} {
		if got := prose.Standalone(stands + boilerplate + "."); got != want {
			t.Errorf("Standalone(“…%s.”) = %v", boilerplate, got)
		}
	}
}

func TestTurns(t *testing.T) {
	t.Parallel()
	for sentence, want := range map[string]bool{
		"However, no statistical significance backs up this finding.": true,
		"These differences did not reach significance.":               true,
		"These figures exclude private railways.":                     true,
		"These trains were new.":                                      false,
		"Night trains did not run in winter.":                         false,
	} {
		if got := prose.Turns(sentence); got != want {
			t.Errorf("Turns(%q) = %v", sentence, got)
		}
	}
}

func TestProblemsAndMend(t *testing.T) {
	t.Parallel()
	for sentence, want := range map[string]string{
		"Trains ran late.":                        "Trains ran late.",
		"Trains ran late":                         "Trains ran late.",
		"Trains ran ran late.":                    "Trains ran late.",
		"- **Trains** ran  late ,":                "Trains ran late.",
		"The report says: “Trains ran late.":      "The report says: “Trains ran late.”",
		"Trains (and buses) had had a bad year.":  "Trains (and buses) had had a bad year.",
		"“Late?” (2014) reports: “Trains stood.”": "“Late?” (2014) reports: “Trains stood.”",
	} {
		broken := sentence != want
		if problems := prose.Problems(sentence); (len(problems) > 0) != broken {
			t.Errorf("Problems(%q) = %q", sentence, problems)
		}
		if got := prose.Mend(sentence); got != want {
			t.Errorf("Mend(%q) = %q, want %q", sentence, got, want)
		}
	}
	if got := prose.Problems("Trains (and buses ran late."); len(got) == 0 {
		t.Error("an open bracket was not found")
	}
}

func TestSame(t *testing.T) {
	t.Parallel()
	const a = "Night trains carried 12 per cent more passengers in 2023 than before."
	for b, want := range map[string]bool{
		"In 2023 night trains carried 12 per cent more passengers than before.": true,
		"Night trains carried 17 per cent more passengers in 2023 than before.": false,
		"Buses were cheaper on the same routes.":                                false,
	} {
		if got := prose.Same(a, b); got != want {
			t.Errorf("Same(…, %q) = %v", b, got)
		}
	}
}

func TestGist(t *testing.T) {
	t.Parallel()
	for sentence, want := range map[string]string{
		"Night trains carried more passengers in 2023 than ever before, which surprised the ministry.":       "Night trains carried more passengers in 2023 than ever before",
		"Night trains carried more passengers in 2023 than before, but only on two lines.":                   "Night trains carried more passengers in 2023 than before, but only on two lines",
		"Planners must know the passengers, the lines on which they travel, and the stations that they use.": "Planners must know the passengers, the lines on which they travel, and the stations that they use",
	} {
		if got := prose.Gist(sentence); got != want {
			t.Errorf("Gist(%q) = %q", sentence, got)
		}
	}
}

func TestSentenceFacets(t *testing.T) {
	t.Parallel()
	for sentence, want := range map[string]prose.Facet{
		"Railways should publish delays.":                                      prose.Advice,
		"Further research is needed on winter traffic.":                        prose.Limits,
		"The new timetable did not change punctuality.":                        prose.Contrary,
		"Night work raises the risk of accidents.":                             prose.Harms,
		"Traffic grew over time.":                                              prose.Development,
		"The majority of passengers were students.":                            prose.Distribution,
		"The new timetable reduced delays.":                                    prose.Effects,
		"Although trains did not run in May, traffic grew over the period.":    prose.Development,
		"Die Bahn sollte Verspätungen veröffentlichen, sagt der Ausschuss so.": prose.Advice,
	} {
		if got := prose.SentenceFacets(sentence); len(got) == 0 || got[0] != want {
			t.Errorf("SentenceFacets(%q) = %q, want %q first", sentence, got, want)
		}
	}
}

func FuzzMend(f *testing.F) {
	for _, seed := range []string{"", "a a a", "“", "((", "**x", "ｘ\x80", "Trains ran ran late ,"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		mended := prose.Mend(text)
		if strings.Contains(mended, "\n") {
			t.Errorf("Mend(%q) = %q has a line break", text, mended)
		}
		prose.StandsUnder(text, text)
		prose.Gist(text)
		if facets := prose.SentenceFacets(text); len(slices.Compact(facets)) != len(facets) {
			t.Errorf("SentenceFacets(%q) = %q repeats", text, facets)
		}
	})
}
