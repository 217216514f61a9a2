package mock

import (
	"bytes"
	"iter"
)

func finish(stop Stop) string {
	switch stop {
	case StopLength:
		return "length"
	case StopTools:
		return "tool_calls"
	case StopFiltered:
		return "content_filter"
	}
	return "stop"
}

func wholeChat(x *exchange, a *Answer) []byte {
	out := make([]byte, 0, len(a.Text)*max(x.request.N, 1)+512)
	out = append(chatHead(out, x, "chat.completion"), `,"choices":[`...)
	for i := range x.request.N {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendInt(out, `{"index":`, int64(i))
		out = append(out, `,"message":{"role":"assistant","content":`...)
		if a.Text == "" && len(a.Calls) > 0 {
			out = append(out, "null"...)
		} else {
			out = appendQuoted(out, a.Text)
		}
		out = append(out, `,"refusal":null`...)
		if len(a.Calls) > 0 {
			out = append(out, `,"tool_calls":[`...)
			for j := range a.Calls {
				if j > 0 {
					out = append(out, ',')
				}
				out = appendCall(append(out, '{'), x, &a.Calls[j], j, i, a.Calls[j].Arguments)
				out = append(out, '}')
			}
			out = append(out, ']')
		}
		out = append(out, `},"logprobs":null,"finish_reason":"`...)
		out = append(append(out, finish(a.Stop)...), `"}`...)
	}
	out = append(out, ']')
	if !a.HideUsage {
		out = appendChatUsage(append(out, ','), a.Usage)
	}
	return append(out, `,"service_tier":"default","system_fingerprint":"fp_mock"}`...)
}

// chatHead begins a completion or a chunk of one, without its closing brace.
func chatHead(out []byte, x *exchange, object string) []byte {
	out = appendQuoted(append(out, `{"id":`...), x.id("chatcmpl-"))
	out = append(append(out, `,"object":"`...), object...)
	out = appendInt(out, `","created":`, x.began.Unix())
	return appendQuoted(append(out, `,"model":`...), x.request.Model)
}

// appendCall appends the fields of the j-th tool call of choice i.
func appendCall(out []byte, x *exchange, call *ToolCall, j, i int, arguments string) []byte {
	out = appendQuoted(append(out, `"id":`...), x.callID(call, j+i*len(x.answer.Calls)))
	out = appendQuoted(append(out, `,"type":"function","function":{"name":`...), call.Name)
	return append(appendQuoted(append(out, `,"arguments":`...), arguments), '}')
}

func appendChatUsage(out []byte, u Usage) []byte {
	out = appendInt(out, `"usage":{"prompt_tokens":`, u.prompt())
	out = appendInt(out, `,"completion_tokens":`, u.Output)
	out = appendInt(out, `,"total_tokens":`, u.prompt()+u.Output)
	out = appendInt(out, `,"prompt_tokens_details":{"cached_tokens":`, u.CacheRead)
	return append(out, `,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}`...)
}

func framesChat(x *exchange, a *Answer) iter.Seq[frame] {
	return func(yield func(frame) bool) {
		for i := range x.request.N {
			if !chatChoice(x, a, i, yield) {
				return
			}
		}
		if x.request.StreamUsage && !a.HideUsage {
			data := append(chatHead([]byte("data: "), x, "chat.completion.chunk"), `,"choices":[],`...)
			data = append(appendChatUsage(data, a.Usage), "}\n\n"...)
			if !yield(frame{frameUsage, data}) {
				return
			}
		}
		yield(frame{frameDone, []byte("data: [DONE]\n\n")})
	}
}

// chatChoice gives the chunks of one choice.
func chatChoice(x *exchange, a *Answer, choice int, yield func(frame) bool) bool {
	chunk := func(kind frameKind, reason string, delta ...string) bool {
		data := chatHead([]byte("data: "), x, "chat.completion.chunk")
		data = appendInt(append(data, `,"system_fingerprint":"fp_mock"`...), `,"choices":[{"index":`, int64(choice))
		data = append(data, `,"delta":{`...)
		for _, part := range delta {
			data = append(data, part...)
		}
		data = append(appendNullable(append(data, `},"logprobs":null,"finish_reason":`...), reason), "}]"...)
		if x.request.StreamUsage {
			data = append(data, `,"usage":null`...)
		}
		return yield(frame{kind, append(data, "}\n\n"...)})
	}
	content := `"role":"assistant","content":"","refusal":null`
	if a.Text == "" && len(a.Calls) > 0 {
		content = `"role":"assistant","content":null`
	}
	if !chunk(frameMark, "", content) {
		return false
	}
	for piece := range pieces(a.Text) {
		if !chunk(framePiece, "", `"content":`, string(appendQuoted(nil, piece))) {
			return false
		}
	}
	for j := range a.Calls {
		index := string(appendInt(nil, `"tool_calls":[{"index":`, int64(j))) + ","
		if !chunk(frameMark, "", index, string(appendCall(nil, x, &a.Calls[j], j, choice, "")), "}]") {
			return false
		}
		for piece := range pieces(a.Calls[j].Arguments) {
			if !chunk(framePiece, "", index, `"function":{"arguments":`, string(appendQuoted(nil, piece)), "}}]") {
				return false
			}
		}
	}
	return chunk(frameStop, finish(a.Stop))
}

// errorEvent is a failure within a stream, as OpenAI tells one.
func errorEvent(_ *exchange, f *refusal) []byte {
	return append(append([]byte("data: "), f.body(OpenAI)...), "\n\n"...)
}

// breakEvent cuts the JSON of an event in two.
func breakEvent(data []byte) []byte {
	text := bytes.TrimRight(data, "\n")
	return append(bytes.Clone(text[:max(len(text)/2, min(len(text), 7))]), "\n\n"...)
}

func wholeEmbeddings(x *exchange, a *Answer) []byte {
	out := []byte(`{"object":"list","data":[`)
	for i, v := range a.Vectors {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendInt(out, `{"object":"embedding","index":`, int64(i))
		out = append(out, `,"embedding":`...)
		if x.request.format == "base64" {
			out = appendQuoted(out, packed(v))
		} else {
			out = appendVector(out, v)
		}
		out = append(out, '}')
	}
	out = appendQuoted(append(out, `],"model":`...), x.request.Model)
	if !a.HideUsage {
		out = appendInt(out, `,"usage":{"prompt_tokens":`, a.Usage.prompt())
		out = append(appendInt(out, `,"total_tokens":`, a.Usage.prompt()), '}')
	}
	return append(out, '}')
}

// wholeModels lists the models, or shows the one that is asked for.
func wholeModels(x *exchange, _ *Answer) []byte {
	model := func(out []byte, id string) []byte {
		out = appendQuoted(append(out, `{"id":`...), id)
		out = appendInt(out, `,"object":"model","created":`, x.server.started.Unix())
		return append(out, `,"owned_by":"quaestor-mock"}`...)
	}
	if x.request.Model != "" {
		return model(nil, x.request.Model)
	}
	out := []byte(`{"object":"list","data":[`)
	for i, id := range x.rules.models {
		if i > 0 {
			out = append(out, ',')
		}
		out = model(out, id)
	}
	return append(out, "]}"...)
}
