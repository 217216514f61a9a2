package spool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// Report is what a replay did.
type Report struct {
	Applied int     // entries the ledger has now
	Apart   []Apart // entries the ledger will never take; they are kept beside the others
	Torn    int     // lines whose writing was cut off; nobody was told they were kept
}

// Apart is an entry that somebody has to look at: the attempt was ended
// otherwise, is unknown, or the line cannot be read. Path is the file it is
// kept in now.
type Apart struct {
	Entry Entry // zero when the line cannot be read
	Err   error
	Path  string
}

// apartLine is how such an entry is kept.
type apartLine struct {
	Entry *Entry `json:"entry,omitempty"`
	Line  []byte `json:"line,omitempty"` // that cannot be read
	Error string `json:"error"`
}

// Replay tells the ledger what is spooled, in order, and removes what it has
// taken: the entries of this process, and those of processes that are gone. It
// stops at the first error of the ledger that another try may mend; what was
// not taken stays. What was told before may be told again: a settlement can be
// repeated.
func (s *Spool) Replay(ctx context.Context, l ledger.Ledger) (Report, error) {
	s.replaying.Lock()
	defer s.replaying.Unlock()
	var report Report
	// Whatever is appended from here on sets it again.
	s.unread.Store(false)
	last, err := s.rotate()
	if err == nil {
		err = replayFolder(ctx, l, s.folder, last, &report)
	}
	if err != nil {
		s.unread.Store(true)
		return report, fmt.Errorf("replaying the ledger's spool in %s: %w", s.folder.path, err)
	}
	paths, err := folders(s.root)
	if err != nil {
		return report, fmt.Errorf("replaying the ledger's spool in %s: %w", s.root, err)
	}
	for _, path := range paths {
		if path == s.folder.path {
			continue
		}
		if err := replayLeft(ctx, l, path, &report); err != nil {
			return report, fmt.Errorf("replaying what another process left in %s: %w", path, err)
		}
	}
	return report, nil
}

// replayLeft replays the folder of another process if it is gone.
func replayLeft(ctx context.Context, l ledger.Ledger, path string, report *Report) error {
	left, err := lockFolder(path)
	if errors.Is(err, errTaken) {
		return nil
	}
	if err != nil {
		return err
	}
	const all = int(^uint(0) >> 1)
	return errors.Join(replayFolder(ctx, l, left, all, report), left.free())
}

// replayFolder replays files up to a number.
func replayFolder(ctx context.Context, l ledger.Ledger, f *folder, last int, report *Report) error {
	files, err := f.files()
	if err != nil {
		return err
	}
	for _, file := range files {
		if file.number > last {
			return nil
		}
		if err := replayFile(ctx, l, file.path, report); err != nil {
			return err
		}
	}
	return nil
}

func replayFile(ctx context.Context, l ledger.Ledger, path string, report *Report) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines, torn := read(data)
	report.Torn += torn
	done := 0
	for _, line := range lines {
		err = line.err
		if err == nil {
			err = apply(ctx, l, line.entry)
		}
		if err != nil && !final(err) {
			break
		}
		if err != nil {
			kept, failed := keepApart(path, line, err)
			if err = failed; err != nil {
				break
			}
			report.Apart = append(report.Apart, kept)
		} else {
			report.Applied++
		}
		done += len(line.raw)
	}
	if done == 0 && err != nil {
		return err
	}
	if err == nil {
		done = len(data) // the torn line, too
	}
	return errors.Join(err, replace(path, data[done:]))
}

// errUnreadable says that a line is no entry.
var errUnreadable = errors.New("the line is no entry")

// final says whether the ledger will give the same error again.
func final(err error) bool {
	return errors.Is(err, ledger.ErrState) || errors.Is(err, ledger.ErrUnknownAttempt) || errors.Is(err, errUnreadable)
}

func apply(ctx context.Context, l ledger.Ledger, e Entry) error {
	switch e.Kind {
	case Settle:
		_, err := l.Settle(ctx, e.Attempt, *e.Settlement)
		return err
	case Release:
		return l.Release(ctx, e.Attempt, e.Reason)
	default:
		return l.Uncertain(ctx, e.Attempt, e.Reason)
	}
}

// keepApart keeps an entry that the ledger refuses for good, in a file named
// after the one it was in.
func keepApart(path string, l line, reason error) (Apart, error) {
	kept := Apart{Entry: l.entry, Err: reason, Path: path[:len(path)-len(entrySuffix)] + apartSuffix}
	out := apartLine{Error: reason.Error()}
	if l.err != nil {
		out.Line = l.raw
	} else {
		out.Entry = &l.entry
	}
	text, err := json.Marshal(out)
	if err != nil {
		return kept, err
	}
	if err := writeSynced(kept.Path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, append(text, '\n')); err != nil {
		return kept, err
	}
	return kept, syncFolder(filepath.Dir(path))
}

// line is one of a file, with its end.
type line struct {
	raw   []byte
	entry Entry
	err   error
}

// read gives the lines of a file, and how many more were torn. A line that was
// never finished is the last one.
func read(data []byte) (lines []line, torn int) {
	for len(data) > 0 {
		end := bytes.IndexByte(data, '\n')
		if end < 0 {
			return lines, 1
		}
		l := line{raw: data[:end+1]}
		if err := json.Unmarshal(data[:end], &l.entry); err != nil {
			l.entry, l.err = Entry{}, fmt.Errorf("%w: %w", errUnreadable, err)
		} else if err := l.entry.check(); err != nil {
			l.entry, l.err = Entry{}, fmt.Errorf("%w: %w", errUnreadable, err)
		}
		lines = append(lines, l)
		data = data[end+1:]
	}
	return lines, 0
}
