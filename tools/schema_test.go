package tools_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/tools"
)

type reading struct {
	Station string            `json:"station" jsonschema:"minLength=2" jsonschema_description:"name of the station"`
	Kind    string            `json:"kind" jsonschema:"enum=air,enum=water"`
	Values  []float64         `json:"values" jsonschema:"minItems=1,maxItems=3"`
	Share   *float64          `json:"share,omitempty" jsonschema:"minimum=0,maximum=1"`
	Notes   []string          `json:"notes"`
	Tags    map[string]string `json:"tags,omitempty"`
	Raw     json.RawMessage   `json:"raw,omitempty"`
	Taken   time.Time         `json:"taken,omitzero"`
	Place   place             `json:"place"`
}

type place struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

func schemaFor[T any](t *testing.T) *tools.Schema {
	t.Helper()
	schema, err := tools.SchemaFor[T]()
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

const soundReading = `{"station":"Ko","kind":"air","values":[1],"notes":[],"place":{"lat":1,"lon":2}}`

func TestSchemaIsOneObjectWithoutReferences(t *testing.T) {
	t.Parallel()
	var schema struct {
		Type       string                     `json:"type"`
		Properties map[string]json.RawMessage `json:"properties"`
		Required   []string                   `json:"required"`
		Additional *bool                      `json:"additionalProperties"`
	}
	text := schemaFor[reading](t).JSON()
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	if schema.Type != "object" || schema.Additional == nil || *schema.Additional || len(schema.Properties) != 9 {
		t.Errorf("got %s", text)
	}
	if got := strings.Join(schema.Required, " "); got != "station kind values notes place" {
		t.Errorf("required: %s", got)
	}
	for _, keyword := range []string{"$ref", "$defs", "$schema", "$id"} {
		if strings.Contains(string(text), keyword) {
			t.Errorf("the schema has %s: %s", keyword, text)
		}
	}
	if !strings.Contains(string(text), "name of the station") {
		t.Errorf("the description is missing: %s", text)
	}
}

type branch struct {
	Name     string             `json:"name"`
	Branches map[string]*branch `json:"branches"`
}

func TestSchemaRefusesTypesThatContainThemselves(t *testing.T) {
	t.Parallel()
	if _, err := tools.SchemaFor[branch](); err == nil || !strings.Contains(err.Error(), "contains itself") {
		t.Errorf("got %v", err)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	schema := schemaFor[reading](t)
	with := func(before, after string) string { return strings.Replace(soundReading, before, after, 1) }
	for _, c := range []struct{ name, text, want string }{
		{"sound", soundReading, ""},
		{"null for an optional property", with(`"kind"`, `"share":null,"kind"`), ""},
		{"null for an empty array", with(`"notes":[]`, `"notes":null`), ""},
		{"null for a required number", with(`"lat":1`, `"lat":null`), "place.lat: wanted number, got null"},
		{"missing", with(`"lat":1,`, ``), "place.lat: required, but missing"},
		{"unknown", with(`"lat":1`, `"lat":1,"height":3`), "place.height: unknown property; allowed are lat, lon"},
		{"wrong type", with(`[1]`, `["one"]`), `values[0]: wanted number, got "one"`},
		{"wrong choice", with(`"air"`, `"sea"`), `kind: wanted one of "air", "water", got "sea"`},
		{"too few", with(`[1]`, `[]`), `values: wanted 1 or more elements, got an array of 0`},
		{"too many", with(`[1]`, `[1,2,3,4]`), `values: wanted 3 or fewer elements, got an array of 4`},
		{"too big", with(`"kind"`, `"share":1.5,"kind"`), `share: wanted at most 1, got 1.5`},
		{"too short", with(`"Ko"`, `"K"`), `station: wanted 2 or more characters, got "K"`},
		{"another kind altogether", `[1]`, `top level: wanted object, got an array of 1`},
		{"not JSON", `{`, "not JSON"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := schema.Validate([]byte(c.text))
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestValidateErrorIsShort(t *testing.T) {
	t.Parallel()
	text := `{"list":[` + strings.TrimSuffix(strings.Repeat(`{"lat":"`+strings.Repeat("é", 200)+`"},`, 50), ",") + `]}`
	err := schemaFor[struct {
		List []place `json:"list"`
	}](t).Validate([]byte(text))
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 11 || len(err.Error()) > 1500 || lines[10] != "- and 91 more" {
		t.Errorf("%d lines, %d bytes:\n%v", len(lines), len(err.Error()), err)
	}
}

func TestValidateNamesAlternativesTogether(t *testing.T) {
	t.Parallel()
	schema := schemaFor[struct {
		Values []tools.Number `json:"values"`
	}](t)
	if err := schema.Validate([]byte(`{"values":[1,null]}`)); err != nil {
		t.Error(err)
	}
	if err := schema.Validate([]byte(`{"values":["a"]}`)); err == nil || !strings.HasSuffix(err.Error(), `
- values[0]: wanted number or null, got "a"`) {
		t.Errorf("got %v", err)
	}
}

func TestDecodeRepairsAndValidates(t *testing.T) {
	t.Parallel()
	schema := schemaFor[place](t)
	got, err := tools.Decode[place](schema, []byte("The place is this one:\n```json\n{lat: 1.5, 'lon': 2,}\n```"))
	if err != nil || got != (place{1.5, 2}) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := tools.Decode[place](schema, []byte(`{lat: 1.5, long: 2}`)); err == nil ||
		!strings.Contains(err.Error(), "long: unknown property") || !strings.Contains(err.Error(), "lon: required") {
		t.Errorf("got %v", err)
	}
}
