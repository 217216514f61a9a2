// Package audit packs everything a run stands on into one file, and checks such
// a file without network, database or server.
//
// A pack is a ZIP: it opens on any desktop, and its files can be read one at a
// time and in any order, so that neither writer nor verifier holds it in memory.
// The same stored run gives the same bytes. manifest.json, the last file, names
// every other one by SHA-256 and size, and its root digest stands for all of
// them: whoever keeps the root elsewhere will see any change, also one that was
// made with care.
//
// What is in a pack: the run and its events, evidence and the snapshots that
// its offsets count in, claims and drafts, the report in its published forms,
// reviews and decisions, agents with their prompts, calls with their attempts
// and answers, tool calls with their results, computations, queries, the
// scorecard and the account. No keys and no credentials are in it.
package audit

import (
	"encoding/json"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// Format and Version name what a manifest describes. The version counts up when
// an older verifier could not read a pack any more.
const (
	Format  = "quaestor-audit-pack"
	Version = 1
)

// MediaType is what a pack is served as.
const MediaType = "application/zip"

// The files of a pack. Those in folders are named by the SHA-256 of what they
// hold, but for the report.
const (
	fileReadme       = "README.txt"
	fileRun          = "run.json"
	fileSources      = "sources.json"
	fileEvidence     = "evidence.json"
	fileClaims       = "claims.json"
	fileDrafts       = "drafts.json"
	filePublication  = "publication.json"
	fileScorecard    = "scorecard.json"
	fileReviews      = "reviews.json"
	fileAgents       = "agents.json"
	fileCalls        = "calls.json"
	fileCosts        = "costs.json"
	fileTools        = "tools.json"
	fileComputations = "computations.json"
	fileQueries      = "queries.json"
	fileEvents       = "events.json"
	fileManifest     = "manifest.json"

	fileMarkdown = "report/report.md"
	fileHTML     = "report/report.html"
	fileReport   = "report/report.json"

	folderSnapshots = "snapshots/"
	folderOriginals = "originals/"
	folderDrafts    = "drafts/"
	folderAgents    = "agents/"
	folderAnswers   = "answers/"
	folderTools     = "tools/"
)

// Manifest names every other file of a pack.
type Manifest struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	MadeBy  string `json:"made_by"` // the program and its version
	Run     string `json:"run"`
	Root    string `json:"root"`  // see ComputeRoot
	Files   []File `json:"files"` // by path
}

// File is a file of a pack.
type File struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"` // bytes
}

// Run is the run as it was recorded.
type Run struct {
	ID        string          `json:"id"`
	Client    string          `json:"client,omitempty"`
	Topic     string          `json:"topic"`
	Request   json.RawMessage `json:"request"`
	Schedule  string          `json:"schedule,omitempty"`
	Status    string          `json:"status"`
	Phase     string          `json:"phase,omitempty"`
	Iteration int             `json:"iteration"`
	Plan      json.RawMessage `json:"plan,omitempty"`
	Error     string          `json:"error,omitempty"` // why it failed or is partial
	Created   time.Time       `json:"created"`
	Finished  time.Time       `json:"finished,omitzero"`
}

// Source is a source of the run's evidence.
type Source struct {
	SHA256    string    `json:"sha256"` // of the snapshot, the text that offsets count in
	URI       string    `json:"uri"`
	Title     string    `json:"title"`
	Author    string    `json:"author,omitempty"`
	Year      int       `json:"year,omitempty"`
	Published string    `json:"published,omitempty"`
	Tier      string    `json:"tier,omitempty"`
	Corpus    string    `json:"corpus,omitempty"`
	Document  string    `json:"document,omitempty"`
	MediaType string    `json:"media_type,omitempty"`
	Snapshot  string    `json:"snapshot"`           // file of the pack
	Original  string    `json:"original,omitempty"` // file of the pack, where the bytes were kept and are others
	Kept      time.Time `json:"kept,omitzero"`      // when it was read first
}

// Draft is a draft of the report and what it changed.
type Draft struct {
	Round   int             `json:"round"`
	Digest  string          `json:"digest"`
	File    string          `json:"file"`
	Created time.Time       `json:"created"`
	Changes []agents.Change `json:"changes,omitempty"`
}

// Publication says which draft was published, and when.
type Publication struct {
	Digest  string    `json:"digest"` // of the draft
	Created time.Time `json:"created"`
}

// Review is a draft that was put before a person, and the decision.
type Review struct {
	ID       string    `json:"id"`
	Digest   string    `json:"digest"`
	Created  time.Time `json:"created"`
	Due      time.Time `json:"due"`
	Decision *Decision `json:"decision,omitempty"`
}

