package activity

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"go.temporal.io/sdk/activity"
	"golang.org/x/sync/errgroup"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/workflows"
)

// maxRepairs is how often a model is told what was wrong with its output.
const maxRepairs = 2

// turn is one step of an agent run: what the model is asked, and with what.
type turn struct {
	call       workflows.ModelCall
	agent      agents.Definition
	input      json.RawMessage
	system     string
	tools      []tools.Spec
	transcript []entry
	// writes are under way at the same time, and share what makes them durable.
	// A reply leaves when all are done.
	writes *errgroup.Group
}

// entry is one message of a transcript as it is stored: the results of tools,
// which are large, stay in blobs of their own.
type entry struct {
	agents.Message
	Results []string `json:"results,omitempty"` // blobs, in place of ToolResults

	read []toolResult // Results, with what ToolResults leaves out
}

// InvokeModel asks the agent's model for its next message. A final text is read
// as the agent's output; when it is not valid the model is told why and asked
// again, at most twice. Every call has a key of its own, so a retried activity
// finds the answers it already paid for.
func (a *Activities) InvokeModel(ctx context.Context, call workflows.ModelCall) (workflows.ModelReply, error) {
	defer beat(ctx)()
	t, err := a.openTurn(ctx, call)
	if err != nil {
		return workflows.ModelReply{}, err
	}
	defer t.writes.Wait() //nolint:errcheck // a reply has waited, and any other end has an error of its own
	prefix := fmt.Sprintf("%s/%d", activity.GetInfo(ctx).WorkflowExecution.ID, call.Step)
	for ordinal := 0; ; ordinal++ {
		key := fmt.Sprintf("%s/%d", prefix, ordinal)
		message, model, err := a.ask(ctx, &t, key)
		if err != nil {
			return workflows.ModelReply{}, err
		}
		t.transcript = append(t.transcript, entry{Message: message})
		var problem error
		if len(message.ToolCalls) > 0 {
			if problem = t.checkCalls(message.ToolCalls); problem == nil {
				return a.pendingCalls(ctx, t, message.ToolCalls)
			}
		} else {
			var accepted agents.Accepted
			var kept []agents.Evidence
			if accepted, kept, problem, err = t.accept(message.Text); err != nil {
				return workflows.ModelReply{}, err
			}
			if problem == nil {
				if accepted.Signed != nil {
					if accepted.Output, err = accepted.Signed(model, key); err != nil {
						return workflows.ModelReply{}, fmt.Errorf("signing the output of %s: %w", call.Agent, err)
					}
				}
				scope := tools.Scope{Run: call.Run, Client: call.Client, Sources: call.Sources}
				if kept, err = a.withoutInstructions(ctx, scope, kept); err != nil {
					return workflows.ModelReply{}, err
				}
				return a.keepOutput(ctx, t, accepted, kept)
			}
		}
		if ordinal == maxRepairs {
			return workflows.ModelReply{}, final(workflows.ErrorInvalidOutput,
				fmt.Sprintf("%s gave no valid output in %d tries; the last was refused because %v", call.Agent, ordinal+1, problem), nil)
		}
		t.transcript = append(t.transcript, entry{Message: correction(message, problem)})
	}
}

// openTurn resolves what the workflow knows by name and reference.
func (a *Activities) openTurn(ctx context.Context, call workflows.ModelCall) (turn, error) {
	agent, err := a.agent(ctx, call.Agent, call.Version)
	if err != nil {
		return turn{}, err
	}
	t := turn{call: call, agent: agent, writes: new(errgroup.Group)}
	t.input, err = agents.Resolve(call.Input, func(ref string) (json.RawMessage, error) { return a.Store.Blob(ctx, ref) })
	if err != nil {
		return turn{}, fmt.Errorf("resolving the input of %s: %w", call.Agent, err)
	}
	if t.transcript, err = a.transcript(ctx, call); err != nil {
		return turn{}, err
	}
	lastStep := call.Step+1 >= agent.MaxSteps
	if !lastStep {
		for _, name := range agent.Tools {
			// One of the web may have been turned off since the run began, and one of others may be another now.
			if tool, there := a.Tools[name]; there && tool.Version() == agent.ToolVersions[name] {
				t.tools = append(t.tools, tool.Spec())
			}
		}
	}
	prompt, err := agent.SystemPrompt(t.input)
	if err != nil {
		return turn{}, final(workflows.ErrorRefused, err.Error(), err)
	}
	t.system = instructions(prompt, agent.Output, lastStep)
	return t, nil
}

// agent gives an agent in the version that the run started with.
func (a *Activities) agent(ctx context.Context, name, version string) (agents.Definition, error) {
	agent, ok := a.Agents[name]
	if !ok {
		return agents.Definition{}, refuse("no agent is registered as %q", name)
	}
	if version == "" || version == agent.Version {
		return agent, nil
	}
	frozen, err := a.Store.Blob(ctx, version)
	if err != nil {
		return agents.Definition{}, fmt.Errorf("reading version %s of agent %q: %w", version, name, err)
	}
	return agent.As(version, frozen)
}

