package documents

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// library makes a library of about the given number of bytes in 300 documents,
// out of the real abstracts.
func library(b *testing.B, bytes int) (sources []Source, queries []string) {
	b.Helper()
	questions, abstracts := readQuestions(b)
	for i := range 300 {
		var text strings.Builder
		var segments []Segment
		for j := 0; text.Len() < bytes/300; j++ {
			part := abstracts[(i*37+j)%len(abstracts)].Text
			segment := Segment{Heading: fmt.Sprintf("Part %d", j)}
			for paragraph := range strings.SplitSeq(part, "\n\n") {
				segment.Blocks = append(segment.Blocks, Block{Start: text.Len(), End: text.Len() + len(paragraph)})
				text.WriteString(paragraph + "\n\n")
			}
			segments = append(segments, segment)
		}
		sources = append(sources, Source{ID: fmt.Sprintf("d_%03d", i), Title: fmt.Sprintf("Volume %d", i), Text: text.String(), Segments: segments})
	}
	for _, q := range questions {
		queries = append(queries, q.Question)
	}
	slices.Sort(queries)
	return sources, queries
}

func BenchmarkIndexBuild(b *testing.B) {
	sources, _ := library(b, 20<<20)
	b.SetBytes(20 << 20)
	var index *Index
	for b.Loop() {
		var err error
		if index, err = NewIndex(b.Context(), sources); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(index.passages)-index.Len()), "passages")
}

// BenchmarkIndexMemory reports what an index of about 100 000 passages holds,
// its texts included.
func BenchmarkIndexMemory(b *testing.B) {
	for b.Loop() {
		before := heapBytes()
		sources, _ := library(b, 95<<20)
		index, err := NewIndex(b.Context(), sources)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(heapBytes()-before)/(1<<20), "MB")
		b.ReportMetric(float64(index.Size())/(1<<20), "MB-claimed")
		b.ReportMetric(float64(len(index.passages)-index.Len()), "passages")
		runtime.KeepAlive(sources)
	}
}

func heapBytes() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func BenchmarkSearch(b *testing.B) {
	sources, queries := library(b, 20<<20)
	index, err := NewIndex(b.Context(), sources)
	if err != nil {
		b.Fatal(err)
	}
	var times []time.Duration
	for i := 0; b.Loop(); i++ {
		start := time.Now()
		if _, err := index.Search(b.Context(), Query{Text: queries[i%len(queries)]}); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)*95/100].Microseconds())/1000, "ms-p95")
}

func BenchmarkReadTable(b *testing.B) {
	var text strings.Builder
	text.WriteString("id,date,name,amount,share\n")
	for i := range 100_000 {
		fmt.Fprintf(&text, "%d,%02d/%02d/2021,\"Name, no. %d\",\"%d,%03d\",%d.5%%\n", i, i%12+1, i%28+1, i%1000, i%900+1, i%1000, i%100)
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		if _, err := ReadTable(TableSource{Text: text.String()}, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
