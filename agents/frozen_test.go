package agents_test

import (
	"encoding/json"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
)

type question struct{ Text string }

type reply struct {
	Words string `json:"words"`
}

func define(t *testing.T, prompt string, tools ...string) agents.Definition {
	t.Helper()
	definition, err := agents.Agent[question, reply]{
		Name: "parrot", Prompt: prompt, Tools: tools,
		Offline: func(turn agents.Turn[question]) (agents.Move[reply], error) {
			return agents.Done(reply{turn.Input.Text}), nil
		},
	}.Define()
	if err != nil {
		t.Fatal(err)
	}
	return definition
}

func TestARunKeepsTheVersionItStartedWith(t *testing.T) {
	t.Parallel()
	old, current := define(t, "Say: {{.Text}}", "documents"), define(t, "Repeat: {{.Text}}")
	if old.Version == current.Version {
		t.Fatal("two prompts have one version")
	}
	kept, err := current.As(old.Version, old.Frozen())
	if err != nil {
		t.Fatal(err)
	}
	input := json.RawMessage(`{"Text":"hello"}`)
	for version, want := range map[*agents.Definition]string{&kept: "Say: hello", &current: "Repeat: hello"} {
		if prompt, err := version.SystemPrompt(input); err != nil || prompt != want {
			t.Errorf("prompt %q, %v, want %q", prompt, err, want)
		}
	}
	if kept.Version != old.Version || len(kept.Tools) != 1 || len(current.Tools) != 0 {
		t.Errorf("kept %+v", kept)
	}
	if accepted, err := kept.Accept(input, []byte(`{"words":"hello"}`)); err != nil || string(accepted.Output) != `{"words":"hello"}` {
		t.Errorf("accepted %s, %v", accepted.Output, err)
	}
}

func TestDefineRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	brain := func(agents.Turn[question]) (agents.Move[reply], error) { return agents.Move[reply]{}, nil }
	for name, agent := range map[string]agents.Agent[question, reply]{
		"no name":       {Prompt: "p", Offline: brain},
		"no prompt":     {Name: "n", Offline: brain},
		"no brain":      {Name: "n", Prompt: "p"},
		"broken prompt": {Name: "n", Prompt: "{{.Text", Offline: brain},
	} {
		if _, err := agent.Define(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
