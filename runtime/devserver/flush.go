//go:build !slim && unix

package devserver

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"
)

// flushEvery is how much of what the server did may be lost when the machine
// stops.
const flushEvery = 200 * time.Millisecond

// flusher puts the log of a database that does not do so itself on the disk,
// every flushEvery and when it is asked to.
type flusher struct {
	log  *os.File
	stop context.CancelFunc
	done chan struct{}

	mu      sync.Mutex
	written time.Time // when the log was written to last, as it was flushed
	flushed time.Time // when that was
}

// startFlusher opens the log that SQLite keeps beside the file, and has kept
// open since the server serves. No lock of SQLite's is on it, which closing it
// would drop.
func startFlusher(file string, logger *zap.Logger) (*flusher, error) {
	log, err := os.OpenFile(file+"-wal", os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("opening the log of Temporal's database: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	f := &flusher{log: log, stop: stop, done: make(chan struct{})}
	go f.run(ctx, logger)
	return f, nil
}

func (f *flusher) run(ctx context.Context, logger *zap.Logger) {
	defer close(f.done)
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := f.flush()
		if err != nil && !failing {
			logger.Error("Temporal's database is not safe from a stop of the machine", zap.Error(err))
		}
		failing = err != nil
	}
}

// flush returns when all that was written before is on the disk.
func (f *flusher) flush() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	info, err := f.log.Stat()
	if err != nil {
		return fmt.Errorf("looking at the log of Temporal's database: %w", err)
	}
	// The clock of files stands still for some milliseconds at a time.
	if info.ModTime().Equal(f.written) && f.flushed.Sub(f.written) > time.Second {
		return nil
	}
	if err := f.log.Sync(); err != nil {
		return fmt.Errorf("putting the log of Temporal's database on the disk: %w", err)
	}
	f.written, f.flushed = info.ModTime(), now
	return nil
}

func (f *flusher) end() {
	f.stop()
	<-f.done
	_ = f.log.Close() // it was only synced
}
