package mcpserver

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// told is what is read of an event of a run.
type told struct {
	Phase string `json:"phase"`
	Label string `json:"label"`
	Tool  string `json:"tool"`
}

// follow tells the client of what happens in a run after an event, until the run
// ends, waits for a person, or the context ends. It gives the last event.
func follow(ctx context.Context, r request, from state, last int64) (int64, error) {
	token := r.Params.GetProgressToken()
	progress := 0.0
	for event, err := range r.api.Events(ctx, from.ID, last) {
		if err != nil {
			return last, err
		}
		last = max(last, event.ID)
		if event.Type == "awaiting_review" && from.Status == "running" {
			if now, err := run(ctx, r.api, from.ID); err != nil || now.Status != "running" {
				return last, err
			}
		}
		progress++
		if token == nil {
			continue
		}
		// A client that has gone hears nothing, which is no reason to stop waiting.
		_ = r.Session.NotifyProgress(ctx, &sdk.ProgressNotificationParams{ProgressToken: token, Progress: progress, Message: words(event.Type, event.Data)})
	}
	return last, nil
}

// words says an event in a few words.
func words(kind string, data json.RawMessage) string {
	var what told
	_ = json.Unmarshal(data, &what) // an event of a newer server that does not fit shows as its name
	switch kind {
	case "phase":
		return "phase: " + what.Phase
	case "tool.call":
		return fmt.Sprintf("%s: tool %s", what.Label, what.Tool)
	case "model.call", "agent.finished":
		return fmt.Sprintf("%s: %s", what.Label, strings.ReplaceAll(kind, ".", " "))
	}
	return strings.NewReplacer(".", " ", "_", " ").Replace(kind)
}
