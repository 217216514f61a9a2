package workflows

import (
	"encoding/json"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/tools"
)

// Names under which the activities are registered.
const (
	OpenRunName        = "OpenRun"
	SurveySourcesName  = "SurveySources"
	InvokeModelName    = "InvokeModel"
	CallToolName       = "CallTool"
	LoadOutputName     = "LoadOutput"
	CollectName        = "CollectEvidence"
	CheckDraftName     = "CheckDraft"
	ReadReviewName     = "ReadReview"
	GateReviewName     = "GateReview"
	ComposePartialName = "ComposePartial"
	OpenReviewName     = "OpenReview"
	CloseReviewName    = "CloseReview"
	PublishName        = "Publish"
	RecordName         = "RecordProgress"
	SplitTextName      = "SplitText"
	SummarizeTextsName = "SummarizeTexts"
	EndSummaryName     = "EndSummary"
	OutlineName        = "OutlineReport"
	AssembleName       = "AssembleReport"
)

// Application error types an activity may end with; none of them is retried.
const (
	ErrorBudget        = "BudgetExceeded"
	ErrorInvalidOutput = "InvalidOutput" // a model did not give a valid output, told twice
	ErrorStepLimit     = "StepLimit"
	ErrorNoSources     = "NoSources"
	ErrorRefused       = "Refused" // a request that can never work: unknown agent, unpriced model
)

// OpenRun asks for the run's record to exist and its budget to be set. It is
// what makes a run that a schedule started the same as one from the API.
type OpenRun struct {
	Run     string          `json:"run"`
	Request ResearchRequest `json:"request"`
}

// ModelCall asks for the next message of an agent. The transcript so far and
// the tool results that follow it are blobs.
type ModelCall struct {
	AgentRun
	Step       int      `json:"step"`
	Transcript string   `json:"transcript,omitempty"`
	Results    []string `json:"results,omitempty"`
}

// ModelReply is a new transcript, and either tool calls to make or an output.
type ModelReply struct {
	Transcript string    `json:"transcript"`
	Calls      []CallRef `json:"calls,omitempty"`
	Output     string    `json:"output,omitempty"`
}

// CallRef points at a tool call that a model wishes to make.
type CallRef struct {
	Tool string `json:"tool"`
	Ref  string `json:"ref"` // blob of the call
}

// ToolCall asks for a tool call to be made.
type ToolCall struct {
	Run     string   `json:"run"`
	Client  string   `json:"client,omitempty"`
	Agent   string   `json:"agent"`
	Label   string   `json:"label"`
	Sources []string `json:"sources,omitempty"`
	Call    CallRef  `json:"call"`
	Step    int      `json:"step"`

	Team      string       `json:"team,omitempty"`
	Published tools.Window `json:"published,omitzero"`
}

// Settings are what the configuration decides for a run, read once when it
// starts, so that a run keeps them.
type Settings struct {
	Concurrency    int               `json:"concurrency"`
	Unsupported    string            `json:"unsupported"`
	ReviewTimeout  time.Duration     `json:"review_timeout"`
	ReviewReminder time.Duration     `json:"review_reminder"`         // after the opening; 0 is none
	ReviewExpiry   string            `json:"review_expiry"`           // ExpiryReject or ExpiryPublish
	Attributes     bool              `json:"attributes"`              // whether the namespace knows our search attributes
	Instant        map[string]bool   `json:"instant"`                 // agents whose model answers in milliseconds, in this process
	Agents         map[string]string `json:"agents"`                  // version of each agent
	WriterOutput   int               `json:"writer_output,omitempty"` // tokens one answer of the writer's model may have; 0 writes every report in one call
}

// What becomes of a draft nobody reviewed in time.
const (
	ExpiryReject  = "reject"
	ExpiryPublish = "publish"
)

// SurveyRequest asks what there is to research.
type SurveyRequest struct {
	Run     string   `json:"run"`
	Client  string   `json:"client,omitempty"`
	Topic   string   `json:"topic"`
	Sources []string `json:"sources,omitempty"`

	Team      string       `json:"team,omitempty"`
	Published tools.Window `json:"published,omitzero"`
}

// Collect asks for the evidence that some outputs cite, as one blob.
type Collect struct {
	Run     string   `json:"run"`
	Outputs []string `json:"outputs"`
}

// DraftCheck asks for a draft to be checked against the evidence and kept.
type DraftCheck struct {
	Run         string `json:"run"`
	Round       int    `json:"round"`
	Draft       string `json:"draft"`
	Previous    string `json:"previous,omitempty"` // the checked draft of the round before
	Unsupported string `json:"unsupported"`
	// What the changes since the round before are kept with: who made them, and
	// what asked for them.
	Author   string `json:"author,omitempty"`
	Version  string `json:"version,omitempty"`
	Review   string `json:"review,omitempty"`
	Comments string `json:"comments,omitempty"`
	// Judge says that a model will judge what the rules leave open: until then it
	// is neither dropped nor refused. Judgements is the review that did.
	Judge      bool   `json:"judge,omitempty"`
	Judgements string `json:"judgements,omitempty"`
}

