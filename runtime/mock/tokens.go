package mock

import "unicode/utf8"

// How the emulator counts: a token is four bytes of text, the last one of a text
// may be shorter; each message takes four tokens besides, and a request three.
// Real tokenizers differ, and none of them makes more tokens than bytes.
const (
	bytesPerToken    = 4
	tokensPerMessage = 4
	tokensPerRequest = 3
)

// DefaultMaxTokens bounds an answer to a request that gives no bound, and is
// what `max` stands for in its usage.
const DefaultMaxTokens = 4096

// Tokens is how many tokens a text has.
func Tokens(text string) int64 { return int64((len(text) + bytesPerToken - 1) / bytesPerToken) }

// InputTokens is how many tokens a request has.
func (r *Request) InputTokens() int64 {
	if len(r.Texts) > 0 {
		var n int64
		for _, text := range r.Texts {
			n += Tokens(text)
		}
		return n
	}
	n := tokensPerRequest + Tokens(r.System) + Tokens(string(r.Schema))
	for _, tool := range r.Tools {
		n += tokensPerMessage + Tokens(tool.Name) + Tokens(tool.Description) + Tokens(string(tool.Schema))
	}
	for i := range r.Messages {
		message := &r.Messages[i]
		n += tokensPerMessage + Tokens(message.Text)
		for _, call := range message.Calls {
			n += tokensPerMessage + Tokens(call.Name) + Tokens(call.Arguments)
		}
		for _, result := range message.Results {
			n += tokensPerMessage + Tokens(result.Text)
		}
	}
	return n
}

// Bound is an upper bound of the input tokens of a request by its bytes, by the
// rule that Quaestor's gateway holds budgets by. It is the very number the
// gateway holds where the request on the wire has the messages that the gateway
// was given: system, user and assistant texts that are not joined on the way.
func (r *Request) Bound() int64 {
	const request, machine, message, tool, rendering = 64, 1024, 16, 64, 3
	bound := request + len(r.System)
	if len(r.Tools) > 0 || len(r.Schema) > 0 {
		bound += machine + rendering*len(r.Schema)
	}
	for _, t := range r.Tools {
		bound += tool + len(t.Name) + len(t.Description) + rendering*len(t.Schema)
	}
	for i := range r.Messages {
		m := &r.Messages[i]
		bound += message + len(m.Text)
		for _, call := range m.Calls {
			bound += message + len(call.ID) + len(call.Name) + rendering*len(call.Arguments)
		}
		for _, result := range m.Results {
			bound += message + len(result.ID) + len(result.Text)
		}
	}
	for _, text := range r.Texts {
		bound += message + len(text)
	}
	return int64(bound)
}

// most is the largest number of tokens an answer may have.
func (r *Request) most() int64 {
	if r.MaxTokens > 0 {
		return r.MaxTokens
	}
	return DefaultMaxTokens
}

// cut gives the start of text that is at most n bytes, in whole characters.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// maxPieces bounds the pieces that one text is streamed in.
const maxPieces = 4096

// pieces gives text in the pieces it is streamed in: a token each, or more where
// there would be too many.
func pieces(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		size := max(bytesPerToken, (len(text)+maxPieces-1)/maxPieces)
		for len(text) > 0 {
			piece := cut(text, size)
			if piece == "" { // one character that is longer
				_, width := utf8.DecodeRuneInString(text)
				piece = text[:width]
			}
			if !yield(piece) {
				return
			}
			text = text[len(piece):]
		}
	}
}
