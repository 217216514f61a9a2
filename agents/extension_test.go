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

func TestGrantedToolsArePartOfTheVersion(t *testing.T) {
	t.Parallel()
	plain, err := agents.Agent[struct{}, reply]{
		Name: "a", Prompt: "Words.", Tools: []string{"documents"},
		Offline: func(agents.Turn[struct{}]) (agents.Move[reply], error) { return agents.Done(reply{}), nil },
	}.Define()
	if err != nil {
		t.Fatal(err)
	}
	grant := func(from agents.Definition, versions map[string]string) agents.Definition {
		t.Helper()
		granted, err := from.Grant(versions, "\nOf others.")
		if err != nil {
			t.Fatal(err)
		}
		return granted
	}
	if same := grant(plain, nil); same.Version != plain.Version {
		t.Error("nothing was granted, and the version is another")
	}
	granted := grant(plain, map[string]string{"y": "v1", "x": "v1"})
	prompt, err := granted.SystemPrompt(json.RawMessage(`{}`))
	if err != nil || prompt != "Words.\nOf others." || !slices.Equal(granted.Tools, []string{"documents", "x", "y"}) || granted.ToolVersions["y"] != "v1" {
		t.Errorf("granted %q, %q, %v, %v", prompt, granted.Tools, granted.ToolVersions, err)
	}
	if other := grant(plain, map[string]string{"y": "v2", "x": "v1"}); other.Version == granted.Version || granted.Version == plain.Version {
		t.Error("another version of a tool, and the same version of the agent")
	}
	more := grant(granted, map[string]string{"z": "v1"})
	if prompt, err := more.SystemPrompt(json.RawMessage(`{}`)); err != nil || prompt != "Words.\nOf others." || len(more.Tools) != 4 {
		t.Errorf("granted more: %q, %q, %v", prompt, more.Tools, err)
	}
	if _, err := granted.Grant(map[string]string{"documents": "v1"}, ""); err == nil {
		t.Error("a tool was granted under the name of one that is there")
	}
	earlier, err := plain.As(granted.Version, granted.Frozen())
	if err != nil || earlier.ToolVersions["x"] != "v1" {
		t.Errorf("an earlier version has %v, %v", earlier.ToolVersions, err)
	}
}
