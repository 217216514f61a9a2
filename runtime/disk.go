package runtime

import (
	"context"
	"fmt"
	"time"
)

const (
	// leastFree is the free space, in bytes, with which the databases of the data
	// folder can still end what they are writing.
	leastFree = 4 << 20
	// startFree is the free space that a start asks for.
	startFree = 16 << 20
	// spaceEvery is how often the free space is looked at.
	spaceEvery = 500 * time.Millisecond
)

// openFolder makes the data folder where databases are kept in it, and looks
// after the space they need.
func (r *Runtime) openFolder(ctx context.Context) error {
	if r.options.Config.Database.URL != "" && !r.options.Embedded {
		return nil
	}
	if _, err := dataFile(r.options.Config, ""); err != nil {
		return err
	}
	if err := checkSpace(r.data, startFree); err != nil {
		return err
	}
	r.watchSpace(ctx)
	return nil
}

// checkSpace refuses a data folder on a full disk. Where the system does not
// tell, there is space.
func checkSpace(folder string, least uint64) error {
	free, known := freeSpace(folder)
	if !known || free >= least {
		return nil
	}
	return fmt.Errorf("no space left for the data folder %s: %.1f MB are free, and at least %d MB are needed; free some space, or choose another folder with --data",
		folder, float64(free)/(1<<20), least>>20)
}

// watchSpace ends the runtime before the disk of its data folder is full. Runs
// would wait for writes that cannot succeed, and fail in the end; so they go on
// at the next start.
func (r *Runtime) watchSpace(ctx context.Context) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(spaceEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if err := checkSpace(r.data, leastFree); err != nil {
				r.fail(err)
				return
			}
		}
	}()
	r.onClose("watch of the disk", func() error { stop(); <-done; return nil })
}
