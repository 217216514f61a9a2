package agents

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"text/template"
)

// Frozen is what a version of an agent tells a model: everything of a
// definition that is text. A run keeps it from its start to its end, whatever
// is deployed meanwhile.
type Frozen struct {
	Name     string          `json:"name"`
	Prompt   string          `json:"prompt"`
	Output   json.RawMessage `json:"output"`
	Tools    []string        `json:"tools"`
	MaxSteps int             `json:"max_steps"`

	// ToolVersions are the versions of those tools that others describe, by name.
	ToolVersions map[string]string `json:"tool_versions,omitempty"`
}

// encode gives the canonical text and its version, "sha256:" and 64 hexadecimal
// digits: the name under which the store keeps such a text.
func (f Frozen) encode() (text json.RawMessage, version string, err error) {
	text, err = json.Marshal(f)
	if err != nil {
		return nil, "", fmt.Errorf("encoding the version of agent %q: %w", f.Name, err)
	}
	sum := sha256.Sum256(text)
	return text, "sha256:" + hex.EncodeToString(sum[:]), nil
}

// Frozen is the text whose digest is the definition's version.
func (d Definition) Frozen() json.RawMessage { return d.frozen }

// As gives the definition as an earlier version of it was: its words, tools and
// limits. Reading and checking outputs, and the offline brain, are code and stay
// today's.
func (d Definition) As(version string, frozen json.RawMessage) (Definition, error) {
	var earlier Frozen
	if err := json.Unmarshal(frozen, &earlier); err != nil {
		return Definition{}, fmt.Errorf("decoding version %s of agent %q: %w", version, d.Name, err)
	}
	prompt, err := parsePrompt(earlier.Name, earlier.Prompt)
	if err != nil {
		return Definition{}, err
	}
	render := d.render
	d.Version, d.frozen = version, frozen
	d.Output, d.Tools, d.MaxSteps, d.ToolVersions = earlier.Output, earlier.Tools, earlier.MaxSteps, earlier.ToolVersions
	d.prompt = func(input json.RawMessage) (string, error) { return render(prompt, input) }
	return d, nil
}

func parsePrompt(agent, text string) (*template.Template, error) {
	prompt, err := template.New(agent).Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, fmt.Errorf("agent %q: parsing its prompt: %w", agent, err)
	}
	return prompt, nil
}
