// Package storetest has a store for tests, and the suite that every backend of
// the store passes.
package storetest

import (
	"path/filepath"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/sqlite"
)

// New gives an empty store that lives as long as the test. It implements
// store.Watcher as well.
func New(t testing.TB) store.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	return s
}
