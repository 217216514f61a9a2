package mock

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Entry is one request in the log. In a log file it has a line when the answer
// is about to begin, and a second, short one when it ended; a request whose
// second line is missing was being answered when the emulator died.
type Entry struct {
	Sequence     int64     `json:"seq"`
	Time         time.Time `json:"time"`
	Protocol     Protocol  `json:"protocol"`
	Operation    string    `json:"operation,omitempty"`
	Region       string    `json:"region,omitempty"`
	Model        string    `json:"model,omitempty"`
	Stream       bool      `json:"stream,omitempty"`
	Call         string    `json:"call,omitempty"`          // X-Quaestor-Attempt, or the attempt or user the body tells
	SDKRequest   string    `json:"sdk_request,omitempty"`   // Amz-Sdk-Request
	InvocationID string    `json:"invocation_id,omitempty"` // Amz-Sdk-Invocation-Id
	Digest       string    `json:"digest,omitempty"`        // SHA-256 of the body
	MaxTokens    int64     `json:"max_tokens,omitempty"`    // as the request says
	Usage        Usage     `json:"usage"`                   // what the answer costs; nothing where it was refused
	UsageUntold  bool      `json:"usage_untold,omitempty"`  // and the answer does not say so
	Status       int       `json:"status"`                  // 0: no answer was given
	Source       string    `json:"source,omitempty"`        // script, cassette, recorded or answerer
	Rule         string    `json:"rule,omitempty"`          // that matched
	Fault        FaultKind `json:"fault,omitempty"`         // that was injected
	Error        string    `json:"error,omitempty"`         // what the client was refused with
	Ended        bool      `json:"ended"`                   // the request is over
	Complete     bool      `json:"complete"`                // all of the answer that was meant was written
	Duration     int64     `json:"duration_ns,omitempty"`   // until it ended
	Pieces       int64     `json:"pieces,omitempty"`        // of a stream, that were written
}

// ending is the second line of a request.
type ending struct {
	Sequence int64 `json:"seq"`
	Ended    bool  `json:"ended"`
	Complete bool  `json:"complete"`
	Duration int64 `json:"duration_ns"`
	Pieces   int64 `json:"pieces,omitempty"`
}

// OpenLog opens a log file to append to.
func OpenLog(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	return file, nil
}

// keep is how many requests the log holds in memory.
const keep = 100_000

// Log holds the newest 100,000 requests, and writes all of them to its writer.
type Log struct {
	now func() time.Time

	mu      sync.Mutex
	out     io.Writer // nil for none
	line    bytes.Buffer
	encoder *json.Encoder
	last    int64   // sequence
	cleared int64   // the last that was cleared away
	ring    []Entry // that of a sequence is at (sequence-cleared-1) % keep
}

func newLog(out io.Writer, now func() time.Time) *Log {
	l := &Log{now: now, out: out}
	l.encoder = json.NewEncoder(&l.line)
	l.encoder.SetEscapeHTML(false)
	return l
}

// begin writes a request down before it is answered.
func (l *Log) begin(entry *Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	entry.Sequence, entry.Time = l.last, l.now()
	if len(l.ring) < keep {
		l.ring = append(l.ring, *entry)
	} else {
		*l.at(entry.Sequence) = *entry
	}
	return l.write(entry)
}

// end writes down what became of a request.
func (l *Log) end(e ending) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Sequence >= l.oldest() {
		e.into(l.at(e.Sequence))
	}
	return l.write(&e)
}

func (e *ending) into(entry *Entry) {
	entry.Ended, entry.Complete, entry.Duration, entry.Pieces = true, e.Complete, e.Duration, e.Pieces
}

func (l *Log) at(sequence int64) *Entry { return &l.ring[(sequence-l.cleared-1)%keep] }

// oldest is the sequence of the oldest entry that is kept.
func (l *Log) oldest() int64 { return max(l.cleared, l.last-keep) + 1 }

func (l *Log) write(line any) error {
	if l.out == nil {
		return nil
	}
	l.line.Reset()
	if err := l.encoder.Encode(line); err != nil {
		return fmt.Errorf("writing the log: %w", err)
	}
	if _, err := l.out.Write(l.line.Bytes()); err != nil {
		return fmt.Errorf("writing the log: %w", err)
	}
	return nil
}

// Entries are the requests that are kept, in the order they came.
func (l *Log) Entries() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	entries := make([]Entry, 0, len(l.ring))
	for sequence := l.oldest(); sequence <= l.last; sequence++ {
		entries = append(entries, *l.at(sequence))
	}
	return entries
}

// Served is how many requests there were, also those no longer kept.
func (l *Log) Served() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Clear forgets the requests kept in memory. The numbers go on, and what was
// written stays written.
func (l *Log) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cleared, l.ring = l.last, nil
}

// ReadLog reads a log file: one entry for each request. A last line that was cut
// when the emulator died is left out; a file that several emulators appended to
// one after the other gives the requests of all.
func ReadLog(r io.Reader) ([]Entry, error) {
	var entries []Entry
	place := map[int64]int{} // of the newest entry of a sequence
	lines := bufio.NewReader(r)
	for number := 1; ; number++ {
		text, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading the log: %w", err)
		}
		var entry Entry
		if err := json.Unmarshal(text, &entry); err != nil {
			return nil, fmt.Errorf("reading the log: line %d: %w", number, err)
		}
		at, known := place[entry.Sequence]
		if entry.Ended && known {
			(&ending{Complete: entry.Complete, Duration: entry.Duration, Pieces: entry.Pieces}).into(&entries[at])
			continue
		}
		place[entry.Sequence] = len(entries)
		entries = append(entries, entry)
	}
}
