package mock

import (
	"encoding/base64"
	"iter"
	"strconv"
)

func wholeInvoke(x *exchange, a *Answer) []byte {
	header := x.w.Header()
	header.Set("X-Amzn-Bedrock-Invocation-Latency", strconv.FormatInt(x.elapsed(), 10))
	if !a.HideUsage {
		header.Set("X-Amzn-Bedrock-Input-Token-Count", strconv.FormatInt(a.Usage.Input, 10))
		header.Set("X-Amzn-Bedrock-Output-Token-Count", strconv.FormatInt(a.Usage.Output, 10))
	}
	switch family(x.request.Model) {
	case "amazon.titan-embed":
		return wholeTitan(x, a)
	case "cohere.embed":
		return wholeCohere(x, a)
	}
	return wholeAnthropic(x, a)
}

func stopAnthropic(stop Stop) string {
	if stop == StopFiltered {
		return "refusal"
	}
	return stopBedrock(stop)
}

func wholeAnthropic(x *exchange, a *Answer) []byte {
	out := append(anthropicHead(x), `,"content":[`...)
	if a.Text != "" {
		out = append(appendQuoted(append(out, `{"type":"text","text":`...), a.Text), '}')
	}
	for i := range a.Calls {
		call := &a.Calls[i]
		if i > 0 || a.Text != "" {
			out = append(out, ',')
		}
		out = appendQuoted(append(out, `{"type":"tool_use","id":`...), x.callID(call, i))
		out = appendQuoted(append(out, `,"name":`...), call.Name)
		out = append(appendJSON(append(out, `,"input":`...), call.Arguments), '}')
	}
	out = append(out, `],"stop_reason":"`...)
	out = append(out, stopAnthropic(a.Stop)...)
	out = appendNullable(append(out, `","stop_sequence":`...), a.Sequence)
	if !a.HideUsage {
		out = appendAnthropicUsage(append(out, ','), a.Usage)
	}
	return append(out, '}')
}

// anthropicHead begins a message, without its closing brace.
func anthropicHead(x *exchange) []byte {
	out := appendQuoted(nil, x.id("msg_bdrk_"))
	out = append([]byte(`{"id":`), out...)
	out = append(out, `,"type":"message","role":"assistant","model":`...)
	return appendQuoted(out, x.request.Model)
}

func appendAnthropicUsage(out []byte, u Usage) []byte {
	out = appendInt(out, `"usage":{"input_tokens":`, u.Input)
	out = appendInt(out, `,"cache_creation_input_tokens":`, u.CacheWrite)
	out = appendInt(out, `,"cache_read_input_tokens":`, u.CacheRead)
	return append(appendInt(out, `,"output_tokens":`, u.Output), '}')
}

// chunk wraps an event of the model's own stream as Bedrock does.
func chunk(kind frameKind, inner []byte) frame {
	payload := append([]byte(`{"bytes":"`), base64.StdEncoding.EncodeToString(inner)...)
	return frame{kind, event("chunk", append(payload, '"', '}'))}
}

func framesInvoke(x *exchange, a *Answer) iter.Seq[frame] {
	return func(yield func(frame) bool) {
		start := append([]byte(`{"type":"message_start","message":`), anthropicHead(x)...)
		start = append(start, `,"content":[],"stop_reason":null,"stop_sequence":null`...)
		if !a.HideUsage {
			begun := a.Usage
			begun.Output = min(begun.Output, 1)
			start = appendAnthropicUsage(append(start, ','), begun)
		}
		if !yield(chunk(frameMark, append(start, '}', '}'))) || !anthropicBlocksOut(x, a, yield) {
			return
		}
		stop := append([]byte(`{"type":"message_delta","delta":{"stop_reason":"`), stopAnthropic(a.Stop)...)
		stop = append(appendNullable(append(stop, `","stop_sequence":`...), a.Sequence), '}')
		if !a.HideUsage {
			stop = append(appendInt(stop, `,"usage":{"output_tokens":`, a.Usage.Output), '}')
		}
		if !yield(chunk(frameStop, append(stop, '}'))) {
			return
		}
		done := []byte(`{"type":"message_stop"`)
		if !a.HideUsage {
			done = appendInt(done, `,"amazon-bedrock-invocationMetrics":{"inputTokenCount":`, a.Usage.Input)
			done = appendInt(done, `,"outputTokenCount":`, a.Usage.Output)
			done = appendInt(done, `,"invocationLatency":`, x.elapsed())
			done = append(appendInt(done, `,"firstByteLatency":`, x.elapsed()), '}')
		}
		yield(chunk(frameDone, append(done, '}')))
	}
}

func anthropicBlocksOut(x *exchange, a *Answer, yield func(frame) bool) bool {
	index := 0
	event := func(kind frameKind, name, rest string) bool {
		inner := appendInt([]byte(`{"type":"`+name+`"`), `,"index":`, int64(index))
		return yield(chunk(kind, append(append(inner, rest...), '}')))
	}
	block := func(start, delta, text string) bool {
		if !event(frameMark, "content_block_start", `,"content_block":`+start) {
			return false
		}
		for piece := range pieces(text) {
			if !event(framePiece, "content_block_delta", `,"delta":{`+delta+string(appendQuoted(nil, piece))+"}") {
				return false
			}
		}
		if !event(frameMark, "content_block_stop", "") {
			return false
		}
		index++
		return true
	}
	if a.Text != "" && !block(`{"type":"text","text":""}`, `"type":"text_delta","text":`, a.Text) {
		return false
	}
	for i := range a.Calls {
		call := &a.Calls[i]
		start := appendQuoted([]byte(`{"type":"tool_use","id":`), x.callID(call, i))
		start = append(appendQuoted(append(start, `,"name":`...), call.Name), `,"input":{}}`...)
		if !block(string(start), `"type":"input_json_delta","partial_json":`, call.Arguments) {
			return false
		}
	}
	return true
}
