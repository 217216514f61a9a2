package agents

import (
	"encoding/json"
	"fmt"
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
