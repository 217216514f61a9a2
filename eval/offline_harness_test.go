package eval_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/analyst"
	"github.com/quaestor-run/quaestor/agents/coordinator"
	"github.com/quaestor-run/quaestor/agents/gatherer"
	"github.com/quaestor-run/quaestor/agents/reviewer"
	"github.com/quaestor-run/quaestor/agents/writer"
	"github.com/quaestor-run/quaestor/runtime/corpus"
	"github.com/quaestor-run/quaestor/runtime/store/storetest"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/documents"
	"github.com/quaestor-run/quaestor/tools/factcheck"
	"github.com/quaestor-run/quaestor/tools/grammar"
	"github.com/quaestor-run/quaestor/tools/statistics"
	"github.com/quaestor-run/quaestor/tools/trend"
)

// offline runs the five roles on the real tools, without Temporal and without
// a model.
type offline struct {
	t        *testing.T
	corpora  *corpus.Corpora
	tools    map[string]tools.Tool
	evidence []agents.Evidence
}

// outcome is what a run of the roles ends with.
type outcome struct {
	survey   agents.Survey
	plan     agents.Plan
	analyses []agents.Analysis
	evidence []agents.Evidence
	drafts   []agents.Draft
	reviews  []agents.Review
}

func (o outcome) report() agents.Draft { return o.drafts[len(o.drafts)-1] }

