// Package tools is the vocabulary of tools: what a tool is, how it is described
// to a model, and what a call of it gives back.
//
// A tool lives in its own folder below this one and is made with [New] from a
// typed function; its JSON Schema is reflected from the input type. The package
// itself does no I/O.
package tools

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// Spec describes a tool to a model.
type Spec struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Input       json.RawMessage `json:"input_schema"` // JSON Schema of the arguments
}

// Scope is what the calling run allows a tool to see. It is set by the runtime
// from the run's own request, never by the model.
type Scope struct {
	Run     string   `json:"run"`
	Client  string   `json:"client"`
	Team    string   `json:"team,omitempty"`
	Sources []string `json:"sources"` // corpus names or document ids the run may read
	// Published bounds when what the run reads was published; what bears no date
	// may lie in it.
	Published Window `json:"published,omitzero"`
}

// Result is what one call of a tool gives: the value shown to the model and
// the places in sources it stands on.
type Result struct {
	Value     json.RawMessage `json:"value"`
	Citations []Citation      `json:"citations,omitempty"`
}

// Tool is a named, typed function that an agent may call. The zero value is not
// usable; make one with [New].
type Tool struct {
	spec Spec
	call func(ctx context.Context, scope Scope, args json.RawMessage) (Result, error)

	version  string
	recorded json.RawMessage
}

// Cited is implemented by outputs that stand on places in sources. The runtime
// keeps the citations beside the value; agents refer to them by id.
type Cited interface {
	Citations() []Citation
}

// New makes a tool from a typed function. The description is what the model
// reads (embed it from the Markdown file beside the code). An error that wraps
// [InputError] is shown to the model, which may try again; every other error
// fails the call and is retried by the caller.
func New[In, Out any](name, description string, run func(context.Context, Scope, In) (Out, error)) (Tool, error) {
	schema, err := SchemaFor[In]()
	if err != nil {
		return Tool{}, fmt.Errorf("reflecting the input of tool %q: %w", name, err)
	}
	if name == "" || run == nil {
		return Tool{}, errors.New("a tool needs a name and a function")
	}
	call := func(ctx context.Context, scope Scope, args json.RawMessage) (Result, error) {
		in, err := Decode[In](schema, args)
		if err != nil {
			return Result{}, &InputError{Reason: err.Error()}
		}
		out, err := run(ctx, scope, in)
		if err != nil {
			return Result{}, err
		}
		return newResult(name, out)
	}
	return Tool{spec: Spec{Name: name, Description: description, Input: schema.JSON()}, call: call}, nil
}

// Foreign is a tool that others describe, in words and a schema that are only
// known when the program runs, and may be others tomorrow.
type Foreign struct {
	Spec
	Arguments *Schema         // what a call must conform to; Spec.Input is what a model is shown of it
	Recorded  json.RawMessage // the description as it was given, whose digest is the tool's version
}

// NewForeign makes a tool of a foreign description. Errors are those of [New].
func NewForeign[Out any](foreign Foreign, run func(context.Context, Scope, json.RawMessage) (Out, error)) (Tool, error) {
	if foreign.Name == "" || foreign.Arguments == nil || len(foreign.Recorded) == 0 || run == nil {
		return Tool{}, fmt.Errorf("a foreign tool needs a name, a schema, a record and a function; %q lacks one", foreign.Name)
	}
	call := func(ctx context.Context, scope Scope, args json.RawMessage) (Result, error) {
		repaired, err := RepairJSON(args)
		if err == nil {
			err = foreign.Arguments.Validate(repaired)
		}
		if err != nil {
			return Result{}, &InputError{Reason: err.Error()}
		}
		out, err := run(ctx, scope, repaired)
		if err != nil {
			return Result{}, err
		}
		return newResult(foreign.Name, out)
	}
	sum := sha256.Sum256(foreign.Recorded)
	return Tool{
		spec: foreign.Spec, call: call,
		version: "sha256:" + hex.EncodeToString(sum[:]), recorded: foreign.Recorded,
	}, nil
}

// Version names the description of a foreign tool by its digest, "sha256:" and
// 64 hexadecimal digits; it is empty for tools that are part of the program.
func (t Tool) Version() string { return t.version }

// Recorded is the text whose digest is the version.
func (t Tool) Recorded() json.RawMessage { return t.recorded }

func newResult(name string, out any) (Result, error) {
	value, err := json.Marshal(out)
	if err != nil {
		return Result{}, fmt.Errorf("encoding the result of tool %q: %w", name, err)
	}
	result := Result{Value: value}
	if cited, ok := out.(Cited); ok {
		result.Citations = cited.Citations()
	}
	return result, nil
}

// Spec is the tool as the model sees it.
func (t Tool) Spec() Spec { return t.spec }

// Name is the name by which agents and workflows know the tool.
func (t Tool) Name() string { return t.spec.Name }

// Call decodes and validates args (a JSON object) and runs the tool.
func (t Tool) Call(ctx context.Context, scope Scope, args json.RawMessage) (Result, error) {
	return t.call(ctx, scope, args)
}

// InputError says that the arguments were wrong in a way the caller can mend:
// an unknown column, a date that does not parse, too few values.
type InputError struct {
	Field  string // the argument, where one is to blame
	Reason string // what was wrong and what would do
}

// Error implements error.
func (e *InputError) Error() string {
	if e.Field == "" {
		return e.Reason
	}
	return e.Field + ": " + e.Reason
}
