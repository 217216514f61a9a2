//go:build !slim && unix

package devserver_test

import (
	"context"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/quaestor-run/quaestor/runtime/devserver"
)

// BenchmarkReady is the time from nothing to a server that takes workflows.
func BenchmarkReady(b *testing.B) {
	for _, where := range []string{"memory", "file"} {
		b.Run(where, func(b *testing.B) {
			for b.Loop() {
				opts := devserver.Options{SearchAttributes: attributes()}
				if where == "file" {
					opts.File = filepath.Join(b.TempDir(), "temporal.db")
				}
				server, err := devserver.Start(b.Context(), opts)
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				server.Stop()
				b.StartTimer()
			}
		})
	}
}

// Benchmark100Activities is one workflow with a hundred activities in a row.
func Benchmark100Activities(b *testing.B) {
	for _, where := range []string{"memory", "file-" + devserver.SynchronousNormal, "file-" + devserver.SynchronousFull} {
		b.Run(where, func(b *testing.B) {
			opts := devserver.Options{}
			if synchronous, file := strings.CutPrefix(where, "file-"); file {
				opts.File, opts.Synchronous = filepath.Join(b.TempDir(), "temporal.db"), synchronous
			}
			c := dial(b, start(b, opts))
			work(b, c, queue)
			i := 0
			for b.Loop() {
				i++
				run, err := c.ExecuteWorkflow(b.Context(), client.StartWorkflowOptions{ID: "row-" + strconv.Itoa(i), TaskQueue: queue}, "InARow", 100)
				if err != nil {
					b.Fatal(err)
				}
				if err := run.Get(b.Context(), nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSteps is what Temporal alone takes for the steps that a research run
// is made of, where each follows a pause as long as a model's answer: an
// activity, and an activity after a child workflow that does nothing.
func BenchmarkSteps(b *testing.B) {
	const (
		steps = 20
		pause = 300 * time.Millisecond
	)
	for _, child := range []bool{false, true} {
		name := map[bool]string{false: "activity", true: "child-and-activity"}[child]
		b.Run(name, func(b *testing.B) {
			c := dial(b, start(b, devserver.Options{File: filepath.Join(b.TempDir(), "temporal.db"), Synchronous: devserver.SynchronousNormal}))
			w := worker.New(c, queue, worker.Options{})
			w.RegisterWorkflowWithOptions(pauses, workflow.RegisterOptions{Name: "Pauses"})
			w.RegisterWorkflowWithOptions(func(workflow.Context) error { return nil }, workflow.RegisterOptions{Name: "Nothing"})
			w.RegisterActivityWithOptions(func(_ context.Context, d time.Duration) error { time.Sleep(d); return nil }, activity.RegisterOptions{Name: "Pause"})
			if err := w.Start(); err != nil {
				b.Fatal(err)
			}
			b.Cleanup(w.Stop)
			for b.Loop() {
				run, err := c.ExecuteWorkflow(b.Context(), client.StartWorkflowOptions{TaskQueue: queue}, "Pauses", steps, pause, child)
				if err != nil {
					b.Fatal(err)
				}
				if err := run.Get(b.Context(), nil); err != nil {
					b.Fatal(err)
				}
			}
			perRun := b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(float64(perRun-steps*pause)/steps/1e6, "ms/step")
		})
	}
}

func pauses(ctx workflow.Context, steps int, pause time.Duration, child bool) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	for range steps {
		if child {
			if err := workflow.ExecuteChildWorkflow(ctx, "Nothing").Get(ctx, nil); err != nil {
				return err
			}
		}
		if err := workflow.ExecuteActivity(ctx, "Pause", pause).Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}
