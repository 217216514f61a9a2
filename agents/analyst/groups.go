package analyst

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

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

// leastGroups is how many groups are worth a comparison where each is one row.
const leastGroups = 3

// groupTasks adds up a measure by the groups of a panel, or compares the rows of
// a list, where it is something that can be added.
func groupTasks(t tools.TableProfile, topic prose.Topic) []task {
	by, measured, list, ok := groupsOf(t, topic)
	if !ok || by.Distinct > allGroups {
		return nil
	}
	return []task{{
		tool:  toolStatistics,
		input: groupInput{Table: t.ID, Operation: "group", Column: measured.Name, By: by.Name, Top: allGroups},
		table: prose.TableName(t.Title), column: measured.Name, by: by.Name, single: list, read: readGroups,
	}}
}

// groupsOf finds what names the groups of a table and what is added up. In a list
// each row is a group, and where it has a column for each period, the last counts.
func groupsOf(t tools.TableProfile, topic prose.Topic) (by, measured tools.ColumnProfile, list, ok bool) {
	if t.Periods != nil && t.Periods.Years == "" {
		by, ok = t.Labels()
		return by, tools.ColumnProfile{Name: t.Periods.Last}, true, ok && t.Rows >= leastGroups
	}
	if clock, timed := timeColumn(t); timed {
		columns := measures(t, clock.Name, topic)
		groups := panel(t, clock.Name)
		if len(groups) == 1 && len(columns) > 0 && aggregateFor(columns[0]) == "sum" {
			return groups[0], columns[0], false, true
		}
		if kinds, i := categories(t), slices.IndexFunc(columns, additive); len(groups) == 0 && len(kinds) > 0 && i >= 0 && !series(t, clock) {
			return kinds[0], columns[i], false, true
		}
		return by, measured, false, false
	}
	by, ok = t.Labels()
	for _, c := range measures(t, "", topic) {
		if counts(c) {
			return by, c, true, ok && t.Rows >= leastGroups
		}
	}
	return by, measured, false, false
}

// counts says by its name that a column counts things, of which there is a whole.
func counts(c tools.ColumnProfile) bool {
	if c.Type != tools.TypeInteger || aggregateFor(c) != "sum" || nameScore(c.Name, " years rank ranking position status class ") > 0 {
		return false
	}
	words := prose.Words(c.Name)
	return len(words) > 0 && strings.HasSuffix(words[0], "s") || nameScore(c.Name, " total count number amount population revenue turnover volume production consumption ") > 0
}

func readGroups(in Input, t task, value json.RawMessage) ([]agents.Finding, error) {
	var out groupOutput
	if err := decode(value, "sums by group", &out); err != nil {
		return nil, err
	}
	groups := slices.DeleteFunc(out.Group.Groups, func(g group) bool { return tools.IsWhole(g.Name) })
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
	f := agents.Finding{
		Statement: groupSentence(t, groups, total),
		Theme:     in.Question.Theme, Confidence: "high", Evidence: []string{out.Evidence},
		DataPoints:   []agents.DataPoint{{Label: groups[0].Name, Value: groups[0].Sum, Unit: prose.ColumnName(t.column), Evidence: out.Evidence}},
		Implications: []string{"A share of what " + prose.Quote(t.table) + " counts is no share of use, of quality or of risk."},
		Table:        groupTable(t, out, groups, total),
	}
	if t.single {
		f.Implications = []string{"Whether " + prose.Quote(t.table) + " lists all there is, it does not say."}
	}
	return []agents.Finding{f}, nil
}

// groupSentence names the largest groups, and their shares where the table has
// the whole: a list may be the top of a longer one.
func groupSentence(t task, groups []group, total float64) string {
	table, column := prose.Quote(t.table), prose.Quote(prose.ColumnName(t.column))
	var others []string
	for _, g := range groups[1:min(3, len(groups))] {
		if t.single {
			others = append(others, fmt.Sprintf("%s (%s)", prose.Quote(g.Name), prose.Figure(g.Sum)))
		} else {
			others = append(others, fmt.Sprintf("%s with %s (%s)", prose.Quote(g.Name), prose.Figure(g.Sum), prose.Percent(g.Sum/total)))
		}
	}
	first := groups[0]
	if t.single {
		return fmt.Sprintf("Of what %s lists, %s has the highest figure for %s (%s), followed by %s.",
			table, prose.Quote(first.Name), column, prose.Figure(first.Sum), prose.List(others))
	}
	return fmt.Sprintf("Of the total of %s for %s in %s, %s (%s) fall to %s, followed by %s.",
		prose.Figure(total), column, table, prose.Figure(first.Sum), prose.Percent(first.Sum/total), prose.Quote(first.Name), prose.List(others))
}

func groupTable(t task, out groupOutput, groups []group, total float64) *agents.DataTable {
	by, column := prose.Capital(prose.ColumnName(t.by)), prose.Capital(prose.ColumnName(t.column))
	table := &agents.DataTable{
		Caption: fmt.Sprintf("%s by %s in “%s”", column, prose.ColumnName(t.by), prose.Inner(t.table)),
		Columns: []string{by, column}, Evidence: []string{out.Evidence},
	}
	if _, _, err := tools.ParseTime(t.column); err == nil { // its name is a period
		table.Caption = fmt.Sprintf("“%s” by %s, %s", prose.Inner(t.table), prose.ColumnName(t.by), column)
	}
	if !t.single {
		table.Columns = append(table.Columns, "Share")
	}
	for _, g := range groups[:min(2*topValues, len(groups))] {
		row := []string{g.Name, prose.Figure(g.Sum)}
		if !t.single {
			row = append(row, prose.Percent(g.Sum/total))
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

// onceEach leaves out a list that stands in the table of another finding, which
// then rests on both.
func onceEach(findings []agents.Finding) []agents.Finding {
	var kept []agents.Finding
	fuller := make([]int, len(findings))
	for i := range findings {
		fuller[i] = slices.IndexFunc(findings, func(other agents.Finding) bool { return holdsList(other.Table, findings[i].Table) })
	}
	for i := range findings {
		of := i
		for fuller[of] >= 0 {
			of = fuller[of]
		}
		if of != i {
			findings[of].Evidence = append(findings[of].Evidence, findings[i].Evidence...)
		}
	}
	for i, f := range findings {
		if fuller[i] < 0 {
			kept = append(kept, f)
		}
	}
	return kept
}

// holdsList says that the names and figures of a list stand in a longer table.
func holdsList(table, list *agents.DataTable) bool {
	if table == nil || list == nil || len(table.Rows) <= len(list.Rows) {
		return false
	}
	for _, row := range list.Rows {
		if !slices.ContainsFunc(table.Rows, func(other []string) bool { return strings.EqualFold(other[0], row[0]) && other[1] == row[1] }) {
			return false
		}
	}
	return true
}
