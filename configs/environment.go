package configs

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// fromEnvironment reads QUAESTOR_ variables for every key of t.
func fromEnvironment(env func(string) string, t reflect.Type) tree {
	if env == nil {
		return tree{values: map[string]any{}}
	}
	var failures []error
	values := environmentOf(env, t, "", &failures)
	return tree{values: values, err: errors.Join(failures...)}
}

func environmentOf(env func(string) string, t reflect.Type, prefix string, failures *[]error) map[string]any {
	values := map[string]any{}
	for field := range fields(t) {
		key := field.Tag.Get("yaml")
		path := join(prefix, key)
		if field.Type.Kind() == reflect.Struct {
			if below := environmentOf(env, field.Type, path, failures); len(below) > 0 {
				values[key] = below
			}
			continue
		}
		variable := "QUAESTOR_" + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
		text := env(variable)
		if text == "" || field.Type.Kind() == reflect.Map && field.Type.Elem().Kind() == reflect.Struct {
			continue
		}
		value, err := environmentValue(text, field.Type)
		if err != nil {
			*failures = append(*failures, fmt.Errorf("environment variable %s (%s): %w", variable, path, err))
			continue
		}
		values[key] = value
	}
	return values
}

// readURLs gives each database the URL that its variable holds.
func (c *Config) readURLs(env func(string) string) error {
	var failures []error
	for _, name := range slices.Sorted(maps.Keys(c.Databases)) {
		source := c.Databases[name]
		switch {
		case source.URLEnv == "":
			failures = append(failures, fmt.Errorf("databases.%s.url_env: the name of the environment variable with the URL is wanted", name))
			continue
		case env != nil:
			source.URL = env(source.URLEnv)
		}
		if source.URL == "" {
			failures = append(failures, fmt.Errorf("databases.%s.url_env: the environment variable %s is not set", name, source.URLEnv))
		}
		c.Databases[name] = source
	}
	return errors.Join(failures...)
}

func environmentValue(text string, t reflect.Type) (any, error) {
	switch t.Kind() {
	case reflect.Map:
	case reflect.Slice:
		return environmentList(text, t)
	default:
		return scalar(text, "", t)
	}
	values := map[string]any{}
	for pair := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(pair, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" || value == "" {
			return nil, fmt.Errorf("name=value,name=value is wanted, not %q", text)
		}
		values[name] = value
	}
	return values, nil
}

// environmentList reads a list: its items between commas.
func environmentList(text string, t reflect.Type) (any, error) {
	values := []any{}
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item == "" {
			return nil, fmt.Errorf("a list like one,two is wanted, not %q", text)
		}
		value, err := scalar(item, "", t.Elem())
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}
