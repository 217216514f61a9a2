package mock

import (
	"iter"
	"strconv"
)

// stopBedrock is how Converse says why a model stopped; Anthropic's own words
// are the same, but for refusals.
func stopBedrock(stop Stop) string {
	switch stop {
	case StopLength:
		return "max_tokens"
	case StopTools:
		return "tool_use"
	case StopSequence:
		return "stop_sequence"
	case StopFiltered:
		return "content_filtered"
	}
	return "end_turn"
}

func wholeConverse(x *exchange, a *Answer) []byte {
	out := make([]byte, 0, len(a.Text)+512)
	out = append(out, `{"metrics":{"latencyMs":`...)
	out = strconv.AppendInt(out, x.elapsed(), 10)
	out = append(out, `},"output":{"message":{"content":[`...)
	if a.Text != "" {
		out = append(appendQuoted(append(out, `{"text":`...), a.Text), '}')
	}
	for i := range a.Calls {
		call := &a.Calls[i]
		if i > 0 || a.Text != "" {
			out = append(out, ',')
		}
		out = appendQuoted(append(out, `{"toolUse":{"toolUseId":`...), x.callID(call, i))
		out = appendQuoted(append(out, `,"name":`...), call.Name)
		out = append(appendJSON(append(out, `,"input":`...), call.Arguments), '}', '}')
	}
	out = append(out, `],"role":"assistant"}},"stopReason":"`...)
	out = append(append(out, stopBedrock(a.Stop)...), '"')
	if !a.HideUsage {
		out = appendConverseUsage(append(out, ','), a.Usage)
	}
	return append(out, '}')
}

func appendConverseUsage(out []byte, u Usage) []byte {
	out = appendInt(out, `"usage":{"inputTokens":`, u.Input)
	out = appendInt(out, `,"outputTokens":`, u.Output)
	out = appendInt(out, `,"totalTokens":`, u.prompt()+u.Output)
	out = appendInt(out, `,"cacheReadInputTokens":`, u.CacheRead)
	out = appendInt(out, `,"cacheWriteInputTokens":`, u.CacheWrite)
	return append(out, '}')
}

func framesConverse(x *exchange, a *Answer) iter.Seq[frame] {
	return func(yield func(frame) bool) {
		if !yield(frame{frameMark, event("messageStart", []byte(`{"role":"assistant"}`))}) {
			return
		}
		if !converseBlocks(x, a, yield) {
			return
		}
		stop := []byte(`{"stopReason":"` + stopBedrock(a.Stop) + `"}`)
		if !yield(frame{frameStop, event("messageStop", stop)}) {
			return
		}
		metadata := appendInt(nil, `{"metrics":{"latencyMs":`, x.elapsed())
		metadata = append(metadata, '}')
		if !a.HideUsage {
			metadata = appendConverseUsage(append(metadata, ','), a.Usage)
		}
		yield(frame{frameDone, event("metadata", append(metadata, '}'))})
	}
}

// converseBlocks gives the content blocks of a streamed answer, text first.
func converseBlocks(x *exchange, a *Answer, yield func(frame) bool) bool {
	index := 0
	delta := func(key, text string) bool {
		payload := appendInt(nil, `{"contentBlockIndex":`, int64(index))
		payload = append(append(payload, `,"delta":{`...), key...)
		payload = append(appendQuoted(payload, text), "}}"...)
		if key != `"text":` {
			payload = append(payload, '}')
		}
		return yield(frame{framePiece, event("contentBlockDelta", payload)})
	}
	end := func() bool {
		payload := append(appendInt(nil, `{"contentBlockIndex":`, int64(index)), '}')
		index++
		return yield(frame{frameMark, event("contentBlockStop", payload)})
	}
	if a.Text != "" {
		for piece := range pieces(a.Text) {
			if !delta(`"text":`, piece) {
				return false
			}
		}
		if !end() {
			return false
		}
	}
	for i := range a.Calls {
		call := &a.Calls[i]
		start := appendInt(nil, `{"contentBlockIndex":`, int64(index))
		start = appendQuoted(append(start, `,"start":{"toolUse":{"toolUseId":`...), x.callID(call, i))
		start = append(appendQuoted(append(start, `,"name":`...), call.Name), "}}}"...)
		if !yield(frame{frameMark, event("contentBlockStart", start)}) {
			return false
		}
		for piece := range pieces(call.Arguments) {
			if !delta(`"toolUse":{"input":`, piece) {
				return false
			}
		}
		if !end() {
			return false
		}
	}
	return true
}
