package modelapi

import (
	"encoding/json"
	"strings"

	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/tools"
)

// noArguments is the schema of a function without parameters.
const noArguments = `{"type":"object","properties":{}}`

func (d *decoder) tools() error {
	d.request.tools = nil
	names := map[string]bool{}
	return d.items(func(i int) error {
		if i == maxTools {
			return d.tooLong("tools", maxTools)
		}
		spec, err := d.tool()
		if err != nil {
			return err
		}
		if names[spec.Name] {
			return invalid(string(d.path)+".function.name", "Invalid value for '%s.function.name': two tools are named '%s'.", d.path, spec.Name)
		}
		names[spec.Name] = true
		d.request.tools = append(d.request.tools, spec)
		return nil
	})
}

func (d *decoder) tool() (tools.Spec, error) {
	spec := tools.Spec{Input: json.RawMessage(noArguments)}
	err := d.fields(func(name string) error {
		switch name {
		case "type":
			return d.functionType()
		case "function":
			return d.fields(func(name string) error { return d.function(&spec, name) })
		}
		d.raw()
		return nil
	})
	if err == nil && spec.Name == "" {
		failure := invalid(string(d.path)+".function.name", "Missing required parameter: '%s.function.name'.", d.path)
		failure.Code = "missing_required_parameter"
		return spec, failure
	}
	return spec, err
}

func (d *decoder) function(spec *tools.Spec, name string) (err error) {
	if d.null() {
		return nil
	}
	switch name {
	case "name":
		if spec.Name, err = d.string(); err == nil && !fitName(spec.Name) {
			return d.refuse("invalid_value", "a name has 1 to %d letters, digits, '_' and '-'.", maxName)
		}
	case "description":
		spec.Description, err = d.string()
	case "parameters":
		if kind := d.kind(); kind != '{' {
			return d.wrongType("an object", kind)
		}
		spec.Input = json.RawMessage(d.raw())
		err = d.checkSchema(spec.Input)
	default:
		d.raw()
	}
	return err
}

func fitName(name string) bool {
	fit := func(c rune) bool {
		return c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
	}
	return name != "" && len(name) <= maxName && !strings.ContainsFunc(name, func(c rune) bool { return !fit(c) })
}

// toolChoice is a mode, or the function to call.
func (d *decoder) toolChoice() error {
	choice := &d.request.toolChoice
	*choice = provider.ToolChoice{}
	if d.kind() == '"' {
		mode, err := d.string()
		if err != nil {
			return err
		}
		switch mode {
		case "auto":
		case "none":
			choice.Mode = provider.ToolNone
		case "required":
			choice.Mode = provider.ToolAny
		default:
			return d.refuse("invalid_value", "'%s'. Supported values are: 'none', 'auto', and 'required'.", clip(mode))
		}
		return nil
	}
	choice.Mode = provider.ToolNamed
	return d.fields(func(name string) error {
		switch name {
		case "type":
			return d.functionType()
		case "function":
			return d.fields(func(name string) (err error) {
				if name != "name" {
					d.raw()
					return nil
				}
				choice.Name, err = d.string()
				return err
			})
		}
		d.raw()
		return nil
	})
}

// format reads what the answer shall look like.
func (d *decoder) format() error {
	var kind string
	var schema json.RawMessage
	err := d.fields(func(name string) (err error) {
		switch name {
		case "type":
			kind, err = d.string()
		case "json_schema":
			schema, err = d.namedSchema()
		default:
			d.raw()
		}
		return err
	})
	if err != nil {
		return err
	}
	d.request.output, d.request.schema = nil, nil
	switch kind {
	case "text":
		return nil
	case "json_object":
		schema = json.RawMessage(`{"type":"object"}`)
	case "json_schema":
		if schema == nil {
			failure := invalid("response_format.json_schema", "Missing required parameter: 'response_format.json_schema'.")
			failure.Code = "missing_required_parameter"
			return failure
		}
	default:
		failure := invalid("response_format.type",
			"Invalid value for 'response_format.type': '%s'. Supported values are: 'text', 'json_object', and 'json_schema'.", clip(kind))
		failure.Code = "invalid_value"
		return failure
	}
	d.request.output = schema
	d.request.schema, err = d.schemas.compile(schema)
	return err
}

// namedSchema reads {"name": …, "schema": …}. Without a schema any object will
// do.
func (d *decoder) namedSchema() (json.RawMessage, error) {
	schema := json.RawMessage(`{"type":"object"}`)
	err := d.fields(func(name string) (err error) {
		if d.null() {
			return nil
		}
		switch name {
		case "name":
			var given string
			if given, err = d.string(); err == nil && !fitName(given) {
				return d.refuse("invalid_value", "a name has 1 to %d letters, digits, '_' and '-'.", maxName)
			}
		case "schema":
			if kind := d.kind(); kind != '{' {
				return d.wrongType("an object", kind)
			}
			schema = json.RawMessage(d.raw())
			err = d.checkSchema(schema)
		default:
			d.raw()
		}
		return err
	})
	return schema, err
}

// briefly is an error of the schema compiler without the name we gave the schema.
func briefly(err error) string {
	text := strings.ReplaceAll(err.Error(), schemaName, "")
	if len(text) > 250 {
		text = strings.ToValidUTF8(text[:250], "") + "…"
	}
	return strings.Join(strings.Fields(text), " ")
}

func (d *decoder) checkSchema(schema json.RawMessage) error {
	if _, err := d.schemas.compile(schema); err != nil {
		failure := invalid(string(d.path), "Invalid schema for '%s': it is not a JSON Schema: %s", d.path, briefly(err))
		failure.Code = "invalid_function_parameters"
		return failure
	}
	return nil
}
