//go:build !slim

package runtime_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/workflows"
)

// What the example's agent takes and gives.
type (
	Letter  struct{ Text string }
	Verdict struct {
		Words int `json:"words"`
	}
)

// What the example's tool takes and gives.
type (
	Text  struct{ Text string }
	Count struct{ Words int }
)

func countWords(_ context.Context, _ tools.Scope, in Text) (Count, error) {
	return Count{Words: len(strings.Fields(in.Text))}, nil
}

// measure is the agent's brain while no model is configured: it calls the tool
// and ends with what came back.
func measure(turn agents.Turn[Letter]) (agents.Move[Verdict], error) {
	if turn.Step == 0 {
		call, err := agents.Call("word_count", Text(turn.Input))
		return agents.Move[Verdict]{Calls: []agents.ToolCall{call}}, err
	}
	count, err := agents.Value[Count](turn.Results[0])
	return agents.Done(Verdict(count)), err
}

// LetterLength is a workflow that asks the agent.
func LetterLength(ctx workflow.Context, text string) (int, error) {
	verdict, err := workflows.Ask[Verdict](ctx, "measure", "measurer", Letter{Text: text})
	return verdict.Words, err
}

// A program of one's own adds an agent, a tool and a workflow: they run on the
// same runtime, through the same gateway, as durably as the built-in ones.
func Example() {
	ctx := context.Background()
	config, err := configs.Load("", func(string) string { return "" })
	if err != nil {
		fmt.Println(err)
		return
	}
	config.Data, _ = os.MkdirTemp("", "quaestor-example")
	defer os.RemoveAll(config.Data)
	config.Server.Addr, config.Temporal.UIAddr = "127.0.0.1:0", ""

	wordCount, err := tools.New("word_count", "Counts the words of a text.", countWords)
	if err != nil {
		fmt.Println(err)
		return
	}
	q, err := runtime.New(ctx, runtime.Options{
		Config:   config,
		Embedded: true,
		Agents: []runtime.Agent{agents.Agent[Letter, Verdict]{
			Name: "measurer", Prompt: "Measure this letter:\n{{.Text}}", Tools: []string{"word_count"}, Offline: measure,
		}},
		Tools:     []tools.Tool{wordCount},
		Workflows: []runtime.Workflow{{Name: "LetterLength", Func: LetterLength}},
		LogOutput: io.Discard,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer q.Close()

	run, err := q.Temporal().ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "letter-1", TaskQueue: q.TaskQueue()},
		"LetterLength", "To whom it may concern")
	if err != nil {
		fmt.Println(err)
		return
	}
	var words int
	err = run.Get(ctx, &words)
	fmt.Println(words, err)
	// Output: 5 <nil>
}
