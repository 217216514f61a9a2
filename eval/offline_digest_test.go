package eval_test

import (
	"testing"
)

func TestOfflineDigestOfDigitalHealth(t *testing.T) {
	t.Parallel()
	o := setup(t, readFolder(t, sharedData(t, "digital-health")))
	out := o.research("How is AI changing medical devices and care?")
	t.Log(text(out.report()))
	for _, q := range out.plan.Questions {
		t.Logf("%s %s %v %q", q.ID, q.Text, q.Tables, q.Queries)
	}
	for _, r := range out.reviews {
		t.Logf("%+v", r)
	}
}

func TestOfflineDigestsOfOtherFields(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files map[string]string
		topic string
		asked []string
	}{
		"legal":   {legalCorpus(), "Enforceability of non-compete clauses in employment contracts", nil},
		"finance": {financeCorpus(), "What is the impact of interest rates on inflation and investment?", []string{"How did lending react to higher interest rates?"}},
		"climate": {climateCorpus(), "How does climate change affect mountain regions?", nil},
		"german":  {germanCorpus(), "Wie wirken Radwege in der Innenstadt?", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := setup(t, c.files).research(c.topic, c.asked...)
			t.Log(text(out.report()))
			for _, r := range out.reviews {
				t.Logf("%+v", r)
			}
		})
	}
}
