package mock

import (
	"context"
	"encoding/json"
	"strings"
)

// Echo is the built-in Answerer: it quotes what it was told, the same for the
// same request.
//
//   - It says back the last message of the user, or the tool results that the
//     conversation ends with.
//   - It calls a tool when the choice says it must, or when it may and the last
//     message names the tool; with the smallest arguments its schema allows.
//   - Where a schema is asked for, it answers with the smallest value that has
//     it, with the message in its texts.
type Echo struct{}

// maxQuote bounds what is said back, in bytes.
const maxQuote = 2000

// Answer implements Answerer.
func (Echo) Answer(_ context.Context, req *Request) (Answer, error) {
	said := req.LastUser()
	results := req.Results()
	if tool, ok := chosen(req, said, len(results) > 0); ok {
		arguments := string(instance(tool.Schema, said))
		return Answer{Calls: []ToolCall{{Name: tool.Name, Arguments: arguments}}}, nil
	}
	switch {
	case len(req.Schema) > 0:
		return Answer{Text: string(instance(req.Schema, said))}, nil
	case req.JSON:
		text, err := json.Marshal(map[string]string{"you_said": shorten(said)})
		return Answer{Text: string(text)}, err
	case len(results) > 0:
		return Answer{Text: told(results)}, nil
	case said == "":
		return Answer{Text: "You said nothing."}, nil
	}
	return Answer{Text: "You said: " + shorten(said)}, nil
}

func told(results []ToolResult) string {
	var text strings.Builder
	for i, result := range results {
		if i > 0 {
			text.WriteByte('\n')
		}
		text.WriteString("The tool said: " + shorten(result.Text))
	}
	return text.String()
}

// chosen is the tool that is to be called.
func chosen(req *Request, said string, answered bool) (Tool, bool) {
	if len(req.Tools) == 0 || req.Choice.Mode == "none" {
		return Tool{}, false
	}
	if req.Choice.Name != "" {
		for _, tool := range req.Tools {
			if tool.Name == req.Choice.Name {
				return tool, true
			}
		}
	}
	if answered && req.Choice.Mode != "any" {
		return Tool{}, false
	}
	for _, tool := range req.Tools {
		if strings.Contains(said, tool.Name) {
			return tool, true
		}
	}
	return req.Tools[0], req.Choice.Mode == "any"
}

func shorten(text string) string {
	if len(text) <= maxQuote {
		return text
	}
	return cut(text, maxQuote) + "…"
}
