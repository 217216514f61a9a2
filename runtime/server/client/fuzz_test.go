package client

import (
	"strings"
	"testing"
)

func FuzzReadEvents(f *testing.F) {
	for _, seed := range []string{
		"id: 1\nevent: a\ndata: {}\n\n", ": ping\n\n", "retry: 5\n\nevent: end\ndata: {\"status\":\"x\"}\n\n", "id: x\n\n", "data: a\ndata: b\nevent:c\n\n", "event: cut",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, stream string) {
		failed := false
		for event, err := range readEvents(strings.NewReader(stream), func() {}) {
			if failed {
				t.Error("something came after an error")
			}
			failed = err != nil
			if err == nil && (event.Type == "" || strings.ContainsAny(event.Type, "\n")) {
				t.Errorf("event %+v", event)
			}
		}
	})
}
