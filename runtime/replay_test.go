package runtime

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// histories are kept beside the workflows; a file is named after its workflow:
// research-*.json, agent-*.json. TestRecordHistories records them.
const histories = "../workflows/testdata/histories"

// TestReplay replays every recorded history with today's workflow code: what
// ran yesterday must go on tomorrow. A change that breaks it needs
// workflow.GetVersion, not a new recording.
func TestReplay(t *testing.T) {
	t.Parallel()
	for _, w := range builtinWorkflows() {
		t.Run(w.Name, func(t *testing.T) {
			t.Parallel()
			files, err := filepath.Glob(filepath.Join(histories, strings.ToLower(w.Name)+"-*.json"))
			if err != nil {
				t.Fatal(err)
			}
			if len(files) == 0 {
				t.Fatalf("workflow %s has no recorded history in %s; record one with TestRecordHistories (see CONTRIBUTING.md)", w.Name, histories)
			}
			for _, file := range files {
				replayer := worker.NewWorkflowReplayer()
				replayer.RegisterWorkflowWithOptions(w.Func, workflow.RegisterOptions{Name: w.Name})
				recorded := readHistory(t, file)
				started := recorded.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()
				err := replayer.ReplayWorkflowHistoryWithOptions(nil, recorded, worker.ReplayWorkflowHistoryOptions{
					// Children are named after the run, and the run after its workflow.
					OriginalExecution: workflow.Execution{ID: started.GetWorkflowId(), RunID: started.GetOriginalExecutionRunId()},
				})
				if err != nil {
					t.Errorf("replaying %s: %v", filepath.Base(file), err)
				}
			}
		})
	}
}

func readHistory(t *testing.T, path string) *history.History {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	recorded, err := client.HistoryFromJSON(file, client.HistoryJSONOptions{})
	if err != nil {
		t.Fatalf("reading %s: %v", path, err)
	}
	return recorded
}
