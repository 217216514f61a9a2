//go:build !slim && unix

package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/server/client"
)

// says checks that a text holds others.
func says(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in:\n%s", part, text)
		}
	}
}

// encryptedPDF asks for a password that nobody has.
func encryptedPDF() string {
	var pdf bytes.Buffer
	pdf.WriteString("%PDF-1.4\n")
	objects := []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 1/Kids[3 0 R]>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 842]>>"}
	var table strings.Builder
	for i, object := range objects {
		fmt.Fprintf(&table, "%010d 00000 n \n", pdf.Len())
		fmt.Fprintf(&pdf, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	key := strings.Repeat("A1", 32)
	fmt.Fprintf(&pdf, "xref\n0 4\n0000000000 65535 f \n%strailer\n<</Size 4/Root 1 0 R/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>>>\nstartxref\n%d\n%%%%EOF\n",
		table.String(), key, key, pdf.Len())
	return pdf.String()
}

// TestBadDocumentsAreNamedAndTheOthersRead gives one good document among every
// kind of bad one.
func TestBadDocumentsAreNamedAndTheOthersRead(t *testing.T) {
	t.Parallel()
	documents := folder(t, hospitals)
	for name, text := range map[string]string{
		"empty.md": "", "locked.pdf": encryptedPDF(), "broken.pdf": "%PDF-1.4 and no more", "noise.txt": "\x00\x01\x02\xff\xfe\x00",
		"ragged.csv": "year,hospitals\n2019,3\n2020\n2021,4,5,6\n2022,7\n2023,9\n",
	} {
		if err := os.WriteFile(filepath.Join(documents, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const huge = 200 << 20
	for _, err := range []error{
		os.WriteFile(filepath.Join(documents, "huge.md"), nil, 0o644), os.Truncate(filepath.Join(documents, "huge.md"), huge),
		syscall.Mkfifo(filepath.Join(documents, "pipe.md"), 0o644), os.Symlink("/nowhere", filepath.Join(documents, "link.md")),
		os.Mkdir(filepath.Join(documents, "folder.md"), 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	p := start(t, "research", "--json", "--data", t.TempDir(), "--docs", documents, hospitalTopic)
	if code := p.wait(t); code != 0 {
		t.Fatalf("exit code %d, standard error:\n%s", code, p.stderr)
	}
	said := map[string]string{}
	for line := range strings.Lines(p.stderr.String()) {
		if rest, ok := strings.CutPrefix(line, "left out: "); ok {
			name, why, _ := strings.Cut(rest, ": ")
			said[filepath.Base(name)] = why
		}
	}
	printed := decode[result](t, p.stdout.String())
	_, limitations, _ := strings.Cut(printed.Report.Markdown, "## Limitations")
	for name, why := range map[string]string{
		"empty.md": "empty", "locked.pdf": "encrypted", "broken.pdf": "damaged", "noise.txt": "binary", "huge.md": "larger",
	} {
		says(t, said[name], why)
		says(t, limitations, "“"+name+"”")
	}
	says(t, said["pipe.md"], "pipe")
	says(t, said["link.md"], "no such file")
	says(t, limitations, "“Ragged”, 2 rows were left out")
	cited := map[string]bool{}
	for _, evidence := range printed.Evidence {
		cited[evidence.Source.URI] = true
	}
	if !cited["adoption.md"] || !cited["harms.html"] || !cited["notes/sites.csv"] {
		t.Errorf("the good documents were not all read: %v", cited)
	}
	if usage, ok := p.cmd.ProcessState.SysUsage().(*syscall.Rusage); ok && residentBytes(usage) > 5*huge/2 { // the reader of PDFs alone takes its equal
		t.Errorf("the process held %d MB", residentBytes(usage)>>20)
	}
}

func TestAFileThatMayNotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("left out as root, who may read every file")
	}
	documents := folder(t, hospitals)
	for _, name := range []string{"harms.html", "notes"} {
		if err := os.Chmod(filepath.Join(documents, name), 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(documents, "notes"), 0o755) })
	code, _, stderr := run(t, "research", "--data", t.TempDir(), "--docs", documents, hospitalTopic)
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	says(t, stderr, "harms.html", "notes", "permission denied")
}

func TestBadTopicsAreRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long ", 20_000)
	code, stdout, stderr := run(t, "research", "--data", t.TempDir(), long)
	if code != 2 || stdout != "" {
		t.Errorf("exit code %d, standard output %q", code, stdout)
	}
	says(t, stderr, "topic", "100000", "2000")
	server := up(t, t.TempDir(), nil)
	for name, topic := range map[string]string{"empty": "", "blank": " \n\t", "100 kB": long, "one too many": strings.Repeat("é", maxTopic+1)} {
		answer, err := server.CreateResearchWithResponse(t.Context(), &client.CreateResearchParams{}, client.ResearchRequest{Topic: topic})
		if err != nil || answer.StatusCode() != http.StatusUnprocessableEntity {
			t.Fatalf("%s: %v, %s", name, err, answer.Body)
		}
		if field := answer.ApplicationProblemJSONDefault.Errors; len(field) != 1 || field[0].Field != "/topic" {
			t.Errorf("%s: %s", name, answer.Body)
		}
	}
	server.research(t, client.ResearchRequest{Topic: strings.Repeat("é", maxTopic), Sources: sampleRun.Sources})
}

func TestATakenPortIsNamed(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.Addr().String()
	for name, args := range map[string][]string{
		"API":         {"--addr", addr, "--temporal-ui", ""},
		"Temporal UI": {"--addr", "127.0.0.1:0", "--temporal-ui", addr},
	} {
		code, _, stderr := run(t, append([]string{"up", "--data", t.TempDir()}, args...)...)
		if code != 3 {
			t.Errorf("%s: exit code %d", name, code)
		}
		says(t, stderr, name, addr, "address already in use", "another")
	}
}

func TestWhatCannotBeReachedIsNamed(t *testing.T) {
	t.Parallel()
	nobody := freeAddress(t)
	for _, test := range []struct {
		args        []string
		environment string
		says        []string
	}{
		{[]string{"worker"}, "TEMPORAL_ADDRESS=" + nobody, []string{"Temporal", nobody, "TEMPORAL_ADDRESS"}},
		{[]string{"api", "--addr", "127.0.0.1:0"}, "TEMPORAL_ADDRESS=" + nobody, []string{"Temporal", nobody, "TEMPORAL_ADDRESS"}},
		{[]string{"setup"}, "TEMPORAL_ADDRESS=" + nobody, []string{"Temporal", nobody, "TEMPORAL_ADDRESS"}},
		{[]string{"up"}, "QUAESTOR_DATABASE_URL=postgres://quaestor@" + nobody + "/quaestor", []string{"store", nobody}},
		{[]string{"research", "a topic", "--server", "http://" + nobody}, "", []string{nobody, "quaestor up"}},
	} {
		p := command(t, []string{test.environment}, append(test.args, "--data", t.TempDir())...)
		started := time.Now()
		p.start(t)
		if code := p.wait(t); code != 3 || p.stdout.String() != "" {
			t.Errorf("%v: exit code %d, standard output %q", test.args, code, p.stdout)
		}
		says(t, p.stderr.String(), test.says...)
		if took := time.Since(started); took > 20*time.Second {
			t.Errorf("%v: it took %v to say so", test.args, took)
		}
	}
}

// TestAFullDisk fills the disk in the middle of a run, and frees it again.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, "64m")
	args := []string{"research", "--data", filepath.Join(disk, "data"), sampleRun.Topic}
	p := command(t, []string{modelLatency + "=1s"}, args...)
	p.start(t)
	p.await(t, "planned")
	filler := filepath.Join(disk, "filler")
	fill(t, filler)
	if code := p.wait(t); code != 3 || p.stdout.String() != "" {
		t.Errorf("exit code %d, standard output %q", code, p.stdout)
	}
	says(t, p.stderr.String(), "no space left", filepath.Join(disk, "data"), "free some space", "goes on at the next start")

	code, _, stderr := run(t, args...)
	if code != 3 {
		t.Errorf("started on a full disk: exit code %d", code)
	}
	says(t, stderr, "no space left", filepath.Join(disk, "data"), "--data")

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := run(t, args...)
	if code != 0 || !strings.HasPrefix(stdout, "# ") {
		t.Errorf("exit code %d, standard error:\n%s", code, stderr)
	}
	says(t, stderr, "going on with run")
}