// transcript is what was said so far, with the results of the last tool calls.
func (a *Activities) transcript(ctx context.Context, call workflows.ModelCall) ([]entry, error) {
	if call.Transcript == "" {
		return []entry{{Message: agents.Message{Role: agents.RoleUser, Text: "Carry out your task now."}}}, nil
	}
	entries, err := load[[]entry](ctx, a.Store, call.Transcript)
	if err != nil {
		return nil, fmt.Errorf("reading the transcript: %w", err)
	}
	if len(call.Results) > 0 {
		entries = append(entries, entry{Message: agents.Message{Role: agents.RoleTool}, Results: call.Results})
	}
	for i := range entries {
		for _, ref := range entries[i].Results {
			blob, err := a.Store.Blob(ctx, ref)
			if err != nil {
				return nil, fmt.Errorf("reading a tool result: %w", err)
			}
			result, err := readResult(blob)
			if err != nil {
				return nil, fmt.Errorf("reading blob %s: %w", ref, err)
			}
			entries[i].read = append(entries[i].read, result)
			entries[i].ToolResults = append(entries[i].ToolResults, result.ToolResult)
		}
	}
	return entries, nil
}

// putTranscript stores a transcript, with tool results by reference.
func (a *Activities) putTranscript(ctx context.Context, transcript []entry) (string, error) {
	stored := slices.Clone(transcript)
	for i := range stored {
		if len(stored[i].Results) > 0 {
			stored[i].ToolResults = nil
		}
	}
	ref, err := a.putJSON(ctx, stored)
	if err != nil {
		return "", fmt.Errorf("storing the transcript: %w", err)
	}
	return ref, nil
}

// ask makes one logical model call through the gateway, and says which model
// answered.
func (a *Activities) ask(ctx context.Context, t *turn, key string) (agents.Message, string, error) {
	result, err := a.Gateway.Invoke(ctx, gateway.Call{
		Key: key, Run: t.call.Run, Client: t.call.Client, Team: t.call.Team,
		Agent: t.agent.Name, AgentVersion: t.agent.Version, Input: t.input,
		System: t.system, Messages: fenced(t.transcript), Tools: t.tools, Output: t.agent.Output,
	})
	if err != nil {
		return agents.Message{}, "", temporalError(err)
	}
	usage := result.Response.Usage
	t.writes.Go(func() error {
		return a.tell(ctx, t.call.Run, "model/"+key, "model.call", struct {
			Agent   string  `json:"agent"`
			Label   string  `json:"label"`
			Step    int     `json:"step"`
			Model   string  `json:"model"`
			Input   int64   `json:"input_tokens"`
			Output  int64   `json:"output_tokens"`
			CostUSD float64 `json:"cost_usd"`
		}{t.agent.Name, t.call.Label, t.call.Step + 1, result.Model, usage.Input, usage.Output, float64(result.NanoUSD) / 1e9})
	})
	return result.Response.Message, result.Model, nil
}

// checkCalls refuses tools the agent was not given: what a model has read
// cannot widen what it may do.
func (t turn) checkCalls(calls []agents.ToolCall) error {
	for _, call := range calls {
		if !slices.ContainsFunc(t.tools, func(spec tools.Spec) bool { return spec.Name == call.Name }) {
			return fmt.Errorf("the tool %q is not among your tools", call.Name)
		}
	}
	return nil
}

// accept reads the model's final text and gives the evidence of tools that it
// cites. The problem is for the model to hear: evidence it was not shown is one.
func (t turn) accept(text string) (accepted agents.Accepted, kept []agents.Evidence, problem, err error) {
	accepted, problem = t.agent.Accept(t.input, []byte(text))
	if problem != nil || len(accepted.Cited) == 0 {
		return accepted, nil, problem, nil
	}
	var results []toolResult
	for _, message := range t.transcript {
		results = append(results, message.read...)
	}
	shown := evidenceIDs(t.input)
	if kept, err = show(results, accepted.Cited, shown); err != nil {
		return agents.Accepted{}, nil, nil, err
	}
	for _, id := range accepted.Cited {
		if !shown[id] {
			return agents.Accepted{}, nil, fmt.Errorf("you cite evidence %q, which you were not shown; cite only ids that you were shown", id), nil
		}
	}
	return accepted, kept, nil, nil
}

func (a *Activities) pendingCalls(ctx context.Context, t turn, calls []agents.ToolCall) (workflows.ModelReply, error) {
	reply := workflows.ModelReply{Calls: make([]workflows.CallRef, len(calls))}
	t.writes.Go(func() (err error) {
		reply.Transcript, err = a.putTranscript(ctx, t.transcript)
		return err
	})
	for i, call := range calls {
		t.writes.Go(func() (err error) {
			reply.Calls[i].Tool = call.Name
			if reply.Calls[i].Ref, err = a.putJSON(ctx, versionedCall{call, t.agent.ToolVersions[call.Name]}); err != nil {
				return fmt.Errorf("storing a tool call: %w", err)
			}
			return nil
		})
	}
	err := t.writes.Wait()
	return reply, err
}

// keepOutput stores the output, and the evidence of tools that it cites.
func (a *Activities) keepOutput(ctx context.Context, t turn, accepted agents.Accepted, kept []agents.Evidence) (workflows.ModelReply, error) {
	var reply workflows.ModelReply
	t.writes.Go(func() error {
		if err := a.Store.PutEvidence(ctx, t.call.Run, kept); err != nil {
			return fmt.Errorf("keeping evidence: %w", err)
		}
		return nil
	})
	t.writes.Go(func() (err error) {
		reply.Transcript, err = a.putTranscript(ctx, t.transcript)
		return err
	})
	t.writes.Go(func() (err error) {
		if reply.Output, err = a.Store.PutBlob(ctx, accepted.Output); err != nil {
			return fmt.Errorf("storing the output: %w", err)
		}
		return nil
	})
	err := t.writes.Wait()
	return reply, err
}
