package agents

import (
	"bytes"
	"encoding/json"
)

// The fence around a tool's value: an object with this one property.
const (
	fenceOpen  = `{"untrusted":`
	fenceClose = `}`
)

// Fence marks a tool's value, which is JSON, as data from outside. It stays
// JSON, so nothing inside can close it.
func Fence(value json.RawMessage) json.RawMessage {
	fenced := make(json.RawMessage, 0, len(fenceOpen)+len(value)+len(fenceClose))
	return append(append(append(fenced, fenceOpen...), value...), fenceClose...)
}

// Unfence gives back what Fence wrapped; other values are returned as they are.
func Unfence(value json.RawMessage) json.RawMessage {
	inner, opened := bytes.CutPrefix(value, []byte(fenceOpen))
	inner, closed := bytes.CutSuffix(inner, []byte(fenceClose))
	if !opened || !closed {
		return value
	}
	return inner
}
