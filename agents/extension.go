package agents

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Extension is what an agent can do where an installation has certain tools. An
// installation without them has the agent as if there were no extension: its
// words, and so its version, are the same.
type Extension struct {
	Tools  []string // all of them must be there
	Prompt string   // added to the agent's prompt, a template over the same input
}

// Extend gives the definition with those of its extensions whose tools are all
// there. It has a version of its own where there is one.
func (d Definition) Extend(there func(tool string) bool) (Definition, error) {
	var extended Frozen
	if err := json.Unmarshal(d.frozen, &extended); err != nil {
		return Definition{}, fmt.Errorf("decoding agent %q: %w", d.Name, err)
	}
	grown := false
	for _, extension := range d.extensions {
		if slices.ContainsFunc(extension.Tools, func(tool string) bool { return !there(tool) }) {
			continue
		}
		grown = true
		extended.Tools = append(extended.Tools, extension.Tools...)
		extended.Prompt += extension.Prompt
	}
	if !grown {
		return d, nil
	}
	frozen, version, err := extended.encode()
	if err != nil {
		return Definition{}, err
	}
	d, err = d.As(version, frozen)
	if err != nil {
		return Definition{}, fmt.Errorf("extending agent %q: %w", d.Name, err)
	}
	d.extensions = nil
	return d, nil
}

// Grant gives the definition with tools that others describe, by name and
// version, and words about them: a template over the same input. It has a
// version of its own, in which those of the tools are.
func (d Definition) Grant(versions map[string]string, prompt string) (Definition, error) {
	if len(versions) == 0 {
		return d, nil
	}
	var extended Frozen
	if err := json.Unmarshal(d.frozen, &extended); err != nil {
		return Definition{}, fmt.Errorf("decoding agent %q: %w", d.Name, err)
	}
	if extended.ToolVersions == nil {
		extended.ToolVersions = map[string]string{}
	} else {
		prompt = "" // it has the words from the grant before
	}
	for _, name := range slices.Sorted(maps.Keys(versions)) {
		if slices.Contains(extended.Tools, name) {
			return Definition{}, fmt.Errorf("agent %q already has a tool %q", d.Name, name)
		}
		extended.Tools = append(extended.Tools, name)
		extended.ToolVersions[name] = versions[name]
	}
	extended.Prompt += prompt
	frozen, version, err := extended.encode()
	if err != nil {
		return Definition{}, err
	}
	d, err = d.As(version, frozen)
	if err != nil {
		return Definition{}, fmt.Errorf("granting tools to agent %q: %w", d.Name, err)
	}
	return d, nil
}
