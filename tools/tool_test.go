package tools_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/tools"
)

type rulerIn struct {
	Text string `json:"text"`
	Unit string `json:"unit,omitempty" jsonschema:"enum=words,enum=bytes"`
}

type rulerOut struct {
	Length int            `json:"length"`
	place  tools.Citation // where it was measured
}

func (o rulerOut) Citations() []tools.Citation { return []tools.Citation{o.place} }

func measure(_ context.Context, scope tools.Scope, in rulerIn) (rulerOut, error) {
	switch {
	case in.Text == "":
		return rulerOut{}, &tools.InputError{Field: "text", Reason: "is empty"}
	case in.Unit == "words":
		return rulerOut{Length: len(strings.Fields(in.Text)), place: tools.Citation{URI: scope.Run}}, nil
	}
	return rulerOut{Length: len(in.Text)}, nil
}

func ExampleNew() {
	ruler, err := tools.New("ruler", "Measures a text.", measure)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(ruler.Spec().Input))
	result, err := ruler.Call(context.Background(), tools.Scope{Run: "r1"}, json.RawMessage(`{text: 'to measure is to know', unit: 'words'}`))
	fmt.Println(string(result.Value), err)
	_, err = ruler.Call(context.Background(), tools.Scope{}, json.RawMessage(`{"text": "ell", "unit": "inches"}`))
	fmt.Println(err)
	// Output:
	// {"properties":{"text":{"type":"string"},"unit":{"type":"string","enum":["words","bytes"]}},"additionalProperties":false,"type":"object","required":["text"]}
	// {"length":5} <nil>
	// the value does not fit its schema:
	// - unit: wanted one of "words", "bytes", got "inches"
}

func TestToolKeepsCitationsBesideTheValue(t *testing.T) {
	t.Parallel()
	ruler, err := tools.New("ruler", "Measures a text.", measure)
	if err != nil {
		t.Fatal(err)
	}
	result, err := ruler.Call(t.Context(), tools.Scope{Run: "r1"}, json.RawMessage(`{"text":"a b","unit":"words"}`))
	if err != nil || len(result.Citations) != 1 || result.Citations[0].URI != "r1" {
		t.Errorf("got %+v, %v", result, err)
	}
}

func TestToolErrorsForTheModel(t *testing.T) {
	t.Parallel()
	ruler, err := tools.New("ruler", "Measures a text.", measure)
	if err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		`{"text":""}`:          "text: is empty",
		`{"txt":"a"}`:          "txt: unknown property; allowed are text, unit",
		`{"text":"a"} {"b":1}`: "not JSON at byte 13",
	} {
		_, err := ruler.Call(t.Context(), tools.Scope{}, json.RawMessage(args))
		if _, ok := errors.AsType[*tools.InputError](err); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an InputError with %q", args, err, want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	if _, err := tools.New("", "", measure); err == nil {
		t.Error("a tool without a name was made")
	}
	if _, err := tools.New[rulerIn, rulerOut]("ruler", "", nil); err == nil {
		t.Error("a tool without a function was made")
	}
	if _, err := tools.New("tree", "", func(context.Context, tools.Scope, branch) (int, error) { return 0, nil }); err == nil {
		t.Error("a tool with an endless schema was made")
	}
}
