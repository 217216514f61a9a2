package mock

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// How deep a value made from a schema is, and of how many parts, at most.
const (
	maxDepth = 16
	maxParts = 10_000
)

// instance makes a small value that a JSON Schema allows, with text in its
// strings. It knows types, required properties, items, bounds, const, enum,
// alternatives and references within the schema; it does not know patterns.
func instance(schema json.RawMessage, text string) json.RawMessage {
	var root map[string]any
	if json.Unmarshal(schema, &root) != nil {
		return json.RawMessage("{}")
	}
	maker := &maker{root: root, text: shorten(text), left: maxParts}
	value, err := json.Marshal(maker.value(root, 0))
	if err != nil {
		return json.RawMessage("{}")
	}
	return value
}

type maker struct {
	root map[string]any
	text string
	left int // parts that may still be made
}

func (m *maker) value(schema map[string]any, depth int) any {
	if m.left--; depth > maxDepth || m.left < 0 {
		return nil
	}
	if reference, ok := schema["$ref"].(string); ok {
		if found := m.follow(reference); found != nil {
			return m.value(found, depth+1)
		}
	}
	if constant, ok := schema["const"]; ok {
		return constant
	}
	if allowed, ok := schema["enum"].([]any); ok && len(allowed) > 0 {
		return allowed[0]
	}
	for _, key := range []string{"anyOf", "oneOf", "allOf"} {
		if options, ok := schema[key].([]any); ok && len(options) > 0 {
			if first, ok := options[0].(map[string]any); ok {
				return m.value(first, depth+1)
			}
		}
	}
	switch kind(schema) {
	case "object":
		return m.object(schema, depth)
	case "array":
		return m.array(schema, depth)
	case "string":
		return m.string(schema)
	case "integer":
		return math.Ceil(lowest(schema, 1))
	case "number":
		return lowest(schema, 0.5)
	case "boolean":
		return true
	}
	return nil
}

// kind is the type a value of the schema has; the first where there are many.
func kind(schema map[string]any) string {
	switch t := schema["type"].(type) {
	case string:
		return t
	case []any:
		if len(t) > 0 {
			name, _ := t[0].(string)
			return name
		}
	}
	switch {
	case schema["properties"] != nil:
		return "object"
	case schema["items"] != nil:
		return "array"
	}
	return "object"
}

func (m *maker) object(schema map[string]any, depth int) any {
	value := map[string]any{}
	properties, _ := schema["properties"].(map[string]any)
	required, _ := schema["required"].([]any)
	for _, name := range required {
		name, ok := name.(string)
		if !ok {
			continue
		}
		property, _ := properties[name].(map[string]any)
		if property == nil {
			property = map[string]any{"type": "string"}
		}
		value[name] = m.value(property, depth+1)
	}
	return value
}

func (m *maker) array(schema map[string]any, depth int) any {
	least, _ := schema["minItems"].(float64)
	items, _ := schema["items"].(map[string]any)
	value := []any{}
	for range int(min(max(least, 0), 100)) {
		value = append(value, m.value(items, depth+1))
	}
	return value
}

func (m *maker) string(schema map[string]any) string {
	switch schema["format"] {
	case "date":
		return "2026-01-02"
	case "time":
		return "03:04:05Z"
	case "date-time":
		return "2026-01-02T03:04:05Z"
	case "email":
		return "someone@example.org"
	case "uri":
		return "https://example.org/"
	case "uuid":
		return "00000000-0000-4000-8000-000000000000"
	}
	text := m.text
	if text == "" {
		text = "text"
	}
	if most, ok := schema["maxLength"].(float64); ok && float64(utf8.RuneCountInString(text)) > most {
		text = string([]rune(text)[:max(int(most), 0)])
	}
	if least, ok := schema["minLength"].(float64); ok {
		if missing := int(min(least, maxQuote)) - utf8.RuneCountInString(text); missing > 0 {
			text += strings.Repeat(".", missing)
		}
	}
	return text
}

// lowest is wish, or what is nearest to it within the bounds of the schema.
func lowest(schema map[string]any, wish float64) float64 {
	if low, ok := schema["minimum"].(float64); ok {
		wish = max(wish, low)
	}
	if low, ok := schema["exclusiveMinimum"].(float64); ok && wish <= low {
		wish = low + 1
	}
	if high, ok := schema["maximum"].(float64); ok && wish > high {
		wish = math.Floor(high)
	}
	return wish
}

// follow finds what a reference like #/$defs/name names.
func (m *maker) follow(reference string) map[string]any {
	path, ok := strings.CutPrefix(reference, "#")
	if !ok {
		return nil
	}
	at := m.root
	for _, step := range slices.DeleteFunc(strings.Split(path, "/"), func(s string) bool { return s == "" }) {
		next, ok := at[strings.NewReplacer("~1", "/", "~0", "~").Replace(step)].(map[string]any)
		if !ok {
			return nil
		}
		at = next
	}
	return at
}
