package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/store"
)

// check is one test of the suite, on an empty store.
type check struct {
	name string
	test func(*testing.T, store.Store)
}

// Run runs the suite. Open gives an empty store, and closes it when the test
// ends.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	t.Helper()
	for _, c := range [][]check{blobChecks, runChecks, eventChecks, findingChecks, reviewChecks, documentChecks, keyChecks, clientChecks, summaryChecks} {
		for _, c := range c {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.test(t, open(t))
			})
		}
	}
}

// RunShared tests what outlives a store, and stores that share a database.
// Database makes an empty one and gives a function that opens a store on it;
// the suite closes the stores.
func RunShared(t *testing.T, database func(t *testing.T) (open func() (store.Store, error))) {
	t.Helper()
	for name, test := range sharedChecks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, database(t))
		})
	}
}

// moment is a time that survives being kept in microseconds.
func moment(seconds int) time.Time {
	return time.Date(2026, 3, 1, 12, 0, seconds, 123456000, time.UTC)
}

// strange is text that a database may stumble over.
const strange = "Ärzte – 医師 🩺 'quote\" \\ %s $1 ; DROP"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err, want error, mentions ...string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
	for _, word := range mentions {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q does not mention %q", err, word)
		}
	}
}

func createRun(t *testing.T, s store.Store, run store.Run) store.Run {
	t.Helper()
	stored, created, err := s.CreateRun(t.Context(), run)
	must(t, err)
	if !created {
		t.Fatalf("run %q was there already", run.ID)
	}
	return stored
}

func readRun(t *testing.T, s store.Store, id string) store.Run {
	t.Helper()
	run, err := s.Run(t.Context(), id)
	must(t, err)
	return run
}

func pointer[T any](value T) *T { return &value }
