package eval_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/factcheck"
	"github.com/quaestor-run/quaestor/tools/toolstest"
	"github.com/quaestor-run/quaestor/workflows"
)

// Abstracts of five hundred studies measure five hundred things: hardly any two
// of their sentences may be taken to conflict.
func TestStudiesDoNotConflict(t *testing.T) {
	t.Parallel()
	var sentences []factcheck.Evidence
	for _, a := range readAbstracts(t) {
		for n := range a.sentences {
			sentences = append(sentences, a.evidence(n))
		}
	}
	for name, text := range readFolder(t, filepath.Join(toolstest.Data(t, "digital-health"), "abstracts")) {
		for n, s := range cutSentences(text) {
			sentences = append(sentences, factcheck.Evidence{ID: fmt.Sprintf("%s-%d", name, n), Citation: tools.Citation{SHA256: name, Quote: s}})
		}
	}
	// Every ninth sentence at a time: each is held against many others.
	reader := factcheck.NewReader(factcheck.Among(sentences))
	conflicts := 0
	for part := range 9 {
		var ids []string
		for i := part; i < len(sentences); i += 9 {
			ids = append(ids, sentences[i].ID)
		}
		for _, c := range reader.Conflicts(ids) {
			conflicts++
			t.Logf("%+v", c)
		}
	}
	if len(sentences) < 4000 || conflicts > 1 {
		t.Errorf("%d conflicts among %d sentences", conflicts, len(sentences))
	}
}

// Two sources that give different figures are set side by side, each cited; no
// figure between them is in the report.
func TestConflictingFiguresAreTabled(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"railways.md": "---\ntitle: Night trains counted by the railways\nyear: 2020\n---\n\n# Night trains counted by the railways\n\n" +
			"Night trains in Europe carried 1.2 million passengers in 2019. Demand for night trains in Europe increased after 2016.\n",
		"ministry.md": "---\ntitle: Night trains counted by the ministry\nyear: 2020\n---\n\n# Night trains counted by the ministry\n\n" +
			"Night trains in Europe carried 1.6 million passengers in 2019. Operators of night trains in Europe lack sleeper cars.\n",
	}
	l := newLaboratory(t, func(brain provider.Provider) provider.Provider { return brain })
	run := l.research(t, "r_conflict", files, workflows.ResearchRequest{Topic: "How many passengers do night trains in Europe carry?", MaxIterations: 1})
	var rows [][]string
	var references []int
	for _, section := range run.report.Sections {
		for _, table := range section.Tables {
			if strings.HasPrefix(table.Caption, "Conflicting figures") {
				rows, references = append(rows, table.Rows...), table.References
			}
		}
	}
	if len(rows) != 2 || rows[0][1] == rows[1][1] || len(references) != 2 || references[0] == references[1] {
		t.Fatalf("the table has %q, citing %v:\n%s", rows, references, run.report.Markdown)
	}
	if strings.Contains(run.report.Markdown, "1.4 million") {
		t.Error("the figures were averaged")
	}
	for _, wanted := range []string{"1.2 million", "1.6 million", "Night trains counted by the ministry (2020)"} {
		if !strings.Contains(run.report.Markdown, wanted) {
			t.Errorf("the report does not have %q", wanted)
		}
	}
}
