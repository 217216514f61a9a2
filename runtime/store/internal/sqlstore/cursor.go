package sqlstore

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/quaestor-run/quaestor/runtime/store"
)

// cursor is the place after one row of a list that is ordered by time and id.
type cursor struct {
	created int64 // microseconds
	id      string
}

// String is opaque to callers and fit for a URL.
func (c cursor) String() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d:%s", c.created, c.id))
}

func parseCursor(text string) (cursor, error) {
	plain, err := base64.RawURLEncoding.DecodeString(text)
	created, id, ok := strings.Cut(string(plain), ":")
	if err != nil || !ok || id == "" {
		return cursor{}, fmt.Errorf("cursor %q: %w", text, store.ErrCursor)
	}
	n, err := strconv.ParseInt(created, 10, 64)
	if err != nil {
		return cursor{}, fmt.Errorf("cursor %q: %w", text, store.ErrCursor)
	}
	return cursor{created: n, id: id}, nil
}
