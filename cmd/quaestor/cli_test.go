//go:build !slim && unix

package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/server/client"
)

// hospitals are documents of which every quotable sentence is on the topic.
var hospitals = map[string]string{
	"adoption.md": `# Adoption of triage software

Artificial intelligence was adopted by 40 of 200 hospitals in 2020. Adoption of artificial intelligence rose to 80 of 200 hospitals in 2023.

## Results

Waiting times fell by 12 percent after hospitals introduced artificial intelligence for triage, as 31 of them reported.
`,
	"harms.html": `<!doctype html><html lang="en"><head><title>Errors of triage software</title></head><body><main>
<h1>Errors of triage software</h1><p>Of 900 alerts by artificial intelligence in hospitals, 45 were wrong &amp; delayed care. No patient was harmed by artificial intelligence in the hospitals that checked every alert.</p>
<p>The evidence on artificial intelligence in hospitals is limited, because only nine hospitals were studied.</p></main></body></html>`,
	"notes/sites.csv": "year,hospitals\n2016,3\n2017,5\n2018,9\n2019,16\n2020,40\n2021,52\n2022,66\n2023,80\n",
}

const hospitalTopic = "How do hospitals use artificial intelligence?"

func TestBadUsageIsRefusedBeforeAnythingStarts(t *testing.T) {
	t.Parallel()
	documents, empty := folder(t, hospitals), t.TempDir()
	wrongKey := filepath.Join(t.TempDir(), "quaestor.yaml")
	if err := os.WriteFile(wrongKey, []byte("server:\n  adr: 127.0.0.1:1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		says []string
	}{
		"no topic":          {nil, []string{"topic is required"}},
		"empty topic":       {[]string{" \t"}, []string{"topic is required"}},
		"two topics":        {[]string{"a", "b"}, []string{"one topic", "quotes"}},
		"unknown flag":      {[]string{"a", "--color"}, []string{"--color", "--help"}},
		"no such folder":    {[]string{"a", "--docs", "/nowhere"}, []string{"--docs", "/nowhere", "no such file"}},
		"empty folder":      {[]string{"a", "--docs", empty}, []string{"--docs", empty, "no files"}},
		"bad format":        {[]string{"a", "--format", "rtf"}, []string{"--format", "rtf", "md, html, json, pdf, docx"}},
		"bad citations":     {[]string{"a", "--citation-style", "mla"}, []string{"--citation-style", "mla", "plain, apa"}},
		"changes of a page": {[]string{"a", "--format", "html", "--track-changes"}, []string{"--track-changes", "docx", "html"}},
		"out into nowhere":  {[]string{"a", "--out", "/nowhere/report.md"}, []string{"--out", "/nowhere"}},
		"bad deadline":      {[]string{"a", "--deadline", "soon"}, []string{"--deadline", "soon", "10m"}},
		"bad dollars":       {[]string{"a", "--budget-usd", "much"}, []string{"--budget-usd", "much", "1.50"}},
		"bad tokens":        {[]string{"a", "--budget-tokens", "-1"}, []string{"--budget-tokens", "-1"}},
		"bad iterations":    {[]string{"a", "--max-iterations", "9"}, []string{"--max-iterations", "9", "0 to 3"}},
		"unknown model":     {[]string{"a", "--model", "gpt-0"}, []string{"--model", "gpt-0", "catalog"}},
		"model of a server": {[]string{"a", "--model", "offline", "--server", "http://127.0.0.1:1"}, []string{"--model", "--server"}},
		"bad server":        {[]string{"a", "--server", "nowhere"}, []string{"--server", "nowhere", "http://"}},
		"unknown key":       {[]string{"a", "--config", wrongKey}, []string{wrongKey + ":2", "server.adr", "server.addr"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := filepath.Join(t.TempDir(), "data")
			args := append([]string{"research", "--data", data}, test.args...)
			if !strings.Contains(name, "folder") {
				args = append(args, "--docs", documents)
			}
			code, stdout, stderr := run(t, args...)
			if code != 2 || stdout != "" {
				t.Errorf("exit code %d, standard output %q", code, stdout)
			}
			for _, text := range test.says {
				if !strings.Contains(stderr, text) {
					t.Errorf("the error does not say %q: %s", text, stderr)
				}
			}
			if _, err := os.Stat(data); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the data folder was made: %v", err)
			}
		})
	}
}

