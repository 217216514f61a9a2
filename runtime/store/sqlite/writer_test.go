package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/internal/sqlstore"
)

// setup gives a database whose writer holds back until release is called, so
// that what is written meanwhile shares a batch.
func setup(t *testing.T, pragmas ...string) (d *database, release func()) {
	t.Helper()
	d, err := open(t.Context(), filepath.Join(t.TempDir(), "store.db"), pragmas...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	begun, gate := make(chan struct{}), make(chan struct{})
	go func() {
		_ = d.Write(context.Background(), func(context.Context, sqlstore.Tx) error {
			close(begun)
			<-gate
			return nil
		})
	}()
	<-begun
	return d, sync.OnceFunc(func() { close(gate) })
}

func put(size int) func(context.Context, sqlstore.Tx) error {
	data := bytes.Repeat([]byte{byte(size)}, size)
	return func(ctx context.Context, tx sqlstore.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO blobs (hash, data) VALUES ($1, $2)", fmt.Append(nil, size), data)
		return err
	}
}

// writeTogether queues writes while the writer holds back, and gives what
// came of each.
func writeTogether(t *testing.T, d *database, release func(), fns ...func(context.Context, sqlstore.Tx) error) []error {
	t.Helper()
	errs := make([]error, len(fns))
	var group sync.WaitGroup
	for i, fn := range fns {
		group.Go(func() { errs[i] = d.Write(t.Context(), fn) })
	}
	for len(d.queue) < len(fns) {
		time.Sleep(time.Millisecond)
		if t.Context().Err() != nil {
			t.Fatal("the writes were not queued")
		}
	}
	release()
	group.Wait()
	return errs
}

func countBlobs(t *testing.T, d *database) (n int) {
	t.Helper()
	if err := d.Reader().QueryRowContext(t.Context(), "SELECT count(*) FROM blobs").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWritesOfABatchFailAlone(t *testing.T) {
	t.Parallel()
	d, release := setup(t)
	own := errors.New("changed my mind")
	errs := writeTogether(t, d, release,
		put(10),
		func(ctx context.Context, tx sqlstore.Tx) error { return errors.Join(put(11)(ctx, tx), own) },
		func(ctx context.Context, tx sqlstore.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO nowhere VALUES (1)")
			return err
		},
		put(12),
	)
	if errs[0] != nil || !errors.Is(errs[1], own) || errs[2] == nil || errs[3] != nil {
		t.Errorf("errors %v, want those of the second and third alone", errs)
	}
	if n := countBlobs(t, d); n != 2 {
		t.Errorf("%d blobs, want the two of the others", n)
	}
}

func TestFullDiskRefusesOnlyWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	d, release := setup(t, "max_page_count(200)")
	errs := writeTogether(t, d, release, put(10), put(4<<20), put(12))
	if errs[0] != nil || errs[2] != nil {
		t.Errorf("small writes beside a large one: %v and %v", errs[0], errs[2])
	}
	if d.Failure(errs[1]) != sqlstore.FailureDiskFull {
		t.Errorf("error %v is not taken for a full disk", errs[1])
	}
	if n := countBlobs(t, d); n != 2 {
		t.Errorf("%d blobs, want 2", n)
	}
	_, err := sqlstore.New(d).PutBlob(t.Context(), make([]byte, 4<<20))
	if !errors.Is(err, store.ErrDiskFull) || !bytes.Contains([]byte(err.Error()), []byte(d.path)) {
		t.Errorf("error %v, want ErrDiskFull at %s", err, d.path)
	}
	if _, err := sqlstore.New(d).PutBlob(t.Context(), []byte("small")); err != nil {
		t.Errorf("after the disk was full: %v", err)
	}
}

func TestQueuedWritesEndWithTheWriter(t *testing.T) {
	t.Parallel()
	d, release := setup(t)
	var group sync.WaitGroup
	var errs [2 * batchLength]error
	for i := range errs {
		group.Go(func() { errs[i] = d.Write(context.Background(), put(i+1)) })
	}
	for len(d.queue) < len(errs) {
		time.Sleep(time.Millisecond)
		if t.Context().Err() != nil {
			t.Fatal("the writes were not queued")
		}
	}
	go release()
	if err := d.writer.stop(); err != nil {
		t.Error(err)
	}
	group.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Errorf("queued before the end: %v", err)
	}
	if n := countBlobs(t, d); n != len(errs) {
		t.Errorf("%d blobs, want %d", n, len(errs))
	}
	if err := d.Write(t.Context(), put(1)); !errors.Is(err, store.ErrClosed) {
		t.Errorf("a write after the end: %v", err)
	}
}

func TestCancelledWriteNeverRuns(t *testing.T) {
	t.Parallel()
	d, release := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- d.Write(ctx, put(1)) }()
	for len(d.queue) < 1 {
		time.Sleep(time.Millisecond)
		if t.Context().Err() != nil {
			t.Fatal("the write was not queued")
		}
	}
	cancel()
	release()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want cancelled", err)
	}
	if n := countBlobs(t, d); n != 0 {
		t.Errorf("%d blobs, want none", n)
	}
}
