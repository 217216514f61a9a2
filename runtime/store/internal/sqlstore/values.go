package sqlstore

import (
	"encoding/json"
	"fmt"
	"strings"
)

// plain makes a string fit for a text column: PostgreSQL takes neither NUL nor
// what is not UTF-8. File names and extracted text can hold both.
func plain(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// orNull gives the value behind a pointer, or NULL.
func orNull[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// raw is a JSON text as an argument; empty is NULL.
func raw(text json.RawMessage) any {
	if len(text) == 0 {
		return nil
	}
	return []byte(text)
}

func encode(value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encoding %T: %w", value, err)
	}
	return text, nil
}

// encoded scans a JSON text into a value.
type encoded struct{ into any }

// Scan implements sql.Scanner.
func (e encoded) Scan(value any) error {
	text, ok := value.([]byte)
	if !ok {
		return fmt.Errorf("JSON is kept as %T, want bytes", value)
	}
	return json.Unmarshal(text, e.into)
}
