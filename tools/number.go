package tools

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"github.com/invopop/jsonschema"
)

// Number is a float64 that JSON null makes NaN (a missing value), and back.
type Number float64

// JSONSchema allows a number or null.
func (Number) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "number"}, {Type: "null"}}}
}

// UnmarshalJSON implements [json.Unmarshaler].
func (n *Number) UnmarshalJSON(text []byte) error {
	if bytes.Equal(text, []byte("null")) {
		*n = Number(math.NaN())
		return nil
	}
	var value float64
	if err := json.Unmarshal(text, &value); err != nil {
		return fmt.Errorf("reading a number: %w", err)
	}
	*n = Number(value)
	return nil
}

// MarshalJSON implements [json.Marshaler]; what is not finite becomes null.
func (n Number) MarshalJSON() ([]byte, error) {
	if f := float64(n); math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// Floats converts numbers, missing ones as NaN.
func Floats(numbers []Number) []float64 {
	out := make([]float64, len(numbers))
	for i, n := range numbers {
		out[i] = float64(n)
	}
	return out
}
