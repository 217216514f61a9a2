package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"

	"go.temporal.io/sdk/client"
	"go.uber.org/zap"
	"golang.org/x/term"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/summarizer"
	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/runtime/corpus"
	"github.com/quaestor-run/quaestor/runtime/devserver"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/summarize"
	"github.com/quaestor-run/quaestor/runtime/telemetry"
	"github.com/quaestor-run/quaestor/tools"
)

// Runtime is a running Quaestor. Make one with [New], end it with Close.
type Runtime struct {
	options   Options
	data      string
	telemetry *telemetry.Telemetry
	logger    *zap.Logger
	store     store.Store
	ledger    ledger.Ledger
	corpora   *corpus.Corpora
	gateway   *gateway.Gateway
	summaries *summarize.Summarizer
	agents    map[string]agents.Definition
	tools     map[string]tools.Tool
	workflows []Workflow
	pages     activity.Pages // nil while the web is off
	temporal  client.Client
	namespace string
	embedded  *devserver.Server // nil with a Temporal of somebody else's
	listener  net.Listener
	failed    chan error // holds the first failure that ends the runtime
	closers   []closer
}

type closer struct {
	name  string
	close func() error
}

// New opens everything and starts the parts that the options want: from then on
// runs are worked on and the API answers. What was opened before an error is
// closed again.
func New(ctx context.Context, options Options) (*Runtime, error) {
	r := &Runtime{options: options, failed: make(chan error, 1)}
	if err := r.start(ctx); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Run is New, a wait for the context or for the API to fail, and Close.
func Run(ctx context.Context, options Options) error {
	r, err := New(ctx, options)
	if err != nil {
		return err
	}
	return r.Wait(ctx)
}

// Wait keeps the runtime running until the context ends or the runtime fails,
// and closes it.
func (r *Runtime) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return r.Close()
	case err := <-r.failed:
		return errors.Join(err, r.Close())
	}
}

// Failed gives the error with which the runtime can no longer work, such as a
// full disk; the caller then closes it. It is for callers who do not [Runtime.Wait].
func (r *Runtime) Failed() <-chan error { return r.failed }

func (r *Runtime) fail(err error) {
	select {
	case r.failed <- err:
	default: // another failure was first
	}
}

func (r *Runtime) start(ctx context.Context) error {
	var err error
	if r.data, err = DataFolder(r.options.Config); err != nil {
		return err
	}
	if err := r.startTelemetry(); err != nil {
		return err
	}
	if err := r.listen(ctx); err != nil { // first, so that a taken port costs nothing
		return err
	}
	if err := r.openFolder(ctx); err != nil {
		return err
	}
	if err := r.openStorage(ctx); err != nil {
		return err
	}
	if err := r.register(ctx); err != nil {
		return err
	}
	if r.options.GatewayOnly {
		return r.startServer(ctx)
	}
	if err := r.connect(ctx); err != nil {
		return err
	}
	if !r.options.APIOnly {
		if err := r.startWorker(ctx); err != nil {
			return err
		}
	}
	if !r.options.WorkerOnly {
		return r.startServer(ctx)
	}
	return nil
}

func (r *Runtime) startTelemetry() error {
	config := r.options.Config.Telemetry
	output := r.options.LogOutput
	if output == nil {
		output = os.Stderr
	}
	var err error
	r.telemetry, err = telemetry.New(telemetry.Options{
		LogLevel: config.LogLevel, LogFormat: logFormat(config.LogFormat, output), OTLPEndpoint: config.OTLPEndpoint,
		Output: output, ServiceVersion: r.options.Version,
	})
	if err != nil {
		return fmt.Errorf("starting telemetry: %w", err)
	}
	r.logger = r.telemetry.Logger()
	r.onClose("telemetry", func() error { return r.telemetry.Shutdown(context.Background()) })
	return nil
}

// logFormat settles "auto": readable on a terminal, JSON for machines.
func logFormat(configured string, output io.Writer) string {
	if configured != "auto" {
		return configured
	}
	if file, ok := output.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return telemetry.FormatConsole
	}
	return telemetry.FormatJSON
}

// register brings tools, agents and workflows together and makes the gateway
// that serves their models.
func (r *Runtime) register(ctx context.Context) error {
	r.corpora = r.newCorpora()
	r.onClose("corpora", r.corpora.Close)
	outside, err := r.reachWeb()
	if err != nil {
		return fmt.Errorf("reaching the web: %w", err)
	}
	if outside.pages != nil {
		r.pages = outside.pages
	}
	databases, err := r.openDatabases()
	if err != nil {
		return err
	}
	builtin, err := builtinTools(r.corpora, corpus.Shelf{Runs: r.store}, databases, outside, r.language())
	if err != nil {
		return err
	}
	if r.tools, err = nameTools(append(builtin, r.options.Tools...)); err != nil {
		return fmt.Errorf("registering tools: %w", err)
	}
	if r.agents, err = defineAgents(append(builtinAgents(), r.options.Agents...), r.tools); err != nil {
		return fmt.Errorf("registering agents: %w", err)
	}
	if err := r.joinMCP(ctx); err != nil {
		return fmt.Errorf("connecting to MCP servers: %w", err)
	}
	r.workflows = append(builtinWorkflows(), r.options.Workflows...)
	if err := checkWorkflows(r.workflows); err != nil {
		return fmt.Errorf("registering workflows: %w", err)
	}
	if r.gateway, err = r.newGateway(ctx); err != nil {
		return err
	}
	r.sweep(ctx)
	routes := r.options.Config.Models
	r.summaries = summarize.New(summarize.Options{
		Models: r.gateway, Agent: r.agents[summarizer.Name], Model: cmp.Or(routes.Agents[summarizer.Name], routes.Default),
	})
	return nil
}

// Temporal is the client by which workflows of one's own are started.
func (r *Runtime) Temporal() client.Client { return r.temporal }

// TaskQueue is the queue of the runtime's workers.
func (r *Runtime) TaskQueue() string { return r.options.Config.Temporal.TaskQueue }

// URL is where the API answers; empty without one.
func (r *Runtime) URL() string {
	if r.listener == nil {
		return ""
	}
	return "http://" + r.listener.Addr().String()
}

// TemporalUI is where the embedded Temporal UI answers; empty without one.
func (r *Runtime) TemporalUI() string {
	if r.embedded == nil {
		return ""
	}
	return r.embedded.UIURL()
}

// Logger is the runtime's log.
func (r *Runtime) Logger() *zap.Logger { return r.logger }

func (r *Runtime) onClose(name string, closing func() error) {
	r.closers = append(r.closers, closer{name, closing})
}

// Close drains and closes everything, last opened first. Runs that are under
// way go on when the runtime is started again.
func (r *Runtime) Close() error {
	var errs []error
	for _, c := range slices.Backward(r.closers) {
		if err := c.close(); err != nil {
			errs = append(errs, fmt.Errorf("closing %s: %w", c.name, err))
		}
	}
	r.closers = nil
	return errors.Join(errs...)
}

var _ server.Ingester = (*corpus.Corpora)(nil)
