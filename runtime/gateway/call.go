package gateway

import (
	"encoding/json"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/tools"
)

// Call is one logical model call. Key is required, and one of Run and Client.
type Call struct {
	Key          string // workflow id, logical step, ordinal: the same in every retry
	Run          string // charged, with Client and Team where they are set
	Client       string
	Team         string
	Feature      string // what it is for: agent (the default), chat, summarize, …
	Agent        string
	AgentVersion string
	Model        string          // of the catalog; empty means the agent's route
	Input        json.RawMessage // of the agent, for the offline provider
	System       string
	Messages     []agents.Message
	Tools        []tools.Spec
	Output       json.RawMessage // JSON Schema of the final text
	MaxTokens    int             // of the answer; 0 means the model's limit
	Temperature  *float64
	TopP         *float64
	Stop         []string
	ToolChoice   provider.ToolChoice
	Limit        ledger.Limit // of the run, set where the run has none yet
	RequestLimit ledger.Limit // of this call alone, over all its attempts

	// Emit makes it a stream: it is given the pieces of the answer as they come,
	// in order, from one goroutine at a time; while it does not return, the
	// provider waits. When it fails, or ctx ends, its caller is gone: the rest is
	// drained for a bounded time, so that the call can be settled.
	Emit func(provider.Delta) error
	// Cache lets the answer come from, and go to, the client's cache. With a
	// temperature above 0 it takes CacheAlways.
	Cache CachePolicy
	// Shape lets the oldest messages be left out where the input would not fit
	// the model's window.
	Shape bool
	// BlockInjections refuses the call where Inspect gives what users, documents
	// or tools sent a score of this or above; 0 only logs it.
	BlockInjections float64
	// Transient says that nobody will ask again with the same key: the answer
	// is not kept with the settlement, and is given before that is on the disk.
	// A process that dies in between leaves the attempt dispatched: its hold
	// stays, and it becomes uncertain.
	Transient bool
}

// CachePolicy says when a call may be answered from its client's cache.
type CachePolicy string

// The cache policies. The zero value never does.
const (
	CacheNever  CachePolicy = ""
	CacheExact  CachePolicy = "exact"  // only with temperature 0 or none
	CacheAlways CachePolicy = "always" // whatever the temperature
)

// Result is an answered call.
type Result struct {
	Response provider.Response
	Model    string
	NanoUSD  int64 // what the answer cost, once
	Replayed bool  // found in the ledger, or given to another caller too; not paid again
	// Unsettled says that the ledger could not be told of the answer. The
	// attempt keeps its hold, which is above what it cost. Of a transient call it
	// is false where that is not known yet.
	Unsettled bool
	Cached    bool // it came from the client's cache
	// Left is what the tightest budget leaves, -1 where none is limited. Of a
	// transient call it is reckoned from its reservation: what other calls took
	// or gave back since then is not in it.
	Left     ledger.Left
	Omitted  Omitted
	Attempts []AttemptNote
}

// Omitted is what was left out of the input to fit the model's window.
type Omitted struct {
	Messages int
	Tokens   int64 // as they were estimated
}

// AttemptNote is what became of one physical attempt, for those who look into
// a call.
type AttemptNote struct {
	Model    string
	Region   string
	Wait     time.Duration  // before it
	Class    provider.Class // of its failure; empty when it was answered
	Duration time.Duration
}

// EmbedCall asks for vectors. Key, Client and Model are required.
type EmbedCall struct {
	Key          string
	Run          string
	Client       string
	Team         string
	Feature      string // embeddings is the default
	Model        string
	Texts        []string
	Dimensions   int
	RequestLimit ledger.Limit
}

// EmbedResult holds vectors in the order of the texts.
type EmbedResult struct {
	Response provider.EmbedResponse
	Model    string
	NanoUSD  int64
	Left     ledger.Left
}
