package mcp

import (
	"encoding/json"
	"fmt"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/quaestor-run/quaestor/tools/mcp"
)

// answer takes the text out of a result.
func (l *link) answer(result *sdk.CallToolResult) mcp.Answer {
	if result.NeedsInput() {
		return mcp.Answer{Failed: true, Text: "it asks for input of a person, which nobody gives here"}
	}
	var parts []string
	left := map[string]int{}
	isJSON := false
	for _, content := range result.Content {
		switch content := content.(type) {
		case *sdk.TextContent:
			laid := mcp.LayOut(content.Text)
			isJSON = isJSON || laid != content.Text || json.Valid([]byte(content.Text))
			parts = append(parts, laid)
		case *sdk.EmbeddedResource:
			if content.Resource != nil && content.Resource.Text != "" {
				parts = append(parts, mcp.LayOut(content.Resource.Text))
			} else {
				left["file"]++
			}
		case *sdk.ResourceLink:
			parts = append(parts, strings.TrimSpace(content.Name+" "+content.URI+" "+content.Description))
		case *sdk.ImageContent:
			left["image"]++
		case *sdk.AudioContent:
			left["recording"]++
		default:
			left["part of an unknown kind"]++
		}
	}
	if result.StructuredContent != nil && !isJSON { // else it is the same once more
		if raw, err := json.Marshal(result.StructuredContent); err == nil {
			parts = append(parts, mcp.LayOut(string(raw)))
		}
	}
	answer := mcp.Answer{Failed: result.IsError, LeftOut: count(left)}
	answer.Text, answer.Truncated = bound(strings.ToValidUTF8(strings.Join(parts, "\n"), "\uFFFD"), int(l.server.OutputBytes))
	return answer
}

// bound cuts a text after a line, or else between runes.
func bound(text string, limit int) (string, bool) {
	if len(text) <= limit {
		return text, false
	}
	text = text[:limit]
	if line := strings.LastIndexByte(text, '\n'); line > limit/2 {
		return text[:line+1], true
	}
	return strings.ToValidUTF8(text, ""), true
}

func count(left map[string]int) string {
	var words []string
	for _, kind := range []string{"image", "recording", "file", "part of an unknown kind"} {
		if n := left[kind]; n > 0 {
			words = append(words, fmt.Sprintf("%d × %s", n, kind))
		}
	}
	return strings.Join(words, ", ")
}
