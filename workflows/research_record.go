package workflows

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// enter moves the run into a phase and tells everybody who watches.
func (r *research) enter(ctx workflow.Context, phase string) error {
	if r.phase == phase {
		return nil
	}
	r.phase = phase
	workflow.SetCurrentDetails(ctx, r.details())
	return r.record(ctx, Record{Status: statusRunning, Phase: phase}, "phase", struct {
		Phase string `json:"phase"`
	}{phase})
}

// end puts the run into a final status.
func (r *research) end(ctx workflow.Context, status, reason string) error {
	r.phase = PhaseDone
	workflow.SetCurrentDetails(ctx, r.details())
	return r.record(ctx, Record{Status: status, Phase: r.phase, Error: reason}, "run.finished", struct {
		Status string `json:"status"`
		Reason string `json:"reason,omitempty"`
	}{status, reason})
}

// record writes to the read model, with one event. Its key is what it says and
// how often that was said before: after a crash the same event has the same key,
// also when agents that ran at the same time end in another order.
func (r *research) record(ctx workflow.Context, record Record, kind string, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encoding an event: %w", err)
	}
	said := fmt.Sprintf("%s/%x", kind, sha256.Sum256(raw))
	r.said[said]++
	done, total := r.done, r.total
	record.Run, record.Done, record.Total = r.id, &done, &total
	record.Events = []Event{{Key: fmt.Sprintf("%s/%d", said, r.said[said]), Type: kind, Data: raw}}
	recorded, err := quick[Recorded](ctx, RecordName, record)
	if err != nil {
		return err
	}
	if record.Phase != "" {
		r.tag(ctx, AttributePhase.ValueSet(record.Phase), AttributeStatus.ValueSet(record.Status),
			AttributeSpend.ValueSet(float64(recorded.Usage.CostNanoUSD)/1e9))
	}
	return nil
}

// details is what the Temporal UI shows of a run that is under way.
func (r *research) details() string {
	text := fmt.Sprintf("**%s**\n\nPhase: %s, %d of %d agent runs done.", r.request.Topic, r.phase, r.done, r.total)
	for i, question := range r.plan.Questions {
		state := "open"
		switch {
		case r.analyses[i] != "":
			state = "answered"
		case r.gathered[i] != "":
			state = "evidence gathered"
		}
		text += fmt.Sprintf("\n%d. %s (%s)", i+1, question.Text, state)
	}
	return text
}

// Summary is the one line by which people find a run in the Temporal UI.
func Summary(topic string) string {
	const limit = 120
	short := []rune(topic)
	if len(short) > limit {
		short = append(short[:limit-1], '…')
	}
	return "research · " + string(short)
}

func refused(format string, args ...any) error {
	return temporal.NewNonRetryableApplicationError(fmt.Sprintf(format, args...), ErrorRefused, nil)
}
