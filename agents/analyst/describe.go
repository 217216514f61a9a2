package analyst

import (
	"encoding/json"
	"fmt"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
	"github.com/quaestor-run/quaestor/tools"
)

// describeOutput is the part of the statistics tool's output that is used here.
type describeOutput struct {
	Evidence string `json:"evidence"`
	Describe struct {
		N      int     `json:"n"`
		Mean   float64 `json:"mean"`
		SD     float64 `json:"sd"`
		Median float64 `json:"median"`
	} `json:"describe"`
}

// The bounds of what is described.
const (
	mostDescribed  = 3
	leastDescribed = 10 // rows
)

// describeTasks averages the measures that the topic names, in a table of rows
// without a time and a name: the answers to a survey.
func describeTasks(t tools.TableProfile, topic prose.Topic) []task {
	_, timed := timeColumn(t)
	if _, listed := t.Labels(); timed || listed || t.Periods != nil || t.Rows < leastDescribed {
		return nil
	}
	var tasks []task
	for _, c := range measures(t, "", topic) {
		if len(tasks) < mostDescribed && nearness(topic, c.Name) > 0 {
			tasks = append(tasks, task{
				tool: toolStatistics, input: statisticsInput{Table: t.ID, Operation: "describe", Column: c.Name},
				table: prose.TableName(t.Title), column: c.Name, read: readDescription,
			})
		}
	}
	return tasks
}

func readDescription(in Input, t task, value json.RawMessage) ([]agents.Finding, error) {
	var out describeOutput
	if err := decode(value, "a description", &out); err != nil {
		return nil, err
	}
	d, column := out.Describe, prose.ColumnName(t.column)
	if d.N == 0 {
		return nil, nil
	}
	return []agents.Finding{{
		Statement: fmt.Sprintf("The mean of %s in %s is %s (n = %s, median %s, standard deviation %s).",
			prose.Quote(column), prose.Quote(t.table), prose.Figure(d.Mean), prose.Integer(d.N), prose.Figure(d.Median), prose.Figure(d.SD)),
		Theme: in.Question.Theme, Confidence: "high", Evidence: []string{out.Evidence},
		DataPoints:   []agents.DataPoint{{Label: "mean", Value: d.Mean, Unit: column, Evidence: out.Evidence}},
		Implications: []string{"Whom " + prose.Quote(t.table) + " speaks for, it does not say."},
	}}, nil
}
