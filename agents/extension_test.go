package agents_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
)

func TestAnExtensionChangesAnAgentOnlyWhereItsToolsAre(t *testing.T) {
	t.Parallel()
	var offered []string
	plain, err := agents.Agent[struct{}, reply]{
		Name: "a", Prompt: "Words.", Tools: []string{"documents"},
		Extensions: []agents.Extension{{Tools: []string{"x", "y"}, Prompt: "\nMore words."}, {Tools: []string{"z"}, Prompt: "\nOthers."}},
		Offline: func(turn agents.Turn[struct{}]) (agents.Move[reply], error) {
			offered = turn.Tools
			if turn.Has("x") != slices.Contains(turn.Tools, "x") {
				t.Error("Has and Tools differ")
			}
			return agents.Done(reply{}), nil
		},
	}.Define()
	if err != nil {
		t.Fatal(err)
	}
	for there, wanted := range map[string]struct {
		tools  []string
		prompt string
	}{
		"":    {[]string{"documents"}, "Words."},
		"x":   {[]string{"documents"}, "Words."},
		"xy":  {[]string{"documents", "x", "y"}, "Words.\nMore words."},
		"z":   {[]string{"documents", "z"}, "Words.\nOthers."},
		"xyz": {[]string{"documents", "x", "y", "z"}, "Words.\nMore words.\nOthers."},
	} {
		got, err := plain.Extend(func(tool string) bool { return strings.Contains(there, tool) })
		if err != nil {
			t.Fatal(err)
		}
		prompt, err := got.SystemPrompt(json.RawMessage(`{}`))
		if err != nil || prompt != wanted.prompt || !slices.Equal(got.Tools, wanted.tools) {
			t.Errorf("with %q: %q, %q, %v", there, prompt, got.Tools, err)
		}
		if same := got.Version == plain.Version; same != (len(wanted.tools) == 1) {
			t.Errorf("with %q the version is %s, without any %s", there, got.Version, plain.Version)
		}
		if _, err := got.Offline(json.RawMessage(`{}`), 0, nil); err != nil || !slices.Equal(offered, wanted.tools) {
			t.Errorf("with %q its brain is offered %q, %v", there, offered, err)
		}
		if _, err := got.OfflineWith(nil, json.RawMessage(`{}`), 0, nil); err != nil || len(offered) != 0 {
			t.Errorf("its brain is offered %q, %v", offered, err)
		}
	}
}
