package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/audit"
)

// execute the command as people call it, without a process of its own.
func commanded(t *testing.T, args ...string) (code int, output, says string) {
	t.Helper()
	root := rootCommand(&settings{data: t.TempDir()})
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	var ended *exit
	switch {
	case errors.As(err, &ended):
		return ended.code, out.String(), ended.Error()
	case err != nil:
		return exitFailed, out.String(), err.Error()
	}
	return exitOK, out.String(), ""
}

func TestVerifySaysWhatIsWrongWithAPack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pack := filepath.Join(dir, "run.audit.zip")
	file, err := os.Create(pack)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(file)
	if _, err := w.Create("../escape"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	code, output, _ := commanded(t, "verify", pack)
	if code != 3 || !strings.Contains(output, "../escape") || !strings.Contains(output, "Not verified") {
		t.Errorf("exit code %d: %s", code, output)
	}
	code, output, _ = commanded(t, "verify", "--json", pack)
	var result audit.Result
	if err := json.Unmarshal([]byte(output), &result); err != nil || code != 3 || result.Verified || len(result.Problems) != 1 {
		t.Errorf("exit code %d, %v: %s", code, err, output)
	}
	for name, args := range map[string][]string{
		"no file":      {"verify", filepath.Join(dir, "nothing.zip")},
		"a folder":     {"verify", dir},
		"no argument":  {"verify"},
		"two":          {"verify", pack, pack},
		"unknown flag": {"verify", "--online", pack},
	} {
		if code, _, says := commanded(t, args...); code != 2 || says == "" {
			t.Errorf("%s: exit code %d, %q", name, code, says)
		}
	}
}

func TestAuditOfARunThatIsNotThere(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "pack.zip")
	code, _, says := commanded(t, "audit", "r_nothing", "--out", out, "--data", t.TempDir())
	if code != 2 || !strings.Contains(says, `no run "r_nothing"`) {
		t.Errorf("exit code %d, %q", code, says)
	}
	if entries, err := os.ReadDir(filepath.Dir(out)); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if code, _, says := commanded(t, "audit", "r_nothing", "--server", "nowhere"); code != 2 || !strings.Contains(says, "--server") {
		t.Errorf("exit code %d, %q", code, says)
	}
}
