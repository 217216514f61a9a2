//go:build !slim && unix

package devserver_test

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.temporal.io/sdk/client"

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