func TestAnUnknownCommandNamesTheNearest(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := run(t, "reserch", "a topic")
	if code != 2 || stdout != "" || !strings.Contains(stderr, "did you mean research?") {
		t.Errorf("exit code %d, standard output %q, error %q", code, stdout, stderr)
	}
}

// researchJSON runs the command with --json and gives what it printed.
func researchJSON(t *testing.T, wantCode int, args ...string) (printed result, stderr string) {
	t.Helper()
	code, stdout, stderr := run(t, append([]string{"research", "--json"}, args...)...)
	if code != wantCode {
		t.Fatalf("exit code %d, want %d; standard error:\n%s", code, wantCode, stderr)
	}
	decoder := json.NewDecoder(strings.NewReader(stdout))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&printed); err != nil {
		t.Fatalf("standard output is not the object: %v", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		t.Fatalf("standard output holds more than the object: %v", err)
	}
	return printed, stderr
}

func TestResearchPrintsOneObject(t *testing.T) {
	t.Parallel()
	documents, data := folder(t, hospitals), t.TempDir()
	printed, stderr := researchJSON(t, 0, "--data", data, "--docs", documents, hospitalTopic)
	if printed.ID == "" || printed.Status != client.StatusCompleted || printed.Topic != hospitalTopic || printed.Error != "" ||
		!strings.HasPrefix(printed.Report.Markdown, "# ") || printed.Usage.Calls == 0 || printed.Usage.Attempts != printed.Usage.Calls {
		t.Errorf("id %q, status %s, topic %q, error %q, usage %+v, report %.100q",
			printed.ID, printed.Status, printed.Topic, printed.Error, printed.Usage, printed.Report.Markdown)
	}
	line := regexp.MustCompile(`^\d\d:\d\d\.\d  [a-z_]* +\S`)
	for text := range strings.Lines(stderr) {
		if !line.MatchString(text) {
			t.Errorf("a line of the progress: %q", text)
		}
	}
	checkQuotes(t, printed, data, documents)
}

func TestTheSamplesAreResearched(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	printed, _ := researchJSON(t, 0, "--data", data, sampleRun.Topic)
	kinds := map[string]bool{}
	for _, evidence := range printed.Evidence {
		kinds[filepath.Ext(evidence.Source.URI)] = true
	}
	for _, kind := range []string{".md", ".html", ".pdf", ".csv"} {
		if !kinds[kind] {
			t.Errorf("no evidence from a %s document", kind)
		}
	}
	checkQuotes(t, printed, data, "")
}

// checkQuotes looks every quote up at its offsets: in the snapshot that the
// server gives, and where the source is text in the user's own file.
func checkQuotes(t *testing.T, printed result, data, documents string) {
	t.Helper()
	server := up(t, data, nil)
	known := map[string]bool{}
	for _, evidence := range printed.Evidence {
		known[evidence.ID] = true
		text := server.fetch(t, evidence.Source.Snapshot)
		checkQuote(t, evidence, text, "the snapshot of "+evidence.Source.URI)
		if kind := filepath.Ext(evidence.Source.URI); documents != "" && (kind == ".md" || kind == ".csv") {
			own, err := os.ReadFile(filepath.Join(documents, evidence.Source.URI))
			if err != nil {
				t.Fatal(err)
			}
			checkQuote(t, evidence, string(own), evidence.Source.URI)
		}
	}
	for _, claim := range printed.Claims {
		if claim.Status == "supported" && len(claim.Evidence) == 0 {
			t.Errorf("claim %s is supported by nothing: %s", claim.ID, claim.Text)
		}
		for _, id := range claim.Evidence {
			if !known[id] {
				t.Errorf("claim %s cites evidence %s, which is not there", claim.ID, id)
			}
		}
	}
	if len(printed.Evidence) == 0 || len(printed.Claims) == 0 {
		t.Errorf("%d pieces of evidence, %d claims", len(printed.Evidence), len(printed.Claims))
	}
}

