package mock

import (
	"context"
	"strings"
)

// Answerer answers what no script and no cassette does.
type Answerer interface {
	// Answer gives the answer to a conversation. The emulator then sees to
	// max_tokens and stop sequences, and counts the usage where there is none.
	// An error is told to the client as an internal one.
	Answer(ctx context.Context, req *Request) (Answer, error)
}

// Answer is what a model says.
type Answer struct {
	Text      string
	Calls     []ToolCall
	Stop      Stop   // empty: found out
	Sequence  string // that stopped it, with StopSequence
	Usage     Usage
	Counted   bool // Usage is told; otherwise the emulator counts
	HideUsage bool // the answer does not tell its usage
	Vectors   [][]float32
}

// Stop says why a model stopped.
type Stop string

// Why a model stops.
const (
	StopEnd      Stop = "end"
	StopLength   Stop = "length"
	StopTools    Stop = "tool_calls"
	StopSequence Stop = "stop_sequence"
	StopFiltered Stop = "filtered"
)

// Usage is what an answer says it used. Input is without what was read from or
// written to a cache.
type Usage struct {
	Input      int64 `json:"input"`
	Output     int64 `json:"output"`
	CacheRead  int64 `json:"cache_read,omitempty"`
	CacheWrite int64 `json:"cache_write,omitempty"`
}

// prompt is all that went in.
func (u Usage) prompt() int64 { return u.Input + u.CacheRead + u.CacheWrite }

// limit holds an answer to what the request allows: it ends before the first
// stop sequence, and at the largest number of tokens.
func (a *Answer) limit(req *Request) {
	if a.Stop != "" { // the answer knows better
		return
	}
	a.Stop = StopEnd
	at := -1
	for _, sequence := range req.Stop {
		if i := strings.Index(a.Text, sequence); sequence != "" && i >= 0 && (at < 0 || i < at) {
			at, a.Sequence = i, sequence
		}
	}
	if at >= 0 {
		a.Text, a.Calls, a.Stop = a.Text[:at], nil, StopSequence
	}
	most := req.most()
	if Tokens(a.Text) > most {
		a.Text, a.Calls, a.Stop = cut(a.Text, int(min(most*bytesPerToken, int64(len(a.Text))))), nil, StopLength
		return
	}
	if len(a.Calls) == 0 {
		return
	}
	if a.output() > most { // a call that does not fit is not made
		a.Calls, a.Stop = nil, StopLength
		return
	}
	a.Stop = StopTools
}

// output is how many tokens the answer has.
func (a *Answer) output() int64 {
	n := Tokens(a.Text)
	for i := range a.Calls {
		n += tokensPerMessage + Tokens(a.Calls[i].Name) + Tokens(a.Calls[i].Arguments)
	}
	return n
}

// count fills in the usage where the answer has none of its own.
func (a *Answer) count(req *Request) {
	if a.Counted {
		return
	}
	a.Counted = true
	a.Usage.Input = req.InputTokens()
	if len(req.Texts) == 0 {
		a.Usage.Output = a.output() * int64(max(req.N, 1))
	}
}
