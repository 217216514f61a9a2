package mcp

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// maxLine is how long a part of a JSON value may be that stays on one line, and
// maxNesting how deep a value may be: it is looked at once for each level.
const (
	maxLine    = 300
	maxNesting = 32
)

// LayOut gives a text that is a JSON object or array in lines that can be cited,
// each a whole part of it, keys in order; every other text as it is.
func LayOut(text string) string {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || trimmed[0] != '{' && trimmed[0] != '[' {
		return text
	}
	var value any
	if decodeExact([]byte(trimmed), &value) != nil || deeper(value, maxNesting) {
		return text
	}
	var out strings.Builder
	layOut(&out, value, "", "")
	return out.String()
}

// deeper says whether a value is nested more than so many times.
func deeper(value any, levels int) bool {
	if levels < 0 {
		return true
	}
	switch value := value.(type) {
	case map[string]any:
		for _, part := range value {
			if deeper(part, levels-1) {
				return true
			}
		}
	case []any:
		for _, part := range value {
			if deeper(part, levels-1) {
				return true
			}
		}
	}
	return false
}

// layOut writes a value after what stands before it on its line.
func layOut(out *strings.Builder, value any, before, after string) {
	indent := before[:len(before)-len(strings.TrimLeft(before, " "))]
	compact := encode(value)
	object, isObject := value.(map[string]any)
	list, isList := value.([]any)
	if len(before)+len(compact) <= maxLine || !isObject && !isList {
		out.WriteString(before + compact + after + "\n")
		return
	}
	opening, closing, left := "{", "}", len(object)
	if isList {
		opening, closing, left = "[", "]", len(list)
	}
	out.WriteString(before + opening + "\n")
	comma := func() string {
		if left--; left > 0 {
			return ","
		}
		return ""
	}
	indent += " "
	for _, key := range slices.Sorted(maps.Keys(object)) {
		layOut(out, object[key], indent+encode(key)+": ", comma())
	}
	for _, part := range list {
		layOut(out, part, indent, comma())
	}
	out.WriteString(indent[:len(indent)-1] + closing + after + "\n")
}

// encode writes a value on one line, signs of HTML as they are.
func encode(value any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return "null"
	}
	return strings.TrimSuffix(out.String(), "\n")
}
