package offline_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/offline"
	"github.com/quaestor-run/quaestor/tools"
)

type question struct {
	Text string `json:"text"`
}

type answer struct {
	Text  string `json:"text"`
	Step  int    `json:"step"`
	Found string `json:"found"`
}

func connect(t *testing.T) *offline.Provider {
	t.Helper()
	return connectFor(t)
}

func connectFor(tb testing.TB) *offline.Provider {
	tb.Helper()
	reader, err := agents.Agent[question, answer]{
		Name: "reader", Prompt: "Read {{.Text}}.",
		Offline: func(turn agents.Turn[question]) (agents.Move[answer], error) {
			if turn.Input.Text == "fail" {
				return agents.Move[answer]{}, errors.New("nothing to read")
			}
			if turn.Step == 0 {
				call, err := agents.Call("search", turn.Input)
				return agents.Move[answer]{Calls: []agents.ToolCall{call, call}}, err
			}
			var found string
			for _, result := range turn.Results {
				found += string(result.Value)
			}
			return agents.Done(answer{Text: turn.Input.Text, Step: turn.Step, Found: found}), nil
		},
	}.Define()
	if err != nil {
		tb.Fatal(err)
	}
	return offline.New(func(name string) (agents.Definition, bool) { return reader, name == "reader" })
}

func request(text string) provider.Request {
	input, _ := json.Marshal(question{Text: text})
	return provider.Request{
		Agent: "reader", Input: input, System: "12345678", MaxTokens: 1000,
		Messages: []agents.Message{{Role: agents.RoleUser, Text: "Go."}},
		Tools:    []tools.Spec{{Name: "search", Description: "finds", Input: json.RawMessage(`{}`)}},
	}
}

func TestTheBrainMakesItsMoves(t *testing.T) {
	t.Parallel()
	p, req := connect(t), request("page")
	first, err := p.Converse(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Message.ToolCalls) != 2 || first.StopReason != provider.StopToolCalls || first.Message.ToolCalls[0].ID == first.Message.ToolCalls[1].ID {
		t.Fatalf("first move %+v", first)
	}
	// 8 of the system, 3 of the message, 6 + 5 + 2 of the tool: 24 bytes.
	if first.Usage.Input != 6 || first.Usage.Output != 11 { // twice 6 + 15: 42 bytes
		t.Errorf("usage %+v", first.Usage)
	}
	req.Messages = append(req.Messages, first.Message, agents.Message{Role: agents.RoleTool, ToolResults: []agents.ToolResult{
		{CallID: "call_0_0", Name: "search", Value: json.RawMessage(`1`)}, {CallID: "call_0_1", Name: "search", Value: json.RawMessage(`2`)},
	}})
	last, err := p.Converse(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if last.Message.Text != `{"text":"page","step":1,"found":"12"}` || last.StopReason != provider.StopEnd {
		t.Errorf("last move %+v", last)
	}
	counted, err := p.CountInput(t.Context(), req)
	if err != nil || counted != last.Usage.Input {
		t.Errorf("counted %d, used %d, %v", counted, last.Usage.Input, err)
	}
}

func TestAnAnswerAboveMaxTokensIsCut(t *testing.T) {
	t.Parallel()
	req := request(strings.Repeat("é", 500))
	req.MaxTokens = 20
	req.Messages = append(req.Messages, agents.Message{Role: agents.RoleAssistant})
	got, err := connect(t).Converse(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if got.StopReason != provider.StopLength || got.Usage.Output > 20 || !utf8.ValidString(got.Message.Text) || len(got.Message.Text) < 78 {
		t.Errorf("response %+v", got)
	}
}

func TestFailuresAreFree(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*provider.Request){
		"unknown agent": func(r *provider.Request) { r.Agent = "stranger" },
		"no input":      func(r *provider.Request) { r.Input = nil },
		"brain fails":   func(r *provider.Request) { r.Input = json.RawMessage(`{"text":"fail"}`) },
	} {
		req := request("page")
		change(&req)
		_, err := connect(t).Converse(t.Context(), req)
		var failed *provider.Error
		if !errors.As(err, &failed) || failed.Class != provider.ClassInvalid || !failed.NotCharged || failed.Message == "" {
			t.Errorf("%s: %+v", name, err)
		}
	}
}
