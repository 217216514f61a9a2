//go:build !slim

package eval_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/analyst"
	"github.com/quaestor-run/quaestor/agents/coordinator"
	"github.com/quaestor-run/quaestor/agents/gatherer"
	"github.com/quaestor-run/quaestor/agents/reviewer"
	"github.com/quaestor-run/quaestor/agents/writer"
	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime"
	"github.com/quaestor-run/quaestor/runtime/provider"
	offlineprovider "github.com/quaestor-run/quaestor/runtime/provider/offline"
	"github.com/quaestor-run/quaestor/runtime/server/client"
)

// hasServer says that the Temporal server is in this binary.
const hasServer = true

// modelLatency is what a call to the model double takes.
const modelLatency = 300 * time.Millisecond

// benchTopic is the product's own example.
const benchTopic = "How is AI changing medical devices and care?"

// double answers as the offline model does, after a model's time.
type double struct {
	provider.Provider
	latency time.Duration
}

func (d double) Converse(ctx context.Context, req provider.Request) (provider.Response, error) {
	answered := time.NewTimer(d.latency) // thinking is part of a model's time
	defer answered.Stop()
	response, err := d.Provider.Converse(ctx, req)
	select {
	case <-answered.C:
		return response, err
	case <-ctx.Done():
		return provider.Response{}, &provider.Error{Class: provider.ClassCancelled, Provider: "double", Message: "cancelled", Err: ctx.Err()}
	}
}

func newDouble(b *testing.B, latency time.Duration) provider.Provider {
	b.Helper()
	roles := map[string]agents.Definition{}
	for _, role := range []runtime.Agent{coordinator.New(), gatherer.New(), analyst.New(), writer.New(), reviewer.New()} {
		definition, err := role.Define()
		if err != nil {
			b.Fatal(err)
		}
		roles[definition.Name] = definition
	}
	return double{offlineprovider.New(func(name string) (agents.Definition, bool) { d, ok := roles[name]; return d, ok }), latency}
}

// startRuntime runs everything in this process, on files.
func startRuntime(b *testing.B, providers map[string]provider.Provider, synchronous string) (*runtime.Runtime, *client.API) {
	b.Helper()
	config, err := configs.Load("", func(string) string { return "" })
	if err != nil {
		b.Fatal(err)
	}
	config.Temporal.Synchronous = synchronous
	config.Data, config.Server.Addr, config.Temporal.UIAddr = b.TempDir(), "127.0.0.1:0", ""
	config.Telemetry.LogLevel = "error"
	runtime.TuneMemory(os.Getenv, runtime.EasyHeap) // as the binary does
	r, err := runtime.New(b.Context(), runtime.Options{Config: config, Embedded: true, Providers: providers, LogOutput: io.Discard})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := r.Close(); err != nil {
			b.Error(err)
		}
	})
	api, err := client.Connect(r.URL(), "", nil)
	if err != nil {
		b.Fatal(err)
	}
	return r, api
}

// runResearch starts a run on the samples and waits for its end. It gives the
// labels of its model calls.
func runResearch(ctx context.Context, api *client.API) (id string, calls []string, err error) {
	answer, err := api.CreateResearchWithResponse(ctx, nil, client.ResearchRequest{
		Topic: benchTopic, Sources: client.Sources{Documents: []string{runtime.SampleCorpus}},
	})
	if err := client.Check(answer, err); err != nil {
		return "", nil, err
	}
	id = answer.JSON202.ID
	for event, err := range api.Events(ctx, id, 0) {
		if err != nil {
			return id, calls, err
		}
		switch event.Type {
		case "model.call":
			_, label, _ := strings.Cut(string(event.Data), `"label":"`)
			label, _, _ = strings.Cut(label, `"`)
			calls = append(calls, label)
		case client.EventEnd:
			if !strings.Contains(string(event.Data), "completed") {
				return id, calls, fmt.Errorf("run %s ended as %s", id, event.Data)
			}
		}
	}
	return id, calls, nil
}

