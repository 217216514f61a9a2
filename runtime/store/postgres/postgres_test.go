package postgres_test

import (
	"testing"

	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/store/postgres"
	"github.com/quaestor-run/quaestor/runtime/store/postgrestest"
	"github.com/quaestor-run/quaestor/runtime/store/storetest"
)

var _ interface {
	store.Store
	store.Watcher
} = (*postgres.Store)(nil)

func open(t testing.TB, url string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), url)
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

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, postgrestest.Start(t)) })
}

func TestShared(t *testing.T) {
	t.Parallel()
	storetest.RunShared(t, func(t *testing.T) func() (store.Store, error) {
		url := postgrestest.Start(t)
		return func() (store.Store, error) { return postgres.Open(t.Context(), url) }
	})
}

func BenchmarkStore(b *testing.B) {
	storetest.Benchmark(b, func(b *testing.B) store.Store { return open(b, postgrestest.Start(b)) })
}
