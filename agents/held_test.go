package agents_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
)

type parcel struct {
	Label string                `json:"label"`
	Items agents.Held[[]string] `json:"items"`
	More  []agents.Held[string] `json:"more"`
}

func TestValuesAreHeldByReference(t *testing.T) {
	t.Parallel()
	sent := parcel{
		Label: "l", Items: agents.Hold[[]string]("sha256:1"),
		More: []agents.Held[string]{agents.Hold[string]("sha256:2"), {Value: "here"}},
	}
	text, err := json.Marshal(sent)
	if err != nil || string(text) != `{"label":"l","items":{"$ref":"sha256:1"},"more":[{"$ref":"sha256:2"},"here"]}` {
		t.Fatalf("%s, %v", text, err)
	}
	store := map[string]string{"sha256:1": `["a",{"$ref":"sha256:2"}]`, "sha256:2": `"b"`}
	fetch := func(ref string) (json.RawMessage, error) {
		if value, ok := store[ref]; ok {
			return json.RawMessage(value), nil
		}
		return nil, errors.New("not found")
	}
	resolved, err := agents.Resolve(text, fetch)
	// What was fetched is data: a reference in it is not followed.
	if want := `{"items":["a",{"$ref":"sha256:2"}],"label":"l","more":["b","here"]}`; err != nil || string(resolved) != want {
		t.Errorf("resolved %s, %v", resolved, err)
	}
	if _, err := agents.Resolve(json.RawMessage(`{"items":{"$ref":"sha256:9"}}`), fetch); err == nil {
		t.Error("a reference to nothing was resolved")
	}
	var got parcel
	if err := json.Unmarshal([]byte(`{"label":"l","items":["x"],"more":[]}`), &got); err != nil || got.Items.Value[0] != "x" {
		t.Errorf("got %+v, %v", got, err)
	}
}
