package reviewer

import (
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
)

// toolFactcheck holds sentences against the evidence they cite.
const toolFactcheck = "factcheck"

// claim and verdict are what the tool takes and gives, as far as it is read
// here.
type claim struct {
	Text      string   `json:"text"`
	Evidence  []string `json:"evidence"`
	Synthesis bool     `json:"synthesis,omitempty"`
}

type verdict struct {
	Status   agents.ClaimStatus `json:"status"`
	Problems []struct {
		Kind   string `json:"kind"`
		Reason string `json:"reason"`
	} `json:"problems"`
}

// cited lists the sentences of a draft that cite evidence.
func cited(draft agents.Draft) []claim {
	var claims []claim
	for section, s := range draft.Statements() {
		if len(s.Evidence) > 0 {
			claims = append(claims, claim{s.Text, s.Evidence, section.Kind.Synthesis()})
		}
	}
	return claims
}

// verdicts reads what the tool said of the claims, in their order. Where it
// said nothing there are none, and the draft is reviewed without them: a run may
// have started with a version of the reviewer that has no such tool.
func verdicts(results []agents.ToolResult, claims []claim) []verdict {
	for _, result := range results {
		said, err := agents.Value[struct {
			Verdicts []verdict `json:"verdicts"`
		}](result)
		if err == nil && len(said.Verdicts) == len(claims) {
			return said.Verdicts
		}
	}
	return nil
}

// unsupported says what a sentence claims that its evidence does not hold.
func (c *checker) unsupported(kind agents.SectionKind, s agents.Statement) (problem, suggestion string) {
	if len(s.Evidence) == 0 {
		if kind == agents.SectionFindings {
			return "a sentence of findings cites no evidence", "Cite what it stands on, or leave it out."
		}
		return "", ""
	}
	if len(c.verdicts) == 0 {
		return "", ""
	}
	v := c.verdicts[0] // the next: sentences come in the order in which they were asked about
	c.verdicts = c.verdicts[1:]
	if v.Status.Shown() {
		return "", ""
	}
	var reasons []string
	for _, p := range v.Problems {
		if !slices.Contains(reasons, p.Reason) {
			reasons = append(reasons, p.Reason)
		}
		if suggestion == "" {
			suggestion = advice(p.Kind)
		}
	}
	return strings.Join(reasons, "; "), suggestion
}

func advice(kind string) string {
	switch kind {
	case "citation":
		return "Cite evidence of the run, or leave it out."
	case "quote":
		return "Quote word for word."
	case "number", "unit", "date":
		return "State the figure of the evidence, or leave it out."
	}
	return "Say what the evidence says, or leave it out."
}
