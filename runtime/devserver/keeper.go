//go:build !slim && unix

package devserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/runtime/wal"
)

const (
	// flushEvery is how much of what the server did may be lost when the machine
	// stops.
	flushEvery = 200 * time.Millisecond
	// checkpointEvery is how often the log is copied into the file.
	checkpointEvery = time.Second
)

// keeper looks after the log that SQLite keeps beside Temporal's main file: it
// has it copied into the file, and puts it on the disk where commits do not.
type keeper struct {
	log         *os.File
	lazy        bool // commits do not
	checkpoints *wal.Checkpointer
	stop        context.CancelFunc
	done        chan struct{}

	mu      sync.Mutex
	written time.Time // when the log was written to last, as it was flushed
	flushed time.Time // when that was
}

// startKeeper opens the log, which SQLite keeps open as long as the server
// serves. No lock of SQLite's is on it, which closing it would drop.
func startKeeper(file, synchronous string, logger *zap.Logger) (*keeper, error) {
	log, err := os.OpenFile(file+"-wal", os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("opening the log of Temporal's database: %w", err)
	}
	checkpoints, err := wal.Start(file, 1)
	if err != nil {
		_ = log.Close()
		return nil, fmt.Errorf("opening Temporal's database beside it: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	k := &keeper{log: log, lazy: synchronous == SynchronousNormal, checkpoints: checkpoints, stop: stop, done: make(chan struct{})}
	go k.run(ctx, logger)
	return k, nil
}

func (k *keeper) run(ctx context.Context, logger *zap.Logger) {
	defer close(k.done)
	flush, checkpoint := time.NewTicker(flushEvery), time.NewTicker(checkpointEvery)
	defer flush.Stop()
	defer checkpoint.Stop()
	failing := false
	var copied time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-checkpoint.C:
			if info, err := k.log.Stat(); err == nil && !info.ModTime().Equal(copied) {
				copied = info.ModTime()
				k.checkpoints.Checkpoint()
			}
		case <-flush.C:
			err := k.flush()
			if err != nil && !failing {
				logger.Error("Temporal's database is not safe from a stop of the machine", zap.Error(err))
			}
			failing = err != nil
		}
	}
}

// flush returns when all that was written before is on the disk.
func (k *keeper) flush() error {
	if !k.lazy {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	info, err := k.log.Stat()
	if err != nil {
		return fmt.Errorf("looking at the log of Temporal's database: %w", err)
	}
	// The clock of files stands still for some milliseconds at a time.
	if info.ModTime().Equal(k.written) && k.flushed.Sub(k.written) > time.Second {
		return nil
	}
	if err := k.log.Sync(); err != nil {
		return fmt.Errorf("putting the log of Temporal's database on the disk: %w", err)
	}
	k.written, k.flushed = info.ModTime(), now
	return nil
}

// end gives the errors of closing, which lose nothing: what was not copied yet is
// in the log.
func (k *keeper) end() error {
	k.stop()
	<-k.done
	return errors.Join(k.checkpoints.Close(), k.log.Close())
}
