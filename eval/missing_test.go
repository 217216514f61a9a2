package eval_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/reviewer"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// critic misses something in every draft.
type critic struct{ provider.Provider }

func (c critic) Converse(ctx context.Context, req provider.Request) (provider.Response, error) {
	response, err := c.Provider.Converse(ctx, req)
	var review agents.Review
	if req.Agent == reviewer.Name && err == nil && json.Unmarshal([]byte(response.Message.Text), &review) == nil {
		review.Missing = append(review.Missing, "what patients themselves say")
		raw, _ := json.Marshal(review)
		response.Message.Text = string(raw)
	}
	return response, err
}

func TestTheReportNamesMissingPerspectives(t *testing.T) {
	t.Parallel()
	documents, _ := hosts(t)
	l := newLaboratory(t, func(brain provider.Provider) provider.Provider { return critic{brain} })
	run := l.research(t, "r_missing", documents, healthRequest())
	_, limitations, _ := strings.Cut(run.report.Markdown, "## Limitations")
	if !strings.Contains(limitations, "The review found these perspectives missing: “what patients themselves say”") {
		t.Errorf("the limitations are:\n%.2000s", limitations)
	}
}
