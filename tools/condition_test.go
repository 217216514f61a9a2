package tools_test

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/quaestor-run/quaestor/tools"
)

func TestSelect(t *testing.T) {
	t.Parallel()
	table := &tools.Table{ID: "t", Rows: 3, Columns: []tools.Column{
		{Name: "Panel", Type: tools.TypeText, Text: []string{"Radiology", " radiology", "Dental"}},
		{Name: "Year", Type: tools.TypeInteger, Text: []string{"2020", "2021", "2021"}, Numbers: []float64{2020, 2021, 2021}},
	}}
	for _, c := range []struct {
		where []tools.Condition
		want  []int
	}{
		{nil, []int{0, 1, 2}},
		{[]tools.Condition{{Column: "panel", Equals: "RADIOLOGY"}}, []int{0, 1}},
		{[]tools.Condition{{Column: "Year", Equals: "2021.0"}}, []int{1, 2}},
		{[]tools.Condition{{Column: "Panel", Equals: "Radiology"}, {Column: "Year", Equals: "2021"}}, []int{1}},
	} {
		rows, err := table.Select(c.where)
		if err != nil || !slices.Equal(rows, c.want) {
			t.Errorf("%v: rows %v (%v), want %v", c.where, rows, err, c.want)
		}
	}
	for _, where := range [][]tools.Condition{{{Column: "Site", Equals: "x"}}, {{Column: "Panel", Equals: "x"}}, {{}}} {
		_, err := table.Select(where)
		var input *tools.InputError
		if !errors.As(err, &input) || input.Field != "where" {
			t.Errorf("%v: got %v, want an input error on where", where, err)
		}
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	var numbers []tools.Number
	if err := json.Unmarshal([]byte(`[1.5, null, -2]`), &numbers); err != nil {
		t.Fatal(err)
	}
	floats := tools.Floats(numbers)
	if floats[0] != 1.5 || !math.IsNaN(floats[1]) || floats[2] != -2 {
		t.Errorf("read %v", floats)
	}
	text, err := json.Marshal(append(numbers, tools.Number(math.Inf(1))))
	if err != nil || string(text) != `[1.5,null,-2,null]` {
		t.Errorf("wrote %s (%v)", text, err)
	}
	if err := json.Unmarshal([]byte(`"x"`), &numbers[0]); err == nil {
		t.Error("a text was read as a number")
	}
}
