// Package gatherer is the role that searches the sources for one question and
// selects the evidence worth analysing.
package gatherer

import (
	_ "embed"
	"errors"
	"fmt"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
)

// Name is the role's name.
const Name = "gatherer"

// Input is what the gatherer searches for.
type Input struct {
	Topic    string                     `json:"topic"`
	Language string                     `json:"language,omitempty"`
	Question agents.Question            `json:"question"`
	Survey   agents.Held[agents.Survey] `json:"survey"`
}

// Data prepares text from outside for the prompt: it cannot close the marks it
// stands between.
func (Input) Data(text string) string { return prose.Fenced(text) }

//go:embed prompt.md
var prompt string

//go:embed websearch.md
var promptSearch string

//go:embed webpage.md
var promptPage string

//go:embed sqlquery.md
var promptQuery string

// New makes the role.
func New() agents.Agent[Input, agents.Gathered] {
	return agents.Agent[Input, agents.Gathered]{
		Name:        Name,
		Description: "searches the sources for one question and selects evidence",
		Prompt:      prompt,
		Tools:       []string{toolDocuments},
		Extensions: []agents.Extension{
			{Tools: []string{toolWebSearch}, Prompt: promptSearch},
			{Tools: []string{toolWebPage}, Prompt: promptPage},
			{Tools: []string{toolQuery}, Prompt: promptQuery},
		},
		Check:   check,
		Offline: gather,
	}
}

// maxEvidence bounds what one question may hand on.
const maxEvidence = 40

func check(_ Input, out agents.Gathered) error {
	var errs []error
	if len(out.Evidence) > maxEvidence {
		errs = append(errs, fmt.Errorf("evidence: %d selected; keep the %d most telling", len(out.Evidence), maxEvidence))
	}
	if len(out.Evidence) == 0 && len(out.Gaps) == 0 {
		errs = append(errs, errors.New("evidence: nothing selected; search again, or say in gaps what was looked for and not found"))
	}
	seen := make(map[string]bool)
	for i, s := range out.Evidence {
		if seen[s.ID] {
			errs = append(errs, fmt.Errorf("evidence[%d].id: %q is selected twice; keep it once", i, s.ID))
		}
		seen[s.ID] = true
	}
	return errors.Join(errs...)
}
