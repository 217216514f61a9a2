package corpus_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/corpus"
	"github.com/quaestor-run/quaestor/runtime/store/sqlite"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/documents"
)

// open opens corpora on a file.
func open(tb testing.TB, dir string) *corpus.Corpora {
	tb.Helper()
	kept, err := sqlite.Open(tb.Context(), filepath.Join(dir, "store.db"))
	if err != nil {
		tb.Fatal(err)
	}
	c := corpus.New(kept, corpus.Options{CacheDir: filepath.Join(dir, "cache")})
	tb.Cleanup(func() {
		if err := c.Close(); err != nil {
			tb.Error(err)
		}
		if err := kept.Close(); err != nil {
			tb.Error(err)
		}
	})
	return c
}

func ingestAll(tb testing.TB, c *corpus.Corpora, files map[string]string) {
	tb.Helper()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if _, err := c.Ingest(tb.Context(), corpus.Default, name, strings.NewReader(files[name])); err != nil {
			tb.Fatal(err)
		}
	}
}

// timed gives the 95th percentile of the time of many searches.
func timed(tb testing.TB, c *corpus.Corpora, questions []string) time.Duration {
	tb.Helper()
	times := make([]time.Duration, 0, len(questions))
	for _, question := range questions {
		started := time.Now()
		found, err := c.Search(tb.Context(), tools.Scope{}, documents.Query{Text: question})
		if err != nil || len(found.Hits) == 0 {
			tb.Fatalf("%s: %d hits, %v", question, len(found.Hits), err)
		}
		times = append(times, time.Since(started))
	}
	slices.Sort(times)
	return times[len(times)*95/100]
}

// BenchmarkCorpus takes 300 documents of 20 MB in many formats in, on a file,
// indexes them, and asks. Each figure that is promised fails it when it is
// missed.
func BenchmarkCorpus(b *testing.B) {
	files := library(b, 300, 20<<20)
	_, questions := abstracts(b)
	for b.Loop() {
		c := open(b, b.TempDir())
		started := time.Now()
		ingestAll(b, c, files)
		read := time.Since(started)
		if _, err := c.Search(b.Context(), tools.Scope{}, documents.Query{Text: questions[0]}); err != nil {
			b.Fatal(err)
		}
		indexed := time.Since(started)
		p95 := timed(b, c, questions)
		started = time.Now()
		ingestAll(b, c, files)
		again := time.Since(started)
		b.ReportMetric(read.Seconds(), "s-read")
		b.ReportMetric(indexed.Seconds(), "s-indexed")
		b.ReportMetric(float64(p95.Microseconds())/1000, "ms-p95")
		b.ReportMetric(again.Seconds(), "s-again")
		if indexed > 20*time.Second || p95 > 20*time.Millisecond {
			b.Errorf("indexed in %s (20 s are promised), answers in %s (20 ms)", indexed, p95)
		}
	}
}

// memoryData names, to a process of this test, the folder whose corpus it is to
// index.
const memoryData = "QUAESTOR_TEST_CORPUS_DATA"

// BenchmarkCorpusMemory has a process of its own index 100 000 passages and
// answer questions, and reports the most memory it had.
func BenchmarkCorpusMemory(b *testing.B) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		b.Skipf("left out: %v", err)
	}
	dir := b.TempDir()
	texts, _ := abstracts(b)
	reader := documents.NewExtractor(documents.ExtractorOptions{})
	files := map[string]string{}
	passages := 0
	for i := 0; passages < 100_000; i++ {
		name := fmt.Sprintf("%05d.md", i)
		files[name] = markdownOf(b, fmt.Sprintf("Volume %d", i), chapters(texts, i, 70<<10))
		read, err := reader.Extract(b.Context(), name, "", []byte(files[name]))
		if err != nil {
			b.Fatal(err)
		}
		passages += len(documents.Passages(read.Text, read.Segments))
	}
	ingestAll(b, open(b, dir), files)
	for b.Loop() {
		resident, took := indexElsewhere(b, dir)
		b.ReportMetric(float64(resident)/(1<<20), "MB-resident")
		b.ReportMetric(took.Seconds(), "s-open")
		b.ReportMetric(float64(passages), "passages")
		if resident > 500<<20 {
			b.Errorf("%d MB of resident memory; 500 are promised", resident>>20)
		}
	}
}

func indexElsewhere(b *testing.B, dir string) (resident int64, took time.Duration) {
	b.Helper()
	started := time.Now()
	command := exec.CommandContext(context.WithoutCancel(b.Context()), os.Args[0], "-test.run=^TestIndexProcess$", "-test.v")
	command.Env = append(os.Environ(), memoryData+"="+dir)
	output, err := command.CombinedOutput()
	if err != nil {
		b.Fatalf("the process that indexes: %v\n%s", err, output)
	}
	_, line, ok := bytes.Cut(output, []byte("resident kB: "))
	if !ok {
		b.Fatalf("the process that indexes told nothing:\n%s", output)
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	kb, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return kb << 10, time.Since(started)
}

// TestIndexProcess is the process of [BenchmarkCorpusMemory].
func TestIndexProcess(t *testing.T) {
	dir := os.Getenv(memoryData)
	if dir == "" {
		t.Skip("a process of BenchmarkCorpusMemory, and nothing by itself")
	}
	c := open(t, dir)
	_, questions := abstracts(t)
	t.Logf("p95 %s", timed(t, c, questions))
	status, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if kb, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			fmt.Println("resident kB:", strings.TrimSuffix(strings.TrimSpace(kb), " kB"))
		}
	}
}
