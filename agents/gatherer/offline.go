package gatherer

import (
	"errors"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
)

// gather searches with all queries at once, then reads on in the documents
// that turn out to be about the topic, and selects from all it has seen.
func gather(turn agents.Turn[Input]) (agents.Move[agents.Gathered], error) {
	in := turn.Input
	if turn.Step == 0 {
		if searches := firstSearches(in); len(searches) > 0 {
			return move(calls(toolDocuments, searches), webSearches(turn))
		}
	}
	topic, seen := prose.ParseTopic(in.Topic, in.Survey.Value.Titles()...), merge(turn.Results)
	if turn.Step == 1 {
		searches, pages := readOn(in, topic, seen), webPages(turn)
		if len(searches)+len(pages) > 0 {
			return move(calls(toolDocuments, searches), calls(toolWebPage, pages))
		}
	}
	return agents.Done(selectFrom(in, topic, seen)), nil
}

func firstSearches(in Input) []search {
	var calls []search
	for _, query := range in.Question.Queries {
		if query = strings.TrimSpace(query); query != "" {
			calls = append(calls, search{Query: query, Limit: passagesPerSearch})
		}
	}
	return calls
}

// toolCalls are calls of one tool, or why they could not be written.
type toolCalls struct {
	calls []agents.ToolCall
	err   error
}

func calls[In any](tool string, inputs []In) toolCalls {
	var made toolCalls
	for _, input := range inputs {
		call, err := agents.Call(tool, input)
		made.calls, made.err = append(made.calls, call), errors.Join(made.err, err)
	}
	return made
}

func move(parts ...toolCalls) (agents.Move[agents.Gathered], error) {
	var all agents.Move[agents.Gathered]
	for _, part := range parts {
		if part.err != nil {
			return all, part.err
		}
		all.Calls = append(all.Calls, part.calls...)
	}
	return all, nil
}

// gathered puts the choice into the role's words, and says what is missing.
func gathered(in Input, topic prose.Topic, chosen []candidate, seen reading) agents.Gathered {
	out := agents.Gathered{Evidence: []agents.Selection{}}
	direct := false
	for _, c := range chosen {
		direct = direct || c.relevance.Tier == prose.Direct
		out.Evidence = append(out.Evidence, agents.Selection{ID: c.ID, Relevance: c.why()})
		if c.next != nil && prose.Turns(c.next.Text) {
			out.Evidence = append(out.Evidence, agents.Selection{ID: c.next.ID, Relevance: "restricts the sentence before it"})
		}
	}
	question := prose.Quote(in.Question.Text)
	switch {
	case len(chosen) == 0 && len(seen.passages) == 0:
		out.Gaps = append(out.Gaps, "The searches for "+question+" found no passage.")
	case len(chosen) == 0:
		out.Gaps = append(out.Gaps, "No passage that was found answers "+question+" in a sentence that can be quoted.")
	case !direct && topic.Subject != "":
		out.Gaps = append(out.Gaps, "For "+question+" no quotable sentence names "+subjectName(topic)+" itself; what was selected speaks of related subjects.")
	}
	for _, failure := range seen.failures {
		out.Gaps = append(out.Gaps, "A search failed: "+prose.Close(prose.Shorten(failure, 200)))
	}
	return out
}

func subjectName(topic prose.Topic) string {
	if topic.Phrase == "the topic" || len(strings.Fields(topic.Subject)) > 6 {
		return "the subject"
	}
	return topic.Subject
}

func (c candidate) why() string {
	switch c.relevance.Tier {
	case prose.Direct:
		return "names the subject"
	case prose.Related:
		return "related subject: " + c.relevance.Term
	default:
		return "same field"
	}
}