// criticalPath is how long the calls of a run take when nothing else does: those
// of one question follow each other, three questions run at a time, and
// everything else is a chain.
func criticalPath(calls []string) time.Duration {
	const places = 3
	byQuestion := map[int]int{}
	chain := 0
	for _, label := range calls {
		if _, rest, ok := strings.Cut(label, " · question "); ok {
			number, _, _ := strings.Cut(rest, " ")
			n, _ := strconv.Atoi(number)
			byQuestion[n]++
			continue
		}
		chain++
	}
	free := make([]int, places)
	for n := 1; n <= len(byQuestion); n++ {
		slices.Sort(free)
		free[0] += byQuestion[n]
	}
	return time.Duration(chain+slices.Max(free)) * modelLatency
}

// BenchmarkRunWithModel measures what a run takes beyond the calls it must wait
// for, by when Temporal's steps are on the disk.
func BenchmarkRunWithModel(b *testing.B) {
	for _, synchronous := range []string{"normal", "full"} {
		b.Run(synchronous, func(b *testing.B) { benchRunWithModel(b, synchronous) })
	}
}

func benchRunWithModel(b *testing.B, synchronous string) {
	b.Helper()
	_, api := startRuntime(b, map[string]provider.Provider{"offline": newDouble(b, modelLatency)}, synchronous)
	if _, _, err := runResearch(b.Context(), api); err != nil { // warms indexes
		b.Fatal(err)
	}
	var worst, wall, path float64
	for b.Loop() {
		started := time.Now()
		_, calls, err := runResearch(b.Context(), api)
		if err != nil {
			b.Fatal(err)
		}
		took, least := time.Since(started), criticalPath(calls)
		wall, path = wall+took.Seconds(), path+least.Seconds()
		worst = max(worst, 100*(took.Seconds()/least.Seconds()-1))
	}
	b.ReportMetric(wall/float64(b.N), "s/run")
	b.ReportMetric(path/float64(b.N), "critical-path-s/run")
	b.ReportMetric(worst, "%over-worst")
}

// BenchmarkManyRuns measures runs that are all started at once.
func BenchmarkManyRuns(b *testing.B) {
	const runs = 50
	_, api := startRuntime(b, nil, "normal")
	if _, _, err := runResearch(b.Context(), api); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		started := time.Now()
		var work sync.WaitGroup
		errs := make([]error, runs)
		for i := range runs {
			work.Go(func() { _, _, errs[i] = runResearch(b.Context(), api) })
		}
		work.Wait()
		for _, err := range errs {
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(runs/time.Since(started).Minutes(), "runs/min")
	}
	b.ReportMetric(peakOf(b, "self"), "MB-peak")
}

// BenchmarkHistory measures what a run leaves in Temporal, children included,
// when it is alone and when it is one of a hundred.
func BenchmarkHistory(b *testing.B) {
	for _, runs := range []int{1, 100} {
		b.Run(fmt.Sprintf("runs=%d", runs), func(b *testing.B) {
			r, api := startRuntime(b, nil, "normal")
			for b.Loop() {
				var work sync.WaitGroup
				for range runs {
					work.Go(func() {
						if _, _, err := runResearch(b.Context(), api); err != nil {
							b.Error(err)
						}
					})
				}
				work.Wait()
			}
			events, bytes := histories(b, r)
			ran := float64(runs * b.N)
			b.ReportMetric(float64(events)/ran, "events/run")
			b.ReportMetric(float64(bytes)/ran/1024, "KiB/run")
		})
	}
}

// histories sums length and size over every workflow of the server.
func histories(b *testing.B, r *runtime.Runtime) (events, bytes int64) {
	b.Helper()
	var page []byte
	for {
		list, err := r.Temporal().ListWorkflow(b.Context(), &workflowservice.ListWorkflowExecutionsRequest{PageSize: 500, NextPageToken: page})
		if err != nil {
			b.Fatal(err)
		}
		for _, execution := range list.GetExecutions() {
			events += execution.GetHistoryLength()
			bytes += execution.GetHistorySizeBytes()
		}
		if page = list.GetNextPageToken(); len(page) == 0 {
			return events, bytes
		}
	}
}