func setup(t *testing.T, files map[string]string) *offline {
	t.Helper()
	corpora := corpus.New(storetest.New(t), corpus.Options{})
	t.Cleanup(func() {
		if err := corpora.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, name := range sortedNames(files) {
		var unreadable *documents.ReadError
		if _, err := corpora.Ingest(t.Context(), corpus.Default, name, strings.NewReader(files[name])); err != nil && !errors.As(err, &unreadable) {
			t.Fatal(err)
		}
	}
	o := &offline{t: t, corpora: corpora, tools: make(map[string]tools.Tool)}
	search, err := documents.New(corpora)
	o.add(search, err)
	followed, err := trend.New(corpora)
	o.add(followed, err)
	counted, err := statistics.New(corpora)
	o.add(counted, err)
	checked, err := factcheck.New(o)
	o.add(checked, err)
	form, err := grammar.New(grammar.Options{})
	o.add(form, err)
	return o
}

// Cited implements factcheck.Shelf.
func (o *offline) Cited(_ context.Context, _ tools.Scope, ids []string) ([]factcheck.Evidence, error) {
	var cited []factcheck.Evidence
	for _, e := range o.selected(ids) {
		cited = append(cited, factcheck.Evidence{ID: e.ID, Citation: e.Citation})
	}
	return cited, nil
}

func (o *offline) add(tool tools.Tool, err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
	o.tools[tool.Name()] = tool
}

func sortedNames(files map[string]string) []string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// readFolder gives the files of a folder by their path in it.
func readFolder(t *testing.T, root string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		files[filepath.ToSlash(name)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// run does one agent run: moves and tool calls until an output.
func run[In, Out any](o *offline, agent agents.Agent[In, Out], in In) Out {
	o.t.Helper()
	definition, err := agent.Define()
	if err != nil {
		o.t.Fatal(err)
	}
	input, err := json.Marshal(in)
	if err != nil {
		o.t.Fatal(err)
	}
	if _, err := definition.SystemPrompt(input); err != nil {
		o.t.Fatal(err)
	}
	var results []agents.ToolResult
	for step := range definition.MaxSteps {
		message, err := definition.Offline(input, step, results)
		if err != nil {
			o.t.Fatal(err)
		}
		if len(message.ToolCalls) == 0 {
			return accept[Out](o, definition, input, message.Text, results)
		}
		for _, call := range message.ToolCalls {
			if !slices.Contains(definition.Tools, call.Name) {
				o.t.Fatalf("%s calls %q, which is not among its tools", definition.Name, call.Name)
			}
			results = append(results, o.call(call))
		}
	}
	o.t.Fatalf("%s did not end within %d steps", definition.Name, definition.MaxSteps)
	panic("unreachable")
}

func accept[Out any](o *offline, definition agents.Definition, input json.RawMessage, text string, results []agents.ToolResult) Out {
	o.t.Helper()
	accepted, err := definition.Accept(input, []byte(text))
	if err != nil {
		o.t.Fatalf("%s: its own output is refused: %v\n%s", definition.Name, err, text)
	}
	for _, result := range results {
		for _, citation := range result.Citations {
			id := citation.ID()
			if slices.Contains(accepted.Cited, id) && !slices.ContainsFunc(o.evidence, func(e agents.Evidence) bool { return e.ID == id }) {
				o.evidence = append(o.evidence, agents.Evidence{ID: id, Citation: citation, Heading: citation.Heading})
			}
		}
	}
	for _, id := range accepted.Cited {
		if !slices.ContainsFunc(o.evidence, func(e agents.Evidence) bool { return e.ID == id }) {
			o.t.Errorf("%s cites %s, which no tool gave", definition.Name, id)
		}
	}
	var out Out
	if err := json.Unmarshal(accepted.Output, &out); err != nil {
		o.t.Fatal(err)
	}
	return out
}

func (o *offline) call(call agents.ToolCall) agents.ToolResult {
	o.t.Helper()
	result, err := o.tools[call.Name].Call(o.t.Context(), tools.Scope{}, call.Arguments)
	var input *tools.InputError
	switch {
	case errors.As(err, &input):
		return agents.ToolResult{CallID: call.ID, Name: call.Name, Error: err.Error()}
	case err != nil:
		o.t.Fatal(err)
	}
	return agents.ToolResult{CallID: call.ID, Name: call.Name, Value: result.Value, Citations: result.Citations}
}

func hold[T any](value T) agents.Held[T] { return agents.Held[T]{Value: value} }

// research is the research workflow in a straight line.
func (o *offline) research(topic string, questions ...string) outcome {
	o.t.Helper()
	survey, err := o.corpora.Survey(o.t.Context(), tools.Scope{}, topic)
	if err != nil {
		o.t.Fatal(err)
	}
	out := outcome{survey: survey}
	out.plan = run(o, coordinator.New(), coordinator.Input{Topic: topic, Questions: questions, Survey: hold(survey)})
	input := writer.Input{Topic: topic, Plan: hold(out.plan), Survey: hold(survey)}
	for _, question := range out.plan.Questions {
		gathered := run(o, gatherer.New(), gatherer.Input{Topic: topic, Question: question, Survey: hold(survey)})
		analysis := run(o, analyst.New(), analyst.Input{
			Topic: topic, Question: question, Survey: hold(survey), Evidence: hold(o.selected(gathered.CitedEvidence())),
		})
		out.analyses = append(out.analyses, analysis)
		input.Analyses = append(input.Analyses, hold(analysis))
	}
	out.evidence = o.evidence
	input.Evidence = hold(o.evidence)
	draft := run(o, writer.New(), input)
	for round := range 4 {
		out.drafts = append(out.drafts, draft)
		review := run(o, reviewer.New(), reviewer.Input{Topic: topic, Plan: hold(out.plan), Draft: hold(draft), Evidence: hold(o.evidence), Round: round})
		out.reviews = append(out.reviews, review)
		if review.Accept {
			return out
		}
		previous, verdict := hold(draft), hold(review)
		input.Previous, input.Review = &previous, &verdict
		draft = run(o, writer.New(), input)
	}
	return out
}

func (o *offline) selected(ids []string) []agents.Evidence {
	var out []agents.Evidence
	for _, id := range ids {
		if at := slices.IndexFunc(o.evidence, func(e agents.Evidence) bool { return e.ID == id }); at >= 0 {
			out = append(out, o.evidence[at])
		}
	}
	return out
}

// text prints a draft as a person reads it, for the log of a test.
func text(d agents.Draft) string {
	var out strings.Builder
	fmt.Fprintf(&out, "# %s\n", d.Title)
	for _, s := range d.Sections {
		fmt.Fprintf(&out, "\n## %s\n", s.Heading)
		for _, p := range s.Paragraphs {
			out.WriteByte('\n')
			for _, sentence := range p.Sentences {
				if p.List {
					out.WriteString("- ")
				}
				fmt.Fprintf(&out, "%s [%d]", sentence.Text, len(sentence.Evidence))
				if p.List {
					out.WriteByte('\n')
				} else {
					out.WriteByte(' ')
				}
			}
			out.WriteByte('\n')
		}
		for _, table := range s.Tables {
			fmt.Fprintf(&out, "\nTable: %s\n%s\n", table.Caption, strings.Join(table.Columns, " | "))
			for _, row := range table.Rows {
				out.WriteString(strings.Join(row, " | ") + "\n")
			}
		}
		for _, chart := range s.Charts {
			fmt.Fprintf(&out, "\nChart (%s): %s; %s / %s\n%v\n%v\n%s\n", chart.Kind, chart.Title, chart.XLabel, chart.YLabel, chart.X, chart.Y, chart.Note)
		}
	}
	return out.String()
}
