//go:build !slim && unix

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestTheReportGoesWhereItIsWanted(t *testing.T) {
	t.Parallel()
	documents := folder(t, hospitals)
	server := up(t, t.TempDir(), nil)
	for name, test := range map[string]struct {
		out, format, begins string
	}{
		"page by its ending":      {"report.html", "", "<!doctype html>"},
		"JSON by its ending":      {"report.json", "", "{"},
		"Markdown":                {"report.md", "", "# "},
		"the flag wins":           {"report.txt", "html", "<!doctype html>"},
		"JSON on standard output": {"", "json", "{"},
		"standard output":         {"", "", "# "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := []string{"research", "--server", "http://" + server.addr, "--docs", documents, hospitalTopic}
			out := filepath.Join(t.TempDir(), test.out)
			if test.out != "" {
				args = append(args, "--out", out)
			}
			if test.format != "" {
				args = append(args, "--format", test.format)
			}
			code, stdout, stderr := run(t, args...)
			written := stdout
			if test.out != "" {
				file, err := os.ReadFile(out)
				if err != nil || stdout != "" || !strings.Contains(stderr, out) {
					t.Fatalf("%v; standard output %q, standard error\n%s", err, stdout, stderr)
				}
				written = string(file)
			}
			if code != 0 || !strings.HasPrefix(strings.ToLower(written), test.begins) {
				t.Errorf("exit code %d, written %.200q", code, written)
			}
			if test.begins == "{" {
				if report := decode[struct{ Topic, Markdown string }](t, written); report.Topic != hospitalTopic || !strings.HasPrefix(report.Markdown, "# ") {
					t.Errorf("report %+v", report)
				}
			}
		})
	}
}

func TestAFolderThatIsInUseNamesItsHolder(t *testing.T) {
	t.Parallel()
	server := up(t, t.TempDir(), nil)
	code, stdout, stderr := run(t, "research", "--data", server.data, "--docs", folder(t, hospitals), hospitalTopic)
	if code != 3 || stdout != "" {
		t.Errorf("exit code %d, standard output %q", code, stdout)
	}
	for _, text := range []string{server.data, "process " + strconv.Itoa(server.cmd.Process.Pid), "--server"} {
		if !strings.Contains(stderr, text) {
			t.Errorf("the error does not say %q: %s", text, stderr)
		}
	}
	if code, _, stderr := run(t, "research", "--server", "http://"+server.addr, "--docs", folder(t, hospitals), hospitalTopic); code != 0 {
		t.Errorf("doing as told: exit code %d, %s", code, stderr)
	}
}
