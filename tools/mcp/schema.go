package mcp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/quaestor-run/quaestor/tools"
)

// The bounds of a schema, as it comes and with its references in place.
const (
	maxSchema      = 64 << 10 // bytes
	maxSchemaNodes = 5000
	maxSchemaDepth = 40
)

// readSchema gives the schema of a tool as a model is shown it, and as calls are
// held against. References are put in place, because model services take none
// and because they can make a small schema take for ever; where a type contains
// itself, anything is allowed from there on, and the server looks.
func readSchema(raw json.RawMessage) (shown json.RawMessage, arguments *tools.Schema, err error) {
	if len(raw) > maxSchema {
		return nil, nil, fmt.Errorf("its schema has %d bytes; %d are taken", len(raw), maxSchema)
	}
	var root any
	if err := decodeExact(raw, &root); err != nil {
		return nil, nil, fmt.Errorf("reading its schema: %w", err)
	}
	object, ok := root.(map[string]any)
	if !ok || object["type"] != "object" {
		return nil, nil, errors.New(`its schema must be of type "object"`)
	}
	inlined, err := (&inliner{root: object}).schema(object, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("its schema: %w", err)
	}
	flat := inlined.(map[string]any)
	if _, ok := flat["properties"]; !ok {
		flat["properties"] = map[string]any{} // some services want the keyword
	}
	whole, err := json.Marshal(flat)
	if err != nil {
		return nil, nil, fmt.Errorf("encoding its schema: %w", err)
	}
	if arguments, err = tools.ParseSchema(whole); err != nil {
		return nil, nil, fmt.Errorf("its schema: %w", err)
	}
	for _, keyword := range []string{"allOf", "anyOf", "oneOf", "not", "if", "then", "else"} {
		delete(flat, keyword) // services refuse them at the top; calls are still held against them
	}
	if shown, err = json.Marshal(flat); err != nil {
		return nil, nil, fmt.Errorf("encoding its schema: %w", err)
	}
	if len(shown) > maxSchema {
		return nil, nil, fmt.Errorf("its schema has %d bytes with its references in place; %d are taken", len(shown), maxSchema)
	}
	return shown, arguments, nil
}

// decodeExact reads one JSON value and keeps its numbers as they are written.
func decodeExact(raw []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// inliner puts the references of a schema in place.
type inliner struct {
	root  map[string]any
	nodes int
}

// schema rewrites one schema. open are the references it stands in.
func (x *inliner) schema(node any, open []string) (any, error) {
	if x.nodes++; x.nodes > maxSchemaNodes || len(open) > maxSchemaDepth {
		return nil, fmt.Errorf("it is larger than %d parts or deeper than %d, references in place", maxSchemaNodes, maxSchemaDepth)
	}
	object, ok := node.(map[string]any)
	if !ok {
		if _, boolean := node.(bool); boolean {
			return node, nil
		}
		return nil, errors.New("a part of it is neither an object nor true or false")
	}
	out := map[string]any{}
	for _, keyword := range slices.Sorted(maps.Keys(object)) {
		value, err := x.keyword(keyword, object[keyword], open)
		if err != nil {
			return nil, err
		}
		if value != nil {
			out[keyword] = value
		}
	}
	ref, ok := object["$ref"].(string)
	if !ok {
		return out, nil
	}
	target, err := x.reference(ref, open)
	if err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return target, nil
	}
	if words, ok := annotationsOnly(out); ok {
		if described, ok := target.(map[string]any); ok {
			maps.Copy(described, words)
			return described, nil
		}
	}
	return map[string]any{"allOf": []any{target, out}}, nil
}

// reference rewrites what a reference leads to.
func (x *inliner) reference(ref string, open []string) (any, error) {
	if ref == "#" || slices.Contains(open, ref) {
		return map[string]any{}, nil
	}
	path, local := strings.CutPrefix(ref, "#/")
	if !local {
		return nil, fmt.Errorf("$ref %q leads out of it", clean(ref, 100))
	}
	var at any = x.root
	for step := range strings.SplitSeq(path, "/") {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		switch inside := at.(type) {
		case map[string]any:
			at = inside[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(inside) {
				return nil, fmt.Errorf("$ref %q leads nowhere", clean(ref, 100))
			}
			at = inside[i]
		default:
			at = nil
		}
	}
	if at == nil {
		return nil, fmt.Errorf("$ref %q leads nowhere", clean(ref, 100))
	}
	return x.schema(at, append(slices.Clip(open), ref))
}

// keyword rewrites what stands under a keyword; nil leaves it out.
func (x *inliner) keyword(name string, value any, open []string) (any, error) {
	deeper := append(slices.Clip(open), "/"+name) // no reference begins so
	switch name {
	case "$ref", "$defs", "definitions", "$schema", "$id", "id", "$anchor", "$dynamicAnchor", "$vocabulary", "$comment":
		return nil, nil
	case "$dynamicRef", "$recursiveRef":
		return nil, fmt.Errorf("%s is not taken", name)
	case "properties", "patternProperties", "dependentSchemas":
		return x.named(name, value, deeper)
	case "items", "additionalProperties", "additionalItems", "not", "if", "then", "else", "contains", "propertyNames",
		"unevaluatedItems", "unevaluatedProperties", "allOf", "anyOf", "oneOf", "prefixItems":
		list, ok := value.([]any)
		if !ok {
			return x.schema(value, deeper)
		}
		out := make([]any, len(list))
		for i, part := range list {
			var err error
			if out[i], err = x.schema(part, deeper); err != nil {
				return nil, err
			}
		}
		return out, nil
	case "title", "description":
		text, _ := value.(string)
		if text = clean(text, maxHint); text == "" {
			return nil, nil
		}
		return text, nil
	}
	return value, x.plain(value, 0)
}

// propertyName is what model services take for the name of an argument.
var propertyName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,64}$`)

func (x *inliner) named(keyword string, value any, open []string) (any, error) {
	parts, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s is no object", keyword)
	}
	out := make(map[string]any, len(parts))
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if keyword == "properties" && !propertyName.MatchString(name) {
			return nil, fmt.Errorf("the argument %q has a name that model services do not take", clean(name, 100))
		}
		var err error
		if out[name], err = x.schema(parts[name], open); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// plain looks through a value that is no schema: numbers that would take up the
// machine when they are reckoned with are refused.
func (x *inliner) plain(value any, depth int) error {
	if x.nodes++; x.nodes > maxSchemaNodes || depth > maxSchemaDepth {
		return fmt.Errorf("it is larger than %d parts or deeper than %d", maxSchemaNodes, maxSchemaDepth)
	}
	switch value := value.(type) {
	case json.Number:
		if f, err := value.Float64(); err != nil || len(value) > 40 || f < 1e-100 && f > -1e-100 && !isZero(value.String()) {
			return fmt.Errorf("the number %s is out of all bounds", clean(value.String(), 50))
		}
	case []any:
		for _, part := range value {
			if err := x.plain(part, depth+1); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, part := range value {
			if err := x.plain(part, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// isZero says that a number is written as none that is merely close to zero.
func isZero(number string) bool {
	digits, _, _ := strings.Cut(strings.ToLower(number), "e")
	return !strings.ContainsAny(digits, "123456789")
}

// annotationsOnly says whether a schema has words only, and no rules.
func annotationsOnly(schema map[string]any) (map[string]any, bool) {
	for keyword := range schema {
		switch keyword {
		case "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly":
		default:
			return nil, false
		}
	}
	return schema, true
}
