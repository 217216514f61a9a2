// Package analyst is the role that answers one question from the evidence:
// findings with figures, what speaks against them, and what follows.
package analyst

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
)

// Name is the role's name.
const Name = "analyst"

// Input is what the analyst works on. Evidence holds the full records of what
// the gatherer selected.
type Input struct {
	Topic    string                         `json:"topic"`
	Language string                         `json:"language,omitempty"`
	Question agents.Question                `json:"question"`
	Survey   agents.Held[agents.Survey]     `json:"survey"`
	Evidence agents.Held[[]agents.Evidence] `json:"evidence"`
}

// Data prepares text from outside for the prompt: it cannot close the marks it
// stands between.
func (Input) Data(text string) string { return prose.Fenced(text) }

//go:embed prompt.md
var prompt string

// The tools of the analyst.
const (
	toolStatistics = "statistics"
	toolTrend      = "trend"
	toolDocuments  = "documents"
)

// New makes the role.
func New() agents.Agent[Input, agents.Analysis] {
	return agents.Agent[Input, agents.Analysis]{
		Name:        Name,
		Description: "answers one question with findings, figures and counter-arguments",
		Prompt:      prompt,
		Tools:       []string{toolStatistics, toolTrend, toolDocuments},
		Check:       check,
		Offline:     analyse,
	}
}

// maxFindings bounds the findings for one question.
const maxFindings = 24

func check(in Input, out agents.Analysis) error {
	var errs []error
	if out.Question != in.Question.ID {
		errs = append(errs, fmt.Errorf("question: %q given; this analysis is of %q", out.Question, in.Question.ID))
	}
	if len(out.Findings) > maxFindings {
		errs = append(errs, fmt.Errorf("findings: %d given; keep the %d that matter most", len(out.Findings), maxFindings))
	}
	if len(out.Findings) == 0 && len(out.Gaps) == 0 {
		errs = append(errs, errors.New("findings: none given; if the evidence answers nothing, say so in gaps"))
	}
	for i, f := range out.Findings {
		errs = append(errs, checkFinding(i, f)...)
	}
	return errors.Join(errs...)
}

func checkFinding(i int, f agents.Finding) []error {
	var errs []error
	if strings.TrimSpace(f.Statement) == "" {
		errs = append(errs, fmt.Errorf("findings[%d].statement: is empty; write one sentence", i))
	}
	for j, d := range f.DataPoints {
		if !slices.Contains(f.Evidence, d.Evidence) {
			errs = append(errs, fmt.Errorf("findings[%d].data_points[%d].evidence: %q is not among the finding's evidence; list it there or remove the figure", i, j, d.Evidence))
		}
	}
	if c := f.Chart; c != nil && len(c.X) != len(c.Y) {
		errs = append(errs, fmt.Errorf("findings[%d].chart: %d values of x for %d of y; give as many of each", i, len(c.X), len(c.Y)))
	}
	if t := f.Table; t != nil {
		for j, row := range t.Rows {
			if len(row) != len(t.Columns) {
				errs = append(errs, fmt.Errorf("findings[%d].table.rows[%d]: %d cells under %d columns", i, j, len(row), len(t.Columns)))
			}
		}
	}
	return errs
}
