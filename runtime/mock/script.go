package mock

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Script says what to answer to which request, and how to fail. Rules are asked
// in order; the first that matches decides.
type Script struct {
	Models []string `yaml:"models"` // that there are; empty means any name
	Rules  []Rule   `yaml:"rules"`
}

// Rule is what to do about some requests. A rule without an answer leaves it to
// the cassette or the answerer; one without a fault does not fail.
type Rule struct {
	Name       string         `yaml:"name"` // told in the log
	Match      Match          `yaml:"match"`
	Answer     *Reply         `yaml:"answer"`
	Fault      *Fault         `yaml:"fault"`
	Latency    *time.Duration `yaml:"latency"`     // instead of the server's own
	Jitter     *time.Duration `yaml:"jitter"`      // instead of the server's own
	TokenDelay *time.Duration `yaml:"token_delay"` // instead of the server's own
}

// Match says which requests a rule is for. What is empty matches all.
type Match struct {
	Protocol  Protocol `yaml:"protocol"`
	Operation string   `yaml:"operation"`
	Model     string   `yaml:"model"` // * stands for any text
	Region    string   `yaml:"region"`
	Stream    *bool    `yaml:"stream"`
	Message   string   `yaml:"message"` // a regular expression within the last message of the user
	// Nth picks from the requests that match otherwise, counted from 1; Times
	// takes that many of them from the first, and leaves the rest to later rules.
	Nth   []int64 `yaml:"nth"`
	Times int64   `yaml:"times"`
}

// Reply is a scripted answer. With a Stop of its own it is given as it is, also
// where it passes the max_tokens of the request; without, it is held to them.
type Reply struct {
	Text      string      `yaml:"text"`
	ToolCalls []ReplyCall `yaml:"tool_calls"`
	Stop      Stop        `yaml:"stop"`
	Usage     ReplyUsage  `yaml:"usage"`
}

// ReplyCall is a scripted tool call.
type ReplyCall struct {
	ID        string    `yaml:"id"`
	Name      string    `yaml:"name"`
	Arguments Arguments `yaml:"arguments"`
}

// Arguments are those of a tool call: in a script a mapping, or a text that is
// taken as it is, also where it is no JSON.
type Arguments string

// UnmarshalYAML implements yaml.Unmarshaler.
func (a *Arguments) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*a = Arguments(node.Value)
		return nil
	}
	var value map[string]any
	if err := node.Decode(&value); err != nil {
		return errors.New("a mapping of arguments by name is wanted, or a text")
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("arguments must be what JSON can say: %w", err)
	}
	*a = Arguments(text)
	return nil
}

// ReplyUsage is the usage an answer tells. The word `full` uses up what a
// gateway holds for the request at most: its byte bound in, its max_tokens out.
// The word `none` tells no usage. A mapping gives numbers, also impossible ones;
// what it leaves out is counted.
type ReplyUsage struct {
	Hidden     bool
	Input      *Amount
	Output     *Amount
	CacheRead  int64
	CacheWrite int64
}

// Amount is a number of tokens, or the most there can be.
type Amount struct {
	Most   bool // in a script: `bound` of input, `max` of output
	Tokens int64
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (u *ReplyUsage) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		switch node.Value {
		case "full":
			u.Input, u.Output = &Amount{Most: true}, &Amount{Most: true}
			return nil
		case "none":
			u.Hidden = true
			return nil
		}
		return fmt.Errorf("full, none or a mapping is wanted, not %q", node.Value)
	}
	if node.Kind != yaml.MappingNode {
		return errors.New("full, none or a mapping is wanted, not a list")
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if err := u.set(node.Content[i].Value, node.Content[i+1]); err != nil {
			return fmt.Errorf("%s: %w", node.Content[i].Value, err)
		}
	}
	return nil
}

func (u *ReplyUsage) set(key string, node *yaml.Node) error {
	switch key {
	case "input":
		return amount(&u.Input, node, "bound")
	case "output":
		return amount(&u.Output, node, "max")
	case "cache_read":
		return number(&u.CacheRead, node)
	case "cache_write":
		return number(&u.CacheWrite, node)
	}
	return errors.New("there is no such key; there are input, output, cache_read and cache_write")
}

