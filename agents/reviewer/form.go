package reviewer

import (
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
)

// toolGrammar looks at the form of sentences.
const toolGrammar = "grammar"

// formed is what the tool says of a sentence, as far as it is read here.
type formed struct {
	Text  int `json:"text"`
	Edits []struct {
		Reason  string `json:"reason"`
		Certain bool   `json:"certain"`
	} `json:"edits"`
	Mended string `json:"mended"`
}

// askForm asks the tool how sentences are mended whose form is wrong, and works
// its answer into their issues. A draft without such sentences asks nothing:
// the offline writer makes few, and a call costs a step.
func (c *checker) askForm(turn agents.Turn[Input]) ([]agents.ToolCall, error) {
	var at []int
	var texts []string
	for i, issue := range c.issues {
		if issue.Kind == grammar {
			at, texts = append(at, i), append(texts, issue.Sentence)
		}
	}
	answer := slices.IndexFunc(turn.Results, func(r agents.ToolResult) bool { return r.Name == toolGrammar })
	switch {
	case len(texts) == 0:
		return nil, nil
	case answer < 0 && turn.Has(toolGrammar):
		call, err := agents.Call(toolGrammar, struct {
			Texts    []string `json:"texts"`
			Language string   `json:"language,omitempty"`
		}{texts, turn.Input.Language})
		return []agents.ToolCall{call}, err
	case answer < 0:
		return nil, nil
	}
	said, err := agents.Value[struct {
		Texts []formed `json:"texts"`
	}](turn.Results[answer])
	if err != nil {
		return nil, nil //nolint:nilerr // an answer that is none leaves the issues as they are
	}
	for _, form := range said.Texts {
		if form.Text >= 0 && form.Text < len(at) {
			mendForm(&c.issues[at[form.Text]], form)
		}
	}
	return nil, nil
}

// mendForm gives an issue the sentence as the tool mends it, if all is well then.
func mendForm(issue *agents.Issue, form formed) {
	if form.Mended == "" || len(prose.Problems(form.Mended)) > 0 {
		return
	}
	var reasons []string
	for _, edit := range form.Edits {
		if edit.Certain && !slices.Contains(reasons, edit.Reason) {
			reasons = append(reasons, edit.Reason)
		}
	}
	issue.Problem, issue.Suggestion, issue.Rewrite = strings.Join(reasons, "; "), "Write it as it is rewritten.", form.Mended
}
