// Package agents is the vocabulary of agents: roles with typed input and
// output, the messages they exchange with a model, and what they work on
// (plans, evidence, findings, drafts, reviews).
//
// A role lives in its own folder below this one. The package does no I/O and
// knows nothing of Temporal.
package agents

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"text/template"

	"github.com/quaestor-run/quaestor/tools"
)

// DefaultMaxSteps bounds the model calls of one agent run.
const DefaultMaxSteps = 8

// Agent is one role. Name, Prompt and Offline are required.
type Agent[In, Out any] struct {
	Name        string
	Description string   // one line, for people
	Prompt      string   // text/template over In: the system prompt
	Tools       []string // names of the tools it may call
	MaxSteps    int      // model calls in one run; 0 means DefaultMaxSteps

	// Extensions are what it can do besides in an installation that has the tools.
	Extensions []Extension

	// Check looks for what a schema cannot say (an id that does not exist).
	// Its error is told to the model, which may try again. Optional.
	Check func(In, Out) error

	// Offline is the role's brain when no model is configured. It must be pure
	// and deterministic.
	Offline func(Turn[In]) (Move[Out], error)
}

// Turn is what a brain knows when it is asked for its next move: the input and
// the results of every tool call it made so far, in the order of the calls.
type Turn[In any] struct {
	Input   In
	Step    int // 0 for the first move
	Results []ToolResult
	Tools   []string // names of those it may call in this move
}

// Has says that the brain may call a tool in this move.
func (t Turn[In]) Has(tool string) bool { return slices.Contains(t.Tools, tool) }

// Move is what a brain does next: call tools (in parallel), or end with an
// output. Exactly one of the two is set.
type Move[Out any] struct {
	Calls  []ToolCall
	Output *Out
}

// Call makes a tool call of a move; the runtime assigns its id.
func Call(tool string, arguments any) (ToolCall, error) {
	raw, err := json.Marshal(arguments)
	if err != nil {
		return ToolCall{}, fmt.Errorf("encoding the arguments of tool %q: %w", tool, err)
	}
	return ToolCall{Name: tool, Arguments: raw}, nil
}

// Done ends with an output.
func Done[Out any](out Out) Move[Out] { return Move[Out]{Output: &out} }

// Citer is implemented by outputs that cite evidence. The runtime refuses ids
// the agent was not shown, and keeps the evidence of those it was.
type Citer interface {
	CitedEvidence() []string
}

// Definition is an agent without its types: what the runtime registers. Make
// one with [Agent.Define].
type Definition struct {
	Name        string
	Description string
	Version     string // digest of its [Frozen] text
	Tools       []string
	MaxSteps    int
	Output      json.RawMessage // JSON Schema of the output

	// ToolVersions are those of the tools that others describe, by name: another
	// version of such a tool is another tool, which the agent does not have.
	ToolVersions map[string]string

	extensions []Extension

	frozen  json.RawMessage
	prompt  func(input json.RawMessage) (string, error)
	render  func(prompt *template.Template, input json.RawMessage) (string, error)
	accept  func(input json.RawMessage, text []byte) (Accepted, error)
	offline func(tools []string, input json.RawMessage, step int, results []ToolResult) (Message, error)
}

// Accepted is a valid output of an agent.
type Accepted struct {
	Output json.RawMessage
	Cited  []string // evidence ids

	// Signed is the output with the model and the call it came from, for outputs
	// that keep them (see [Signer]); nil for others.
	Signed func(model, call string) (json.RawMessage, error)
}

// Signer is implemented by outputs that keep which model call they are of.
type Signer[Out any] interface {
	Signed(model, call string) Out
}

// Define checks the agent and strips its types.
func (a Agent[In, Out]) Define() (Definition, error) {
	if a.Name == "" || a.Prompt == "" || a.Offline == nil {
		return Definition{}, fmt.Errorf("agent %q: name, prompt and offline brain are required", a.Name)
	}
	schema, err := tools.SchemaFor[Out]()
	if err != nil {
		return Definition{}, fmt.Errorf("agent %q: %w", a.Name, err)
	}
	prompt, err := parsePrompt(a.Name, a.Prompt)
	if err != nil {
		return Definition{}, err
	}
	if a.MaxSteps == 0 {
		a.MaxSteps = DefaultMaxSteps
	}
	frozen, version, err := Frozen{
		Name: a.Name, Prompt: a.Prompt, Output: schema.JSON(), Tools: a.Tools, MaxSteps: a.MaxSteps,
	}.encode()
	if err != nil {
		return Definition{}, err
	}
	return Definition{
		Name: a.Name, Description: a.Description, Tools: a.Tools, MaxSteps: a.MaxSteps,
		Version: version, Output: schema.JSON(),
		extensions: a.Extensions,

		frozen:  frozen,
		prompt:  func(input json.RawMessage) (string, error) { return renderPrompt[In](prompt, input) },
		render:  renderPrompt[In],
		accept:  func(input json.RawMessage, text []byte) (Accepted, error) { return a.accept(schema, input, text) },
		offline: a.moveOffline,
	}, nil
}

