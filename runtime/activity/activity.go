// Package activity holds the effects of the workflows: calling models and
// tools, keeping evidence and drafts, publishing. Policy on models is the
// gateway's, order is the workflows'.
package activity

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/worker"
	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/workflows"
)

// Gateway is the part of the gateway that activities use: the only way to a
// model.
type Gateway interface {
	Invoke(ctx context.Context, call gateway.Call) (gateway.Result, error)
	EnsureRun(ctx context.Context, run string, limit ledger.Limit) error
	Usage(ctx context.Context, run string) (agents.Usage, error)
}

// Sources are the documents a run may read.
type Sources interface {
	Survey(ctx context.Context, scope tools.Scope, topic string) (agents.Survey, error)
	Verify(ctx context.Context, evidence agents.Evidence) error
	// Instructions gives what in the sources tries to instruct its reader.
	Instructions(ctx context.Context, scope tools.Scope) ([]agents.Instruction, error)
}

// Pages tells of pages of the web whether they are there no more.
type Pages interface {
	Gone(ctx context.Context, address string) bool
}

// Options says what the activities work with. Every field but Logger and Now is
// required; Summaries by the workflow Summarize alone.
type Options struct {
	Summaries Summaries
	Store     store.Store
	Gateway   Gateway
	Sources   Sources
	Agents    map[string]agents.Definition
	Tools     map[string]tools.Tool
	Outside   bool                // tools find sources that a run was not given
	Pages     Pages               // of the web, asked again before a report is published; nil: not
	Settings  workflows.Settings  // for new runs; the agents are filled in
	Templates map[string]Template // of reports, by name
	Logger    *zap.Logger
	Now       func() time.Time
}

// Activities are the methods that workers register.
type Activities struct {
	Options
}

// New makes the activities.
func New(options Options) *Activities {
	if options.Logger == nil {
		options.Logger = zap.NewNop()
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Activities{options}
}

// Register makes the activities known to a worker by the names that workflows
// use.
func (a *Activities) Register(registry worker.ActivityRegistry) {
	for name, method := range map[string]any{
		workflows.OpenRunName:        a.OpenRun,
		workflows.SurveySourcesName:  a.SurveySources,
		workflows.InvokeModelName:    a.InvokeModel,
		workflows.CallToolName:       a.CallTool,
		workflows.LoadOutputName:     a.LoadOutput,
		workflows.CollectName:        a.CollectEvidence,
		workflows.CheckDraftName:     a.CheckDraft,
		workflows.ReadReviewName:     a.ReadReview,
		workflows.GateReviewName:     a.GateReview,
		workflows.ComposePartialName: a.ComposePartial,
		workflows.OpenReviewName:     a.OpenReview,
		workflows.CloseReviewName:    a.CloseReview,
		workflows.PublishName:        a.Publish,
		workflows.RecordName:         a.RecordProgress,
		workflows.SplitTextName:      a.SplitText,
		workflows.SummarizeTextsName: a.SummarizeTexts,
		workflows.EndSummaryName:     a.EndSummary,
		workflows.OutlineName:        a.OutlineReport,
		workflows.AssembleName:       a.AssembleReport,
	} {
		registry.RegisterActivityWithOptions(method, activity.RegisterOptions{Name: name})
	}
}

// putJSON stores a value as a blob and gives its reference.
func (a *Activities) putJSON(ctx context.Context, value any) (string, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("encoding %T: %w", value, err)
	}
	return a.Store.PutBlob(ctx, raw)
}

// load reads a blob that putJSON stored.
func load[T any](ctx context.Context, blobs store.Blobs, ref string) (T, error) {
	var value T
	raw, err := blobs.Blob(ctx, ref)
	if err != nil {
		return value, fmt.Errorf("reading blob %s: %w", ref, err)
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		return value, fmt.Errorf("decoding blob %s as %T: %w", ref, value, err)
	}
	return value, nil
}
