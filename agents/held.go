package agents

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Held is a value that lives in the store. Workflow code holds only its content
// hash; by the time an agent sees its input the runtime has put the value in.
type Held[T any] struct {
	Ref   string
	Value T
}

type heldRef struct {
	Ref string `json:"$ref"`
}

// Hold refers to a stored value by its content hash.
func Hold[T any](ref string) Held[T] { return Held[T]{Ref: ref} }

// MarshalJSON writes {"$ref": hash} while the value is in the store, and the
// value itself otherwise.
func (h Held[T]) MarshalJSON() ([]byte, error) {
	if h.Ref != "" {
		return json.Marshal(heldRef{h.Ref})
	}
	return json.Marshal(h.Value)
}

// UnmarshalJSON reads either form.
func (h *Held[T]) UnmarshalJSON(text []byte) error {
	if ref, ok := refOf(text); ok {
		h.Ref = ref
		return nil
	}
	return json.Unmarshal(text, &h.Value)
}

// maxRef is more than the longest reference takes, in bytes.
const maxRef = 128

func refOf(text []byte) (string, bool) {
	if len(text) > maxRef || !bytes.Contains(text, []byte(`"$ref"`)) {
		return "", false // most values are large, and none of them is decoded twice
	}
	var ref heldRef
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&ref) != nil || ref.Ref == "" {
		return "", false
	}
	return ref.Ref, true
}

// Resolve replaces every {"$ref": hash} in a JSON text by the value that fetch
// returns for the hash. Values that were fetched are not searched again, nor
// read at all: they are the larger part by far.
func Resolve(text json.RawMessage, fetch func(ref string) (json.RawMessage, error)) (json.RawMessage, error) {
	if !bytes.Contains(text, []byte(`"$ref"`)) {
		return text, nil
	}
	text = bytes.TrimSpace(text)
	switch text[0] {
	case '{':
		return resolveObject(text, fetch)
	case '[':
		return resolveList(text, fetch)
	}
	return text, nil
}

func resolveObject(text json.RawMessage, fetch func(ref string) (json.RawMessage, error)) (json.RawMessage, error) {
	if ref, ok := refOf(text); ok {
		value, err := fetch(ref)
		if err != nil {
			return nil, fmt.Errorf("fetching %s: %w", ref, err)
		}
		return value, nil
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, fmt.Errorf("reading an object: %w", err)
	}
	resolved := json.RawMessage{'{'}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		name, err := json.Marshal(key)
		if err != nil {
			return nil, fmt.Errorf("writing the key %q: %w", key, err)
		}
		value, err := Resolve(object[key], fetch)
		if err != nil {
			return nil, err
		}
		resolved = append(append(append(append(resolved, name...), ':'), value...), ',')
	}
	return closed(resolved, '}'), nil
}

func resolveList(text json.RawMessage, fetch func(ref string) (json.RawMessage, error)) (json.RawMessage, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("reading a list: %w", err)
	}
	resolved := json.RawMessage{'['}
	for _, value := range list {
		value, err := Resolve(value, fetch)
		if err != nil {
			return nil, err
		}
		resolved = append(append(resolved, value...), ',')
	}
	return closed(resolved, ']'), nil
}

// closed ends an object or a list; there is a reference in it, so it is not
// empty, and its last comma is where the bracket goes.
func closed(text json.RawMessage, bracket byte) json.RawMessage {
	text[len(text)-1] = bracket
	return text
}
