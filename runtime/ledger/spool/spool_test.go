package spool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/ledger/spool"
	"github.com/quaestor-run/quaestor/runtime/ledger/sqlite"
)

func setup(t *testing.T) (dir string, s *spool.Spool, l *sqlite.Ledger) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "spool")
	return dir, open(t, dir), accounts(t, filepath.Join(t.TempDir(), "ledger.db"))
}

func open(t *testing.T, dir string) *spool.Spool {
	t.Helper()
	s, err := spool.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func accounts(t *testing.T, path string) *sqlite.Ledger {
	t.Helper()
	l, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// sent opens attempts that were sent.
func sent(t *testing.T, l ledger.Ledger, n int) []int64 {
	t.Helper()
	ids := make([]int64, n)
	for i := range ids {
		a, err := l.Reserve(t.Context(), ledger.Reservation{
			Key: fmt.Sprint(t.Name(), i), Client: "c", Hold: ledger.Amount{Tokens: 100, NanoUSD: 100}, Dispatched: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = a.ID
	}
	return ids
}

func settlement(tokens int64) spool.Entry {
	return spool.Entry{Kind: spool.Settle, Settlement: &ledger.Settlement{
		Usage: ledger.Usage{InputTokens: tokens, NanoUSD: tokens}, Response: []byte(`{"text":"a\nb"}`),
	}}
}

func add(t *testing.T, s *spool.Spool, attempt int64, e spool.Entry) {
	t.Helper()
	e.Attempt = attempt
	if err := s.Append(e); err != nil {
		t.Fatal(err)
	}
}

func replay(t *testing.T, s *spool.Spool, l ledger.Ledger) spool.Report {
	t.Helper()
	report, err := s.Replay(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func balance(t *testing.T, l ledger.Ledger) ledger.Balance {
	t.Helper()
	b, err := l.Balance(t.Context(), ledger.Scope{Kind: ledger.ScopeClient, ID: "c"}, ledger.PeriodTotal)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestReplay(t *testing.T) {
	t.Parallel()
	dir, s, l := setup(t)
	ids := sent(t, l, 3)
	if s.Pending() {
		t.Error("a new spool has entries")
	}
	add(t, s, ids[0], settlement(60))
	add(t, s, ids[1], spool.Entry{Kind: spool.Uncertain, Reason: "cut"})
	add(t, s, ids[2], spool.Entry{Kind: spool.Release, Reason: "refused"})
	add(t, s, ids[0], settlement(60)) // again
	if !s.Pending() {
		t.Error("entries are not pending")
	}
	if report := replay(t, s, l); report.Applied != 4 || len(report.Apart) != 0 || report.Torn != 0 {
		t.Errorf("report %+v", report)
	}
	b := balance(t, l)
	if b.Settled.Tokens != 60 || b.Held.Tokens != 100 || b.Uncertain != 1 {
		t.Errorf("balance %+v", b)
	}
	found, ok, err := l.Find(t.Context(), fmt.Sprint(t.Name(), 0))
	if err != nil || !ok || string(found.Response) != `{"text":"a\nb"}` {
		t.Errorf("found %v %q: %v", ok, found.Response, err)
	}
	if left := files(t, dir); s.Pending() || len(left) != 0 {
		t.Errorf("%v are left", left)
	}
	if report := replay(t, s, l); report.Applied != 0 {
		t.Errorf("replayed again: %+v", report)
	}
}

// failing is a ledger out of reach after some settlements.
type failing struct {
	ledger.Ledger
	left int
}

var errDown = errors.New("no route to the ledger")

func (f *failing) Settle(ctx context.Context, attempt int64, s ledger.Settlement) (ledger.Left, error) {
	if f.left--; f.left < 0 {
		return ledger.Left{}, errDown
	}
	return f.Ledger.Settle(ctx, attempt, s)
}

func TestReplayGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	_, s, l := setup(t)
	ids := sent(t, l, 5)
	for _, id := range ids[:4] {
		add(t, s, id, settlement(10))
	}
	report, err := s.Replay(t.Context(), &failing{l, 2})
	if !errors.Is(err, errDown) || report.Applied != 2 || !s.Pending() {
		t.Errorf("report %+v, error %v", report, err)
	}
	add(t, s, ids[4], settlement(10))
	if report := replay(t, s, l); report.Applied != 3 {
		t.Errorf("report %+v, want the three that were left", report)
	}
	if b := balance(t, l); b.Settled.Tokens != 50 || b.Held.Tokens != 0 {
		t.Errorf("balance %+v", b)
	}
}

func TestWhatTheLedgerRefusesIsKeptApart(t *testing.T) {
	t.Parallel()
	dir, s, l := setup(t)
	ids := sent(t, l, 2)
	if err := l.Release(t.Context(), ids[0], "refused"); err != nil {
		t.Fatal(err)
	}
	add(t, s, ids[0], settlement(7))
	add(t, s, 12345, settlement(8))
	add(t, s, ids[1], settlement(9))
	report := replay(t, s, l)
	if report.Applied != 1 || len(report.Apart) != 2 ||
		!errors.Is(report.Apart[0].Err, ledger.ErrState) || !errors.Is(report.Apart[1].Err, ledger.ErrUnknownAttempt) {
		t.Fatalf("report %+v", report)
	}
	kept, err := os.ReadFile(report.Apart[0].Path)
	if err != nil || bytes.Count(kept, []byte("\n")) != 2 || !bytes.Contains(kept, []byte(`"InputTokens":7`)) {
		t.Errorf("kept %s: %v", kept, err)
	}
	if left := files(t, dir); !slices.Equal(left, []string{report.Apart[0].Path}) {
		t.Errorf("files %v", left)
	}
	if report := replay(t, s, l); report.Applied != 0 || len(report.Apart) != 0 {
		t.Errorf("replayed again: %+v", report)
	}
}

func TestProcessesKeepApart(t *testing.T) {
	t.Parallel()
	dir, first, l := setup(t)
	second := open(t, dir)
	ids := sent(t, l, 2)
	add(t, first, ids[0], settlement(1))
	add(t, second, ids[1], settlement(2))
	if report := replay(t, second, l); report.Applied != 1 {
		t.Errorf("report %+v: a living process lost its entries", report)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.Append(spool.Entry{Attempt: 1, Kind: spool.Release}); err == nil {
		t.Error("a closed spool took an entry")
	}
	if report := replay(t, second, l); report.Applied != 1 {
		t.Errorf("report %+v: what was left is not taken over", report)
	}
	if b := balance(t, l); b.Settled.Tokens != 3 {
		t.Errorf("balance %+v", b)
	}
}

// A kill may leave any part of what was being written.
func TestTornAtEveryByte(t *testing.T) {
	t.Parallel()
	dir, s, l := setup(t)
	ids := sent(t, l, 2)
	add(t, s, ids[0], settlement(5))
	first, err := os.ReadFile(files(t, dir)[0])
	if err != nil {
		t.Fatal(err)
	}
	add(t, s, ids[1], settlement(6))
	whole, err := os.ReadFile(files(t, dir)[0])
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		torn := filepath.Join(t.TempDir(), "spool")
		if err := os.MkdirAll(filepath.Join(torn, "1"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(torn, "1", "00000001.jsonl"), whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := spool.Open(torn)
		if err != nil {
			t.Fatal(err)
		}
		add(t, again, ids[0], settlement(5)) // written after the torn line, into a file of its own
		report := replay(t, again, l)
		want := 1
		if cut >= len(first) {
			want++
		}
		if cut == len(whole) {
			want++
		}
		tears := 1
		if cut == 0 || cut == len(first) || cut == len(whole) {
			tears = 0
		}
		if report.Applied != want || report.Torn != tears || len(report.Apart) != 0 {
			t.Fatalf("cut at %d of %d: %+v, want %d applied and %d torn", cut, len(whole), report, want, tears)
		}
		if left := files(t, torn); len(left) != 0 {
			t.Fatalf("cut at %d: %v left", cut, left)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	dir, s, l := setup(t)
	ids := sent(t, l, 200)
	var group sync.WaitGroup
	for _, id := range ids {
		group.Go(func() {
			e := settlement(1)
			e.Attempt, e.Settlement.Response = id, bytes.Repeat([]byte("x"), 50_000)
			if err := s.Append(e); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := len(files(t, dir)); n < 2 {
		t.Errorf("%d files hold what is more than one may", n)
	}
	if report := replay(t, s, l); report.Applied != 200 {
		t.Errorf("applied %d", report.Applied)
	}
	if b := balance(t, l); b.Settled.Tokens != 200 {
		t.Errorf("balance %+v", b)
	}
}

func TestBadEntries(t *testing.T) {
	t.Parallel()
	_, s, _ := setup(t)
	for name, e := range map[string]spool.Entry{
		"no attempt":    {Kind: spool.Release},
		"no kind":       {Attempt: 1},
		"no settlement": {Attempt: 1, Kind: spool.Settle},
	} {
		if s.Append(e) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
