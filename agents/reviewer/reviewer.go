// Package reviewer is the role that checks a draft: accuracy against its
// evidence, flow, grammar, and what is missing.
package reviewer

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
const Name = "reviewer"

// Input is what the reviewer checks. Round is 0 for the first draft. With Open it
// judges those claims and nothing else.
type Input struct {
	Topic    string                         `json:"topic"`
	Language string                         `json:"language,omitempty"`
	Plan     agents.Held[agents.Plan]       `json:"plan"`
	Draft    agents.Held[agents.Draft]      `json:"draft"`
	Evidence agents.Held[[]agents.Evidence] `json:"evidence"`
	Round    int                            `json:"round"`

	Open *agents.Held[[]agents.OpenClaim] `json:"open,omitempty"`
}

// Data prepares text from outside for the prompt: it cannot close the marks it
// stands between.
func (Input) Data(text string) string { return prose.Fenced(text) }

//go:embed prompt.md
var prompt string

// New makes the role.
func New() agents.Agent[Input, agents.Review] {
	return agents.Agent[Input, agents.Review]{
		Name:        Name,
		Description: "checks the draft for accuracy, flow, grammar and gaps",
		Prompt:      prompt,
		Tools:       []string{toolFactcheck, toolGrammar},
		Check:       check,
		Offline:     answer,
	}
}

// The kinds and severities of an issue.
const (
	accuracy = "accuracy"
	flow     = "flow"
	grammar  = "grammar"
	missing  = "missing"

	major = "major"
	minor = "minor"
)

// maxIssues bounds a review, the gravest first.
const maxIssues = 60

func check(in Input, out agents.Review) error {
	if in.Open != nil {
		return checkJudgements(in.Open.Value, out)
	}
	var errs []error
	if len(out.Judgements) > 0 {
		errs = append(errs, errors.New("judgements: you were given no claims to judge; leave them out"))
	}
	if len(out.Issues) > maxIssues {
		errs = append(errs, fmt.Errorf("issues: %d given; name the %d gravest", len(out.Issues), maxIssues))
	}
	grave := slices.ContainsFunc(out.Issues, func(i agents.Issue) bool { return i.Severity == major })
	switch {
	case out.Accept && grave:
		errs = append(errs, errors.New("accept: is true while an issue is major; make it false, or the issue minor"))
	case !out.Accept && !grave:
		errs = append(errs, errors.New("accept: is false without a major issue; name one, or accept"))
	}
	for i, issue := range out.Issues {
		if issue.Sentence != "" && !hasSentence(in.Draft.Value, issue.Sentence) {
			errs = append(errs, fmt.Errorf("issues[%d].sentence: %q does not stand in the draft; copy the sentence exactly, or leave it empty and name the section", i, issue.Sentence))
		}
	}
	return errors.Join(errs...)
}

func hasSentence(draft agents.Draft, text string) bool {
	for _, s := range draft.Sections {
		for _, p := range s.Paragraphs {
			for _, sentence := range p.Sentences {
				if strings.TrimSpace(sentence.Text) == strings.TrimSpace(text) {
					return true
				}
			}
		}
	}
	return false
}
