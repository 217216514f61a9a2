package activity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"go.temporal.io/sdk/activity"
	"golang.org/x/sync/errgroup"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/workflows"
)

// versionedCall is a tool call as it is kept. The version is that of a tool
// which others describe.
type versionedCall struct {
	agents.ToolCall
	Version string `json:"version,omitempty"`
}

// CallTool makes one tool call of a transcript and stores its result. What the
// run may read comes from the run, never from the call.
func (a *Activities) CallTool(ctx context.Context, in workflows.ToolCall) (string, error) {
	call, err := load[versionedCall](ctx, a.Store, in.Call.Ref)
	if err != nil {
		return "", err
	}
	scope := tools.Scope{Run: in.Run, Client: in.Client, Team: in.Team, Sources: in.Sources, Published: in.Published}
	answer := agents.ToolResult{CallID: call.ID, Name: call.Name}
	var result tools.Result
	tool, there := a.Tools[call.Name]
	changed := there && call.Version != tool.Version()
	if there && !changed {
		result, err = tool.Call(ctx, scope, call.Arguments)
	}
	var wrong *tools.InputError
	switch {
	case !there: // it was when the run began: the web may have been turned off since
		answer.Error = "this tool is not there any more; go on without it"
	case changed: // its server was updated since the run began
		answer.Error = "this tool is not what it was when the run began: its description changed; go on without it and name this as a gap"
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
	raw, err := json.Marshal(answer)
	if err != nil {
		return "", fmt.Errorf("encoding the result of tool %q: %w", call.Name, err)
	}
	sum := sha256.Sum256(raw)
	kept := "sha256:" + hex.EncodeToString(sum[:]) // as the store will name it
	var writes errgroup.Group                      // at once: they share what makes them durable
	writes.Go(func() error {
		_, err := a.Store.PutBlob(ctx, raw)
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

			Version string `json:"version,omitempty"`
			Call    string `json:"call"`   // blobs of the call and of what came of it
			Result  string `json:"result"` // for the record of the run
		}{in.Agent, in.Label, in.Step + 1, call.Name, answer.Error, call.Version, in.Call.Ref, kept})
	})
	return kept, writes.Wait()
}
