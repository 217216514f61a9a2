package workflows

import (
	"encoding/json"
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// agentState is what the loop carries over when its history is renewed.
type agentState struct {
	Step       int      `json:"step"`
	Transcript string   `json:"transcript,omitempty"`
	Results    []string `json:"results,omitempty"`
}

// maxSteps stops a loop whose agent sets no limit of its own that holds.
const maxSteps = 50

// Agent is the loop of one agent run: model call, tool calls in parallel, model
// call, … until an output is accepted. Its id names the run and the label, so
// the calls it makes keep their keys when it is retried.
func Agent(ctx workflow.Context, run AgentRun, state agentState) (AgentResult, error) {
	for step := state.Step; step < maxSteps; step++ {
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return AgentResult{}, workflow.NewContinueAsNewError(ctx, AgentName, run, state)
		}
		reply, err := invokeModel(ctx, ModelCall{AgentRun: run, Step: step, Transcript: state.Transcript, Results: state.Results})
		if err != nil {
			return AgentResult{}, err
		}
		if reply.Output != "" {
			workflow.SetCurrentDetails(ctx, fmt.Sprintf("**%s** ended after %d model calls.", run.Label, step+1))
			return AgentResult{Output: reply.Output, Steps: step + 1}, nil
		}
		results, err := callTools(ctx, run, reply, step)
		if err != nil {
			return AgentResult{}, err
		}
		state = agentState{Step: step + 1, Transcript: reply.Transcript, Results: results}
	}
	return AgentResult{}, temporal.NewNonRetryableApplicationError(
		fmt.Sprintf("%s made %d model calls without an output", run.Agent, maxSteps), ErrorStepLimit, nil)
}

// StartAgent runs an agent as a child workflow named after the run and name,
// with input as its typed input, and waits for its output.
func StartAgent(ctx workflow.Context, name string, run AgentRun, input any) (AgentResult, error) {
	raw, err := json.Marshal(input)
	if err != nil {
		return AgentResult{}, fmt.Errorf("encoding the input of agent %q: %w", run.Agent, err)
	}
	run.Input = raw
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID: run.Run + "/" + name, StaticSummary: run.Label,
	})
	var result AgentResult
	err = workflow.ExecuteChildWorkflow(ctx, AgentName, run, agentState{}).Get(ctx, &result)
	return result, err
}

// Ask runs an agent for a workflow of your own and gives its output, which must
// be small enough for a history (256 KiB). The name is unique in the calling
// workflow, which is the run: it is part of the key by which calls are paid once.
func Ask[Out any](ctx workflow.Context, name, agent string, input any) (Out, error) {
	var out Out
	run := AgentRun{Run: workflow.GetInfo(ctx).WorkflowExecution.ID, Agent: agent, Label: agent}
	result, err := StartAgent(ctx, name, run, input)
	if err != nil {
		return out, err
	}
	return quick[Out](ctx, LoadOutputName, result.Output)
}

func invokeModel(ctx workflow.Context, call ModelCall) (ModelReply, error) {
	var reply ModelReply
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("**%s**: model call %d", call.Label, call.Step+1))
	summary := fmt.Sprintf("%s · model call %d", call.Agent, call.Step+1)
	if call.Instant {
		err := workflow.ExecuteLocalActivity(quickOptions(ctx, summary), InvokeModelName, call).Get(ctx, &reply)
		return reply, err
	}
	err := workflow.ExecuteActivity(modelOptions(ctx, summary), InvokeModelName, call).Get(ctx, &reply)
	return reply, err
}

// callTools makes the calls of one message in parallel and keeps their order.
func callTools(ctx workflow.Context, run AgentRun, reply ModelReply, step int) ([]string, error) {
	futures := make([]workflow.Future, len(reply.Calls))
	for i, call := range reply.Calls {
		futures[i] = workflow.ExecuteLocalActivity(quickOptions(ctx, call.Tool), CallToolName, ToolCall{
			Run: run.Run, Client: run.Client, Team: run.Team, Agent: run.Agent, Label: run.Label, Sources: run.Sources, Published: run.Published,
			Call: call, Step: step,
		})
	}
	results := make([]string, len(futures))
	for i, future := range futures {
		if err := future.Get(ctx, &results[i]); err != nil {
			return nil, err
		}
	}
	return results, nil
}