func amount(into **Amount, node *yaml.Node, most string) error {
	*into = &Amount{Most: node.Value == most}
	if (*into).Most {
		return nil
	}
	return number(&(*into).Tokens, node)
}

func number(into *int64, node *yaml.Node) error {
	if node.ShortTag() != "!!int" || node.Decode(into) != nil {
		return fmt.Errorf("a whole number is wanted, not %q", node.Value)
	}
	return nil
}

// answer makes the answer of a reply to a request.
func (r *Reply) answer(req *Request) Answer {
	a := Answer{Text: r.Text, Stop: r.Stop, HideUsage: r.Usage.Hidden}
	for _, call := range r.ToolCalls {
		a.Calls = append(a.Calls, ToolCall{ID: call.ID, Name: call.Name, Arguments: string(call.Arguments)})
	}
	a.limit(req)
	a.count(req)
	if r.Usage.Input != nil {
		a.Usage.Input = r.Usage.Input.Tokens
		if r.Usage.Input.Most {
			a.Usage.Input = req.Bound()
		}
	}
	if r.Usage.Output != nil {
		a.Usage.Output = r.Usage.Output.Tokens
		if r.Usage.Output.Most {
			a.Usage.Output = req.most() * int64(max(req.N, 1))
		}
	}
	a.Usage.CacheRead, a.Usage.CacheWrite = r.Usage.CacheRead, r.Usage.CacheWrite
	return a
}

// maxScript bounds a script, in bytes.
const maxScript = 4 << 20

// LoadScript reads a script from a YAML or JSON file.
func LoadScript(path string) (*Script, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the script: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxScript+1))
	if err != nil {
		return nil, fmt.Errorf("reading the script: %w", err)
	}
	return ParseScript(path, text)
}

// ParseScript reads a script from YAML or JSON and checks it. Every error names
// the file as name, the line and the key.
func ParseScript(name string, text []byte) (*Script, error) {
	if len(text) > maxScript {
		return nil, fmt.Errorf("%s: a script has at most %d bytes", name, maxScript)
	}
	script := &Script{}
	reader := &scriptReader{name: name}
	if err := reader.read(text, script); err != nil {
		return nil, err
	}
	for i := range script.Rules {
		if err := script.Rules[i].check(); err != nil {
			return nil, fmt.Errorf("%s:%d: rules[%d].%w", name, reader.line(i), i, err)
		}
	}
	return script, nil
}

// check says what is wrong with a rule, beginning with the key.
func (r *Rule) check() error {
	switch r.Match.Protocol {
	case "", Bedrock, OpenAI:
	default:
		return fmt.Errorf("match.protocol: %s or %s is wanted, not %q", Bedrock, OpenAI, r.Match.Protocol)
	}
	switch r.Match.Operation {
	case "", OpConverse, OpConverseStream, OpInvoke, OpInvokeStream, OpCountTokens, OpChat, OpEmbeddings, OpModels:
	default:
		known := []string{OpConverse, OpConverseStream, OpInvoke, OpInvokeStream, OpCountTokens, OpChat, OpEmbeddings, OpModels}
		return fmt.Errorf("match.operation: one of %s is wanted, not %q", strings.Join(known, ", "), r.Match.Operation)
	}
	for _, nth := range r.Match.Nth {
		if nth < 1 {
			return fmt.Errorf("match.nth: requests are counted from 1, not %d", nth)
		}
	}
	if r.Match.Times < 0 {
		return fmt.Errorf("match.times: a number above 0 is wanted, not %d", r.Match.Times)
	}
	if r.Answer != nil {
		switch r.Answer.Stop {
		case "", StopEnd, StopLength, StopTools, StopSequence, StopFiltered:
		default:
			return fmt.Errorf("answer.stop: one of end, length, tool_calls, stop_sequence, filtered is wanted, not %q", r.Answer.Stop)
		}
	}
	for key, d := range map[string]*time.Duration{"latency": r.Latency, "jitter": r.Jitter, "token_delay": r.TokenDelay} {
		if d != nil && *d < 0 {
			return fmt.Errorf("%s: a duration of at least 0 is wanted, not %v", key, *d)
		}
	}
	if _, err := pattern(r.Match.Message); err != nil {
		return fmt.Errorf("match.message: %w", err)
	}
	return r.Fault.check()
}
