package storetest

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools"
)

// Benchmark measures a backend. Open gives an empty store, and closes it when
// the benchmark ends.
func Benchmark(b *testing.B, open func(b *testing.B) store.Store) {
	b.Run("writes", func(b *testing.B) { benchmarkWrites(b, open) })
	b.Run("Corpora", func(b *testing.B) { benchmarkCorpora(b, open(b)) })
	b.Run("Events", func(b *testing.B) { benchmarkEvents(b, open(b)) })
}

// benchmarkWrites measures the writes of research runs by how many there are
// at once, each with its own run.
func benchmarkWrites(b *testing.B, open func(b *testing.B) store.Store) {
	data := json.RawMessage(`{"phase":"gather","agent":"gatherer","step":3,"label":"gatherer · question 3 of 6: what changed?"}`)
	writes := []struct {
		name  string
		write func(s store.Store, run string, n int64) error
	}{
		{"UpdateRun", func(s store.Store, run string, n int64) error {
			done := int(n)
			return s.UpdateRun(b.Context(), run, store.RunUpdate{Done: &done, Events: []store.Event{{Key: fmt.Sprint(n), Type: "step", Data: data}}})
		}},
		{"PutBlob-8kB", func(s store.Store, _ string, n int64) error {
			_, err := s.PutBlob(b.Context(), fmt.Appendf(make([]byte, 8<<10), "%d", n))
			return err
		}},
		{"PutEvidence-10", func(s store.Store, run string, n int64) error {
			evidence := make([]agents.Evidence, 10)
			for i := range evidence {
				evidence[i] = agents.Evidence{ID: fmt.Sprint(n, i), Citation: tools.Citation{Title: "A title", Quote: string(data) + string(data)}}
			}
			return s.PutEvidence(b.Context(), run, evidence)
		}},
	}
	for _, w := range writes {
		for _, callers := range []int{1, 16, 50} {
			b.Run(fmt.Sprintf("%s/callers=%d", w.name, callers), func(b *testing.B) {
				s := open(b)
				runs := make([]string, callers)
				for i := range runs {
					runs[i] = fmt.Sprint("r", i)
					if _, _, err := s.CreateRun(b.Context(), store.Run{ID: runs[i]}); err != nil {
						b.Fatal(err)
					}
				}
				together(b, callers, func(caller int, n int64) error { return w.write(s, runs[caller], n) })
			})
		}
	}
}

// together calls from several goroutines until b.N calls are made.
func together(b *testing.B, callers int, call func(caller int, n int64) error) {
	var next atomic.Int64
	ended := make(chan error, callers)
	b.ResetTimer()
	for caller := range callers {
		go func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := call(caller, n); err != nil {
					ended <- err
					return
				}
			}
			ended <- nil
		}()
	}
	for range callers {
		if err := <-ended; err != nil {
			b.Error(err)
		}
	}
}

// benchmarkCorpora asks for the digest of a corpus of 10,000 documents.
func benchmarkCorpora(b *testing.B, s store.Store) {
	for n := range 10_000 {
		err := s.PutDocument(b.Context(), store.Document{ID: fmt.Sprint("d_", n), Corpus: "c", URI: fmt.Sprintf("doc/%05d", n), Snapshot: "sha256:1"})
		if err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if corpora, err := s.Corpora(b.Context()); err != nil || corpora[0].Documents != 10_000 {
			b.Fatal(corpora, err)
		}
	}
}

// benchmarkEvents reads one new event of a run that has many, as a follower
// does.
func benchmarkEvents(b *testing.B, s store.Store) {
	events := make([]store.Event, 5000)
	for i := range events {
		events[i] = store.Event{Key: fmt.Sprint(i), Type: "step"}
	}
	if _, _, err := s.CreateRun(b.Context(), store.Run{ID: "r"}); err != nil {
		b.Fatal(err)
	}
	if err := s.UpdateRun(b.Context(), "r", store.RunUpdate{Events: events}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if got, err := s.Events(b.Context(), "r", 4999, 100); err != nil || len(got) != 1 {
			b.Fatal(got, err)
		}
	}
}
