package activity

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/activity"
	"golang.org/x/sync/errgroup"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/workflows"
)

// CallTool makes one tool call of a transcript and stores its result. What the
// run may read comes from the run, never from the call.
func (a *Activities) CallTool(ctx context.Context, in workflows.ToolCall) (string, error) {
	call, err := load[agents.ToolCall](ctx, a.Store, in.Call.Ref)
	if err != nil {
		return "", err
	}
	scope := tools.Scope{Run: in.Run, Client: in.Client, Sources: in.Sources}
	answer := agents.ToolResult{CallID: call.ID, Name: call.Name}
	var result tools.Result
	tool, there := a.Tools[call.Name]
	if there {
		result, err = tool.Call(ctx, scope, call.Arguments)
	}
	var wrong *tools.InputError
	switch {
	case !there: // it was when the run began: the web may have been turned off since
		answer.Error = "this tool is not there any more; go on without it"
	case errors.As(err, &wrong):
		answer.Error = wrong.Error()
	case err != nil:
		return "", fmt.Errorf("calling tool %q: %w", call.Name, err)
	default:
		answer.Value, answer.Citations = result.Value, result.Citations
	}
	planted, err := a.inspect(ctx, call.Name, result)
	if err != nil {
		return "", err
	}
	if err := a.tellInstructions(ctx, in.Run, planted); err != nil {
		return "", err
	}
	var kept string
	var writes errgroup.Group // at once: they share what makes them durable
	writes.Go(func() (err error) {
		kept, err = a.putJSON(ctx, answer)
		return err
	})
	writes.Go(func() error {
		// Agents that ask the same have the same transcript; the workflow is theirs alone.
		key := fmt.Sprintf("tool/%s/%d/%s", activity.GetInfo(ctx).WorkflowExecution.ID, in.Step, call.ID)
		return a.tell(ctx, in.Run, key, "tool.call", struct {
			Agent string `json:"agent"`
			Label string `json:"label"`
			Step  int    `json:"step"`
			Tool  string `json:"tool"`
			Error string `json:"error,omitempty"`
		}{in.Agent, in.Label, in.Step + 1, call.Name, answer.Error})
	})
	err = writes.Wait()
	return kept, err
}
