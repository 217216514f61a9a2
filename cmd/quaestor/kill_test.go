//go:build !slim && unix

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	ledgersqlite "github.com/quaestor-run/quaestor/runtime/ledger/sqlite"
	"github.com/quaestor-run/quaestor/runtime/server/client"
	"github.com/quaestor-run/quaestor/runtime/store"
	storesqlite "github.com/quaestor-run/quaestor/runtime/store/sqlite"
)

// moment is when a run is killed: after the number-th event of a kind whose data
// holds a text; or, with a slow model, in the middle of the number-th call of an
// agent since the last start.
type moment struct {
	kind   string // isAsked, or the type of an event
	holds  string
	number int
}

const isAsked = "asked"

func (m moment) String() string { return fmt.Sprintf("%s %s %d", m.kind, m.holds, m.number) }

func (m moment) reached(events []client.Event) bool {
	seen := 0
	for _, event := range events {
		if event.Type == m.kind && strings.Contains(string(event.Data), m.holds) {
			seen++
		}
	}
	return seen >= m.number
}

// undisturbed is what a run comes to that nobody kills.
type undisturbed struct {
	markdown, html string
	events         []string
	usage          client.Usage
}

// TestARunSurvivesSIGKILL kills runs in every phase, at more than twenty moments
// in all, and holds what they come to against a run that nobody killed.
func TestARunSurvivesSIGKILL(t *testing.T) {
	t.Parallel()
	sound := leaveInPeace(t)
	for name, test := range map[string]struct {
		latency time.Duration
		moments []moment
	}{
		"start, tools, analysis, review": {0, []moment{
			{"phase", "plan", 1},
			{"tool.call", "documents", 1},
			{"tool.call", "trend", 1},
			{"agent.finished", "analyst", 4},
			{"phase", "review", 1},
			{"phase", "publish", 1},
		}},
		"survey, gathering, writing": {0, []moment{
			{"survey", "", 1},
			{"model.call", "gatherer", 2},
			{"tool.call", "documents", 30},
			{"agent.finished", "gatherer", 6},
			{"phase", "write", 1},
			{"review", "", 1},
		}},
		"plan, phases, drafts": {0, []moment{
			{"plan", "", 1},
			{"phase", "gather", 1},
			{"tool.call", "statistics", 1},
			{"phase", "analyse", 1},
			{"draft", "", 1},
			{"model.call", "reviewer", 1},
		}},
		"while a model answers": {time.Second, []moment{
			{isAsked, "coordinator", 1},
			{isAsked, "gatherer", 3},
			{isAsked, "gatherer", 4},
			{isAsked, "analyst", 2},
			{isAsked, "analyst", 3},
			{isAsked, "writer", 1},
			{isAsked, "reviewer", 1},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			killAndCompare(t, sound, test.latency, test.moments)
		})
	}
}

var sampleRun = client.ResearchRequest{
	Topic: "How is AI changing medical devices and care?", Sources: client.Sources{Documents: []string{"samples"}},
}

func leaveInPeace(t *testing.T) undisturbed {
	t.Helper()
	server := up(t, t.TempDir(), nil)
	id := server.research(t, sampleRun)
	events := server.finish(t, id)
	run := server.status(t, id)
	if run.Status != client.StatusCompleted || run.Usage.Calls == 0 || run.Usage.Attempts != run.Usage.Calls {
		t.Fatalf("the undisturbed run: %+v", run)
	}
	sound := undisturbed{server.report(t, id, "md"), server.report(t, id, "html"), told(events), run.Usage}
	server.kill(t)
	return sound
}

// told is what events say, in an order that does not depend on which of several
// agents was faster.
func told(events []client.Event) []string {
	said := make([]string, len(events))
	for i, event := range events {
		said[i] = event.Type + " " + string(event.Data)
	}
	slices.Sort(said)
	return said
}

func killAndCompare(t *testing.T, sound undisturbed, latency time.Duration, moments []moment) {
	t.Helper()
	var environment []string
	if latency > 0 {
		environment = []string{modelLatency + "=" + latency.String()}
	}
	server := up(t, t.TempDir(), environment)
	id := server.research(t, sampleRun)
	var events []client.Event
	inFlight := map[int64]bool{} // attempts; one may be left over from kill to kill
	restarted := time.Now()
	for _, moment := range moments {
		if moment.kind == isAsked {
			server.asked(t, moment)
		} else {
			events = server.followUntil(t, id, events, moment)
		}
		server.kill(t)
		found := autopsy(t, server.data, id)
		known := len(inFlight)
		for _, attempt := range found.inFlight {
			inFlight[attempt] = true
		}
		t.Logf("killed after %-28v %4.1f s after the start, in phase %s, with %d events told and %d more calls in flight",
			moment, time.Since(restarted).Seconds(), found.run.Phase, found.events, len(inFlight)-known)
		if found.run.Status != store.StatusRunning {
			t.Errorf("killed after %v the run is %s already", moment, found.run.Status)
		}
		if moment.kind == isAsked && len(inFlight) == known {
			t.Errorf("killed after %v no call was in flight", moment)
		}
		restarted = time.Now()
		server.restart(t)
	}
	events = server.followOn(t, id, events)
	t.Logf("completed %.1f s after the last of %d restarts", time.Since(restarted).Seconds(), len(moments))
	compare(t, server, id, sound, events)
	account(t, server, id, sound.usage, len(inFlight))
}

