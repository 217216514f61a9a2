package activity_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"go.temporal.io/sdk/testsuite"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/storetest"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/workflows"
)

// foreign is a tool that others describe, in these words.
func foreign(t *testing.T, words string) tools.Tool {
	t.Helper()
	schema, err := tools.SchemaFor[task]()
	if err != nil {
		t.Fatal(err)
	}
	record, err := json.Marshal(words)
	if err != nil {
		t.Fatal(err)
	}
	tool, err := tools.NewForeign(tools.Foreign{
		Spec: tools.Spec{Name: "theirs", Description: words, Input: schema.JSON()}, Arguments: schema, Recorded: record,
	}, func(context.Context, tools.Scope, json.RawMessage) (found, error) { return found{quote().ID()}, nil })
	if err != nil {
		t.Fatal(err)
	}
	return tool
}

// equip gives a lab in which the clerk has the tool, and the workers have another
// or the same.
func equip(t *testing.T, granted, there tools.Tool, script ...any) *lab {
	t.Helper()
	clerk, finder := clerk(t)
	clerk, err := clerk.Grant(map[string]string{granted.Name(): granted.Version()}, "\nOf others.")
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{TestActivityEnvironment: new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment(), store: storetest.New(t), sound: true}
	if _, _, err := l.store.CreateRun(t.Context(), store.Run{ID: run, Topic: "t", RequestDigest: "d", Request: json.RawMessage("{}"), Status: store.StatusRunning}); err != nil {
		t.Fatal(err)
	}
	activity.New(activity.Options{
		Store: l.store, Gateway: &answers{l, script}, Sources: sources{l},
		Agents: map[string]agents.Definition{"clerk": clerk}, Tools: map[string]tools.Tool{"finder": finder, there.Name(): there},
	}).Register(l)
	return l
}

func TestToolsOfOthersAreRecordedWithTheRun(t *testing.T) {
	t.Parallel()
	tool := foreign(t, "Finds.")
	l := equip(t, tool, tool, calls("theirs"), text(`{"words":"w","evidence":["`+quote().ID()+`"]}`))
	settings, err := do[workflows.Settings](t, l, workflows.OpenRunName, workflows.OpenRun{Run: run})
	if err != nil {
		t.Fatal(err)
	}
	frozen, err := l.store.Blob(t.Context(), settings.Agents["clerk"])
	if err != nil || !strings.Contains(string(frozen), tool.Version()) {
		t.Errorf("the agent is kept as %s, %v", frozen, err)
	}
	if record, err := l.store.Blob(t.Context(), tool.Version()); err != nil || string(record) != `"Finds."` {
		t.Errorf("the description is kept as %s, %v", record, err)
	}
	reply, err := do[workflows.ModelReply](t, l, workflows.InvokeModelName, modelCall(0))
	if err != nil || len(reply.Calls) != 1 || len(l.asked[0].Tools) != 2 {
		t.Fatalf("reply %+v, error %v", reply, err)
	}
	next := modelCall(1)
	next.Transcript = reply.Transcript
	result, err := do[string](t, l, workflows.CallToolName, workflows.ToolCall{Run: run, Agent: "clerk", Call: reply.Calls[0]})
	if err != nil {
		t.Fatal(err)
	}
	next.Results = []string{result}
	if _, err := do[workflows.ModelReply](t, l, workflows.InvokeModelName, next); err != nil {
		t.Fatal(err)
	}
	if shown := l.asked[1].Messages[2].ToolResults[0]; !strings.HasPrefix(string(shown.Value), `{"untrusted":`) {
		t.Errorf("the model was shown %s", shown.Value)
	}
	if kept, err := l.store.Evidence(t.Context(), run); err != nil || len(kept) != 1 {
		t.Errorf("kept %+v, %v", kept, err)
	}
}

// A tool that is described otherwise since the run began is not offered, and a
// call that was made before is not carried out.
func TestChangedToolsOfOthersAreGone(t *testing.T) {
	t.Parallel()
	before := equip(t, foreign(t, "Finds."), foreign(t, "Finds."), calls("theirs"))
	reply, err := do[workflows.ModelReply](t, before, workflows.InvokeModelName, modelCall(0))
	if err != nil {
		t.Fatal(err)
	}
	call, err := before.store.Blob(t.Context(), reply.Calls[0].Ref)
	if err != nil {
		t.Fatal(err)
	}
	after := equip(t, foreign(t, "Finds."), foreign(t, "Finds, and deletes."), text(`{"words":"w"}`))
	ref, err := do[string](t, after, workflows.CallToolName, workflows.ToolCall{Run: run, Agent: "clerk", Call: workflows.CallRef{Tool: "theirs", Ref: put(t, after, json.RawMessage(call))}})
	if err != nil {
		t.Fatal(err)
	}
	if result, err := after.store.Blob(t.Context(), ref); err != nil || !strings.Contains(string(result), "its description changed") {
		t.Errorf("the call gave %s, %v", result, err)
	}
	if _, err := do[workflows.ModelReply](t, after, workflows.InvokeModelName, modelCall(0)); err != nil {
		t.Fatal(err)
	}
	if offered := after.asked[0].Tools; len(offered) != 1 || offered[0].Name != "finder" {
		t.Errorf("offered %+v", offered)
	}
}
