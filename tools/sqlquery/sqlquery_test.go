package sqlquery_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/sqlquery"
)

// shop is a database of one result.
type shop struct{ rows [][]sqlquery.Cell }

func (shop) Names(_ context.Context, scope tools.Scope) ([]sqlquery.Database, error) {
	if scope.Client == "stranger" {
		return nil, nil
	}
	return []sqlquery.Database{{Name: "shop", Dialect: sqlquery.SQLite}}, nil
}

func (shop) Schema(context.Context, tools.Scope, string, []string) (sqlquery.Schema, error) {
	return sqlquery.Schema{Tables: []sqlquery.Table{{Name: "orders", Rows: 2, Columns: []sqlquery.Column{{Name: "id", Type: "integer"}}}}}, nil
}

func (s shop) Query(_ context.Context, _ tools.Scope, name, query string) (sqlquery.Result, error) {
	statement, err := sqlquery.Check(sqlquery.SQLite, query)
	if err != nil {
		return sqlquery.Result{}, err
	}
	snapshot := sqlquery.Canonical([]string{"id", "note"}, s.rows, statement.Ordered(), false)
	return sqlquery.Result{Database: name, Query: statement.Text(), Columns: []string{"id", "note"}, Snapshot: snapshot}, nil
}

func call(t *testing.T, databases sqlquery.Databases, scope tools.Scope, args string) (tools.Result, error) {
	t.Helper()
	tool, err := sqlquery.New(databases)
	if err != nil {
		t.Fatal(err)
	}
	return tool.Call(t.Context(), scope, json.RawMessage(args))
}

func TestToolListsTellsAndAsks(t *testing.T) {
	t.Parallel()
	databases := shop{rows: [][]sqlquery.Cell{{{Text: "2"}, {Null: true}}, {{Text: "1"}, {Text: "a, b"}}}}
	for args, want := range map[string]string{
		`{}`:                   `{"databases":[{"name":"shop","dialect":"sqlite"}]}`,
		`{"database": "shop"}`: `"schema":{"tables":[{"name":"orders","estimated_rows":2,"columns":[{"name":"id","type":"integer"}]}]}`,
		`{"database": "shop", "query": "SELECT id, note FROM orders"}`: `"values":["1","a, b"]},{"evidence":"e_`,
	} {
		result, err := call(t, databases, tools.Scope{}, args)
		if err != nil || !strings.Contains(string(result.Value), want) {
			t.Errorf("%s gave %s, %v", args, result.Value, err)
		}
	}
	if result, err := call(t, databases, tools.Scope{Client: "stranger"}, `{}`); err != nil || !strings.Contains(string(result.Value), "No database") {
		t.Errorf("nothing to ask gave %s, %v", result.Value, err)
	}
	for args, want := range map[string]string{`{"query": "SELECT 1"}`: "database:", `{"database": "shop", "query": "DROP TABLE orders"}`: "only SELECT"} {
		if _, err := call(t, databases, tools.Scope{}, args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
}

func TestLargeResultsAreCutForTheModelOnly(t *testing.T) {
	t.Parallel()
	var rows [][]sqlquery.Cell
	for i := range 300 {
		rows = append(rows, []sqlquery.Cell{{Text: fmt.Sprint(1000 + i)}, {Text: strings.Repeat("é", 300)}})
	}
	result, err := call(t, shop{rows: rows}, tools.Scope{}, `{"database": "shop", "query": "SELECT id, note FROM orders ORDER BY id"}`)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Value) > 64<<10 || !strings.Contains(string(result.Value), `"row_count":300`) || !strings.Contains(string(result.Value), "of 300 rows are shown") {
		t.Errorf("%d bytes: %.200s", len(result.Value), result.Value)
	}
	last := result.Citations[len(result.Citations)-1]
	if !strings.HasSuffix(last.Quote, "é") || len(last.Quote) < 600 {
		t.Errorf("the evidence was cut: %q", last.Quote)
	}
}

func TestCanonicalIsTheSameForTheSameResult(t *testing.T) {
	t.Parallel()
	a, b := []sqlquery.Cell{{Text: "1"}, {Null: true}}, []sqlquery.Cell{{Text: `\N`}, {Text: "line\nbreak \"x\""}}
	one := sqlquery.Canonical([]string{"id", ""}, [][]sqlquery.Cell{a, b}, false, false)
	two := sqlquery.Canonical([]string{"id", ""}, [][]sqlquery.Cell{b, a}, false, false)
	if want := "id,\"\"\n\"\\N\",\"line\nbreak \"\"x\"\"\"\n1,\\N\n"; one.Text != want || two.SHA256 != one.SHA256 {
		t.Errorf("got %q and %q, want %q", one.Text, two.Text, want)
	}
	for _, row := range one.Rows {
		if row.Start >= row.End || one.Text[row.End] != '\n' {
			t.Errorf("a row at %+v", row.Span)
		}
	}
	ordered := sqlquery.Canonical([]string{"id", ""}, [][]sqlquery.Cell{a, b}, true, false)
	if ordered.SHA256 == one.SHA256 {
		t.Error("the order of the query was lost")
	}
}
