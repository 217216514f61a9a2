package analyst

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
	"github.com/quaestor-run/quaestor/tools"
)

// groupInput is the part of the statistics tool's input that sums by group.
type groupInput struct {
	Table     string `json:"table"`
	Operation string `json:"operation"`
	Column    string `json:"column"`
	By        string `json:"by"`
	Top       int    `json:"top,omitempty"`
}

// groupOutput is the part of the statistics tool's output that is used here.
type groupOutput struct {
	Evidence string `json:"evidence"`
	Group    struct {
		Groups []group `json:"groups"`
		Others int     `json:"others"`
	} `json:"group"`
}

type group struct {
	Name string  `json:"name"`
	Sum  float64 `json:"sum"`
}

// allGroups is how many groups are asked for, to have them all.
const allGroups = 40

// groupTasks adds up the first measure of a panel by its groups, where it is
// something that can be added.
func groupTasks(t tools.TableProfile) []task {
	clock, ok := timeColumn(t)
	if !ok {
		return nil
	}
	by, ok := panel(t, clock)
	measured := measures(t, clock.Name)
	if !ok || len(measured) == 0 || aggregateFor(measured[0]) != "sum" || by.Distinct > allGroups {
		return nil
	}
	return []task{{
		tool:  toolStatistics,
		input: groupInput{Table: t.ID, Operation: "group", Column: measured[0].Name, By: by.Name, Top: allGroups},
		table: prose.TableName(t.Title), column: measured[0].Name, by: by.Name, read: readGroups,
	}}
}

func readGroups(in Input, t task, value json.RawMessage) ([]agents.Finding, error) {
	var out groupOutput
	if err := json.Unmarshal(value, &out); err != nil {
		return nil, fmt.Errorf("reading sums by group: %w", err)
	}
	if out.Evidence == "" {
		return nil, errors.New("reading sums by group: they have no evidence id")
	}
	groups := out.Group.Groups
	total := 0.0
	for _, g := range groups {
		if g.Sum < 0 {
			return nil, nil
		}
		total += g.Sum
	}
	if len(groups) < 2 || out.Group.Others > 0 || total == 0 {
		return nil, nil
	}
	slices.SortStableFunc(groups, func(a, b group) int { return cmp.Compare(b.Sum, a.Sum) })
	part := func(g group) string {
		return fmt.Sprintf("%s (%s)", prose.Figure(g.Sum), prose.Percent(g.Sum/total))
	}
	var others []string
	for _, g := range groups[1:min(3, len(groups))] {
		others = append(others, prose.Quote(g.Name)+" with "+part(g))
	}
	f := agents.Finding{
		Statement: fmt.Sprintf("Of the total of %s for %s in %s, %s fall to %s, followed by %s.",
			prose.Figure(total), prose.Quote(prose.ColumnName(t.column)), prose.Quote(t.table), part(groups[0]), prose.Quote(groups[0].Name), prose.List(others)),
		Theme: in.Question.Theme, Confidence: "high", Evidence: []string{out.Evidence},
		DataPoints:   []agents.DataPoint{{Label: groups[0].Name, Value: groups[0].Sum, Unit: prose.ColumnName(t.column), Evidence: out.Evidence}},
		Implications: []string{"A share of what " + prose.Quote(t.table) + " counts is no share of use, of quality or of risk."},
		Table:        groupTable(t, out, groups, total),
	}
	return []agents.Finding{f}, nil
}

func groupTable(t task, out groupOutput, groups []group, total float64) *agents.DataTable {
	by, column := prose.Capital(prose.ColumnName(t.by)), prose.Capital(prose.ColumnName(t.column))
	table := &agents.DataTable{
		Caption: fmt.Sprintf("%s by %s in “%s”", column, prose.ColumnName(t.by), prose.Inner(t.table)),
		Columns: []string{by, column, "Share"}, Evidence: []string{out.Evidence},
	}
	for _, g := range groups[:min(2*topValues, len(groups))] {
		table.Rows = append(table.Rows, []string{g.Name, prose.Figure(g.Sum), prose.Percent(g.Sum / total)})
	}
	return table
}
