package audit_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/audit"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/sqlquery"
)

// withQuery adds the result of a query to a pack, and a table that shows it to
// its draft. Rows is how many the evidence says there are, shown what the table has.
func withQuery(t *testing.T, rows int, shown string) audit.Result {
	t.Helper()
	members := unpack(t, whole(t))
	result := sqlquery.Canonical([]string{"region", "total"}, [][]sqlquery.Cell{{{Text: "North"}, {Text: "12"}}, {{Text: "South"}, {Text: "7"}}}, true, false)
	citation := tools.Citation{
		SHA256: result.SHA256, URI: "database:shop", Title: "Database shop", Start: 0, End: result.Header.End, Quote: result.Text[:result.Header.End],
		Computation: &tools.Computation{
			Tool: sqlquery.Name, Input: json.RawMessage(`{"database":"shop","query":"SELECT region, total FROM sales ORDER BY region"}`),
			Result: json.RawMessage(fmt.Sprintf(`{"columns":["region","total"],"rows":%d,"sha256":%q}`, rows, result.SHA256)),
		},
	}
	id := citation.ID()
	evidence := append(read[[]agents.Evidence](t, members, "evidence.json"), agents.Evidence{ID: id, Citation: citation})
	find(t, members, "evidence.json").data = encode(t, evidence)
	find(t, members, "queries.json").data = encode(t, []audit.Query{{
		Database: "shop", Query: "SELECT region, total FROM sales ORDER BY region", Rows: rows, SHA256: result.SHA256, Evidence: []string{id},
	}})
	publication := read[audit.Publication](t, members, "publication.json")
	name := "drafts/" + strings.TrimPrefix(publication.Digest, "sha256:") + ".json"
	draft := read[agents.Draft](t, members, name)
	draft.Sections[1].Tables = append(draft.Sections[1].Tables, agents.DataTable{
		Caption: "Sales", Columns: []string{"region", "total"}, Rows: [][]string{{"North", shown}}, Evidence: []string{id},
	})
	find(t, members, name).data = encode(t, draft)
	members = append(members, member{"snapshots/" + result.SHA256 + ".txt", []byte(result.Text)})
	return verify(t, repack(t, seal(t, members)))
}

func TestResultsOfQueriesAreHeldAgainstTheirTables(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rows  int
		shown string
		what  string // nothing where the queries are in order
	}{
		"as it was":        {2, "12", ""},
		"another number":   {3, "12", "has 2 rows, and not 3"},
		"a digit of a row": {2, "13", "has no such row: North, 13"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := withQuery(t, test.rows, test.shown)
			found := slices.ContainsFunc(result.Problems, func(p audit.Problem) bool {
				return p.Check == "queries" && (test.what == "" || strings.Contains(p.What, test.what))
			})
			if found != (test.what != "") {
				t.Errorf("problem %v, wanted %q:\n%s", found, test.what, told(result))
			}
		})
	}
}
