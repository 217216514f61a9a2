package activity_test

import (
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/sqlquery"
	"github.com/quaestor-run/quaestor/workflows"
)

// kept keeps the result of a query as the tool does, and gives its evidence.
func kept(t *testing.T, l *lab, rows [][]sqlquery.Cell) string {
	t.Helper()
	snapshot := sqlquery.Canonical([]string{"region", "total"}, rows, true, false)
	if _, err := l.store.PutBlob(t.Context(), []byte(snapshot.Text)); err != nil {
		t.Fatal(err)
	}
	return keep(t, l, tools.Citation{
		SHA256: snapshot.SHA256, URI: "database:shop", Title: "Database shop", Start: snapshot.Header.Start, End: snapshot.Header.End,
		Quote: snapshot.Text[snapshot.Header.Start:snapshot.Header.End],
		Computation: &tools.Computation{
			Tool: sqlquery.Name, Input: []byte(`{"database":"shop","query":"SELECT region, sum(amount) AS total FROM orders GROUP BY region ORDER BY region"}`),
			Result: []byte(`{"columns":["region","total"],"rows":2,"sha256":"` + snapshot.SHA256 + `"}`),
		},
	})
}

func TestAQueryBecomesATableWithItsReference(t *testing.T) {
	t.Parallel()
	l := setup(t)
	id := kept(t, l, [][]sqlquery.Cell{{{Text: "North, old"}, {Text: "1200.5"}}, {{Text: "South"}, {Null: true}}})
	d := draft(id)
	d.Sections[1].Tables = []agents.DataTable{{Caption: "Orders by region", Columns: []string{}, Rows: [][]string{}, Evidence: []string{id}}}
	checked, err := do[workflows.CheckedDraft](t, l, workflows.CheckDraftName, workflows.DraftCheck{Run: run, Draft: put(t, l, d), Unsupported: "mark"})
	if err != nil {
		t.Fatal(err)
	}
	markdown := strings.Join(strings.Fields(published(t, l, checked.Draft, "")), " ")
	for _, part := range []string{
		"Orders by region", "| region | total |", "| North, old | 1200.5 |", "| South | – |",
		"Query of database shop: SELECT region, sum(amount) AS total FROM orders GROUP BY region ORDER BY region. Result: 2 rows, SHA-256 ",
	} {
		if !strings.Contains(strings.ReplaceAll(markdown, `\`, ""), part) {
			t.Errorf("no %q in:\n%s", part, markdown)
		}
	}
}

func TestALongResultIsCutAndSaysSo(t *testing.T) {
	t.Parallel()
	l := setup(t)
	var rows [][]sqlquery.Cell
	for range 60 {
		rows = append(rows, []sqlquery.Cell{{Text: "a"}, {Text: "1"}})
	}
	id := kept(t, l, rows)
	d := draft(id)
	d.Sections[1].Tables = []agents.DataTable{{Caption: "All", Evidence: []string{id}}}
	checked, err := do[workflows.CheckedDraft](t, l, workflows.CheckDraftName, workflows.DraftCheck{Run: run, Draft: put(t, l, d), Unsupported: "mark"})
	if err != nil {
		t.Fatal(err)
	}
	if markdown := published(t, l, checked.Draft, ""); !strings.Contains(markdown, "(the first 50 of 60 rows)") || strings.Count(markdown, "| a |") > 50 {
		t.Errorf("published:\n%s", markdown)
	}
}
