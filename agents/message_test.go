package agents_test

import (
	"encoding/json"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
)

func TestToolResultsAreShownAsTheyWereGiven(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`"12 \"degrees\"\n"`: "12 \"degrees\"\n", `{"a": "b"}`: `{"a": "b"}`, `["x"]`: `["x"]`, `4.50`: `4.50`, ``: ``, `"cut`: `"cut`,
		`{"untrusted":"x"}`: `{"untrusted":"x"}`,
	} {
		if got := (agents.ToolResult{Value: json.RawMessage(value)}).Shown(); got != want {
			t.Errorf("%s is shown as %q, want %q", value, got, want)
		}
	}
}