// Decision is what was decided on a draft, or what became of it when nobody did.
type Decision struct {
	Decision string    `json:"decision"`
	Digest   string    `json:"digest,omitempty"`
	Comments string    `json:"comments,omitempty"`
	By       string    `json:"by,omitempty"`
	Role     string    `json:"role,omitempty"`
	At       time.Time `json:"at,omitzero"`
}

// AgentVersion is an agent that the run called, in the version it was called in.
type AgentVersion struct {
	Agent   string `json:"agent"`
	Version string `json:"version"`        // digest of its text
	File    string `json:"file,omitempty"` // prompt, output schema and tools; empty where they were not kept
}

// Call is a logical model call and the attempts at it. Amounts are integer
// tokens and nano-dollars.
type Call struct {
	Key      string    `json:"key"`
	Feature  string    `json:"feature,omitempty"`
	Agent    string    `json:"agent,omitempty"`
	Version  string    `json:"version,omitempty"`
	Status   string    `json:"status"`           // of the attempt that ended it
	Answer   string    `json:"answer,omitempty"` // file of the pack
	Attempts []Attempt `json:"attempts"`
}

// Attempt is one physical attempt at a call.
type Attempt struct {
	ID               int64     `json:"id"`
	Status           string    `json:"status"`
	Model            string    `json:"model"`
	Provider         string    `json:"provider"`
	Region           string    `json:"region,omitempty"`
	Cached           bool      `json:"cached,omitempty"` // answered from a cache, never sent
	HoldTokens       int64     `json:"hold_tokens"`
	HoldNanoUSD      int64     `json:"hold_nano_usd"`
	InputTokens      int64     `json:"input_tokens"`
	OutputTokens     int64     `json:"output_tokens"`
	CacheReadTokens  int64     `json:"cache_read_tokens,omitempty"`
	CacheWriteTokens int64     `json:"cache_write_tokens,omitempty"`
	NanoUSD          int64     `json:"nano_usd"`
	WaitMS           int64     `json:"wait_ms,omitempty"`
	LatencyMS        int64     `json:"latency_ms,omitempty"`
	FirstTokenMS     int64     `json:"first_token_ms,omitempty"`
	Reason           string    `json:"reason,omitempty"`
	Created          time.Time `json:"created"`
	Ended            time.Time `json:"ended,omitzero"`
}

// usage is what a settled attempt consumed.
func (a Attempt) usage() ledger.Usage {
	return ledger.Usage{
		InputTokens: a.InputTokens, OutputTokens: a.OutputTokens,
		CacheReadTokens: a.CacheReadTokens, CacheWriteTokens: a.CacheWriteTokens, NanoUSD: a.NanoUSD,
	}
}

// Costs is the account of the run when the pack was made. Settled and overage
// together are what the run cost.
type Costs struct {
	SettledTokens  int64 `json:"settled_tokens"`
	SettledNanoUSD int64 `json:"settled_nano_usd"`
	OverageTokens  int64 `json:"overage_tokens,omitempty"`
	OverageNanoUSD int64 `json:"overage_nano_usd,omitempty"`
	HeldTokens     int64 `json:"held_tokens,omitempty"` // of attempts whose end is unknown
	HeldNanoUSD    int64 `json:"held_nano_usd,omitempty"`
	LimitTokens    int64 `json:"limit_tokens,omitempty"` // 0 is no limit
	LimitNanoUSD   int64 `json:"limit_nano_usd,omitempty"`
	Attempts       int64 `json:"attempts"`
	Uncertain      int64 `json:"uncertain,omitempty"`
}

// ToolCall is a tool call of an agent, what it was called with, and what came
// of it.
type ToolCall struct {
	Event  int64           `json:"event"` // number of the event that told of it
	Agent  string          `json:"agent"`
	Label  string          `json:"label"`
	Step   int             `json:"step"`
	Tool   string          `json:"tool"`
	Call   json.RawMessage `json:"call,omitempty"`   // as it was kept, with its arguments
	Result string          `json:"result,omitempty"` // file of the pack
	Error  string          `json:"error,omitempty"`
}

// Computation is a figure that was computed from a source, and the evidence
// that says so.
type Computation struct {
	Tool     string          `json:"tool"`
	Snapshot string          `json:"snapshot"` // SHA-256 of the source
	Input    json.RawMessage `json:"input"`
	Result   json.RawMessage `json:"result"`
	Evidence []string        `json:"evidence"`
}

// Query is a query of a database, and the hash of its result, which is a
// snapshot of the pack.
type Query struct {
	Database  string   `json:"database"`
	Query     string   `json:"query"`
	Rows      int      `json:"rows"`
	Truncated bool     `json:"truncated,omitempty"`
	SHA256    string   `json:"sha256"`
	Evidence  []string `json:"evidence"`
}

// Event is what those who watched the run were told.
type Event struct {
	Seq  int64           `json:"seq"`
	Type string          `json:"type"`
	Time time.Time       `json:"time"`
	Data json.RawMessage `json:"data,omitempty"`
}
