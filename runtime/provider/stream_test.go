package provider_test

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/tools"
)

func TestGathering(t *testing.T) {
	t.Parallel()
	var pieces []provider.Delta
	g := provider.Gathering{Started: time.Now(), Emit: func(d provider.Delta) error {
		pieces = append(pieces, d)
		return nil
	}}
	if err := errors.Join(g.Text(""), g.Text("")); err != nil || g.Begun() || g.HasText() {
		t.Errorf("nothing was a piece: %v", err)
	}
	err := errors.Join(g.Text("a"), g.Call("x", "sum", `{"n"`), g.Text("b"), g.Call("y", "max", ""), g.Fragment(0, ":1}"), g.Fragment(1, ""))
	if err != nil || !g.Begun() || g.Calls() != 2 {
		t.Fatal(err)
	}
	got, err := g.Response()
	if err != nil {
		t.Fatal(err)
	}
	want := agents.Message{Role: agents.RoleAssistant, Text: "ab", ToolCalls: []agents.ToolCall{
		{ID: "x", Name: "sum", Arguments: json.RawMessage(`{"n":1}`)}, {ID: "y", Name: "max", Arguments: json.RawMessage(`{}`)},
	}}
	if !reflect.DeepEqual(got.Message, want) || got.FirstToken <= 0 || got.Latency < got.FirstToken {
		t.Errorf("gathered %+v", got)
	}
	handed := []provider.Delta{
		{Text: "a"},
		{ToolCall: &provider.ToolCallDelta{ID: "x", Name: "sum", Arguments: `{"n"`}},
		{Text: "b"},
		{ToolCall: &provider.ToolCallDelta{Index: 1, ID: "y", Name: "max"}},
		{ToolCall: &provider.ToolCallDelta{Arguments: ":1}"}},
	}
	if !reflect.DeepEqual(pieces, handed) {
		t.Errorf("handed over %+v", pieces)
	}
}

func TestPieces(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 0, "a": 1, "a b": 2, " a  b ": 3, "\n\n": 1, "é\u00a0ü": 2, "\xff \xff": 2} {
		var joined strings.Builder
		pieces := provider.Pieces(agents.Message{Text: text})
		for _, piece := range pieces {
			joined.WriteString(piece.Text)
		}
		if len(pieces) != want || joined.String() != text {
			t.Errorf("%q: %+v", text, pieces)
		}
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": `{}`, `{"a":1}`: `{"a":1}`, `{"a":1`: `{"a":1}`, "}}{": `"}}{"`, "\xff": `"\ufffd"`,
	} {
		if got, err := provider.Arguments(text); err != nil || string(got) != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
}

func TestCheckToolChoice(t *testing.T) {
	t.Parallel()
	offered := []tools.Spec{{Name: "sum"}}
	for _, c := range []struct {
		tools  []tools.Spec
		choice provider.ToolChoice
		ok     bool
	}{
		{nil, provider.ToolChoice{}, true},
		{nil, provider.ToolChoice{Mode: provider.ToolNone}, true},
		{nil, provider.ToolChoice{Mode: provider.ToolAny}, false},
		{offered, provider.ToolChoice{Mode: provider.ToolAny}, true},
		{offered, provider.ToolChoice{Mode: provider.ToolNamed, Name: "sum"}, true},
		{offered, provider.ToolChoice{Mode: provider.ToolNamed, Name: "max"}, false},
		{offered, provider.ToolChoice{Mode: provider.ToolNamed}, false},
		{offered, provider.ToolChoice{Mode: "perhaps"}, false},
	} {
		if err := (provider.Request{Tools: c.tools, ToolChoice: c.choice}).CheckToolChoice(); (err == nil) != c.ok {
			t.Errorf("%+v of %d tools: %v", c.choice, len(c.tools), err)
		}
	}
}

func TestCheckVectors(t *testing.T) {
	t.Parallel()
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for _, c := range []struct {
		vectors    [][]float32
		dimensions int
		ok         bool
	}{
		{nil, 0, true},
		{[][]float32{{1, 2}, {3, 4}}, 0, true},
		{[][]float32{{1, 2}, {3, 4}}, 2, true},
		{[][]float32{{1, 2}, {3, 4}}, 3, false},
		{[][]float32{{1, 2}, {3}}, 0, false},
		{[][]float32{{}}, 0, false},
		{[][]float32{{nan}}, 0, false},
		{[][]float32{{inf}}, 1, false},
	} {
		if err := provider.CheckVectors(c.vectors, c.dimensions); (err == nil) != c.ok {
			t.Errorf("%v, %d: %v", c.vectors, c.dimensions, err)
		}
	}
}
