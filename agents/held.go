package agents

import (
	"bytes"
	"encoding/json"
	"fmt"
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
// returns for the hash. Values that were fetched are not searched again.
func Resolve(text json.RawMessage, fetch func(ref string) (json.RawMessage, error)) (json.RawMessage, error) {
	trimmed := bytes.TrimSpace(text)
	if len(trimmed) == 0 {
		return text, nil
	}
	switch trimmed[0] {
	case '{':
		if ref, ok := refOf(trimmed); ok {
			value, err := fetch(ref)
			if err != nil {
				return nil, fmt.Errorf("fetching %s: %w", ref, err)
			}
			return value, nil
		}
		var object map[string]json.RawMessage
		if err := json.Unmarshal(trimmed, &object); err != nil {
			return nil, fmt.Errorf("reading an object: %w", err)
		}
		for key, value := range object {
			resolved, err := Resolve(value, fetch)
			if err != nil {
				return nil, err
			}
			object[key] = resolved
		}
		return json.Marshal(object)
	case '[':
		var list []json.RawMessage
		if err := json.Unmarshal(trimmed, &list); err != nil {
			return nil, fmt.Errorf("reading a list: %w", err)
		}
		for i, value := range list {
			resolved, err := Resolve(value, fetch)
			if err != nil {
				return nil, err
			}
			list[i] = resolved
		}
		return json.Marshal(list)
	}
	return text, nil
}