// SystemPrompt renders the agent's instructions for an input.
func (d Definition) SystemPrompt(input json.RawMessage) (string, error) { return d.prompt(input) }

// Accept reads a model's final text as the agent's output: repaired where
// nothing is lost, validated, checked. The error is meant for the model.
func (d Definition) Accept(input json.RawMessage, text []byte) (Accepted, error) {
	return d.accept(input, text)
}

// Offline asks the agent's own brain for the next message, with all tools of
// the agent.
func (d Definition) Offline(input json.RawMessage, step int, results []ToolResult) (Message, error) {
	return d.offline(d.Tools, input, step, results)
}

// OfflineWith is Offline for a move in which only some tools may be called.
func (d Definition) OfflineWith(tools []string, input json.RawMessage, step int, results []ToolResult) (Message, error) {
	return d.offline(tools, input, step, results)
}

func renderPrompt[In any](prompt *template.Template, input json.RawMessage) (string, error) {
	var in In
	if err := json.Unmarshal(input, &in); err != nil {
		return "", fmt.Errorf("decoding the input of agent %q: %w", prompt.Name(), err)
	}
	var text bytes.Buffer
	if err := prompt.Execute(&text, in); err != nil {
		return "", fmt.Errorf("rendering the prompt of agent %q: %w", prompt.Name(), err)
	}
	return text.String(), nil
}

func (a Agent[In, Out]) accept(schema *tools.Schema, input json.RawMessage, text []byte) (Accepted, error) {
	out, err := tools.Decode[Out](schema, text)
	if err != nil {
		return Accepted{}, err
	}
	if a.Check != nil {
		var in In
		if err := json.Unmarshal(input, &in); err != nil {
			return Accepted{}, fmt.Errorf("decoding the input of agent %q: %w", a.Name, err)
		}
		if err := a.Check(in, out); err != nil {
			return Accepted{}, err
		}
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return Accepted{}, fmt.Errorf("encoding the output of agent %q: %w", a.Name, err)
	}
	accepted := Accepted{Output: raw}
	if citer, ok := any(out).(Citer); ok {
		accepted.Cited = citer.CitedEvidence()
	}
	if signer, ok := any(out).(Signer[Out]); ok {
		accepted.Signed = func(model, call string) (json.RawMessage, error) { return json.Marshal(signer.Signed(model, call)) }
	}
	return accepted, nil
}

func (a Agent[In, Out]) moveOffline(tools []string, input json.RawMessage, step int, results []ToolResult) (Message, error) {
	var in In
	if err := json.Unmarshal(input, &in); err != nil {
		return Message{}, fmt.Errorf("decoding the input of agent %q: %w", a.Name, err)
	}
	for i := range results {
		results[i].Value, results[i].Error = Unfence(results[i].Value), UnfenceText(results[i].Error)
	}
	move, err := a.Offline(Turn[In]{Input: in, Step: step, Results: results, Tools: tools})
	if err != nil {
		return Message{}, fmt.Errorf("thinking offline as %q: %w", a.Name, err)
	}
	if move.Output == nil {
		if len(move.Calls) == 0 {
			return Message{}, errors.New("offline brain of " + a.Name + " neither called a tool nor ended")
		}
		for i := range move.Calls {
			move.Calls[i].ID = fmt.Sprintf("call_%d_%d", step, i)
		}
		return Message{Role: RoleAssistant, ToolCalls: move.Calls}, nil
	}
	text, err := json.Marshal(move.Output)
	if err != nil {
		return Message{}, fmt.Errorf("encoding the output of agent %q: %w", a.Name, err)
	}
	return Message{Role: RoleAssistant, Text: string(text)}, nil
}
