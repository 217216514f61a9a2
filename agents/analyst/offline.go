package analyst

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
)

// analyse first computes what the question's tables can tell and looks for
// contrary evidence, then makes findings of both and of the quotations.
func analyse(turn agents.Turn[Input]) (agents.Move[agents.Analysis], error) {
	in := turn.Input
	topic := prose.ParseTopic(in.Topic, in.Survey.Value.Titles()...)
	tasks := tasksOf(in, topic)
	if turn.Step == 0 && len(tasks) > 0 {
		var move agents.Move[agents.Analysis]
		for _, t := range tasks {
			call, err := agents.Call(t.tool, t.input)
			if err != nil {
				return move, err
			}
			move.Calls = append(move.Calls, call)
		}
		return move, nil
	}
	return agents.Done(conclude(in, topic, tasks, turn.Results)), nil
}

// task is one tool call and what is needed to read its result.
type task struct {
	tool    string
	input   any
	table   string // title, readable
	column  string // as in the table
	by      string // the column of the groups, as in the table
	single  bool   // the table has one row for each period, or for each group
	charted bool   // the first series of a table is drawn
	read    func(in Input, t task, value json.RawMessage) ([]agents.Finding, error)
}

// tasksOf decides what to compute. It depends on the input alone, so that the
// results, which come in the order of the calls, can be told apart.
func tasksOf(in Input, topic prose.Topic) []task {
	var tasks []task
	facet := prose.QuestionFacet(in.Question.Text)
	tables := questionTables(in)
	for i, table := range tables {
		switch facet {
		case prose.Development:
			tasks = append(tasks, trendTasks(table, topic)...)
		case prose.Distribution:
			tasks = append(tasks, groupTasks(table, topic)...)
			tasks = append(tasks, describeTasks(table, topic)...)
			tasks = append(tasks, frequencyTasks(table, categoriesFor(i))...)
		case prose.Harms:
			tasks = append(tasks, trendTasks(table, topic)...)
			tasks = append(tasks, frequencyTasks(table, categoriesFor(i))...)
			tasks = append(tasks, entityTasks(table)...)
		default:
			tasks = append(tasks, trendTasks(table, topic)...)
			tasks = append(tasks, frequencyTasks(table, 1)...)
		}
	}
	if hasQuotes(in.Evidence.Value) {
		tasks = append(tasks, contraryTask(topic))
	}
	return tasks
}

// categoriesFor gives the first table more room than those after it.
func categoriesFor(place int) int {
	if place == 0 {
		return 2
	}
	return 1
}

func conclude(in Input, topic prose.Topic, tasks []task, results []agents.ToolResult) agents.Analysis {
	out := agents.Analysis{Question: in.Question.ID, Findings: []agents.Finding{}}
	var contrary []objection
	for i, result := range results[:min(len(results), len(tasks))] {
		t := tasks[i]
		if result.Error != "" {
			if t.table != "" {
				out.Gaps = append(out.Gaps, "The table "+prose.Quote(t.table)+" could not be evaluated: "+prose.Close(prose.Shorten(result.Error, 220)))
			}
			continue
		}
		value := agents.Unfence(result.Value)
		if t.read == nil {
			contrary = append(contrary, readContrary(topic, value)...)
			continue
		}
		findings, err := t.read(in, t, value)
		if err != nil {
			out.Gaps = append(out.Gaps, "The result of tool "+t.tool+" on "+prose.Quote(t.table)+" could not be read.")
			continue
		}
		out.Findings = append(out.Findings, findings...)
	}
	out.Findings = onceEach(out.Findings)
	out.Findings = append(out.Findings, quotedFindings(in, topic, contrary)...)
	if len(out.Findings) > maxFindings {
		out.Findings = out.Findings[:maxFindings]
	}
	out.Gaps = append(out.Gaps, gaps(in, len(out.Findings))...)
	return out
}

// decode reads what a tool computed, which has to say by which id it is cited.
func decode(value json.RawMessage, what string, out any) error {
	var cited struct {
		Evidence string `json:"evidence"`
	}
	if err := errors.Join(json.Unmarshal(value, out), json.Unmarshal(value, &cited)); err != nil {
		return fmt.Errorf("reading %s: %w", what, err)
	}
	if cited.Evidence == "" {
		return fmt.Errorf("reading %s: it has no evidence id", what)
	}
	return nil
}

// gaps names what the question was left without.
func gaps(in Input, findings int) []string {
	if findings > 0 {
		return nil
	}
	return []string{"No sentence of the sources that could be quoted, and no table, answers the question " + prose.Close(prose.Quote(in.Question.Text))}
}
