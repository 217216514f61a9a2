package gateway

import (
	"unicode/utf8"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// How tokens are estimated where a window must be kept, not a budget. The bound
// by bytes would cut English four times too early. Tokenizers take 3.5 to 4.5
// bytes of English for a token, 2.5 to 3.5 of other European languages, of JSON
// and of code; three bytes are a cautious mean. From the CJK blocks on, a
// character is about a token, and an emoji up to three.
const (
	bytesPerToken  = 3
	firstIdeograph = 0x2E80
	astralTokens   = 3
)

// estimate is about how many tokens a text has. It is never above its bytes.
func estimate(text string) int64 {
	var light, tokens int64
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			light++
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case size == 4:
			tokens += astralTokens
		case r >= firstIdeograph && r != utf8.RuneError:
			tokens++
		default:
			light += int64(size)
		}
		i += size
	}
	return tokens + (light+bytesPerToken-1)/bytesPerToken
}

// estimateFixed is the part of a request that shaping never leaves out.
func estimateFixed(r provider.Request) int64 {
	tokens := requestOverhead + estimate(r.System)
	if len(r.Output) > 0 {
		tokens += estimate(string(r.Output))
	}
	for _, tool := range r.Tools {
		tokens += toolOverhead + estimate(tool.Name) + estimate(tool.Description) + estimate(string(tool.Input))
	}
	return tokens
}

func estimateMessage(m agents.Message) int64 {
	tokens := messageOverhead + estimate(m.Text)
	for _, call := range m.ToolCalls {
		tokens += messageOverhead + estimate(call.Name) + estimate(string(call.Arguments))
	}
	for _, result := range m.ToolResults {
		tokens += messageOverhead + estimate(string(result.Value)) + estimate(result.Error)
	}
	return tokens
}
