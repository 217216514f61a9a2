package gateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"math"

	"github.com/quaestor-run/quaestor/agents"
)

// digest names a call by all that its answer depends on, and its client.
type digest [sha256.Size]byte

// digester writes fields so that no two calls write the same bytes: each by its
// length, each list by its number.
type digester struct {
	hash   hash.Hash
	buffer [8]byte
}

func (c *cache) digest(call Call, model string) (d digest) {
	w := digester{hash: hmac.New(sha256.New, c.key)}
	w.text(call.Client, call.Agent, call.AgentVersion, model, call.System, string(call.Input), string(call.Output))
	w.number(uint64(call.MaxTokens))
	w.float(call.Temperature)
	w.float(call.TopP)
	w.number(uint64(len(call.Stop)))
	w.text(call.Stop...)
	w.text(string(call.ToolChoice.Mode), call.ToolChoice.Name)
	if call.Shape {
		w.number(1)
	} else {
		w.number(0)
	}
	w.number(uint64(len(call.Tools)))
	for _, tool := range call.Tools {
		w.text(tool.Name, tool.Description, string(tool.Input))
	}
	w.number(uint64(len(call.Messages)))
	for _, message := range call.Messages {
		w.message(message)
	}
	w.hash.Sum(d[:0])
	return d
}

func (w *digester) message(m agents.Message) {
	w.text(string(m.Role), m.Text)
	w.number(uint64(len(m.ToolCalls)))
	for _, call := range m.ToolCalls {
		w.text(call.ID, call.Name, string(call.Arguments))
	}
	w.number(uint64(len(m.ToolResults)))
	for _, result := range m.ToolResults {
		w.text(result.CallID, result.Name, string(result.Value), result.Error)
	}
}

func (w *digester) number(n uint64) {
	binary.BigEndian.PutUint64(w.buffer[:], n)
	w.hash.Write(w.buffer[:])
}

func (w *digester) text(texts ...string) {
	for _, text := range texts {
		w.number(uint64(len(text)))
		w.hash.Write([]byte(text))
	}
}

func (w *digester) float(f *float64) {
	if f == nil {
		w.number(0)
		return
	}
	w.number(1)
	w.number(math.Float64bits(*f))
}
