// Package store keeps what outlives a process: runs, documents, evidence,
// drafts, reviews, events and blobs.
//
// The backends are in store/sqlite and store/postgres; store/storetest is the
// suite both pass.
package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/quaestor-run/quaestor/agents"
)

// Store is durable and safe for several processes at once. Writes are
// idempotent wherever an activity may be retried.
type Store interface {
	Blobs
	Runs
	Documents
	Keys
	Clients
	Summaries
	Ping(ctx context.Context) error
	Close() error
}

// Blobs are immutable values by content hash.
type Blobs interface {
	// PutBlob stores data and gives its name, "sha256:" and 64 hex digits; or
	// ErrTooLarge.
	PutBlob(ctx context.Context, data []byte) (string, error)
	// Blob gives the data, which nobody may change, or ErrNotFound.
	Blob(ctx context.Context, ref string) ([]byte, error)
}

// Runs are research runs and all that belongs to one.
type Runs interface {
	// CreateRun inserts a run. A run with the same id and request digest is
	// given back as it is (created=false); with the same idempotency key and
	// client likewise, or ErrConflict when the request differs.
	CreateRun(ctx context.Context, run Run) (stored Run, created bool, err error)
	Run(ctx context.Context, id string) (Run, error)
	// Runs lists runs, newest first; or ErrCursor.
	Runs(ctx context.Context, filter RunFilter) (RunPage, error)
	// UpdateRun applies the fields that are set, and appends the events whose
	// key the run does not have yet, in one transaction. A run in a final
	// status keeps it, and the error that goes with it.
	UpdateRun(ctx context.Context, id string, update RunUpdate) error
	// Events lists events of a run with a sequence number above after; a limit
	// of 0 means 100, and 1000 is the most.
	Events(ctx context.Context, run string, after int64, limit int) ([]Event, error)

	PutEvidence(ctx context.Context, run string, evidence []agents.Evidence) error // by id, once
	Evidence(ctx context.Context, run string) ([]agents.Evidence, error)           // in order of insertion
	PutClaims(ctx context.Context, run string, claims []agents.Claim) error        // replaces all
	Claims(ctx context.Context, run string) ([]agents.Claim, error)
	PutDraft(ctx context.Context, draft DraftRecord) error         // by run and round, the last one stays
	Drafts(ctx context.Context, run string) ([]DraftRecord, error) // by round
	// PutReport stores the published forms (markdown, html, json) by blob ref.
	PutReport(ctx context.Context, run string, report Report) error
	Report(ctx context.Context, run string) (Report, error)

	OpenReview(ctx context.Context, review Review) error // by id, once
	Review(ctx context.Context, id string) (Review, error)
	Reviews(ctx context.Context, filter ReviewFilter) ([]Review, error) // newest first
	// DecideReview takes the first decision. The same one again is no error;
	// another one, or one that names another digest than the review's, is
	// ErrConflict. A decision without a digest (expiry) names no draft.
	DecideReview(ctx context.Context, id string, decision Decision) error
}

// Documents are uploaded sources, by corpus.
type Documents interface {
	// PutDocument inserts or replaces a document by corpus and URI. Putting
	// the same content again changes nothing, Created included.
	PutDocument(ctx context.Context, doc Document) error
	Document(ctx context.Context, corpus, id string) (Document, error)
	// DocumentsIn lists the documents of a corpus by URI, from after the given
	// URI; a limit of 0 means 100, and 1000 is the most.
	DocumentsIn(ctx context.Context, corpus, afterURI string, limit int) ([]Document, error)
	// RemoveDocument takes a document out of its corpus, or ErrNotFound. Blobs
	// stay: evidence may stand on them.
	RemoveDocument(ctx context.Context, corpus, id string) error
	// DocumentByOriginal gives a document of any corpus that was made of the
	// same bytes by the same reader, or ErrNotFound.
	DocumentByOriginal(ctx context.Context, original, reader string) (Document, error)
	// PutVectors keeps what a model made of the passages of a snapshot, in place
	// of what was there; Vectors gives it, or ErrNotFound.
	PutVectors(ctx context.Context, model, snapshot string, data []byte) error
	Vectors(ctx context.Context, model, snapshot string) ([]byte, error)
	Corpora(ctx context.Context) ([]Corpus, error)
}

// Watcher wakes those who follow a run in the process that writes it. Both
// backends implement it; across processes a follower polls as well.
type Watcher interface {
	// Watch gives a channel that holds one wake-up after every update of the
	// run, however many there were since it was last read. Watch first, then
	// read the events, then wait. Call stop when done.
	Watch(run string) (wake <-chan struct{}, stop func())
}

// MaxBlob is the largest blob that is kept, in bytes.
const MaxBlob = 128 << 20

// ErrNotFound says that nothing has the id.
var ErrNotFound = errors.New("not found")