// CheckedDraft is a draft in which every cited id resolves, every quote stands
// in its snapshot, and sentences that their evidence does not show are marked or
// dropped.
type CheckedDraft struct {
	Draft       string `json:"draft"`
	Digest      string `json:"digest"`
	Claims      int    `json:"claims"`
	Unsupported int    `json:"unsupported"` // claims that the evidence they cite does not show
	Partly      int    `json:"partly,omitempty"`
	Refused     int    `json:"refused,omitempty"` // edits that would have broken a citation
	Changes     int    `json:"changes"`
	Open        int    `json:"open,omitempty"`        // claims for a model to judge
	OpenClaims  string `json:"open_claims,omitempty"` // blob of them
}

// GateReview asks for a review to name every claim of the run's draft that its
// evidence does not show, and so not to accept.
type GateReview struct {
	Run    string `json:"run"`
	Review string `json:"review"`
}

// OutlineRequest asks how a report is divided among calls of the writer: its
// first draft, or with Draft the refinement of that.
type OutlineRequest struct {
	Plan     string   `json:"plan"`
	Analyses []string `json:"analyses"`
	Evidence string   `json:"evidence"`
	Output   int      `json:"output"` // tokens one answer may have
	Draft    string   `json:"draft,omitempty"`
	Review   string   `json:"review,omitempty"`
	Comments bool     `json:"comments,omitempty"` // a person's, which concern every section
}

// ReportOutline is the parts of a report; none where one call does.
type ReportOutline struct {
	Parts []ReportPart `json:"parts"`
}

// ReportPart is what one call of the writer gets, as blobs.
type ReportPart struct {
	Headings []string `json:"headings"`
	Analysis string   `json:"analysis,omitempty"` // the findings of this part alone
	Evidence string   `json:"evidence"`           // what they cite
	Previous string   `json:"previous,omitempty"` // the sections that are refined
	Review   string   `json:"review,omitempty"`   // the issues of these
}

// Assembly asks for a draft to be put together from its parts, in their order.
// With Draft they take the place of its sections; else the last part is what
// stands around the findings, or, with Findings, there is none yet.
type Assembly struct {
	Plan     string   `json:"plan"`
	Parts    []string `json:"parts"`
	Draft    string   `json:"draft,omitempty"`
	Findings bool     `json:"findings,omitempty"`
}

// ReviewVerdict is what the loop needs of a review.
type ReviewVerdict struct {
	Accept bool `json:"accept"`
	Issues int  `json:"issues"`
}

// Partial asks for a report from what exists, without any model.
type Partial struct {
	Run      string          `json:"run"`
	Request  ResearchRequest `json:"request"`
	Survey   string          `json:"survey,omitempty"`
	Plan     string          `json:"plan,omitempty"`
	Gathered []string        `json:"gathered,omitempty"` // outputs of gatherers
	Analyses []string        `json:"analyses,omitempty"`
	Notice   string          `json:"notice"` // why the report is partial
}

// Publication asks for the report to be rendered and kept.
type Publication struct {
	Run     string          `json:"run"`
	Request ResearchRequest `json:"request"`
	Draft   string          `json:"draft"`
	Survey  string          `json:"survey,omitempty"`
	Plan    string          `json:"plan,omitempty"`
	Review  string          `json:"review,omitempty"` // the last review of this draft
	Notice  string          `json:"notice,omitempty"` // why the report is partial
}

// ReviewOpening asks for a person's review of a draft.
type ReviewOpening struct {
	Run     string          `json:"run"`
	Request ResearchRequest `json:"request"`
	Round   int             `json:"round"`
	Digest  string          `json:"digest"`
	Due     time.Time       `json:"due"`
}

// ReviewClosing keeps what was decided, or that nobody did in time.
type ReviewClosing struct {
	Review   string         `json:"review"`
	Decision ReviewDecision `json:"decision"`
}

// Record changes the read model of a run and tells its watchers. Only fields
// that are set change.
type Record struct {
	Run       string  `json:"run"`
	Status    string  `json:"status,omitempty"`
	Phase     string  `json:"phase,omitempty"`
	Iteration *int    `json:"iteration,omitempty"`
	Plan      string  `json:"plan,omitempty"` // blob ref
	Done      *int    `json:"done,omitempty"`
	Total     *int    `json:"total,omitempty"`
	Error     string  `json:"error,omitempty"`
	Events    []Event `json:"events,omitempty"`
}

// Recorded is what recording a phase gives back: the run's usage so far.
type Recorded struct {
	Usage agents.Usage `json:"usage"`
}

// Event is one thing to tell; the key makes it unique in its run.
type Event struct {
	Key  string          `json:"key"`
	Type string          `json:"type"`
	Data json.RawMessage `json:"data,omitempty"`
}
