package main

import (
	"bytes"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	ledgersqlite "github.com/quaestor-run/quaestor/runtime/ledger/sqlite"
)

// operate runs a command on a data folder, and gives what it printed.
func operate(t *testing.T, data string, args ...string) (string, error) {
	t.Helper()
	root := rootCommand(&settings{})
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&bytes.Buffer{})
	root.SetArgs(append([]string{"--data", data}, args...))
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func mustOperate(t *testing.T, data string, args ...string) string {
	t.Helper()
	out, err := operate(t, data, args...)
	if err != nil {
		t.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	return out
}

func TestKeysAreRotatedOnTheMachine(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	first := mustOperate(t, data, "keys", "create", "--client", "house", "--role", "admin", "--name", "root")
	list := mustOperate(t, data, "keys", "list")
	id := regexp.MustCompile(`k_[a-z2-7]{12}`).FindString(list)
	if !strings.HasPrefix(first, "qk_") || id == "" || !strings.Contains(list, "admin") {
		t.Fatalf("made %q, listed\n%s", first, list)
	}
	second := mustOperate(t, data, "keys", "rotate", id, "--overlap", "1h")
	if list = mustOperate(t, data, "keys", "list"); second == first || strings.Count(list, "root") != 2 || strings.Count(list, "admin") != 2 {
		t.Errorf("rotated to %q, listed\n%s", second, list)
	}
	if _, err := operate(t, data, "keys", "rotate", id); err == nil || !strings.Contains(err.Error(), "rotated before") {
		t.Errorf("a second rotation: %v", err)
	}
	if _, err := operate(t, data, "keys", "create", "--client", "x", "--role", "king"); err == nil || !strings.Contains(err.Error(), "--role") {
		t.Errorf("a strange role: %v", err)
	}
}

func TestBudgetsAreSetOnTheMachine(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	out := mustOperate(t, data, "budgets", "set", "client", "acme", "month", "--usd", "25.5", "--tokens", "1000")
	if !regexp.MustCompile(`month +tokens +1000 +0 +0 +0 +1000 +0\nmonth +usd +25\.5 +0 +0 +0 +25\.5 +0`).MatchString(out) {
		t.Errorf("set\n%s", out)
	}
	if shown := mustOperate(t, data, "budgets", "show", "client", "acme"); shown != out {
		t.Errorf("showed\n%s", shown)
	}
	for want, args := range map[string][]string{
		"client or a team": {"budgets", "show", "run", "r_1"},
		"no period":        {"budgets", "set", "team", "ops", "week"},
		"--usd":            {"budgets", "set", "team", "ops", "day", "--usd", "much"},
		"--tokens":         {"budgets", "set", "team", "ops", "day", "--tokens", "-1"},
	} {
		if _, err := operate(t, data, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", args, err, want)
		}
	}
}

func TestUncertainAttemptsAreReconciledOnTheMachine(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	book, err := ledgersqlite.Open(t.Context(), filepath.Join(data, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a", "b", "c"} {
		attempt, err := book.Reserve(t.Context(), ledger.Reservation{
			Key: key, Client: "acme", Provider: "p", Model: "m", Dispatched: true,
			Hold: ledger.Amount{Tokens: 100, NanoUSD: 2_000_000_000}, Expires: time.Now().Add(time.Hour),
		})
		if err == nil && key != "c" {
			err = book.Uncertain(t.Context(), attempt.ID, "the process died")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := book.Close(); err != nil {
		t.Fatal(err)
	}
	list := mustOperate(t, data, "reconcile")
	if strings.Count(list, "the process died") != 2 || strings.Count(list, "acme") != 2 {
		t.Fatalf("listed\n%s", list)
	}
	mustOperate(t, data, "reconcile", "settle", "1", "--usd", "0.25", "--input-tokens", "10", "--output-tokens", "5")
	mustOperate(t, data, "reconcile", "release", "2", "--reason", "not on the invoice")
	if list = mustOperate(t, data, "reconcile"); strings.Contains(list, "acme") {
		t.Errorf("listed\n%s", list)
	}
	if shown := mustOperate(t, data, "budgets", "show", "client", "acme"); !regexp.MustCompile(`total +usd +- +0\.25 +2 +0 +- +0`).MatchString(shown) {
		t.Errorf("showed\n%s", shown)
	}
	for want, args := range map[string][]string{
		"settled":    {"reconcile", "release", "1", "--reason", "x"},
		"dispatched": {"reconcile", "settle", "3", "--usd", "1"},
		"no attempt": {"reconcile", "settle", "9", "--usd", "1"},
		"no number":  {"reconcile", "settle", "x", "--usd", "1"},
		"--usd":      {"reconcile", "settle", "3"},
		"--reason":   {"reconcile", "release", "3"},
	} {
		if _, err := operate(t, data, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", args, err, want)
		}
	}
}
