package eval_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
	"github.com/quaestor-run/quaestor/agents/writer"
	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/tools/toolstest"
)

const healthTopic = "How is AI changing medical devices and care?"

func TestOfflineDigestOfDigitalHealth(t *testing.T) {
	t.Parallel()
	folder := toolstest.Data(t, "digital-health")
	o := setup(t, readFolder(t, folder))
	out := o.research(healthTopic)
	report := text(out.report())
	t.Log(report)
	sound(t, o, out)

	if n := citedSentences(out.report()); n < 15 {
		t.Errorf("%d sentences of findings are cited, want at least 15", n)
	}
	for _, wanted := range []string{
		"computer-aided diagnosis (CAD)", "Search engine as a diagnostic tool", "health information exchange", "Web-based systems",
		"robot-assisted radical cystectomy", "Digital Tomosynthesis", "implantable electronic devices", "Prompting Primary Care Providers",
		"FDA AI devices May 2024", "AI device adverse events 943",
	} {
		if !strings.Contains(report, wanted) {
			t.Errorf("the report does not use %q", wanted)
		}
	}
	for _, stray := range []string{"appendicitis", "pancreaticoduodenectomy", "Papanicolaou", "pleural effusion", "scoliosis", "automatic transmission", "conization", "hydatidiform"} {
		if strings.Contains(report, stray) {
			t.Errorf("the report quotes an off-topic source on %q", stray)
		}
	}
	s, first, last := yearlyTrend(t, filepath.Join(folder, "fda_ai_devices_may2024.csv"), 2008, 2023)
	for _, wanted := range []string{
		fmt.Sprintf("rose from %d in 2008 to %d in 2023", first, last), fmt.Sprintf("n = 16 years, S = %d, p < 0.001", s),
		"2024 is incomplete in “FDA AI devices May 2024” and was left out of the test, because its data end on 2024-03-29 (45 records so far).",
	} {
		if !strings.Contains(report, wanted) {
			t.Errorf("the report does not say %q", wanted)
		}
	}
}

// yearlyTrend counts the rows of the FDA's list for each year, and the
// Mann-Kendall S over the years, in the plainest way.
func yearlyTrend(t *testing.T, path string, from, to int) (s, first, last int) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	counts := make([]int, to-from+1)
	for _, row := range rows[1:] {
		var month, day, year int
		if _, err := fmt.Sscanf(row[0], "%d/%d/%d", &month, &day, &year); err != nil {
			t.Fatal(err)
		}
		if year >= from && year <= to {
			counts[year-from]++
		}
	}
	for i, a := range counts {
		for _, b := range counts[i+1:] {
			switch {
			case b > a:
				s++
			case b < a:
				s--
			}
		}
	}
	return s, counts[0], counts[len(counts)-1]
}

func TestOfflineDigestOfSamples(t *testing.T) {
	t.Parallel()
	o := setup(t, readFolder(t, filepath.Join("..", "configs", "samples", "documents")))
	out := o.research(healthTopic)
	t.Log(text(out.report()))
	sound(t, o, out)
	if n := citedSentences(out.report()); n < 15 {
		t.Errorf("%d sentences of findings are cited, want at least 15", n)
	}
	tables, charts := 0, 0
	for _, s := range out.report().Sections {
		tables += len(s.Tables)
		charts += len(s.Charts)
	}
	if tables == 0 || charts == 0 {
		t.Errorf("%d tables and %d charts, want at least one of each", tables, charts)
	}
}

func TestOfflineDigestsOfOtherFields(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files         map[string]string
		topic         string
		asked         []string
		wanted, stray []string
	}{
		"legal": {
			files: legalCorpus(), topic: "Enforceability of non-compete clauses in employment contracts",
			wanted: []string{
				"“Bridle Saddlery Ltd v Harrow” (2019) states: “The court held that the non-compete clause was void because it reached further than the employer's legitimate interest. However, the clause on trade secrets was upheld.”",
				"No significant difference in wages", "Employers should limit a non-compete clause",
				"The number of records per year in “Disputes”, counted by “filed”, rose from 7 in 2012 to 16 in 2021",
			},
			stray: []string{"tulips", "park behind", "all rights reserved", "This decision is often cited"},
		},
		"finance": {
			files: financeCorpus(), topic: "What is the impact of interest rates on inflation and investment?",
			asked: []string{"How did lending react to higher interest rates?"},
			wanted: []string{
				"## How did lending react to higher interest rates?", "reduced mortgage lending by 18 per cent", "did not change investment",
				"The figure for “inflation rate” per month in “Prices” rose from 1.5 in 2019-01 to 8.1 in 2023-12", "The document “broken.pdf” could not be read",
			},
			stray: []string{"canteen", "We collected survey answers"},
		},
		"climate": {
			files: climateCorpus(), topic: "How does climate change affect mountain regions?",
			wanted: []string{
				"Global warming is the most likely driver of the retreat", "Snow cover on the northern slopes did not change significantly",
				"The mean of “mean temperature c” per year in “Stations” rose", "Water authorities should plan",
			},
			stray: []string{"soup", "Heavy rainfall damages roads"},
		},
		"a table in a page": {
			files: map[string]string{"power.html": powerPage()}, topic: "How has solar capacity in Europe grown?",
			wanted: []string{
				"“Installed solar (GW)” per year in “Installed capacity in Europe” rose from 71 in 2012 to 225.5 in 2022 (Mann-Kendall test",
				"Of what “Solar capacity by country” lists, “Germany” has the highest figure for “megawatts” (2205), followed by “Italy” (1012) and “Spain” (955).",
				"The search covered 1 document, which holds 2 tables with 14 records.",
			},
			stray: []string{"provisional"},
		},
		"german": {
			files: germanCorpus(), topic: "Wie wirken Radwege in der Innenstadt?",
			wanted: []string{"haben die Zahl der Unfälle in der Innenstadt um 23 Prozent gesenkt"},
			stray:  []string{"Parkgebühren"},
		},
		"nothing": {
			files: map[string]string{"soup.md": climateCorpus()["recipes.md"]}, topic: "Bond yields in the eurozone",
			wanted: []string{"The sources hold nothing that could be quoted or computed on this topic."},
			stray:  []string{"lentils"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := setup(t, c.files)
			out := o.research(c.topic, c.asked...)
			report := text(out.report())
			t.Log(report)
			sound(t, o, out)
			for _, wanted := range c.wanted {
				if !strings.Contains(report, wanted) {
					t.Errorf("the report does not say %q", wanted)
				}
			}
			for _, stray := range c.stray {
				if strings.Contains(report, stray) {
					t.Errorf("the report says %q, which is off the topic or no statement", stray)
				}
			}
		})
	}
}

