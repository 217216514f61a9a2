package activity_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"go.temporal.io/sdk/testsuite"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/storetest"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/workflows"
)

// memory keeps blobs and evidence at no cost, so that the activities are what
// is measured.
type memory struct {
	store.Store
	mu    sync.Mutex
	blobs map[string][]byte
}

func (m *memory) Blob(_ context.Context, ref string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.blobs[ref], nil
}

func (m *memory) PutBlob(_ context.Context, data []byte) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ref := fmt.Sprint("blob ", len(data), string(data[len(data)/2:min(len(data), len(data)/2+20)]))
	m.blobs[ref] = data
	return ref, nil
}

func (m *memory) PutEvidence(context.Context, string, []agents.Evidence) error { return nil }

func (m *memory) UpdateRun(context.Context, string, store.RunUpdate) error { return nil }

func (m *memory) keep(b *testing.B, value any) string {
	b.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		b.Fatal(err)
	}
	ref := fmt.Sprint("kept ", len(m.blobs))
	m.blobs[ref] = raw
	return ref
}

// harmless are sources that instruct nobody.
type harmless struct{ activity.Sources }

func (harmless) Instructions(context.Context, tools.Scope) ([]agents.Instruction, error) {
	return nil, nil
}

// model says the same every time.
type model struct {
	activity.Gateway
	says agents.Message
}

func (m model) Invoke(context.Context, gateway.Call) (gateway.Result, error) {
	return gateway.Result{Response: provider.Response{Message: m.says}}, nil
}

// BenchmarkInvokeModel measures a step of an agent that has searched, as a
// gatherer does: one that searches again, and one that ends with an output.
func BenchmarkInvokeModel(b *testing.B) {
	passages := found{ID: strings.Repeat("e_0123456789ab ", 400)} // about what a search shows
	for _, step := range []struct {
		name            string
		searches, cites int
	}{{"searches again", 7, 0}, {"ends", 15, 10}} {
		b.Run(step.name, func(b *testing.B) {
			m := &memory{Store: storetest.New(b), blobs: map[string][]byte{}}
			call := modelCall(1)
			asked := calls(strings.Fields(strings.Repeat("finder ", step.searches))...)
			call.Transcript = m.keep(b, []agents.Message{{Role: agents.RoleUser, Text: "Go."}, asked})
			var ids []string
			for i, c := range asked.ToolCalls {
				value, err := json.Marshal(passages)
				if err != nil {
					b.Fatal(err)
				}
				result := agents.ToolResult{CallID: c.ID, Name: c.Name, Value: value, Citations: sentences(i)}
				call.Results = append(call.Results, m.keep(b, result))
				ids = append(ids, result.Citations[0].ID())
			}
			answer := calls("finder")
			if step.cites > 0 {
				raw, err := json.Marshal(outcome{"w", ids[:step.cites]})
				if err != nil {
					b.Fatal(err)
				}
				answer = text(string(raw))
			}
			survey := agents.Survey{Documents: make([]agents.DocumentProfile, 60)}
			input, err := json.Marshal(map[string]any{"goal": "win", "survey": agents.Hold[agents.Survey](m.keep(b, survey))})
			if err != nil {
				b.Fatal(err)
			}
			call.Input = input
			environment := new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment()
			definition, tool := clerk(b)
			activity.New(activity.Options{
				Store: m, Gateway: model{says: answer}, Sources: harmless{},
				Agents: map[string]agents.Definition{"clerk": definition}, Tools: map[string]tools.Tool{"finder": tool},
			}).Register(environment)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := environment.ExecuteActivity(workflows.InvokeModelName, call); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// sentences are the citations of a search: thirty sentences, most of which other
// searches find as well.
func sentences(search int) []tools.Citation {
	var list []tools.Citation
	for i := 10 * search; i < 10*search+30; i++ {
		list = append(list, tools.Citation{
			SHA256: strings.Repeat("ab", 32), URI: "corpus/a.md", Title: "Night trains and flights in Europe", Year: 2024, Heading: "Results",
			Start: 200 * i, End: 200*i + 120,
			Quote: fmt.Sprintf("Night trains reduced flights between the capitals of Europe by %d per cent in the years before, as was counted at the borders.", i),
		})
	}
	return list
}
