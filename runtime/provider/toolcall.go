package provider

import (
	"encoding/json"
	"fmt"

	"github.com/quaestor-run/quaestor/tools"
)

// CheckToolChoice says what is wrong with the choice of tools, if anything: a
// call that is demanded needs a tool that can be called.
func (r Request) CheckToolChoice() error {
	switch r.ToolChoice.Mode {
	case "", ToolAuto, ToolNone:
		return nil
	case ToolAny:
		if len(r.Tools) == 0 {
			return fmt.Errorf("tool choice %q demands a call, and no tools are offered", ToolAny)
		}
		return nil
	case ToolNamed:
		for _, tool := range r.Tools {
			if tool.Name == r.ToolChoice.Name {
				return nil
			}
		}
		return fmt.Errorf("the tool choice names %q, which is not among the tools offered", r.ToolChoice.Name)
	}
	return fmt.Errorf("tool choice %q is unknown; it is auto, none, any or named", r.ToolChoice.Mode)
}

// Arguments makes valid JSON of what a model wrote as the arguments of a tool
// call. Nothing is {}; what cannot be repaired is passed on as a JSON string,
// and the tool says what is wrong with it.
func Arguments(text string) (json.RawMessage, error) {
	if text == "" {
		return json.RawMessage("{}"), nil
	}
	if repaired, err := tools.RepairJSON([]byte(text)); err == nil && json.Valid(repaired) {
		return repaired, nil
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return nil, fmt.Errorf("keeping the arguments of a tool call: %w", err)
	}
	return quoted, nil
}
