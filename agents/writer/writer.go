// Package writer is the role that writes the report from the analyses and
// mends it after a review.
package writer

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
)

// Name is the role's name.
const Name = "writer"

// Input is what the writer works on. With Previous it refines that draft by
// Review and Comments; without, it writes the first one. Every field but Topic
// may be empty.
type Input struct {
	Topic    string                         `json:"topic"`
	Language string                         `json:"language,omitempty"`
	Plan     agents.Held[agents.Plan]       `json:"plan"`
	Survey   agents.Held[agents.Survey]     `json:"survey"`
	Analyses []agents.Held[agents.Analysis] `json:"analyses"`
	Evidence agents.Held[[]agents.Evidence] `json:"evidence"`
	Previous *agents.Held[agents.Draft]     `json:"previous,omitempty"`
	Review   *agents.Held[agents.Review]    `json:"review,omitempty"`
	Comments string                         `json:"comments,omitempty"` // a person's, on the previous draft
	Notice   string                         `json:"notice,omitempty"`   // why the report is partial; empty for a whole one

	// Of a long report one call writes a part: what Part says, and Written are
	// the findings as others wrote them.
	Part    *Part                      `json:"part,omitempty"`
	Written *agents.Held[agents.Draft] `json:"written,omitempty"`
}

// Data prepares text from outside for the prompt: it cannot close the marks it
// stands between.
func (Input) Data(text string) string { return prose.Fenced(text) }

//go:embed prompt.md
var prompt string

// New makes the role.
func New() agents.Agent[Input, agents.Draft] {
	return agents.Agent[Input, agents.Draft]{
		Name:        Name,
		Description: "writes the report and refines it",
		Prompt:      prompt,
		Check:       check,
		Offline:     write,
	}
}

func write(turn agents.Turn[Input]) (agents.Move[agents.Draft], error) {
	if turn.Input.Part != nil {
		return agents.Done(writePart(turn.Input)), nil
	}
	if turn.Input.Previous != nil {
		return agents.Done(refine(turn.Input)), nil
	}
	return agents.Done(Compose(turn.Input)), nil
}

// required are the sections a report has, in their order.
func required() []agents.SectionKind {
	return []agents.SectionKind{
		agents.SectionSummary, agents.SectionIntroduction, agents.SectionFindings, agents.SectionAnalysis,
		agents.SectionRecommendations, agents.SectionConclusion, agents.SectionLimitations,
	}
}

func check(in Input, out agents.Draft) error {
	var errs []error
	if in.Part != nil {
		errs = append(errs, checkPart(in, out))
	}
	for _, kind := range required() {
		if in.Part != nil && (!in.Part.frame() || kind == agents.SectionFindings) {
			continue
		}
		if kind == agents.SectionFindings && len(in.Evidence.Value) == 0 {
			continue // without evidence there is nothing to find
		}
		if !slices.ContainsFunc(out.Sections, func(s agents.Section) bool { return s.Kind == kind }) {
			errs = append(errs, fmt.Errorf("sections: there is none of kind %q; a report has %q", kind, required()))
		}
	}
	known := make(map[string]bool)
	for _, e := range in.Evidence.Value {
		known[e.ID] = true
	}
	for i, s := range out.Sections {
		for j, p := range s.Paragraphs {
			for k, sentence := range p.Sentences {
				errs = append(errs, checkSentence(fmt.Sprintf("sections[%d].paragraphs[%d].sentences[%d]", i, j, k), s.Kind, sentence, known)...)
			}
		}
	}
	return errors.Join(errs...)
}

func checkSentence(at string, kind agents.SectionKind, s agents.Statement, known map[string]bool) []error {
	var errs []error
	if kind == agents.SectionFindings && len(s.Evidence) == 0 {
		errs = append(errs, fmt.Errorf("%s.evidence: is empty; a sentence of findings cites what it stands on, or is left out", at))
	}
	for _, id := range s.Evidence {
		if !known[id] {
			errs = append(errs, fmt.Errorf("%s.evidence: there is no evidence %q; use only the ids you were given", at, id))
		}
	}
	return errs
}
