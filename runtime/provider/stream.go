package provider

import (
	"strings"
	"time"
	"unicode"

	"github.com/quaestor-run/quaestor/agents"
)

// Gathering puts an answer together from its pieces while it hands them over.
// What it emitted and what it gathers are the same text. It is for providers;
// the zero value with Emit and Started set is ready.
type Gathering struct {
	Emit    func(Delta) error
	Started time.Time // of the attempt

	text  strings.Builder
	calls []gatheredCall
	first time.Duration
	begun bool
}

type gatheredCall struct {
	id, name  string
	arguments []byte
}

// Begun says that a piece was handed over, or tried to be.
func (g *Gathering) Begun() bool { return g.begun }

// Text hands over a piece of text; nothing is no piece.
func (g *Gathering) Text(text string) error {
	if text == "" {
		return nil
	}
	g.text.WriteString(text)
	return g.emit(Delta{Text: text})
}

// HasText says that there is text so far.
func (g *Gathering) HasText() bool { return g.text.Len() > 0 }

// Calls is the number of calls that were opened.
func (g *Gathering) Calls() int { return len(g.calls) }

// Call opens the next tool call and hands over its first piece.
func (g *Gathering) Call(id, name, arguments string) error {
	index := len(g.calls)
	g.calls = append(g.calls, gatheredCall{id: id, name: name, arguments: []byte(arguments)})
	return g.emit(Delta{ToolCall: &ToolCallDelta{Index: index, ID: id, Name: name, Arguments: arguments}})
}

// Fragment hands over a piece of the arguments of an open call; nothing is no
// piece.
func (g *Gathering) Fragment(index int, arguments string) error {
	if arguments == "" {
		return nil
	}
	g.calls[index].arguments = append(g.calls[index].arguments, arguments...)
	return g.emit(Delta{ToolCall: &ToolCallDelta{Index: index, Arguments: arguments}})
}

func (g *Gathering) emit(delta Delta) error {
	if !g.begun {
		g.begun, g.first = true, max(time.Since(g.Started), 1)
	}
	return g.Emit(delta)
}

// Response is the whole answer so far, with the times until its first piece and
// until now.
func (g *Gathering) Response() (Response, error) {
	response := Response{
		Message:    agents.Message{Role: agents.RoleAssistant, Text: g.text.String()},
		FirstToken: g.first, Latency: time.Since(g.Started),
	}
	for _, call := range g.calls {
		arguments, err := Arguments(string(call.arguments))
		if err != nil {
			return Response{}, err
		}
		response.Message.ToolCalls = append(response.Message.ToolCalls,
			agents.ToolCall{ID: call.id, Name: call.name, Arguments: arguments})
	}
	return response, nil
}

// Pieces cuts an answer that is there at once into what a stream hands over: the
// text by words, each tool call into its head and its arguments.
func Pieces(message agents.Message) []Delta {
	var pieces []Delta
	rest := message.Text
	for rest != "" {
		end := strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsSpace(r) })
		if end >= 0 {
			word := strings.IndexFunc(rest[end:], unicode.IsSpace)
			if end += word; word < 0 {
				end = len(rest)
			}
		} else {
			end = len(rest)
		}
		pieces = append(pieces, Delta{Text: rest[:end]})
		rest = rest[end:]
	}
	for i, call := range message.ToolCalls {
		pieces = append(pieces, Delta{ToolCall: &ToolCallDelta{Index: i, ID: call.ID, Name: call.Name}})
		if len(call.Arguments) > 0 {
			pieces = append(pieces, Delta{ToolCall: &ToolCallDelta{Index: i, Arguments: string(call.Arguments)}})
		}
	}
	return pieces
}
