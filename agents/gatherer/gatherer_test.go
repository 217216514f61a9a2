package gatherer_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/gatherer"
)

func input() gatherer.Input {
	return gatherer.Input{
		Topic: "How are night trains changing travel in Europe?",
		Question: agents.Question{
			ID: "q1", Text: "What effects of night trains on travel in Europe do the sources report?", Theme: "Reported effects",
			Queries: []string{"night trains travel", "sleeper services"},
		},
		Survey: agents.Held[agents.Survey]{Value: agents.Survey{Documents: []agents.DocumentProfile{{ID: "d_1", Words: 400}, {ID: "d_2", Words: 400}}}},
	}
}

const passages = `{"hits":[
 {"document":"d_1","title":"Night trains and flights","heading":"Results","sentences":[
  {"id":"e_1","text":"Night trains reduced flights in Europe by 8 per cent."},
  {"id":"e_2","text":"However, travel as a whole grew in every year."},
  {"id":"e_3","text":"This was seen in all countries."}]},
 {"document":"d_1","title":"Night trains and flights","heading":"Methods","sentences":[
  {"id":"e_4","text":"Night trains in Europe with improved beds were counted by hand."}]},
 {"document":"d_2","title":"A digest of night train studies","heading":"Conclusion","sentences":[
  {"id":"e_5","text":"Night trains reduced flights within Europe by 8 per cent."},
  {"id":"e_6","text":"Are night trains good for travel in Europe?"}]},
 {"document":"d_3","title":"Soup","heading":"Results","sentences":[
  {"id":"e_7","text":"Hot soup improved the mood of guests in Europe by a tenth."}]}]}`

// gather plays the run: the first move, then moves with the same answer to
// every call, until the output.
func gather(t *testing.T, in gatherer.Input, answer agents.ToolResult) agents.Gathered {
	t.Helper()
	definition, err := gatherer.New().Define()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var results []agents.ToolResult
	for step := range definition.MaxSteps {
		message, err := definition.Offline(raw, step, results)
		if err != nil {
			t.Fatal(err)
		}
		if len(message.ToolCalls) == 0 {
			accepted, err := definition.Accept(raw, []byte(message.Text))
			if err != nil {
				t.Fatal(err)
			}
			var out agents.Gathered
			if err := json.Unmarshal(accepted.Output, &out); err != nil {
				t.Fatal(err)
			}
			return out
		}
		for _, call := range message.ToolCalls {
			answer.CallID, answer.Name = call.ID, call.Name
			results = append(results, answer)
		}
	}
	t.Fatal("the gatherer did not end")
	return agents.Gathered{}
}

func TestGatherSelectsStatementsOnTheTopic(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]json.RawMessage{"plain": json.RawMessage(passages), "fenced": agents.Fence(json.RawMessage(passages))} {
		out := gather(t, input(), agents.ToolResult{Value: value})
		// e_5 concludes what e_1 reports; e_2 turns e_1 and comes only with it.
		if got := out.CitedEvidence(); !slices.Equal(got, []string{"e_5"}) && !slices.Equal(got, []string{"e_1", "e_2"}) {
			t.Errorf("%s: selected %q", name, got)
		}
	}
}

func TestGatherTakesTheTurnWithItsSentence(t *testing.T) {
	t.Parallel()
	one := strings.Replace(passages, "Night trains reduced flights within Europe by 8 per cent.", "Short.", 1)
	out := gather(t, input(), agents.ToolResult{Value: json.RawMessage(one)})
	if got := out.CitedEvidence(); !slices.Equal(got, []string{"e_1", "e_2"}) {
		t.Errorf("selected %q, want the result and the sentence that restricts it", got)
	}
}

func TestGatherSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	for wanted, answer := range map[string]agents.ToolResult{
		"found no passage":   {Value: json.RawMessage(`{"hits":[]}`)},
		"A search failed: q": {Error: "query: is too long"},
		"could not be read":  {Value: json.RawMessage(`[]`)},
	} {
		out := gather(t, input(), answer)
		if len(out.Evidence) != 0 || !strings.Contains(strings.Join(out.Gaps, " "), wanted) {
			t.Errorf("want a gap with %q, got %+v", wanted, out)
		}
	}
}

func TestCheckRefusesRepetitions(t *testing.T) {
	t.Parallel()
	definition, err := gatherer.New().Define()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(input())
	if err != nil {
		t.Fatal(err)
	}
	for wanted, text := range map[string]string{
		"selected twice":   `{"evidence":[{"id":"e_1"},{"id":"e_1"}]}`,
		"nothing selected": `{"evidence":[]}`,
	} {
		if _, err := definition.Accept(raw, []byte(text)); err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("want an error with %q, got %v", wanted, err)
		}
	}
}
