package agents

import (
	"encoding/json"
	"fmt"
)

// fence wraps a tool's value for a model.
type fence struct {
	Untrusted json.RawMessage `json:"untrusted"`
}

// Fence marks a tool's value as data from outside. It stays JSON, so nothing
// inside can close it.
func Fence(value json.RawMessage) json.RawMessage {
	fenced, err := json.Marshal(fence{Untrusted: value})
	if err != nil {
		fenced, _ = json.Marshal(fmt.Sprintf("the tool gave no JSON: %v", err))
	}
	return fenced
}

// Unfence gives back what Fence wrapped; other values are returned as they are.
func Unfence(value json.RawMessage) json.RawMessage {
	var fenced fence
	if json.Unmarshal(value, &fenced) != nil || fenced.Untrusted == nil {
		return value
	}
	return fenced.Untrusted
}