// ErrConflict says that the idempotency key was used for another request, or
// that a decision was already taken.
var ErrConflict = errors.New("conflict")

// ErrTooLarge says that a blob is larger than [MaxBlob].
var ErrTooLarge = errors.New("too large")

// ErrCursor says that a cursor was not made by the store.
var ErrCursor = errors.New("not a cursor of this list")

// ErrDiskFull says that the database has no room to write; the error that
// wraps it names the place. What was committed before is kept.
var ErrDiskFull = errors.New("no space left for the database")

// ErrClosed says that the store was closed before the write began.
var ErrClosed = errors.New("the store is closed")

// Status of a run.
type Status string

// The states of a run.
const (
	StatusRunning        Status = "running"
	StatusAwaitingReview Status = "awaiting_review"
	StatusCompleted      Status = "completed"
	StatusPartial        Status = "partial"
	StatusFailed         Status = "failed"
	StatusCancelled      Status = "cancelled"
	StatusRejected       Status = "rejected"
)

// Final says that a run will not change any more.
func (s Status) Final() bool { return s != StatusRunning && s != StatusAwaitingReview }

// Run is one research run, the read model of its workflow.
type Run struct {
	ID             string
	Client         string
	Topic          string
	Request        json.RawMessage // as accepted
	RequestDigest  string
	IdempotencyKey string // empty when none was given
	Schedule       string // id of the schedule that started it
	Status         Status
	Phase          string
	Iteration      int
	Plan           json.RawMessage
	Done, Total    int    // steps
	Error          string // why it failed or is partial
	Created        time.Time
	Updated        time.Time
	Finished       time.Time
}

// RunFilter selects runs. Cursor is RunPage.Next of the page before.
type RunFilter struct {
	Client   string
	Status   Status
	Schedule string
	Cursor   string
	Limit    int // 1 to 200; 0 means 50
}

// RunPage is one page of runs.
type RunPage struct {
	Runs []Run
	Next string // empty on the last page
}

// RunUpdate changes what is set.
type RunUpdate struct {
	Status    *Status
	Phase     *string
	Iteration *int
	Plan      json.RawMessage
	Done      *int
	Total     *int
	Error     *string
	Events    []Event
}

// Event is something a watcher of a run is told. Key makes it unique in its
// run, so that a retried activity tells it once; Seq is given by the store,
// from 1, without gaps and in the order of commits.
type Event struct {
	Seq  int64
	Key  string
	Type string
	Time time.Time
	Data json.RawMessage
}

// DraftRecord is a draft of one round and what it changed.
type DraftRecord struct {
	Run     string
	Round   int
	Ref     string // blob of the draft
	Digest  string // names the draft to a human reviewer
	Changes []agents.Change
	Created time.Time
}

// Report names the published forms of a report.
type Report struct {
	Digest   string
	Markdown string // blob refs
	HTML     string
	JSON     string
	Created  time.Time
}

// Review waits for a person's decision on a draft.
type Review struct {
	ID       string
	Run      string
	Client   string
	Topic    string
	Digest   string
	Created  time.Time
	Due      time.Time
	Decision *Decision
}

// Decision is what a person decided, or what expiry did.
type Decision struct {
	Decision string // approve, changes, reject, expired
	Digest   string
	Comments string
	By       string
	Role     string
	At       time.Time
}

// ReviewFilter selects reviews.
type ReviewFilter struct {
	Client string
	Open   bool // only those without a decision
	Limit  int  // 1 to 200; 0 means 50
}

// Document is one source in a corpus. Snapshot is the UTF-8 text all offsets
// refer to; Original the bytes as uploaded.
type Document struct {
	ID        string // "d_" and 12 hex digits over corpus and URI
	Corpus    string
	URI       string
	Title     string
	MediaType string
	Year      int
	Words     int
	Original  string // blob ref
	Snapshot  string // blob ref; its hex digits are the snapshot's SHA-256
	Segments  json.RawMessage
	Unread    string // why the document could not be read; empty when it was
	Created   time.Time

	Author    string
	Published string // YYYY-MM-DD, or as much of it as is known
	URL       string // where it was published, when the document says so
	Reader    string // what read it: the same bytes are not read again by the same
	Terms     string // blob ref of its words, prepared for an index; empty for short ones

	Intake Intake // what taking it in came to; it is not kept
}

// Intake says what taking a document in came to.
type Intake string

// What taking a document in can come to.
const (
	IntakeAdded     Intake = "added"     // read, and new in its corpus
	IntakeChanged   Intake = "changed"   // read, in place of another content
	IntakeUnchanged Intake = "unchanged" // there already, not read again
	IntakeReused    Intake = "reused"    // not read again: another corpus has the same content
)

// Corpus is a named set of documents. Digest changes when any of them does.
type Corpus struct {
	Name      string
	Documents int
	Digest    string
}
