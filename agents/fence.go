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

// FenceText is Fence for a text, such as what a tool says of a failure: it can
// repeat what a page or a database said.
func FenceText(text string) string {
	raw, err := json.Marshal(text)
	if err != nil { // no string fails
		return ""
	}
	return string(Fence(raw))
}

// UnfenceText gives back what FenceText wrapped; other texts are returned as
// they are.
func UnfenceText(text string) string {
	inner := Unfence(json.RawMessage(text))
	var plain string
	if len(inner) == len(text) || json.Unmarshal(inner, &plain) != nil {
		return text
	}
	return plain
}
