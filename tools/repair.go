package tools

import (
	"encoding/json"
	"errors"
)

// RepairJSON returns text as valid JSON.
func RepairJSON(text []byte) (json.RawMessage, error) {
	if json.Valid(text) {
		return text, nil
	}
	return nil, errors.New("not JSON")
}
