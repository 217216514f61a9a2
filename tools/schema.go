package tools

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/invopop/jsonschema"
	validator "github.com/santhosh-tekuri/jsonschema/v6"
)

// Schema is a JSON Schema (draft 2020-12) that can be shown to a model and can
// validate what comes back.
type Schema struct {
	raw      json.RawMessage
	compiled *validator.Schema
}

// SchemaFor reflects the schema of T. Fields without omitempty are required;
// unknown properties are refused.
func SchemaFor[T any]() (*Schema, error) {
	reflector := jsonschema.Reflector{DoNotReference: true, Anonymous: true}
	raw, err := json.Marshal(reflector.Reflect(new(T)))
	if err != nil {
		return nil, fmt.Errorf("encoding the schema of %T: %w", *new(T), err)
	}
	return compileSchema(raw)
}

func compileSchema(raw []byte) (*Schema, error) {
	doc, err := validator.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("reading a schema: %w", err)
	}
	compiler := validator.NewCompiler()
	if err := compiler.AddResource("schema.json", doc); err != nil {
		return nil, fmt.Errorf("adding a schema: %w", err)
	}
	compiled, err := compiler.Compile("schema.json")
	if err != nil {
		return nil, fmt.Errorf("compiling a schema: %w", err)
	}
	return &Schema{raw: raw, compiled: compiled}, nil
}

// JSON is the schema as text.
func (s *Schema) JSON() json.RawMessage { return s.raw }

// Validate checks a JSON text against the schema; the error names each place.
func (s *Schema) Validate(text []byte) error {
	value, err := validator.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	return s.compiled.Validate(value)
}

// Decode reads text as T: repaired where nothing is lost, then validated.
func Decode[T any](schema *Schema, text []byte) (T, error) {
	var out T
	repaired, err := RepairJSON(text)
	if err != nil {
		return out, err
	}
	if err := schema.Validate(repaired); err != nil {
		return out, err
	}
	if err := json.Unmarshal(repaired, &out); err != nil {
		return out, fmt.Errorf("decoding: %w", err)
	}
	return out, nil
}

func sameName(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}
