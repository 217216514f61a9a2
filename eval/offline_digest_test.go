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
