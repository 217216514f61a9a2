package tools

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

const (
	maxFaults  = 10 // lines of an error
	maxExcerpt = 60 // bytes of a value shown in one
)

// describeFaults says what is wrong with a value so that its author can mend
// it.
func describeFaults(schema *validator.Schema, value any, invalid *validator.ValidationError) error {
	var lines []string
	collectFaults(schema, value, invalid, &lines)
	slices.Sort(lines)
	lines = slices.Compact(lines)
	more := len(lines) - maxFaults
	if more > 0 {
		lines = append(lines[:maxFaults-1], fmt.Sprintf("and %d more", more+1))
	}
	return errors.New("the value does not fit its schema:\n- " + strings.Join(lines, "\n- "))
}

func collectFaults(schema *validator.Schema, value any, invalid *validator.ValidationError, lines *[]string) {
	if types := alternatives(invalid); types != nil {
		invalid = &validator.ValidationError{InstanceLocation: invalid.InstanceLocation, ErrorKind: &kind.Type{Want: types}}
	}
	if len(invalid.Causes) > 0 {
		for _, cause := range invalid.Causes {
			collectFaults(schema, value, cause, lines)
		}
		return
	}
	at, sub := invalid.InstanceLocation, schema
	for _, step := range at {
		sub, value = descend(sub, value, step)
	}
	switch fault := invalid.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range fault.Missing {
			*lines = append(*lines, pathOf(append(slices.Clip(at), name))+": required, but missing")
		}
	case *kind.AdditionalProperties:
		for _, name := range fault.Properties {
			*lines = append(*lines, fmt.Sprintf("%s: unknown property; %s", pathOf(append(slices.Clip(at), name)), propertiesOf(sub)))
		}
	default:
		*lines = append(*lines, fmt.Sprintf("%s: wanted %s, got %s", pathOf(at), wanted(fault), excerpt(value)))
	}
}

// alternatives are the types of a choice between types, such as number or null,
// when none of them fits.
func alternatives(invalid *validator.ValidationError) []string {
	if _, ok := invalid.ErrorKind.(*kind.AnyOf); !ok {
		return nil
	}
	var types []string
	for _, cause := range invalid.Causes {
		fault, ok := cause.ErrorKind.(*kind.Type)
		if !ok || len(cause.InstanceLocation) != len(invalid.InstanceLocation) {
			return nil
		}
		types = append(types, fault.Want...)
	}
	return types
}

// descend goes one step down both a value and its schema; either may be nil
// where the way ends.
func descend(schema *validator.Schema, value any, step string) (*validator.Schema, any) {
	switch value := value.(type) {
	case map[string]any:
		var sub *validator.Schema
		if schema != nil {
			sub = schema.Properties[step]
			if rest, ok := schema.AdditionalProperties.(*validator.Schema); ok && sub == nil {
				sub = rest
			}
		}
		return sub, value[step]
	case []any:
		var sub *validator.Schema
		if schema != nil {
			sub = schema.Items2020
		}
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(value) {
			return sub, value[i]
		}
	}
	return nil, nil
}

func propertiesOf(schema *validator.Schema) string {
	if schema == nil || len(schema.Properties) == 0 {
		return "none is allowed here"
	}
	return "allowed are " + strings.Join(slices.Sorted(maps.Keys(schema.Properties)), ", ")
}

// pathOf writes a place as in findings[2].evidence.
func pathOf(steps []string) string {
	var path strings.Builder
	for _, step := range steps {
		if _, err := strconv.Atoi(step); err == nil {
			fmt.Fprintf(&path, "[%s]", step)
			continue
		}
		if path.Len() > 0 {
			path.WriteByte('.')
		}
		path.WriteString(clip(step))
	}
	return cmp.Or(path.String(), "top level")
}

func wanted(fault validator.ErrorKind) string {
	switch fault := fault.(type) {
	case *kind.Type:
		return strings.Join(fault.Want, " or ")
	case *kind.Enum:
		choices := make([]string, 0, len(fault.Want))
		for _, choice := range fault.Want {
			choices = append(choices, excerpt(choice))
		}
		return "one of " + strings.Join(choices, ", ")
	case *kind.MinItems:
		return fmt.Sprintf("%d or more elements", fault.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("%d or fewer elements", fault.Want)
	case *kind.MinLength:
		return fmt.Sprintf("%d or more characters", fault.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("%d or fewer characters", fault.Want)
	case *kind.Minimum:
		return "at least " + decimal(fault.Want)
	case *kind.Maximum:
		return "at most " + decimal(fault.Want)
	case *kind.ExclusiveMinimum:
		return "more than " + decimal(fault.Want)
	case *kind.ExclusiveMaximum:
		return "less than " + decimal(fault.Want)
	case *kind.Pattern:
		return "text that matches " + fault.Want
	}
	return "what the schema says under " + strings.Join(fault.KeywordPath(), ".")
}

func decimal(bound *big.Rat) string {
	value, _ := bound.Float64()
	return strconv.FormatFloat(value, 'g', -1, 64)
}

// excerpt shows a value: its kind and, where it is short, the value itself.
func excerpt(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case map[string]any:
		return fmt.Sprintf("an object with %d properties", len(value))
	case []any:
		return fmt.Sprintf("an array of %d", len(value))
	case string:
		return strconv.Quote(clip(value))
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return clip(string(text))
}

func clip(text string) string {
	if len(text) <= maxExcerpt {
		return text
	}
	end := maxExcerpt
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
