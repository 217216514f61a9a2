// Package spool keeps what became of attempts on the local disk while the
// ledger is out of reach, so that usage which a provider has charged is not
// lost with the process that saw it.
//
// A folder is shared by the processes of a machine. Each has a numbered folder
// in it, locked while it lives; what a dead one left is taken over by whoever
// replays next. Entries are lines of JSON in files of bounded size, synced to
// the disk before Append returns.
package spool

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// Kind is what became of an attempt.
type Kind string

// The kinds of entries.
const (
	Settle    Kind = "settle"
	Uncertain Kind = "uncertain"
	Release   Kind = "release"
)

// Entry is what the ledger has to be told of one attempt.
type Entry struct {
	Attempt    int64              `json:"attempt"`
	Kind       Kind               `json:"kind"`
	Settlement *ledger.Settlement `json:"settlement,omitempty"` // of a settlement
	Reason     string             `json:"reason,omitempty"`     // of the others
	At         time.Time          `json:"at"`                   // now, when it is zero
}

func (e Entry) check() error {
	switch {
	case e.Attempt <= 0:
		return fmt.Errorf("an entry needs an attempt, not %d", e.Attempt)
	case e.Kind == Settle && e.Settlement == nil:
		return errors.New("an entry that settles needs its settlement")
	case e.Kind != Settle && e.Kind != Uncertain && e.Kind != Release:
		return fmt.Errorf("an entry can settle, release or be uncertain, not %q", e.Kind)
	}
	return nil
}

// What one file and one entry have at most. A file is begun anew when it is
// full; one entry may make it longer.
const (
	fullFile  = 4 << 20
	fullGroup = 1 << 20 // of entries that are synced together
	longEntry = 64 << 20
)

// Spool is the folder of one process. It is safe for many goroutines.
type Spool struct {
	root   string // shared by processes
	folder *folder

	mu      sync.Mutex // of what follows
	waiting []*group   // what is written next, in order
	writing bool       // somebody writes
	idle    *sync.Cond // nobody writes
	closed  bool
	writer  writer

	replaying sync.Mutex
	unread    atomic.Bool // the folder may have entries
}

// group is what is written and synced at once.
type group struct {
	lines []byte
	done  chan struct{}
	err   error
}

// Open takes a folder of its own in dir, which is made where it is missing.
// The caller closes the spool.
func Open(dir string) (*Spool, error) {
	folder, err := takeFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the ledger's spool in %s: %w", dir, err)
	}
	s := &Spool{root: dir, folder: folder, writer: writer{dir: folder.path}}
	s.idle = sync.NewCond(&s.mu)
	files, err := folder.files()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the ledger's spool in %s: %w", dir, err), folder.free())
	}
	if len(files) > 0 {
		s.writer.number = files[len(files)-1].number
		s.unread.Store(true)
	}
	return s, nil
}

// Close leaves the folder to others, with what is in it.
func (s *Spool) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	for s.writing {
		s.idle.Wait()
	}
	return errors.Join(s.writer.close(), s.folder.free())
}

// Pending says whether entries of this process may wait to be replayed.
func (s *Spool) Pending() bool { return s.unread.Load() }

// errClosed answers what comes after the end.
var errClosed = errors.New("the spool is closed")

// Append writes an entry, and returns when it is on the disk. Entries that come
// while others are being synced share the next sync.
func (s *Spool) Append(e Entry) error {
	if e.At.IsZero() {
		e.At = time.Now().UTC()
	}
	if err := e.check(); err != nil {
		return fmt.Errorf("spooling: %w", err)
	}
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("spooling what became of attempt %d: %w", e.Attempt, err)
	}
	if len(line) > longEntry {
		return fmt.Errorf("spooling what became of attempt %d: %d bytes are more than the %d an entry can have", e.Attempt, len(line), longEntry)
	}
	if err := s.append(append(line, '\n')); err != nil {
		return fmt.Errorf("spooling what became of attempt %d in %s: %w", e.Attempt, s.folder.path, err)
	}
	return nil
}

func (s *Spool) append(line []byte) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errClosed
	}
	if n := len(s.waiting); n == 0 || len(s.waiting[n-1].lines) >= fullGroup {
		s.waiting = append(s.waiting, &group{done: make(chan struct{})})
	}
	mine := s.waiting[len(s.waiting)-1]
	mine.lines = append(mine.lines, line...)
	if s.writing {
		s.mu.Unlock()
		<-mine.done // whoever writes will write this
		return mine.err
	}
	s.writing = true
	for len(s.waiting) > 0 {
		g := s.waiting[0]
		s.waiting = s.waiting[1:]
		s.mu.Unlock()
		s.unread.Store(true)
		g.err = s.writer.write(g.lines)
		close(g.done)
		s.mu.Lock()
	}
	s.writing = false
	s.idle.Broadcast()
	s.mu.Unlock()
	return mine.err
}

// rotate ends the file that is written to, so that it can be replayed. It gives
// the number of the last file that will not grow any more.
func (s *Spool) rotate() (last int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.writing {
		s.idle.Wait()
	}
	if s.closed {
		return 0, errClosed
	}
	return s.writer.number, s.writer.close()
}

// writer writes to the files of a folder, one after the other. A file that
// exists is never written to again: its last line may be torn.
type writer struct {
	dir    string
	number int // of the file that is or was written to
	file   *os.File
	size   int64
}

func (w *writer) write(lines []byte) error {
	if w.file != nil && w.size >= fullFile {
		if err := w.close(); err != nil {
			return err
		}
	}
	if w.file == nil {
		if err := w.begin(); err != nil {
			return err
		}
	}
	_, err := w.file.Write(lines)
	if err == nil {
		err = w.file.Sync()
	}
	if err != nil {
		// What is there of the lines may be half of them. It was not promised
		// to anybody, but a file after it must not begin in its middle.
		return errors.Join(err, w.file.Truncate(w.size), w.close())
	}
	w.size += int64(len(lines))
	return nil
}

func (w *writer) begin() error {
	file, err := os.OpenFile(fileName(w.dir, w.number+1), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	w.number++
	w.file, w.size = file, 0
	return syncFolder(w.dir)
}

func (w *writer) close() error {
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file = nil
	return err
}
