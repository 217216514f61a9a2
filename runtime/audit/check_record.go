package audit

import (
	"context"
	"fmt"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/workflows"
)

// record holds events, tool calls, agents and drafts against each other.
func (v *verifier) record(ctx context.Context) string {
	for i, e := range v.events {
		if e.Seq != int64(i+1) {
			v.wrong(fileEvents, "event %d stands where %d should: one was left out or added", e.Seq, i+1)
			break
		}
	}
	v.lastEvent()
	for _, d := range v.drafts {
		if digits, ok := hexDigest(d.Digest); !ok || d.File != folderDrafts+digits+".json" || v.archive.files[d.File] == nil {
			v.wrong(fileDrafts, "draft %d is named %q, and its file %q is not there or is another", d.Round, short(d.Digest), short(d.File))
		}
	}
	versions := v.agents()
	calls, shown := v.tools(ctx)
	if shown != nil {
		for _, e := range v.evidence {
			if !shown[e.ID] {
				v.wrong(place(e), "no tool of the run gave it")
			}
		}
	}
	for _, c := range v.calls {
		if c.Answer != "" && v.archive.files[c.Answer] == nil {
			v.wrong(fileCalls+", call "+c.Key, "its answer %q is not there", short(c.Answer))
		}
	}
	return fmt.Sprintf("%d events, %d drafts, %d agents with their prompts and %d tool calls with their results held against each other", len(v.events), len(v.drafts), versions, calls)
}

// lastEvent holds how the run ended against what was told of it.
func (v *verifier) lastEvent() {
	if !store.Status(v.run.Status).Final() {
		v.wrong(fileRun, "the run is %q, which is no end", short(v.run.Status))
	}
	for _, e := range v.events {
		var told struct {
			Status string `json:"status"`
		}
		if e.Type == "run.finished" && decodeInto(e.Data, &told) == nil && told.Status != v.run.Status {
			v.wrong(fileRun, "the run is %q; event %d tells that it ended as %q", short(v.run.Status), e.Seq, short(told.Status))
		}
	}
}

// agents holds the versions of agents against their texts, and the calls against
// the versions.
func (v *verifier) agents() int {
	var versions []AgentVersion
	if !load(v, fileAgents, &versions) {
		return 0
	}
	known := map[AgentVersion]bool{}
	for _, a := range versions {
		known[AgentVersion{Agent: a.Agent, Version: a.Version}] = true
		if digits, ok := hexDigest(a.Version); a.File != "" && (!ok || a.File != folderAgents+digits+".json") {
			v.wrong(fileAgents, "version %q of %s is not the digest of its text %q", short(a.Version), short(a.Agent), short(a.File))
			continue
		}
		if a.File == "" {
			continue
		}
		if frozen, err := decode[agents.Frozen](v.archive, a.File); err != nil || frozen.Name != a.Agent {
			v.wrong(a.File, "it is not the text of agent %s", short(a.Agent))
		}
	}
	for _, c := range v.calls {
		if c.Version != "" && !known[AgentVersion{Agent: c.Agent, Version: c.Version}] {
			v.wrong(fileCalls+", call "+c.Key, "it is of version %q of agent %s, which %s does not have", short(c.Version), short(c.Agent), fileAgents)
		}
	}
	return len(versions)
}

// tools holds tool calls against the events that told of them, and gives the ids
// of the evidence that they showed; nil where some of the results are not there,
// as in runs of older versions.
func (v *verifier) tools(ctx context.Context) (count int, shown map[string]bool) {
	var calls []ToolCall
	if !load(v, fileTools, &calls) {
		return 0, nil
	}
	told := map[int64]toolEvent{}
	for _, e := range v.events {
		var event toolEvent
		if e.Type == toolCallEvent && decodeInto(e.Data, &event) == nil {
			told[e.Seq] = event
		}
	}
	if len(told) != len(calls) {
		v.wrong(fileTools, "it has %d calls; the events tell of %d", len(calls), len(told))
	}
	shown = map[string]bool{}
	whole := true
	for _, c := range calls {
		if ctx.Err() != nil {
			return len(calls), nil
		}
		event, ok := told[c.Event]
		where := fmt.Sprintf("%s, the call of event %d", fileTools, c.Event)
		if !ok || event.Tool != c.Tool || event.Agent != c.Agent || event.Error != c.Error {
			v.wrong(where, "the event tells of another call, or of none")
			continue
		}
		whole = v.toolCall(where, c, event, shown) && whole
	}
	if !whole {
		return len(calls), nil
	}
	return len(calls), shown
}

// toolCall holds one call against the digests that its event names. It says
// whether its result could be read.
func (v *verifier) toolCall(where string, c ToolCall, event toolEvent, shown map[string]bool) bool {
	if event.Call != "" {
		var call agents.ToolCall
		if err := decodeInto(c.Call, &call); err != nil || call.Name != c.Tool || "sha256:"+digestOf(c.Call) != event.Call {
			v.wrong(where, "the call is not the one that the event names by digest")
		}
	}
	digits, ok := hexDigest(event.Result)
	if !ok {
		return false
	}
	if c.Result != folderTools+digits+".json" {
		v.wrong(where, "its result %q is not the one that the event names by digest", short(c.Result))
		return false
	}
	result, err := decode[agents.ToolResult](v.archive, c.Result)
	if err != nil {
		v.wrong(c.Result, "%v", err)
		return false
	}
	for _, citation := range result.Citations {
		shown[citation.ID()] = true
	}
	return true
}

// decisions holds what people decided against the drafts that they decided on.
func (v *verifier) decisions(context.Context) string {
	var reviews []Review
	if !load(v, fileReviews, &reviews) {
		return "the reviews could not be read"
	}
	drafts := map[string]bool{}
	for _, d := range v.drafts {
		drafts[d.Digest] = true
	}
	decided, approved := 0, map[string]bool{}
	for _, r := range reviews {
		where := fileReviews + ", review " + r.ID
		if !drafts[r.Digest] {
			v.wrong(where, "it is of draft %q, which does not exist", short(r.Digest))
		}
		d := r.Decision
		if d == nil {
			continue
		}
		decided++
		if d.Digest != "" && d.Digest != r.Digest {
			v.wrong(where, "the decision names draft %q, and the review %q", short(d.Digest), short(r.Digest))
		}
		if d.Decision == workflows.DecisionApprove {
			approved[r.Digest] = true
		}
	}
	for _, e := range v.events {
		var told workflows.ReviewDecision
		if e.Type == "review.decided" && decodeInto(e.Data, &told) == nil && told.Decision == workflows.DecisionApprove {
			approved[told.Digest] = true
		}
	}
	if v.reported != nil && !drafts[v.digest] {
		v.wrong(filePublication, "the published draft %q is none of the run's", short(v.digest))
	}
	if v.reported != nil && v.request.Review == workflows.ReviewRequired && !approved[v.digest] {
		v.wrong(filePublication, "the run wanted a person's approval, and nobody approved draft %q", short(v.digest))
	}
	return fmt.Sprintf("%d decisions on %d reviews name drafts of the run by digest", decided, len(reviews))
}
