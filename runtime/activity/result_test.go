package activity

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/tools"
)

// What was stored is read as encoding/json reads it.
func FuzzReadResult(f *testing.F) {
	f.Add("1", "finder", `{"citations":[{"a":"]}\\\""}]}`, "", `say "\"]}`, 3)
	f.Add("", "x", `"\\"`, "went wrong: \\", "", 0)
	f.Add("é", "<&>", `[[],{},"",0.5e-3,null]`, "\"", "\\\"},{", 1)
	f.Fuzz(func(t *testing.T, id, name, value, failure, quote string, cites int) {
		stored := agents.ToolResult{CallID: id, Name: name, Error: failure}
		if json.Valid([]byte(value)) {
			stored.Value = json.RawMessage(value)
		}
		for i := range max(0, min(cites, 9)) {
			c := tools.Citation{SHA256: quote, Title: name, Start: i, End: -i, Quote: quote}
			if i%2 == 1 {
				c.Computation = &tools.Computation{Tool: name, Input: json.RawMessage(`{"a":[1]}`), Result: stored.Value}
			}
			stored.Citations = append(stored.Citations, c)
		}
		blob, err := json.Marshal(stored)
		if err != nil {
			t.Fatal(err)
		}
		var want agents.ToolResult
		if err := json.Unmarshal(blob, &want); err != nil {
			t.Fatal(err)
		}
		got, err := readResult(blob)
		if name == "" && err != nil {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, c := range want.Citations {
			ids = append(ids, c.ID())
		}
		shown := map[string]bool{}
		evidence, err := show([]toolResult{got, got}, ids, shown)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range evidence {
			got.Citations = append(got.Citations, e.Citation)
			if e.ID != e.Citation.ID() || !shown[e.ID] || !slices.Contains(ids, e.ID) {
				t.Errorf("%s is the id of %+v", e.ID, e.Citation)
			}
		}
		if !reflect.DeepEqual(got.ToolResult, want) {
			t.Errorf("got  %+v\nwant %+v", got.ToolResult, want)
		}
	})
}

func FuzzReadResultSurvives(f *testing.F) {
	for _, text := range []string{"", "{", `{"`, `{"name":"x","citations":[{"start":"`, `{"name":"x","citations":[{"start":1`, "[,]", `{"a":1,}`, `{"name":"x","citations":null}`} {
		f.Add(text)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		if result, err := readResult([]byte(text)); err == nil {
			_, _ = show([]toolResult{result}, nil, map[string]bool{})
		}
	})
}

func FuzzEvidenceIDs(f *testing.F) {
	pattern := regexp.MustCompile(`e_[0-9a-f]{12}\b`)
	for _, text := range []string{"e_0123456789ab", "the_0123456789ab.", "e_0123456789abc", "e_0123456789ab_", "e_e_0123456789abé", "e_0123456789aB", `"e_0123456789ab","e_ba9876543210"`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want := map[string]bool{}
		for _, id := range pattern.FindAllString(text, -1) {
			want[id] = true
		}
		if got := evidenceIDs([]byte(text)); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	})
}
