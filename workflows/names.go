// Package workflows is the deterministic part of Quaestor: what runs inside
// Temporal workflows. Effects happen only in activities, called by name; names
// and references cross the boundary, clients and credentials never do.
package workflows

import (
	"encoding/json"
	"time"

	"github.com/quaestor-run/quaestor/tools"
)

// TaskQueue is the default queue of workers.
const TaskQueue = "quaestor"

// Names under which the workflows are registered.
const (
	ResearchName  = "Research"
	AgentName     = "Agent"
	SummarizeName = "Summarize"
)

// Names of the Updates and Queries of a research workflow.
const (
	UpdateDecide = "decide"
)

// ResearchRequest is the accepted request of a research run. It is the input
// of the workflow and the Request of the run's record.
type ResearchRequest struct {
	Topic         string        `json:"topic"`
	Client        string        `json:"client,omitempty"`
	Team          string        `json:"team,omitempty"`
	Sources       []string      `json:"sources,omitempty"`   // corpus names or document ids; empty means the default corpus
	Published     tools.Window  `json:"published,omitzero"`  // when sources were published
	Questions     []string      `json:"questions,omitempty"` // asked by the user, answered before others
	MaxIterations int           `json:"max_iterations"`      // rounds of refinement, 0 to 3
	Review        string        `json:"review"`              // ReviewNone or ReviewRequired
	Budget        Budget        `json:"budget"`
	Deadline      time.Time     `json:"deadline,omitzero"`
	Timeout       time.Duration `json:"timeout,omitempty"` // deadline relative to the start, for schedules
	Language      string        `json:"language,omitempty"`
	Unsupported   string        `json:"unsupported,omitempty"`    // UnsupportedMark, UnsupportedDrop or UnsupportedRepair
	CitationStyle string        `json:"citation_style,omitempty"` // empty is plain
	Template      string        `json:"template,omitempty"`       // of the report, by name; empty is none
	Schedule      string        `json:"schedule,omitempty"`       // id of the schedule that started it
}

// Budget bounds the model calls of one run; 0 is no limit.
type Budget struct {
	Tokens  int64 `json:"tokens,omitempty"`
	NanoUSD int64 `json:"nano_usd,omitempty"`
}

// Whether a person reviews the draft before it is published.
const (
	ReviewNone     = "none"
	ReviewRequired = "required"
)

// What becomes of a sentence of findings that no evidence supports.
const (
	UnsupportedMark   = "mark"
	UnsupportedDrop   = "drop"
	UnsupportedRepair = "repair" // the writer is told of it, whatever the reviewer says; what remains is marked
)

// ReviewDecision is a person's word on a draft, sent as the UpdateDecide
// Update. Digest names the draft that was read; a stale one is refused.
type ReviewDecision struct {
	Decision string `json:"decision"` // DecisionApprove, DecisionChanges or DecisionReject
	Digest   string `json:"digest"`
	Comments string `json:"comments,omitempty"`
	By       string `json:"by,omitempty"`
	Role     string `json:"role,omitempty"`
}

// The decisions of a review.
const (
	DecisionApprove = "approve"
	DecisionChanges = "changes"
	DecisionReject  = "reject"
)

// ErrorStaleReview is the application error type for a decision that names
// another draft than the one that waits; ErrorNoReview when none waits.
const (
	ErrorStaleReview = "StaleReview"
	ErrorNoReview    = "NoReview"
)

// Phases of a research run, in order.
const (
	PhasePlan    = "plan"
	PhaseGather  = "gather"
	PhaseAnalyse = "analyse"
	PhaseWrite   = "write"
	PhaseReview  = "review"
	PhaseRefine  = "refine"
	PhaseHuman   = "human_review"
	PhasePublish = "publish"
	PhaseDone    = "done"
)

// AgentRun is the input of the agent loop, a child workflow.
type AgentRun struct {
	Run     string          `json:"run"`
	Client  string          `json:"client,omitempty"`
	Team    string          `json:"team,omitempty"`
	Agent   string          `json:"agent"`
	Version string          `json:"version,omitempty"` // of the agent, as the run started with
	Instant bool            `json:"instant,omitempty"` // its model answers in milliseconds, in the worker itself
	Label   string          `json:"label"`             // "analyst · question 3 of 6: …"
	Input   json.RawMessage `json:"input"`             // what is large in it is held by reference
	Sources []string        `json:"sources,omitempty"`

	Published tools.Window `json:"published,omitzero"`
}

// AgentResult is what an agent run ends with.
type AgentResult struct {
	Output string `json:"output"` // blob ref of the accepted output
	Steps  int    `json:"steps"`  // model calls
}
