package analyst_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/tools"
)

// list is a table with one row for each country.
func list(id, title, column string) tools.TableProfile {
	return tools.TableProfile{ID: id, Title: title, Rows: 4, Columns: []tools.ColumnProfile{
		{Name: "Country", Type: tools.TypeText, Distinct: 4},
		{Name: column, Type: tools.TypeInteger, Distinct: 4, Min: "5", Max: "45"},
	}}
}

const listed = `{"evidence":"e_000000000001","group":{"groups":[{"name":"Italy","sum":9},{"name":"Austria","sum":30},{"name":"Total","sum":44},{"name":"France","sum":5}],"others":0}}`

func TestAListIsComparedByItsRows(t *testing.T) {
	t.Parallel()
	in := input("Where are night trains concentrated?", list("d_3", "Night trains by country", "Trains"))
	out, calls := analyse(t, in, map[string]agents.ToolResult{"statistics": {Value: []byte(listed)}})
	if len(calls) != 1 || !strings.Contains(string(calls[0].Arguments), `"operation":"group"`) {
		t.Fatalf("calls %+v", calls)
	}
	const want = "Of what “Night trains by country” lists, “Austria” has the highest figure for “trains” (30), followed by “Italy” (9) and “France” (5)."
	if len(out.Findings) != 1 || out.Findings[0].Statement != want {
		t.Fatalf("findings %+v, want %q", out.Findings, want)
	}
	rows := out.Findings[0].Table.Rows
	if len(rows) != 3 || !slices.Equal(rows[0], []string{"Austria", "30"}) {
		t.Errorf("rows %v: the sum is no row, and the list says nothing of shares", rows)
	}
}

func TestWhatCannotBeAddedIsNotCompared(t *testing.T) {
	t.Parallel()
	for _, column := range []string{"Rank", "Price", "Years of service", "Average speed", "Founded"} {
		in := input("Where are night trains concentrated?", list("d_3", "Night trains by country", column))
		if _, calls := analyse(t, in, nil); len(calls) > 0 {
			t.Errorf("%s: calls %+v", column, calls)
		}
	}
}

func TestAListInAnotherTableIsSaidOnce(t *testing.T) {
	t.Parallel()
	in := input("Where are night trains concentrated?", licences(), list("d_3", "Night trains by country", "Trains"))
	frequency := `{"evidence":"e_000000000002","n":90,"frequency":{"rows":[{"value":"Austria","count":30,"share":0.33},{"value":"Italy","count":9,"share":0.1},` +
		`{"value":"Spain","count":6,"share":0.07},{"value":"France","count":5,"share":0.06}]}}`
	out, _ := play(t, in, func(call agents.ToolCall) agents.ToolResult {
		if strings.Contains(string(call.Arguments), `"operation":"group"`) {
			return agents.ToolResult{Value: []byte(listed)}
		}
		return agents.ToolResult{Value: []byte(frequency)}
	})
	if len(out.Findings) != 1 || !slices.Equal(out.Findings[0].Evidence, []string{"e_000000000002", "e_000000000001"}) {
		t.Errorf("findings %+v, want one that rests on both", out.Findings)
	}
}
