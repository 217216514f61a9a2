package postgres

import (
	"context"
	"sync"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/internal/sqlstore"
	"github.com/quaestor-run/quaestor/runtime/store/postgrestest"
)

// TestDeadlockIsTriedAgain lets two writes lock the same two rows in opposite
// orders.
func TestDeadlockIsTriedAgain(t *testing.T) {
	t.Parallel()
	d, err := connect(postgrestest.Start(t) + "&deadlock_timeout=50ms")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := sqlstore.New(d)
	for _, id := range []string{"a", "b"} {
		if _, _, err := s.CreateRun(t.Context(), store.Run{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	var both, group sync.WaitGroup // both have locked their first row
	both.Add(2)
	for _, order := range [][]string{{"a", "b"}, {"b", "a"}} {
		first := sync.OnceFunc(func() { both.Done(); both.Wait() })
		group.Go(func() {
			err := d.Write(t.Context(), func(ctx context.Context, tx sqlstore.Tx) error {
				for _, id := range order {
					if _, err := tx.ExecContext(ctx, "UPDATE runs SET done = done + 1 WHERE id = $1", id); err != nil {
						return err
					}
					first()
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, id := range []string{"a", "b"} {
		if run, err := s.Run(t.Context(), id); err != nil || run.Done != 2 {
			t.Errorf("run %s was written %d times, %v, want 2", id, run.Done, err)
		}
	}
}
