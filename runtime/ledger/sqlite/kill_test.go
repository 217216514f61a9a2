package sqlite_test

import (
	"bufio"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/ledger/sqlite"
)

// killedPath names the variable by which this binary, run again, is the process
// that is killed.
const killedPath = "QUAESTOR_TEST_LEDGER_KILLED"

// TestKill kills a process in the midst of shared transactions. What it was
// told is on the disk, and the budgets are the sums of the attempts.
func TestKill(t *testing.T) {
	if path := os.Getenv(killedPath); path != "" {
		work(t, path)
		return
	}
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path)
	scope := ledger.Scope{Kind: ledger.ScopeClient, ID: "c"}
	if err := l.SetLimit(t.Context(), scope, ledger.PeriodDay, ledger.Limit{Tokens: 500_000}); err != nil {
		t.Fatal(err)
	}
	states := make(map[int64]ledger.State)
	for round := range 6 {
		for id, state := range killed(t, path, round) {
			states[id] = state
		}
	}
	if len(states) < 20 {
		t.Fatalf("only %d attempts in all", len(states))
	}
	after := int64(0)
	for {
		page, err := l.Attempts(t.Context(), ledger.AttemptFilter{Client: "c", After: after, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, a := range page {
			if told := states[a.ID]; told == ledger.StateSettled && a.State != told {
				t.Errorf("attempt %d is %s, and was told to be settled", a.ID, a.State)
			}
			delete(states, a.ID)
			after = a.ID
		}
	}
	for id, state := range states {
		t.Errorf("attempt %d, told to be %s, is missing", id, state)
	}
	checkSums(t, path)
}

// killed runs the process for a while and gives what it was told.
func killed(t *testing.T, path string, round int) map[int64]ledger.State {
	t.Helper()
	process := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestKill$")
	process.Env = append(os.Environ(), killedPath+"="+path)
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	told := make(map[int64]ledger.State)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var id int64
		var state ledger.State
		if n, _ := fmt.Sscanf(lines.Text(), "told %d %s", &id, &state); n != 2 {
			continue
		}
		if len(told) == 0 {
			time.AfterFunc(time.Duration(20+17*round)*time.Millisecond, func() { _ = process.Process.Kill() })
		}
		told[id] = state
	}
	if err := process.Wait(); err == nil {
		t.Error("the process ended by itself")
	}
	return told
}

func work(t *testing.T, path string) {
	t.Helper()
	l, err := sqlite.OpenWith(t.Context(), path, sqlite.Options{Synchronous: "normal"})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	for worker := range 24 {
		go func() {
			for i := 0; ; i++ {
				a, err := l.Reserve(t.Context(), ledger.Reservation{
					Key: fmt.Sprintf("%d/%d/%d", os.Getpid(), worker, i), Client: "c", Team: fmt.Sprint("t", worker%3), Run: fmt.Sprint("r", worker),
					Hold: ledger.Amount{Tokens: 10, NanoUSD: 10}, Dispatched: i%2 == 0,
				})
				if err != nil {
					ended <- err
					return
				}
				fmt.Println("told", a.ID, a.State)
				if i%5 == 0 || i%2 == 1 {
					continue
				}
				s := ledger.Settlement{Usage: ledger.Usage{InputTokens: int64(i % 13), NanoUSD: 3}, Response: []byte("x")}
				told := func(err error) {
					if err != nil {
						ended <- err
						return
					}
					fmt.Println("told", a.ID, ledger.StateSettled)
				}
				if i%4 == 0 {
					err = l.SettleSoon(t.Context(), a.ID, s, told)
				} else if _, err = l.Settle(t.Context(), a.ID, s); err == nil {
					told(nil)
				}
				if err != nil {
					ended <- err
					return
				}
			}
		}()
	}
	t.Fatal(<-ended)
}

// checkSums compares budgets and usage with the attempts they are the sums of.
func checkSums(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const sums = `SELECT COALESCE(SUM(CASE WHEN state IN ('reserved', 'dispatched', 'uncertain') THEN hold_tokens ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN state = 'settled' THEN MIN(input_tokens, hold_tokens) ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN state = 'settled' THEN MAX(input_tokens - hold_tokens, 0) ELSE 0 END), 0), COALESCE(SUM(sent), 0)
		FROM ledger_attempts WHERE `
	rows, err := db.QueryContext(t.Context(), `SELECT scope_kind, scope_id, period, held_tokens, settled_tokens, overage_tokens, attempts
		FROM ledger_budgets WHERE period = 'total'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	budgets := 0
	for ; rows.Next(); budgets++ {
		var kind, id, period string
		var got, want [4]int64
		if err := rows.Scan(&kind, &id, &period, &got[0], &got[1], &got[2], &got[3]); err != nil {
			t.Fatal(err)
		}
		if err := db.QueryRowContext(t.Context(), sums+kind+` = $1`, id).Scan(&want[0], &want[1], &want[2], &want[3]); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s %s by %s: held, settled, overage and attempts are %v, their sums %v", kind, id, period, got, want)
		}
	}
	if err := rows.Err(); err != nil || budgets < 20 {
		t.Errorf("%d budgets: %v", budgets, err)
	}
	var used, calls, input, settled int64
	if err := db.QueryRowContext(t.Context(), `SELECT (SELECT COALESCE(SUM(input_tokens), 0) FROM ledger_usage), (SELECT COALESCE(SUM(calls), 0) FROM ledger_usage),
		(SELECT COALESCE(SUM(input_tokens), 0) FROM ledger_attempts), (SELECT COUNT(*) FROM ledger_attempts WHERE state = 'settled')`).
		Scan(&used, &calls, &input, &settled); err != nil {
		t.Fatal(err)
	}
	if used != input || calls != settled {
		t.Errorf("usage has %d tokens of %d calls, the attempts %d of %d", used, calls, input, settled)
	}
}
