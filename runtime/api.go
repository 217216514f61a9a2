package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/configs/samples"
	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/runtime/audit"
	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/workflows"
)

// The corpora that exist without anybody's doing: uploads that name none go into
// the first, the sample documents into the second.
const (
	DefaultCorpus = "default"
	SampleCorpus  = "samples"
)

// listen takes the API's address.
func (r *Runtime) listen(ctx context.Context) error {
	if r.options.WorkerOnly {
		return nil
	}
	addr := r.options.Config.Server.Addr
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listening for the API on %s: %w; choose another address with --addr", addr, err)
	}
	r.listener = listener
	r.onClose("API listener", func() error {
		if err := listener.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	return nil
}

// startServer serves the API until the runtime is closed.
func (r *Runtime) startServer(ctx context.Context) error {
	keys, err := r.store.Keys(ctx)
	if err != nil {
		return fmt.Errorf("looking for API keys: %w", err)
	}
	if err := server.CheckBind(r.options.Config.Server.Addr, len(keys) > 0); err != nil {
		return err
	}
	var workflowEngine server.Engine
	if !r.options.GatewayOnly {
		if err := r.ingestSamples(ctx); err != nil {
			return err
		}
		workflowEngine = engine{r.temporal, r.options.Config.Temporal.TaskQueue}
		if r.embedded != nil {
			workflowEngine = durable{workflowEngine, r.embedded.Flush}
		}
	}
	config := r.options.Config
	api, err := server.New(server.Options{
		Store: r.store, Engine: workflowEngine, Models: r.gateway, Ledger: r.ledger, Summaries: r.summaries,
		Documents: r.corpora, Search: r.corpora, Usage: r.gateway.Usage,
		RenderDraft: func(_ context.Context, draft agents.Draft, evidence []agents.Evidence) (string, error) {
			return activity.Markdown(draft, evidence)
		},
		RenderReport: func(ctx context.Context, run, form string, changes bool) ([]byte, error) {
			return activity.RenderReport(ctx, r.store, run, form, changes)
		},
		Audit: func(ctx context.Context, w io.Writer, run string) error {
			_, err := audit.Archive{Store: r.store, Ledger: r.ledger, MadeBy: "quaestor " + r.options.Version}.Write(ctx, w, run)
			return err
		},
		RenderChart: func(ctx context.Context, run string, number int, form string) ([]byte, error) {
			return activity.RenderChart(ctx, r.store, run, number, form)
		},
		Metrics: r.telemetry.MetricsHandler(), Logger: r.logger.Named("api"), TracerProvider: r.telemetry.TracerProvider(),
		Defaults: server.Defaults{
			Sources:     []string{SampleCorpus},
			Budget:      workflows.Budget{Tokens: config.Research.Budget.Tokens, NanoUSD: int64(config.Research.Budget.USD)},
			Unsupported: config.Research.Unsupported, CitationStyle: config.Research.CitationStyle, Template: config.Research.Template, Corpus: DefaultCorpus, Iterations: &config.Research.MaxIterations,
		},
		Templates:    templateStyles(config.Templates),
		Limits:       server.Limits{Body: config.Limits.BodyBytes, File: config.Limits.DocumentBytes},
		DrainTimeout: config.Server.DrainTimeout,
		Version:      r.options.Version,
	})
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := api.Serve(serving, r.listener); err != nil {
			r.fail(fmt.Errorf("serving the API: %w", err))
		}
	}()
	r.onClose("API", func() error { stop(); <-done; return nil })
	return nil
}

// ingestSamples keeps the documents that ship with the binary in a corpus of
// their own. What is there already costs nothing.
func (r *Runtime) ingestSamples(ctx context.Context) error {
	documents := samples.FS()
	err := fs.WalkDir(documents, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(documents, path)
		if err != nil {
			return err
		}
		_, err = r.corpora.Ingest(ctx, SampleCorpus, path, bytes.NewReader(text))
		return err
	})
	if err != nil {
		return fmt.Errorf("reading the sample documents: %w", err)
	}
	return nil
}
