package configs

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// reader turns a YAML document into the values of a type: maps by key, and
// scalars of the very type of their field.
type reader struct {
	name   string // of the file
	root   reflect.Type
	errors []error
}

func parse(name string, text []byte, root reflect.Type) tree {
	r := &reader{name: name, root: root}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	if err := decoder.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		return tree{err: fmt.Errorf("reading %s: %w", name, err)}
	}
	if len(document.Content) == 0 {
		return tree{values: map[string]any{}}
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return tree{err: fmt.Errorf("reading %s: only one document is allowed", name)}
	}
	values, _ := r.value(document.Content[0], root, "").(map[string]any)
	return tree{values: values, err: errors.Join(r.errors...)}
}

func (r *reader) fail(node *yaml.Node, format string, args ...any) {
	r.errors = append(r.errors, fmt.Errorf("%s:%d: %s", r.name, node.Line, fmt.Sprintf(format, args...)))
}

// value reads a node as type t; nil after a failure, and where a section has a
// heading and nothing in it.
func (r *reader) value(node *yaml.Node, t reflect.Type, key string) any {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Struct || t.Kind() == reflect.Map:
		if node.ShortTag() == "!!null" {
			return nil
		}
		if node.Kind != yaml.MappingNode {
			r.fail(node, "%s: a mapping is wanted, not %s", cmp.Or(key, "the file"), describe(node))
			return nil
		}
		return r.mapping(node, t, key)
	case t.Kind() == reflect.Slice:
		return r.list(node, t, key)
	case node.Kind != yaml.ScalarNode:
		r.fail(node, "%s: %s is wanted, not %s", key, wanted(t), describe(node))
		return nil
	}
	value, err := scalar(node.Value, node.ShortTag(), t)
	if err != nil {
		r.fail(node, "%s: %v", key, err)
		return nil
	}
	return value
}

func (r *reader) list(node *yaml.Node, t reflect.Type, key string) any {
	if node.Kind != yaml.SequenceNode {
		r.fail(node, "%s: a list is wanted, not %s", key, describe(node))
		return nil
	}
	values := []any{}
	for _, item := range node.Content {
		if value := r.value(item, t.Elem(), key); value != nil {
			values = append(values, value)
		}
	}
	return values
}

func (r *reader) mapping(node *yaml.Node, t reflect.Type, key string) map[string]any {
	values := map[string]any{}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, content := node.Content[i], node.Content[i+1]
		path := join(key, name.Value)
		if seen[name.Value] {
			r.fail(name, "%s is given twice", path)
			continue
		}
		seen[name.Value] = true
		field, known := fieldType(t, name.Value)
		if !known {
			r.fail(name, "unknown key %q; the nearest valid key is %q", path, nearest(path, keysOf(r.root, "", nil)))
			continue
		}
		if value := r.value(content, field, path); value != nil {
			values[name.Value] = value
		}
	}
	return values
}

// fieldType is the type of what stands under a key of a struct or map.
func fieldType(t reflect.Type, key string) (reflect.Type, bool) {
	if t.Kind() == reflect.Map {
		return t.Elem(), true
	}
	for field := range fields(t) {
		if field.Tag.Get("yaml") == key {
			return field.Type, true
		}
	}
	return nil, false
}

// fields are the fields of a struct that have a key.
func fields(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if field := t.Field(i); field.Tag.Get("yaml") != "-" && !yield(field) {
				return
			}
		}
	}
}

// keysOf lists every key below t, sections included.
func keysOf(t reflect.Type, prefix string, keys []string) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Struct:
		for field := range fields(t) {
			path := join(prefix, field.Tag.Get("yaml"))
			keys = keysOf(field.Type, path, append(keys, path))
		}
	case reflect.Map:
		keys = keysOf(t.Elem(), join(prefix, "NAME"), keys)
	}
	return keys
}

func join(prefix, key string) string {
	if prefix == "" {
		return key
	}
	return prefix + "." + key
}

// scalar reads text as a value of type t. The tag is what YAML takes the text
// for; it is empty for text that has no type, from the environment.
func scalar(text, tag string, t reflect.Type) (any, error) {
	if tag == "!!null" {
		return nil, fmt.Errorf("%s is wanted, and nothing is given", wanted(t))
	}
	if t.Kind() == reflect.String {
		if tag != "" && tag != "!!str" {
			return nil, fmt.Errorf("%s is wanted, not %s: quote it", wanted(t), text)
		}
		return text, nil
	}
	value, err := typed(text, t)
	quoted := tag == "!!str" && t != reflect.TypeFor[time.Duration]()
	if err != nil || quoted {
		return nil, fmt.Errorf("%s is wanted, not %q", wanted(t), text)
	}
	return value, nil
}

// typed reads text as a value of a type other than text.
func typed(text string, t reflect.Type) (any, error) {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return time.ParseDuration(text)
	case t == reflect.TypeFor[NanoUSD]():
		return ParseUSD(text)
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int64:
		return strconv.ParseInt(text, 10, t.Bits())
	case t.Kind() == reflect.Bool && (text == "true" || text == "false"):
		return text == "true", nil
	}
	return nil, errors.New("no such value")
}

func wanted(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "a duration like 90s or 24h"
	case t == reflect.TypeFor[NanoUSD]():
		return "an amount of dollars like 2.50, of at most nine decimals,"
	case t.Kind() == reflect.String:
		return "text"
	case t.Kind() == reflect.Bool:
		return "true or false"
	}
	return "a whole number"
}

func describe(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	return strconv.Quote(node.Value)
}
