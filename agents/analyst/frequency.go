package analyst

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
	"github.com/quaestor-run/quaestor/tools"
)

// statisticsInput is the part of the statistics tool's input that is used here.
type statisticsInput struct {
	Table     string `json:"table"`
	Operation string `json:"operation"`
	Column    string `json:"column,omitempty"`
	Top       int    `json:"top,omitempty"`
}

// frequencyOutput is the part of the statistics tool's output that is used here.
type frequencyOutput struct {
	Evidence  string `json:"evidence"`
	N         int    `json:"n"`
	Missing   int    `json:"missing"`
	Frequency struct {
		Rows []frequencyRow `json:"rows"`
	} `json:"frequency"`
}

type frequencyRow struct {
	Value string  `json:"value"`
	Count int     `json:"count"`
	Share float64 `json:"share"`
}

// topValues is how many values of a column are shown.
const topValues = 8

func frequencyTasks(t tools.TableProfile, limit int) []task {
	columns := categories(t)
	return countBy(t, columns[:min(limit, len(columns))])
}

// entityTasks counts the rows of a table of harms by what they concern, to
// show whether a few things make up most of them.
func entityTasks(t tools.TableProfile) []task {
	for _, c := range t.Columns {
		recurs := c.Type == tools.TypeText && c.Distinct >= 5 && 5*c.Distinct <= t.Rows && c.Empty == 0 && !designed(c)
		if recurs && (identifies(c.Name) || nameScore(c.Name, " device product company manufacturer applicant vendor model site plant supplier ") > 0) {
			return countBy(t, []tools.ColumnProfile{c})
		}
	}
	return nil
}

func countBy(t tools.TableProfile, columns []tools.ColumnProfile) []task {
	var tasks []task
	for _, c := range columns {
		tasks = append(tasks, task{
			tool:  toolStatistics,
			input: statisticsInput{Table: t.ID, Operation: "frequency", Column: c.Name, Top: topValues},
			table: prose.TableName(t.Title), column: c.Name, read: readFrequency,
		})
	}
	return tasks
}

func readFrequency(in Input, t task, value json.RawMessage) ([]agents.Finding, error) {
	var out frequencyOutput
	if err := decode(value, "a frequency table", &out); err != nil {
		return nil, err
	}
	if len(out.Frequency.Rows) == 0 || out.N == 0 {
		return nil, nil
	}
	rows := out.Frequency.Rows[:min(topValues, len(out.Frequency.Rows))]
	f := agents.Finding{
		Statement: frequencySentence(t, out, rows), Theme: in.Question.Theme, Confidence: "high", Evidence: []string{out.Evidence},
		Implications: []string{"A share of the records in " + prose.Quote(t.table) + " is no share of use, of quality or of risk."},
		Table:        frequencyTable(t, out, rows),
	}
	for _, row := range rows[:min(3, len(rows))] {
		f.DataPoints = append(f.DataPoints, agents.DataPoint{Label: row.Value, Value: float64(row.Count), Unit: "records", Evidence: out.Evidence})
	}
	if len(rows) >= 4 {
		f.Chart = frequencyChart(t, out, rows)
	}
	return []agents.Finding{f}, nil
}

func frequencySentence(t task, out frequencyOutput, rows []frequencyRow) string {
	of := fmt.Sprintf("Of the %s in %s with a value for %s, ", prose.Count(out.N, "record"), prose.Quote(t.table), prose.Quote(prose.ColumnName(t.column)))
	first := fmt.Sprintf("%s (%s) have %s", prose.Integer(rows[0].Count), prose.Percent(rows[0].Share), prose.Quote(rows[0].Value))
	if rows[0].Count == 1 {
		first = fmt.Sprintf("1 (%s) has %s", prose.Percent(rows[0].Share), prose.Quote(rows[0].Value))
	}
	var others []string
	for _, row := range rows[1:min(3, len(rows))] {
		others = append(others, fmt.Sprintf("%s with %s (%s)", prose.Quote(row.Value), prose.Integer(row.Count), prose.Percent(row.Share)))
	}
	if len(others) > 0 {
		first += ", followed by " + prose.List(others)
	}
	if allCodes(rows) {
		first += "; these are the table's own codes, which it does not spell out"
	}
	return of + first + "."
}

func allCodes(rows []frequencyRow) bool {
	for _, row := range rows[:min(3, len(rows))] {
		if !isCode(row.Value) || strings.ContainsAny(row.Value, "0123456789") {
			return false
		}
	}
	return true
}

func frequencyTable(t task, out frequencyOutput, rows []frequencyRow) *agents.DataTable {
	table := &agents.DataTable{
		Caption:  fmt.Sprintf("%s in “%s” (n = %s)", prose.Capital(prose.ColumnName(t.column)), prose.Inner(t.table), prose.Integer(out.N)),
		Columns:  []string{prose.Capital(prose.ColumnName(t.column)), "Records", "Share"},
		Evidence: []string{out.Evidence},
	}
	counted := 0
	for _, row := range rows {
		counted += row.Count
		table.Rows = append(table.Rows, []string{row.Value, prose.Integer(row.Count), prose.Percent(row.Share)})
	}
	if rest := out.N - counted; rest > 0 {
		table.Rows = append(table.Rows, []string{"All others", prose.Integer(rest), prose.Percent(share(rest, out.N))})
	}
	return table
}

func frequencyChart(t task, out frequencyOutput, rows []frequencyRow) *agents.Chart {
	chart := &agents.Chart{
		Kind: "bar", Title: fmt.Sprintf("Records in “%s” by %s", prose.Inner(t.table), prose.ColumnName(t.column)),
		XLabel: prose.Capital(prose.ColumnName(t.column)), YLabel: "Records", Evidence: []string{out.Evidence},
	}
	for _, row := range rows {
		chart.X = append(chart.X, row.Value)
		chart.Y = append(chart.Y, float64(row.Count))
	}
	return chart
}
