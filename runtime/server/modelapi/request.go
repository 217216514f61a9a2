package modelapi

import (
	"encoding/json"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/tools"
)

// The bounds of a request, as OpenAI has them.
const (
	maxChoices  = 8
	maxMessages = 2048
	maxTools    = 128
	maxStops    = 4
	maxMetadata = 16
	maxName     = 64
	maxTokens   = 1 << 30
)

// chatRequest is a request for a chat completion, in nobody's wire format.
type chatRequest struct {
	model        string
	system       string
	messages     []agents.Message
	stream       bool
	includeUsage bool
	choices      int
	maxTokens    int
	temperature  *float64
	topP         *float64
	stop         []string
	tools        []tools.Spec
	toolChoice   provider.ToolChoice
	output       json.RawMessage // schema of the answer
	schema       *schema         // the same, to check the answer
}

// decoder reads one request.
type decoder struct {
	cursor
	schemas *schemas
	request chatRequest

	hasModel, hasMessages       bool
	hasMaxTokens, hasCompletion bool
	hasStreamOptions            bool
}

// decodeChat reads the body of a chat completion. Errors are failures that
// name the parameter to blame. Unknown fields are ignored.
func decodeChat(body []byte, kept *schemas) (chatRequest, error) {
	if err := checkText(body); err != nil {
		return chatRequest{}, err
	}
	d := &decoder{cursor: cursor{text: body}, schemas: kept, request: chatRequest{choices: 1}}
	if err := d.fields(d.field); err != nil {
		return chatRequest{}, err
	}
	if err := d.whole(); err != nil {
		return chatRequest{}, err
	}
	return d.request, nil
}

// field reads one field of the body. null is the same as leaving it out.
func (d *decoder) field(name string) (err error) {
	if d.kind() == 'n' && name != "model" && name != "messages" {
		d.null()
		return nil
	}
	r := &d.request
	switch name {
	case "model":
		d.hasModel = true
		r.model, err = d.string()
	case "messages":
		d.hasMessages = true
		err = d.messages()
	case "stream":
		r.stream, err = d.bool()
	case "stream_options":
		d.hasStreamOptions = true
		err = d.streamOptions()
	case "n":
		r.choices, err = d.integer(1, maxChoices)
	case "max_tokens", "max_completion_tokens":
		err = d.limit(name)
	case "temperature":
		r.temperature, err = d.optional(2)
	case "top_p":
		r.topP, err = d.optional(1)
	case "stop":
		r.stop, err = d.stops()
	case "tools":
		err = d.tools()
	case "tool_choice":
		err = d.toolChoice()
	case "response_format":
		err = d.format()
	case "user":
		_, err = d.string()
	case "metadata":
		err = d.metadata()
	default:
		err = d.refusedField(name)
	}
	return err
}

// refusedField reads what would change the answer and is not to be had. What
// would not is ignored, as OpenAI does.
func (d *decoder) refusedField(name string) error {
	switch name {
	case "logprobs", "top_logprobs", "logit_bias", "presence_penalty", "frequency_penalty", "audio", "prediction",
		"functions", "function_call", "web_search_options":
		if d.truthy() {
			return d.unsupported("the models behind this gateway do not have it in common.")
		}
	case "parallel_tool_calls":
		parallel, err := d.bool()
		if err == nil && !parallel {
			return d.unsupported("whether a model calls several tools at once cannot be told to every model.")
		}
		return err
	case "modalities":
		return d.items(func(int) error {
			kind, err := d.string()
			if err == nil && kind != "text" {
				return d.unsupported("answers are text.")
			}
			return err
		})
	default:
		d.raw()
	}
	return nil
}

func (d *decoder) streamOptions() error {
	return d.fields(func(name string) (err error) {
		if name != "include_usage" {
			d.raw()
			return nil
		}
		if !d.null() {
			d.request.includeUsage, err = d.bool()
		}
		return err
	})
}

func (d *decoder) limit(name string) (err error) {
	if name == "max_tokens" {
		d.hasMaxTokens = true
	} else {
		d.hasCompletion = true
	}
	d.request.maxTokens, err = d.integer(1, maxTokens)
	return err
}

func (d *decoder) optional(most float64) (*float64, error) {
	n, err := d.number(0, most)
	return &n, err
}

func (d *decoder) stops() ([]string, error) {
	if d.kind() == '"' {
		stop, err := d.string()
		return []string{stop}, err
	}
	var stops []string
	err := d.items(func(i int) error {
		if i == maxStops {
			return d.tooLong("stop", maxStops)
		}
		stop, err := d.string()
		if err == nil && stop == "" {
			return d.refuse("invalid_value", "a stop sequence must not be empty.")
		}
		stops = append(stops, stop)
		return err
	})
	return stops, err
}

func (d *decoder) tooLong(name string, most int) error {
	failure := invalid(name, "Invalid '%s': array too long. Expected an array with maximum length %d, but got a longer one instead.", name, most)
	failure.Code = "array_above_max_length"
	return failure
}

func (d *decoder) metadata() error {
	count := 0
	return d.fields(func(string) error {
		if count++; count > maxMetadata {
			return invalid("metadata", "Invalid 'metadata': too many properties. At most %d are taken.", maxMetadata)
		}
		_, err := d.string()
		return err
	})
}

// whole checks what no field can say alone.
func (d *decoder) whole() error {
	r := &d.request
	switch {
	case !d.hasModel || r.model == "":
		failure := invalid("model", "you must provide a model parameter")
		failure.Code = "missing_required_parameter"
		return failure
	case !d.hasMessages:
		failure := invalid("messages", "Missing required parameter: 'messages'.")
		failure.Code = "missing_required_parameter"
		return failure
	case d.hasMaxTokens && d.hasCompletion:
		return invalid("max_tokens", "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.")
	case d.hasStreamOptions && !r.stream:
		return invalid("stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
	}
	if err := d.checkToolChoice(); err != nil {
		return err
	}
	if len(r.messages) == 0 { // some models want to be spoken to
		r.messages = []agents.Message{{Role: agents.RoleUser, Text: r.system}}
		r.system = ""
	}
	return nil
}

func (d *decoder) checkToolChoice() error {
	r := &d.request
	switch r.toolChoice.Mode {
	case provider.ToolAny, provider.ToolNamed:
		if len(r.tools) == 0 {
			return invalid("tool_choice", "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.")
		}
	}
	if r.toolChoice.Mode != provider.ToolNamed {
		return nil
	}
	var names []string
	for _, tool := range r.tools {
		if tool.Name == r.toolChoice.Name {
			return nil
		}
		names = append(names, tool.Name)
	}
	return invalid("tool_choice", "Invalid value for 'tool_choice': there is no tool '%s'; there are %s.", r.toolChoice.Name, strings.Join(names, ", "))
}