// followUntil adds the events of a run that goes on to those told before, until
// the moment.
func (i *instance) followUntil(t *testing.T, id string, events []client.Event, m moment) []client.Event {
	t.Helper()
	i.follow(t, id, int64(len(events)), func(event client.Event) error {
		if event.Type == client.EventEnd {
			return fmt.Errorf("the run ended before %v: %s", m, event.Data)
		}
		if events = append(events, event); m.reached(events) {
			return errSeen
		}
		return nil
	})
	return events
}

// followOn adds the events until the run ends.
func (i *instance) followOn(t *testing.T, id string, events []client.Event) []client.Event {
	t.Helper()
	i.follow(t, id, int64(len(events)), func(event client.Event) error {
		if event.Type != client.EventEnd {
			events = append(events, event)
		}
		return nil
	})
	return events
}

// asked waits for an agent's model to be asked.
func (i *instance) asked(t *testing.T, m moment) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for strings.Count(i.stderr.String(), asked+m.holds) < m.number {
		if time.Sleep(5 * time.Millisecond); time.Now().After(deadline) {
			t.Fatalf("%s was not asked %d times in %v; the server said:\n%s", m.holds, m.number, patience, i.stderr)
		}
	}
}

// remains is what the databases of a killed process hold.
type remains struct {
	run      store.Run
	events   int
	inFlight []int64 // attempts that were dispatched, and nobody knows what became of them
}

func autopsy(t *testing.T, data, id string) remains {
	t.Helper()
	kept, err := storesqlite.Open(t.Context(), filepath.Join(data, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	var found remains
	if found.run, err = kept.Run(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	events, err := kept.Events(t.Context(), id, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	found.events = len(events)
	for _, attempt := range attempts(t, data, id) {
		if attempt.State == ledger.StateDispatched {
			found.inFlight = append(found.inFlight, attempt.ID)
		}
	}
	return found
}

func attempts(t *testing.T, data, id string) []ledger.Attempt {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	journal, err := ledgersqlite.Open(ctx, filepath.Join(data, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	list, err := journal.Attempts(ctx, ledger.AttemptFilter{Run: id, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// compare holds the run against the undisturbed one.
func compare(t *testing.T, server *instance, id string, sound undisturbed, events []client.Event) {
	t.Helper()
	if run := server.status(t, id); run.Status != client.StatusCompleted {
		t.Errorf("the run is %s: %s", run.Status, run.Error)
	}
	if got := server.report(t, id, "md"); got != sound.markdown {
		t.Errorf("the report differs from that of an undisturbed run:\n%s", difference(sound.markdown, got))
	}
	if server.report(t, id, "html") != sound.html {
		t.Error("the page differs from that of an undisturbed run")
	}
	if got := told(events); !slices.Equal(got, sound.events) {
		t.Errorf("the events differ from those of an undisturbed run:\n%s", difference(strings.Join(sound.events, "\n"), strings.Join(got, "\n")))
	}
	again := server.finish(t, id)
	if !slices.EqualFunc(events, again, func(a, b client.Event) bool { return a.ID == b.ID && string(a.Data) == string(b.Data) }) {
		t.Errorf("%d events were told while the run went on, and other %d afterwards", len(events), len(again))
	}
}

// account holds the ledger to the law: every call is answered once, and only
// what was in flight at a kill was attempted again.
func account(t *testing.T, server *instance, id string, sound client.Usage, inFlight int) {
	t.Helper()
	settled := map[string]int{}
	list := attempts(t, server.data, id)
	for _, attempt := range list {
		switch attempt.State {
		case ledger.StateSettled:
			settled[attempt.Key]++
		case ledger.StateUncertain, ledger.StateReleased:
			settled[attempt.Key] += 0
		default:
			t.Errorf("attempt %d at call %s is %s after the run's end", attempt.ID, attempt.Key, attempt.State)
		}
	}
	for key, times := range settled {
		if times != 1 {
			t.Errorf("call %s has %d settled attempts", key, times)
		}
	}
	usage := server.status(t, id).Usage
	if usage.Calls != sound.Calls || usage.InputTokens != sound.InputTokens || usage.OutputTokens != sound.OutputTokens {
		t.Errorf("usage %+v, of an undisturbed run %+v", usage, sound)
	}
	if again := usage.Attempts - usage.Calls; again != int64(inFlight) {
		t.Errorf("%d calls were attempted again, and %d were in flight", again, inFlight)
	}
}

// difference is the first line in which two texts differ.
func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d\nwant %.600s\ngot  %.600s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(b), len(a))
}
