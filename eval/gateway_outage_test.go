package eval_test

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/mock/mocktest"
	"github.com/quaestor-run/quaestor/runtime/store/postgrestest"
)

// newOutage is a gateway whose database can be cut off, and a client of it.
func newOutage(t *testing.T, rule string) (w *world, database *relay, url, key string) {
	t.Helper()
	w = newWorld(t, mocktest.StartScript(t, noCount+"  - "+rule), postgrestest.Start(t), "")
	database, way := relayTo(t, w.setting("QUAESTOR_DATABASE_URL"))
	w.set("QUAESTOR_DATABASE_URL", way)
	key, _ = w.addKey(t, "c")
	url = w.serve(t)
	return w, database, url, key
}

// relayTo puts a relay before a database and gives the URL by which to use it.
func relayTo(t *testing.T, database string) (*relay, string) {
	t.Helper()
	address, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	query, network, to := address.Query(), "tcp", address.Host
	if dir := query.Get("host"); dir != "" { // a folder with a Unix socket
		network, to = "unix", filepath.Join(dir, ".s.PGSQL.5432")
	}
	r := newRelay(t, network, to)
	query.Del("host")
	address.Host, address.RawQuery = r.address(), query.Encode()
	return r, address.String()
}

// Without its ledger the gateway sends nothing, and says so; with it, it serves
// again.
func TestALedgerThatIsDownRefusesCallsBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]func(*relay){"cut": (*relay).sever, "silent": (*relay).block} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, database, url, key := newOutage(t, "{answer: {text: All that I know., usage: full}}")
			client := newClient(t)
			if got := (ask{model: viaOpenAI, text: markText, max: 200}).send(t.Context(), client, url, key); !got.whole {
				t.Fatalf("before: %s", got)
			}
			outage(database)
			var calls sync.WaitGroup
			for _, stream := range []bool{false, true} {
				for _, again := range []string{"", "once"} {
					calls.Go(func() {
						call := ask{model: viaOpenAI, text: markText, max: 200, stream: stream, again: again}
						started := time.Now()
						got := call.send(t.Context(), client, url, key)
						if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
							t.Errorf("without a ledger (stream %t, key %q): %s, Retry-After %q", stream, again, got, got.header.Get("Retry-After"))
						}
						t.Logf("refused with %s after %v", got.code, time.Since(started).Round(time.Millisecond))
					})
				}
			}
			calls.Wait()
			if n := len(w.served()); n != 1 {
				t.Errorf("the emulator got %d calls", n)
			}
			database.mend()
			await(t, "the gateway serves again", func() bool {
				return ask{model: viaOpenAI, text: markText, max: 200}.send(t.Context(), client, url, key).whole
			})
			w.written(t)
			w.checkBooks(t)
		})
	}
}

// A ledger that goes away while the model works does not lose what the answer
// cost: the client has its answer, the usage is on the disk, and the ledger is
// told once it is back.
func TestALedgerThatGoesAwayAfterDispatchIsToldOnceItIsBack(t *testing.T) {
	t.Parallel()
	for _, stream := range []bool{false, true} {
		for name, outage := range map[string]func(*relay){"cut": (*relay).sever, "silent": (*relay).block} {
			t.Run(fmt.Sprintf("%s/stream=%t", name, stream), func(t *testing.T) {
				t.Parallel()
				w, database, url, key := newOutage(t, "{latency: 300ms, answer: {text: All that I know., usage: {input: 30, output: 5}}}")
				call := ask{model: viaOpenAI, text: markText, max: 200, stream: stream, again: "once"}
				done := make(chan answer, 1)
				started := time.Now()
				go func() { done <- call.send(t.Context(), newClient(t), url, key) }()
				await(t, "the model works", func() bool { return len(w.served()) == 1 })
				outage(database)
				got := <-done
				if !got.whole || got.text != "All that I know." {
					t.Errorf("the client got %s: %q", got, got.text)
				}
				t.Logf("answered after %v", time.Since(started).Round(time.Millisecond))
				if files := w.spooled(t); len(files) != 1 {
					t.Errorf("in the spool are %v", files)
				}
				if a := w.attempts(t, ledger.AttemptFilter{}); len(a) != 1 || a[0].State != ledger.StateDispatched {
					t.Errorf("while the ledger is away: %+v", a)
				}
				database.mend()
				a := w.attempt(t)
				if a.State != ledger.StateSettled || a.Usage.InputTokens != 30 || a.Usage.OutputTokens != 5 {
					t.Errorf("the attempt is %s with %+v", a.State, a.Usage)
				}
				await(t, "the spool is empty", func() bool { return len(w.spooled(t)) == 0 })
				again := call.send(t.Context(), newClient(t), url, key)
				if !again.whole || again.text != got.text || len(w.served()) != 1 {
					t.Errorf("asked again: %s, the emulator got %d calls", again, len(w.served()))
				}
				w.checkBooks(t)
			})
		}
	}
}

// spooled are the files of outcomes that the ledger was not told yet.
func (w *world) spooled(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(w.data, "spool", "*", "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}
