package mock

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// scriptReader reads YAML strictly: a key that is not known, is given twice or
// has a value of another type is an error with its line.
type scriptReader struct {
	name   string
	rules  []int // their lines
	errors []error
}

// line is where the i-th rule begins.
func (r *scriptReader) line(i int) int {
	if i < len(r.rules) {
		return r.rules[i]
	}
	return 1
}

func (r *scriptReader) read(text []byte, script *Script) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	if err := decoder.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	if len(document.Content) == 0 {
		return nil
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: only one document is allowed", r.name)
	}
	r.value(document.Content[0], reflect.ValueOf(script).Elem(), "")
	return errors.Join(r.errors...)
}

func (r *scriptReader) fail(node *yaml.Node, key, format string, args ...any) {
	if key == "" {
		key = "the script"
	}
	r.errors = append(r.errors, fmt.Errorf("%s:%d: %s: %s", r.name, node.Line, key, fmt.Sprintf(format, args...)))
}

// value reads a node into what key stands for.
func (r *scriptReader) value(node *yaml.Node, into reflect.Value, key string) {
	if node.Kind == yaml.AliasNode {
		r.fail(node, key, "aliases are not read; write it out")
		return
	}
	if into.Kind() == reflect.Pointer {
		if node.ShortTag() == "!!null" {
			r.fail(node, key, "nothing is given")
			return
		}
		into.Set(reflect.New(into.Type().Elem()))
		into = into.Elem()
	}
	if own, ok := into.Addr().Interface().(yaml.Unmarshaler); ok {
		if err := own.UnmarshalYAML(node); err != nil {
			r.fail(node, key, "%v", err)
		}
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		r.mapping(node, into, key)
	case reflect.Slice:
		r.list(node, into, key)
	default:
		r.scalar(node, into, key)
	}
}

func (r *scriptReader) mapping(node *yaml.Node, into reflect.Value, key string) {
	if node.Kind != yaml.MappingNode {
		r.fail(node, key, "a mapping is wanted")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name := node.Content[i].Value
		path := strings.TrimPrefix(key+"."+name, ".")
		field := fieldOf(into, name)
		switch {
		case seen[name]:
			r.fail(node.Content[i], path, "it is given twice")
		case !field.IsValid():
			r.fail(node.Content[i], path, "there is no such key; there are %s", strings.Join(keysOf(into.Type()), ", "))
		default:
			r.value(node.Content[i+1], field, path)
		}
		seen[name] = true
	}
}

func fieldOf(into reflect.Value, key string) reflect.Value {
	for i := range into.NumField() {
		if into.Type().Field(i).Tag.Get("yaml") == key {
			return into.Field(i)
		}
	}
	return reflect.Value{}
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		keys = append(keys, t.Field(i).Tag.Get("yaml"))
	}
	return keys
}

func (r *scriptReader) list(node *yaml.Node, into reflect.Value, key string) {
	items := node.Content
	if node.Kind == yaml.ScalarNode && into.Type().Elem().Kind() != reflect.Struct && node.ShortTag() != "!!null" {
		items = []*yaml.Node{node} // one may stand for a list of one
	} else if node.Kind != yaml.SequenceNode {
		r.fail(node, key, "a list is wanted")
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(items), len(items)))
	for i, item := range items {
		if key == "rules" {
			r.rules = append(r.rules, item.Line)
		}
		r.value(item, into.Index(i), key+"["+strconv.Itoa(i)+"]")
	}
}

func (r *scriptReader) scalar(node *yaml.Node, into reflect.Value, key string) {
	tag := node.ShortTag()
	if node.Kind != yaml.ScalarNode || tag == "!!null" {
		r.fail(node, key, "%s is wanted", wanted(into.Type()))
		return
	}
	ok := false
	switch {
	case into.Type() == reflect.TypeFor[time.Duration]():
		d, err := time.ParseDuration(node.Value)
		into.SetInt(int64(d))
		ok = err == nil
	case into.Kind() == reflect.String:
		into.SetString(node.Value)
		ok = tag == "!!str"
	case into.Kind() == reflect.Bool:
		into.SetBool(node.Value == "true")
		ok = tag == "!!bool"
	case into.CanInt():
		n, err := strconv.ParseInt(node.Value, 10, into.Type().Bits())
		into.SetInt(n)
		ok = err == nil && tag == "!!int"
	}
	if !ok {
		r.fail(node, key, "%s is wanted, not %q", wanted(into.Type()), node.Value)
	}
}

func wanted(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "a duration like 20ms or 2s"
	case t.Kind() == reflect.String:
		return "text"
	case t.Kind() == reflect.Bool:
		return "true or false"
	}
	return "a whole number"
}
