// Package mcp makes tools of what servers of the Model Context Protocol offer:
// names that model services take, schemas that can be shown and checked, and
// results that can be cited.
//
// All that a server says is text from outside: its descriptions are cut and
// cleaned before a model reads them, its results are fenced like those of every
// other tool. The package itself speaks to nobody; a [Caller] does.
package mcp

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/quaestor-run/quaestor/tools"
)

//go:embed prompt.md
var prompt string

// Prompt is what an agent is told that has tools of servers. Nothing in it
// comes from a server.
func Prompt() string { return prompt }

// Described is a tool in the words of its server.
type Described struct {
	Server      string          `json:"server"` // as the configuration names it
	Tool        string          `json:"tool"`
	Title       string          `json:"title,omitempty"`
	Description string          `json:"description,omitempty"`
	Input       json.RawMessage `json:"input_schema"`
}

// Record is the canonical text of the description, whose digest is its version:
// the same for the same words and the same schema, however that is written.
func (d Described) Record() (json.RawMessage, error) {
	var schema any
	if err := decodeExact(d.Input, &schema); err != nil {
		return nil, fmt.Errorf("reading its schema: %w", err)
	}
	canonical, err := json.Marshal(schema)
	if err != nil {
		return nil, fmt.Errorf("encoding its schema: %w", err)
	}
	d.Input = canonical
	record, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encoding its description: %w", err)
	}
	return record, nil
}

// Call asks for one call of a tool. The arguments conform to its schema.
type Call struct {
	Server, Tool string
	Record       json.RawMessage // of the description the caller knows
	Arguments    json.RawMessage
}

// Caller makes calls and keeps what they give. Its errors that wrap
// [tools.InputError] are shown to the model, and hold no words of a server.
type Caller interface {
	Call(ctx context.Context, scope tools.Scope, call Call) (Answer, error)
}

// Answer is what a server gave.
type Answer struct {
	Text      string // the snapshot: UTF-8, at most the limit of the server
	SHA256    string // of Text
	Truncated bool   // the server gave more
	Failed    bool   // the server says that the call failed; Text says why
	LeftOut   string // what was given and is no text, in words; empty for nothing
}

// New makes the tool. The error says why a model could not be given it.
func New(described Described, caller Caller) (tools.Tool, error) {
	tool, err := newTool(described, caller)
	if err != nil {
		return tools.Tool{}, fmt.Errorf("tool %q of MCP server %q: %w", described.Tool, described.Server, err)
	}
	return tool, nil
}

func newTool(described Described, caller Caller) (tools.Tool, error) {
	if described.Server == "" || described.Tool == "" || caller == nil {
		return tools.Tool{}, errors.New("a server, a name and a caller are needed")
	}
	record, err := described.Record()
	if err != nil {
		return tools.Tool{}, err
	}
	shown, arguments, err := readSchema(described.Input)
	if err != nil {
		return tools.Tool{}, err
	}
	foreign := tools.Foreign{
		Spec:      tools.Spec{Name: Name(described.Server, described.Tool), Description: describe(described), Input: shown},
		Arguments: arguments, Recorded: record,
	}
	return tools.NewForeign(foreign, func(ctx context.Context, scope tools.Scope, args json.RawMessage) (Output, error) {
		answer, err := caller.Call(ctx, scope, Call{Server: described.Server, Tool: described.Tool, Record: record, Arguments: args})
		if err != nil {
			return Output{}, fmt.Errorf("calling tool %q of MCP server %q: %w", described.Tool, described.Server, err)
		}
		return show(described, args, answer), nil
	})
}