func TestOfflineDigestIsDeterministic(t *testing.T) {
	t.Parallel()
	digest := func() string {
		out := setup(t, climateCorpus()).research("How does climate change affect mountain regions?")
		raw, err := json.Marshal(out.report())
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if a, b := digest(), digest(); a != b {
		t.Errorf("two runs differ:\n%s\n%s", a, b)
	}
}

func TestComposePartialFromWhatExists(t *testing.T) {
	t.Parallel()
	o := setup(t, legalCorpus())
	out := o.research("Enforceability of non-compete clauses in employment contracts")
	for name, input := range map[string]writer.Input{
		"nothing":        {},
		"only a survey":  {Survey: hold(out.survey)},
		"no analysis":    {Survey: hold(out.survey), Plan: hold(out.plan), Evidence: hold(out.evidence)},
		"no plan at all": {Evidence: hold(out.evidence)},
		"one analysis":   {Survey: hold(out.survey), Plan: hold(out.plan), Evidence: hold(out.evidence), Analyses: []agents.Held[agents.Analysis]{hold(out.analyses[0])}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			input.Topic, input.Notice = "Enforceability of non-compete clauses", "The budget of 100 tokens is used up"
			draft := writer.Compose(input)
			report := text(draft)
			if !strings.HasPrefix(draft.Title, "Partial report: ") || !strings.Contains(report, "This is a partial report: The budget of 100 tokens is used up.") {
				t.Errorf("the report is not labelled as partial:\n%s", report)
			}
			if len(input.Evidence.Value) > 0 && citedSentences(draft) == 0 {
				t.Errorf("none of the %d pieces of evidence is quoted:\n%s", len(input.Evidence.Value), report)
			}
		})
	}
}

// sound checks what holds of every digest: it was accepted, every piece of
// evidence stands in its source, every quotation in its evidence, and no
// sentence is broken or said twice.
func sound(t *testing.T, o *offline, out outcome) {
	t.Helper()
	if last := out.reviews[len(out.reviews)-1]; !last.Accept || len(out.reviews) > 3 {
		t.Errorf("after %d reviews the draft has the issues %+v", len(out.reviews), last.Issues)
	}
	byID := make(map[string]agents.Evidence)
	for _, e := range out.evidence {
		byID[e.ID] = e
		if err := o.corpora.Verify(t.Context(), e); err != nil {
			t.Error(err)
		}
	}
	for _, draft := range out.drafts {
		for _, claim := range activity.Claims(draft, out.evidence) {
			if claim.Status != agents.ClaimSupported {
				t.Logf("%s: %q (%s): %+v", claim.Status, claim.Text, claim.Section, claim.Problems)
			}
			if !claim.Status.Shown() {
				t.Errorf("a claim that is not shown: %+v", claim)
			}
		}
	}
	if score := activity.Score(out.report(), out.evidence); score.Marked > 0 || score.Claims > 0 && score.Recall < 0.75 {
		t.Errorf("scorecard %+v", score)
	} else {
		t.Logf("scorecard %+v", score)
	}
	var said []string
	for _, section := range out.report().Sections {
		for _, paragraph := range section.Paragraphs {
			for _, s := range paragraph.Sentences {
				if slices.Contains(said, s.Text) {
					t.Errorf("said twice: %q", s.Text)
				}
				said = append(said, s.Text)
				if problems := prose.Problems(s.Text); len(problems) > 0 {
					t.Errorf("%q: %v", s.Text, problems)
				}
				if section.Kind == agents.SectionFindings && len(s.Evidence) == 0 {
					t.Errorf("a sentence of findings without evidence: %q", s.Text)
				}
				verbatim(t, s, byID)
			}
		}
	}
}

var attributed = regexp.MustCompile(`: “(.+)”\.?$`)

// verbatim checks that the attributed quotation of a sentence is, white space
// and inner quotation marks aside, the text of its evidence.
func verbatim(t *testing.T, s agents.Statement, byID map[string]agents.Evidence) {
	t.Helper()
	match := attributed.FindStringSubmatch(s.Text)
	if match == nil || len(s.Evidence) == 0 {
		return
	}
	var quotes []string
	for _, id := range s.Evidence {
		quotes = append(quotes, byID[id].Quote)
	}
	if !strings.Contains(prose.Inner(strings.Join(quotes, " ")), match[1]) {
		t.Errorf("%q is not in its evidence %q", match[1], quotes)
	}
}

func citedSentences(d agents.Draft) int {
	n := 0
	for _, section := range d.Sections {
		if section.Kind != agents.SectionFindings {
			continue
		}
		for _, paragraph := range section.Paragraphs {
			for _, s := range paragraph.Sentences {
				if len(s.Evidence) > 0 {
					n++
				}
			}
		}
	}
	return n
}
