// Package summarizer is the role that summarises a text, or the summaries of
// its parts.
package summarizer

import (
	_ "embed"
	"errors"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
)

// Name is the role's name.
const Name = "summarizer"

// The forms of a summary.
const (
	FormatParagraph = "paragraph"
	FormatBullets   = "bullet_points"
	FormatExecutive = "executive_summary"
)

// Input is what is summarised, and how.
type Input struct {
	Text     string `json:"text"`
	Words    int    `json:"words"` // at most
	Format   string `json:"format"`
	Language string `json:"language,omitempty"` // BCP 47; empty is that of the text
	Partial  bool   `json:"partial,omitempty"`  // the summary will be combined with others
}

// Output is the summary.
type Output struct {
	Summary string `json:"summary"`
}

//go:embed prompt.md
var prompt string

// New makes the role.
func New() agents.Agent[Input, Output] {
	return agents.Agent[Input, Output]{
		Name:        Name,
		Description: "summarises a text, or the summaries of its parts",
		Prompt:      prompt,
		MaxSteps:    1,
		Check:       check,
		Offline:     extract,
	}
}

func check(_ Input, out Output) error {
	if strings.TrimSpace(out.Summary) == "" {
		return errors.New("summary: is empty")
	}
	return nil
}
