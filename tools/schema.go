package tools

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
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

// SchemaFor reflects the schema of T: one self-contained object without $ref
// or $defs, as model services want it. Fields without omitempty or omitzero are
// required; unknown properties are refused. A type that contains itself has no
// such schema and is an error.
func SchemaFor[T any]() (*Schema, error) {
	if cycle := findCycle(reflect.TypeFor[T](), nil); cycle != nil {
		return nil, fmt.Errorf("reflecting the schema of %v: type %v contains itself", reflect.TypeFor[T](), cycle)
	}
	reflector := jsonschema.Reflector{DoNotReference: true, Anonymous: true}
	schema := reflector.Reflect(new(T))
	schema.Version = "" // the services know one draft only, and some refuse the keyword
	raw, err := json.Marshal(schema)
	if err != nil {
		return nil, fmt.Errorf("encoding the schema of %v: %w", reflect.TypeFor[T](), err)
	}
	return compileSchema(raw)
}

// ParseSchema reads a schema that somebody else wrote. Nothing outside of it is
// loaded: a $ref that leads elsewhere is an error.
func ParseSchema(raw []byte) (*Schema, error) { return compileSchema(raw) }

// closed loads nothing.
type closed struct{}

func (closed) Load(url string) (any, error) {
	return nil, fmt.Errorf("%q is outside of the schema, and nothing is loaded from there", url)
}

func compileSchema(raw []byte) (*Schema, error) {
	doc, err := validator.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("reading a schema: %w", err)
	}
	const name = "mem:///schema.json"
	compiler := validator.NewCompiler()
	compiler.UseLoader(closed{})
	if err := compiler.AddResource(name, doc); err != nil {
		return nil, fmt.Errorf("adding a schema: %w", err)
	}
	compiled, err := compiler.Compile(name)
	if err != nil {
		return nil, fmt.Errorf("compiling a schema: %w", err)
	}
	return &Schema{raw: raw, compiled: compiled}, nil
}

// findCycle returns a type that is reached again from inside itself, without
// one that writes its own JSON in between.
func findCycle(t reflect.Type, above []reflect.Type) reflect.Type {
	if slices.Contains(above, t) {
		return t
	}
	if encodesItself(t) {
		return nil
	}
	above = append(slices.Clip(above), t)
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return findCycle(t.Elem(), above)
	case reflect.Struct:
		for _, field := range reflect.VisibleFields(t) {
			if !field.IsExported() && !field.Anonymous || field.Tag.Get("json") == "-" {
				continue
			}
			if cycle := findCycle(field.Type, above); cycle != nil {
				return cycle
			}
		}
	}
	return nil
}

func encodesItself(t reflect.Type) bool {
	for _, encoder := range []reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()} {
		if t.Implements(encoder) || reflect.PointerTo(t).Implements(encoder) {
			return true
		}
	}
	return false
}

// JSON is the schema as text.
func (s *Schema) JSON() json.RawMessage { return s.raw }

// Validate checks a JSON text against the schema. null stands for an optional
// property that is absent and for an empty array, which is how models and Go
// write them. The error is meant for a model: a line for each fault, with its
// place, what was wanted and what is there; at most ten.
func (s *Schema) Validate(text []byte) error {
	value, err := validator.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	value = withoutNulls(s.compiled, value)
	err = s.compiled.Validate(value)
	if invalid, ok := errors.AsType[*validator.ValidationError](err); ok {
		return describeFaults(s.compiled, value, invalid)
	}
	return err
}

// withoutNulls drops the properties that are null where the schema has no null,
// and empties null arrays.
func withoutNulls(schema *validator.Schema, value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, field := range value {
			sub := schema.Properties[name]
			if sub == nil {
				continue
			}
			switch {
			case field != nil:
				value[name] = withoutNulls(sub, field)
			case sub.Types == nil || slices.Contains(sub.Types.ToStrings(), "null"):
			case !slices.Contains(schema.Required, name):
				delete(value, name)
			case slices.Equal(sub.Types.ToStrings(), []string{"array"}):
				value[name] = []any{}
			}
		}
	case []any:
		if schema.Items2020 != nil {
			for i, element := range value {
				value[i] = withoutNulls(schema.Items2020, element)
			}
		}
	}
	return value
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
