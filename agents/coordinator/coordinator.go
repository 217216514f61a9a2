// Package coordinator is the role that plans a research run: questions,
// queries, tables and the themes of the report.
package coordinator

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
const Name = "coordinator"

// Input is what the coordinator plans from.
type Input struct {
	Topic     string                     `json:"topic"`
	Language  string                     `json:"language,omitempty"`
	Questions []string                   `json:"questions,omitempty"` // asked by the user: kept verbatim, first
	Survey    agents.Held[agents.Survey] `json:"survey"`
}

// Data prepares text from outside for the prompt: it cannot close the marks it
// stands between.
func (Input) Data(text string) string { return prose.Fenced(text) }

//go:embed prompt.md
var prompt string

// New makes the role.
func New() agents.Agent[Input, agents.Plan] {
	return agents.Agent[Input, agents.Plan]{
		Name:        Name,
		Description: "plans the research questions and the structure of the report",
		Prompt:      prompt,
		Check:       check,
		Offline:     plan,
	}
}

// The bounds of a plan.
const (
	minQuestions = 5
	maxQuestions = 7
)

func check(in Input, out agents.Plan) error {
	var errs []error
	if n := len(out.Questions); n < minQuestions || n > maxQuestions {
		errs = append(errs, fmt.Errorf("questions: %d given; write %d to %d", n, minQuestions, maxQuestions))
	}
	for i, asked := range in.Questions[:min(maxQuestions, len(in.Questions))] {
		if i >= len(out.Questions) || !verbatim(out.Questions[i].Text, asked) {
			errs = append(errs, fmt.Errorf("questions[%d].text: must be the user's question, word for word: %q", i, asked))
		}
	}
	seen := make(map[string]bool)
	for i, q := range out.Questions {
		errs = append(errs, checkQuestion(in, out, i, q, seen)...)
	}
	return errors.Join(errs...)
}

// verbatim says that a question is the user's, or as the prompt shows the user's.
func verbatim(text, asked string) bool {
	text = strings.TrimSpace(text)
	return text == strings.TrimSpace(asked) || text == prose.Fenced(asked)
}

func checkQuestion(in Input, out agents.Plan, i int, q agents.Question, seen map[string]bool) []error {
	var errs []error
	if q.ID == "" || seen[q.ID] {
		errs = append(errs, fmt.Errorf("questions[%d].id: %q is empty or used twice; number them q1, q2, …", i, q.ID))
	}
	seen[q.ID] = true
	if strings.TrimSpace(q.Text) == "" {
		errs = append(errs, fmt.Errorf("questions[%d].text: is empty", i))
	}
	if !slices.Contains(out.Structure, q.Theme) {
		errs = append(errs, fmt.Errorf("questions[%d].theme: %q is not in structure %q", i, q.Theme, out.Structure))
	}
	for _, id := range q.Tables {
		if !slices.ContainsFunc(in.Survey.Value.Tables, hasID(id)) {
			errs = append(errs, fmt.Errorf("questions[%d].tables: there is no table %q in the survey", i, id))
		}
	}
	return errs
}