func checkQuote(t *testing.T, evidence client.Evidence, text, where string) {
	t.Helper()
	if evidence.Start < 0 || evidence.End > len(text) || evidence.Start >= evidence.End {
		t.Errorf("evidence %s is at %d to %d of %s, which has %d bytes", evidence.ID, evidence.Start, evidence.End, where, len(text))
	} else if found := text[evidence.Start:evidence.End]; found != evidence.Quote {
		t.Errorf("evidence %s quotes %q, but %s has %q", evidence.ID, evidence.Quote, where, found)
	}
}

func (i *instance) fetch(t *testing.T, path string) string {
	t.Helper()
	response, err := http.Get("http://" + i.addr + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v: %.300s", path, response.Status, err, text)
	}
	return string(text)
}

func TestResearchEndsAsPartial(t *testing.T) {
	t.Parallel()
	documents := folder(t, hospitals)
	for name, test := range map[string]struct {
		flag, value, says string
	}{
		"no budget to begin with": {"--budget-tokens", "100", "budget"},
		"budget ends on the way":  {"--budget-tokens", "20000", "budget"},
		"deadline":                {"--deadline", "1ms", "deadline"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			printed, stderr := researchJSON(t, 4, "--data", t.TempDir(), "--docs", documents, test.flag, test.value, hospitalTopic)
			if printed.Status != client.StatusPartial || !strings.Contains(printed.Error, test.says) || !strings.Contains(stderr, test.says) {
				t.Errorf("status %s, error %q; standard error:\n%s", printed.Status, printed.Error, stderr)
			}
			title, rest, _ := strings.Cut(printed.Report.Markdown, "\n")
			notice, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
			if !strings.Contains(title, "Partial") || !strings.HasPrefix(notice, ">") || !strings.Contains(notice, test.says) {
				t.Errorf("the report is not labelled: %q, %q", title, notice)
			}
		})
	}
}

func TestNothingReadableIsAFailure(t *testing.T) {
	t.Parallel()
	documents := folder(t, map[string]string{"empty.md": "", "blank.txt": " \n"})
	code, stdout, stderr := run(t, "research", "--data", t.TempDir(), "--docs", documents, hospitalTopic)
	if code != 3 || stdout != "" || !strings.Contains(stderr, "empty.md") || !strings.Contains(stderr, "blank.txt") {
		t.Errorf("exit code %d, standard output %q, error %q", code, stdout, stderr)
	}
}

func TestAnInterruptedRunIsCancelledAndKept(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	p := command(t, []string{modelLatency + "=300ms"}, "research", "--data", data, sampleRun.Topic)
	p.start(t)
	p.await(t, "?: done after") // the first gatherer
	interrupted := time.Now()
	p.interrupt(t)
	p.await(t, "  cancelled")
	if took := time.Since(interrupted); took > 2*time.Second {
		t.Errorf("the run was cancelled after %v", took)
	}
	if code := p.wait(t); code != 130 || p.stdout.String() != "" || !strings.Contains(p.stderr.String(), "kept") {
		t.Errorf("exit code %d, standard output %q, standard error\n%s", code, p.stdout, p.stderr)
	}
	server := up(t, data, nil)
	runs, err := server.ListResearchWithResponse(t.Context(), &client.ListResearchParams{})
	if err := client.Check(runs, err); err != nil || len(runs.JSON200.Runs) != 1 || runs.JSON200.Runs[0].Status != client.StatusCancelled {
		t.Fatalf("runs %s, error %v", runs.Body, err)
	}
	evidence, err := server.GetEvidenceWithResponse(t.Context(), runs.JSON200.Runs[0].ID)
	if err := client.Check(evidence, err); err != nil || len(evidence.JSON200.Evidence) == 0 {
		t.Errorf("evidence %s, error %v", evidence.Body, err)
	}
}

func TestAnInterruptionWhileItStarts(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	p := start(t, "research", "--data", data, "a topic")
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(filepath.Join(data, "store.db")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the store was not opened")
		}
	}
	p.interrupt(t)
	if code := p.wait(t); code != 130 || p.stdout.String() != "" {
		t.Errorf("exit code %d, standard output %q, standard error\n%s", code, p.stdout, p.stderr)
	}
}
