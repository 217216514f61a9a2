package offline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// maxDepth bounds how deep a schema is followed.
const maxDepth = 16

// shape is what is understood of a JSON Schema.
type shape struct {
	Type       json.RawMessage            `json:"type"`
	Properties map[string]json.RawMessage `json:"properties"`
	Required   []string                   `json:"required"`
	Const      json.RawMessage            `json:"const"`
	Enum       []json.RawMessage          `json:"enum"`
}

// understood are the keywords that a value made here cannot offend: those of
// shape, what only describes, and the refusal of other properties.
func understood(keyword string) bool {
	switch keyword {
	case "type", "properties", "required", "const", "enum", "title", "description", "$schema", "$id", "$comment",
		"examples", "default", "deprecated", "additionalProperties", "unevaluatedProperties":
		return true
	}
	return false
}

// fill makes the least value that a schema allows and that says nothing which
// is not known: the text where one free string is wanted, what the schema fixes,
// and null where null will do. Whatever else a schema demands (a number, a
// choice, a list) would be made up, and is refused.
func fill(schema json.RawMessage, text string) (json.RawMessage, error) {
	f := filler{text: text}
	value, err := f.value(schema, "the answer", 0)
	if err != nil {
		return nil, fmt.Errorf("the offline model would have to make up what the schema demands: %w", err)
	}
	return value, nil
}

type filler struct {
	text string
	told bool // the text has its place
}

func (f *filler) value(schema json.RawMessage, place string, depth int) (json.RawMessage, error) {
	var keywords map[string]json.RawMessage
	var s shape
	if err := json.Unmarshal(schema, &keywords); err != nil || json.Unmarshal(schema, &s) != nil || depth > maxDepth {
		return nil, fmt.Errorf("%s has no schema that is understood here", place)
	}
	for keyword := range keywords {
		if !understood(keyword) {
			return nil, fmt.Errorf("%s is held to %q", place, keyword)
		}
	}
	kinds := kinds(s.Type)
	switch {
	case s.Const != nil && s.Enum == nil:
		return fixed(s.Const, kinds, place)
	case len(s.Enum) == 1 && s.Const == nil:
		return fixed(s.Enum[0], kinds, place)
	case s.Const != nil || s.Enum != nil:
		return nil, fmt.Errorf("%s is a choice", place)
	case slices.Contains(kinds, "object"):
		return f.object(s, place, depth)
	case slices.Contains(kinds, "string") && !f.told:
		f.told = true
		return json.Marshal(f.text)
	case slices.Contains(kinds, "null"):
		return json.RawMessage("null"), nil
	}
	return nil, fmt.Errorf("%s is more than one text", place)
}

// object has the properties that are required, in the order they are named.
func (f *filler) object(s shape, place string, depth int) (json.RawMessage, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	written := map[string]bool{}
	for _, name := range s.Required {
		schema, described := s.Properties[name]
		if !described {
			return nil, fmt.Errorf("%s needs %q, which is not described", place, name)
		}
		if written[name] {
			continue
		}
		value, err := f.value(schema, fmt.Sprintf("%q", name), depth+1)
		if err != nil {
			return nil, err
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		if len(written) > 0 {
			out.WriteByte(',')
		}
		written[name] = true
		out.Write(key)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// fixed is a value that the schema leaves no choice about.
func fixed(value json.RawMessage, kinds []string, place string) (json.RawMessage, error) {
	kind := "null"
	switch value[0] {
	case '"':
		kind = "string"
	case '{':
		kind = "object"
	case '[':
		kind = "array"
	case 't', 'f':
		kind = "boolean"
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		kind = "number"
		if slices.Contains(kinds, "integer") {
			kind = "integer"
		}
	}
	if len(kinds) > 0 && !slices.Contains(kinds, kind) {
		return nil, fmt.Errorf("%s is fixed to what its type forbids", place)
	}
	return value, nil
}

func kinds(text json.RawMessage) []string {
	var one string
	if json.Unmarshal(text, &one) == nil {
		return []string{one}
	}
	var several []string
	if json.Unmarshal(text, &several) != nil {
		return nil
	}
	return several
}
