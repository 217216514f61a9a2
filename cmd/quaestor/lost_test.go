//go:build !slim && unix

package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/server/client"
	"github.com/quaestor-run/quaestor/runtime/store"
)

// TestARunOutlivesWhatTemporalLost takes from Temporal what a machine that stops
// may take: everything since an earlier moment of the run, or the file. The run
// is done again from there, by calls that were paid for before.
func TestARunOutlivesWhatTemporalLost(t *testing.T) {
	t.Parallel()
	sound := leaveInPeace(t)
	for name, test := range map[string]struct{ kept, lost moment }{
		"a few steps":         {moment{"agent.finished", "gatherer", 4}, moment{"agent.finished", "analyst", 2}},
		"from gathering on":   {moment{"plan", "", 1}, moment{"draft", "", 1}},
		"when it is reviewed": {moment{"phase", "write", 1}, moment{"review", "", 1}},
		"everything":          {lost: moment{"agent.finished", "analyst", 3}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := up(t, t.TempDir(), nil)
			id := server.research(t, sampleRun)
			var events []client.Event
			inFlight := map[int64]bool{}
			killAfter := func(m moment) {
				events = server.followUntil(t, id, events, m)
				server.kill(t)
				found := autopsy(t, server.data, id)
				if found.run.Status != store.StatusRunning {
					t.Fatalf("killed after %v the run is %s already", m, found.run.Status)
				}
				for _, attempt := range found.inFlight {
					inFlight[attempt] = true
				}
			}
			var kept map[string][]byte
			if test.kept != (moment{}) {
				killAfter(test.kept)
				kept = temporalFiles(t, server.data)
				server.restart(t)
			}
			killAfter(test.lost)
			putBack(t, server.data, kept)
			server.restart(t)
			events = server.followOn(t, id, events)
			compare(t, server, id, sound, events)
			account(t, server, id, sound.usage, len(inFlight))
		})
	}
}

// temporalNames are Temporal's database, and the log and index beside it.
var temporalNames = []string{"temporal.db", "temporal.db-wal", "temporal.db-shm"}

func temporalFiles(t *testing.T, data string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, name := range temporalNames {
		content, err := os.ReadFile(filepath.Join(data, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = content
	}
	return files
}

func putBack(t *testing.T, data string, files map[string][]byte) {
	t.Helper()
	for _, name := range temporalNames {
		path := filepath.Join(data, name)
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if content, there := files[name]; there {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
