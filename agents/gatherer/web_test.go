package gatherer_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/gatherer"
)

func extended(t *testing.T, there ...string) agents.Definition {
	t.Helper()
	definition, err := gatherer.New().Define()
	if err == nil {
		definition, err = definition.Extend(func(tool string) bool { return slices.Contains(there, tool) })
	}
	if err != nil {
		t.Fatal(err)
	}
	return definition
}

func step(t *testing.T, definition agents.Definition, at int, results []agents.ToolResult) agents.Message {
	t.Helper()
	raw, err := json.Marshal(input())
	if err != nil {
		t.Fatal(err)
	}
	message, err := definition.Offline(raw, at, results)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

func called(message agents.Message) (names []string) {
	for _, call := range message.ToolCalls {
		names = append(names, call.Name)
	}
	return names
}

func TestGatherLooksOnTheWebWhereItMay(t *testing.T) {
	t.Parallel()
	definition := extended(t, "websearch", "webpage")
	first := step(t, definition, 0, nil)
	if got := called(first); !slices.Equal(got, []string{"documents", "documents", "websearch", "websearch"}) {
		t.Fatalf("called %q", got)
	}
	var results []agents.ToolResult
	for i, call := range first.ToolCalls {
		value := `{"hits":[]}`
		if call.Name == "websearch" {
			value = fmt.Sprintf(`{"results":[{"url":"https://a.example.com/%d"},{"url":"https://a.example.com/both"},{"url":"https://b.example.com/%d"}]}`, i, i)
		}
		results = append(results, agents.ToolResult{CallID: call.ID, Name: call.Name, Value: agents.Fence(json.RawMessage(value))})
	}
	second := step(t, definition, 1, results)
	if got := called(second); !slices.Equal(got, []string{"webpage", "webpage", "webpage", "webpage", "webpage"}) {
		t.Fatalf("called %q", got)
	}
	for i, wanted := range []string{"a.example.com/2", "a.example.com/3", "a.example.com/both", "b.example.com/2", "b.example.com/3"} {
		if !strings.Contains(string(second.ToolCalls[i].Arguments), wanted) {
			t.Errorf("page %d is %s, not %s", i, second.ToolCalls[i].Arguments, wanted)
		}
	}
	for i, call := range second.ToolCalls {
		result := agents.ToolResult{CallID: call.ID, Name: call.Name, Value: agents.Fence(json.RawMessage(passages))}
		if i > 0 {
			result.Value, result.Error = nil, "url: a.example.com: answered 404 Not Found; the page is not there"
		}
		results = append(results, result)
	}
	last := step(t, definition, 2, results)
	if len(last.ToolCalls) > 0 || !strings.Contains(last.Text, "e_5") || !strings.Contains(last.Text, "answered 404") {
		t.Errorf("the end is %q, %s", called(last), last.Text)
	}
}

func TestGatherWithoutSearchOrPagesStaysWithTheDocuments(t *testing.T) {
	t.Parallel()
	for _, there := range [][]string{nil, {"webpage"}, {"websearch"}} {
		if got := called(step(t, extended(t, there...), 0, nil)); !slices.Equal(got, []string{"documents", "documents"}) {
			t.Errorf("with %q it called %q", there, got)
		}
	}
}
