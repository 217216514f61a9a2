package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/quaestor-run/quaestor/agents/writer"
	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/runtime/devserver"
	"github.com/quaestor-run/quaestor/workflows"
)

// dialTimeout bounds the wait for a Temporal that may not be there.
const dialTimeout = 15 * time.Second

// clientOptions says where Temporal is: what the configuration leaves empty
// comes from Temporal's own environment configuration.
func clientOptions(config configs.Temporal) (client.Options, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return client.Options{}, fmt.Errorf("reading Temporal's environment configuration: %w", err)
	}
	if config.Address != "" {
		options.HostPort = config.Address
	}
	if config.Namespace != "" {
		options.Namespace = config.Namespace
	}
	if options.HostPort == "" {
		options.HostPort = client.DefaultHostPort
	}
	if options.Namespace == "" {
		options.Namespace = client.DefaultNamespace
	}
	return options, nil
}

// connect starts the embedded Temporal server or dials an existing one.
func (r *Runtime) connect(ctx context.Context) error {
	options := client.Options{Namespace: devserver.DefaultNamespace}
	if r.options.Embedded {
		server, err := r.startEmbedded(ctx)
		if err != nil {
			return err
		}
		options.HostPort = server.HostPort()
		options.ConnectionOptions.GrpcCompression = &client.GrpcCompressionNone{} // nothing travels
	} else {
		var err error
		if options, err = clientOptions(r.options.Config.Temporal); err != nil {
			return err
		}
	}
	if err := r.telemetry.TemporalOptions(&options); err != nil {
		return fmt.Errorf("tracing Temporal: %w", err)
	}
	temporal, err := dial(ctx, options)
	if err != nil {
		return err
	}
	r.temporal, r.namespace = temporal, options.Namespace
	r.onClose("Temporal client", func() error { temporal.Close(); return nil })
	return nil
}

func dial(ctx context.Context, options client.Options) (client.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	temporal, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("reaching Temporal at %s (namespace %s): %w; set temporal.address or TEMPORAL_ADDRESS, or use `quaestor up`, which brings its own",
			options.HostPort, options.Namespace, err)
	}
	return temporal, nil
}

func (r *Runtime) startEmbedded(ctx context.Context) (*devserver.Server, error) {
	server, err := devserver.Start(ctx, devserver.Options{
		File: filepath.Join(r.data, "temporal.db"), Synchronous: r.options.Config.Temporal.Synchronous, UIAddr: r.options.Config.Temporal.UIAddr,
		SearchAttributes: searchAttributes(), Logger: r.logger.Named("temporal"),
	})
	if err != nil {
		return nil, err
	}
	r.embedded = server
	r.onClose("embedded Temporal server", func() error { server.Stop(); return nil })
	return server, nil
}

func searchAttributes() map[string]enumspb.IndexedValueType {
	attributes := map[string]enumspb.IndexedValueType{}
	for _, key := range workflows.SearchAttributes() {
		attributes[key.GetName()] = key.GetValueType()
	}
	return attributes
}

// Setup registers the search attributes on an existing Temporal.
func Setup(ctx context.Context, config configs.Config) (string, error) {
	options, err := clientOptions(config.Temporal)
	if err != nil {
		return "", err
	}
	temporal, err := dial(ctx, options)
	if err != nil {
		return "", err
	}
	defer temporal.Close()
	if err := devserver.RegisterSearchAttributes(ctx, temporal, options.Namespace, searchAttributes()); err != nil {
		return "", fmt.Errorf("registering search attributes in namespace %s: %w", options.Namespace, err)
	}
	return options.Namespace, nil
}

// attributesKnown says whether the namespace knows every search attribute;
// setting an unknown one would hold up a workflow for good.
func (r *Runtime) attributesKnown(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	namespace, err := r.temporal.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: r.namespace})
	if err != nil {
		return false
	}
	known, err := r.temporal.GetSearchAttributes(ctx)
	if err != nil {
		return false
	}
	aliases := map[string]bool{}
	for name := range known.GetKeys() {
		aliases[name] = true
	}
	for _, alias := range namespace.GetConfig().GetCustomSearchAttributeAliases() {
		aliases[alias] = true
	}
	for name := range searchAttributes() {
		if !aliases[name] {
			return false
		}
	}
	return true
}

// startWorker registers everything and begins to poll.
func (r *Runtime) startWorker(ctx context.Context) error {
	settings := r.settings()
	if settings.Attributes = r.attributesKnown(ctx); !settings.Attributes {
		r.logger.Warn("The namespace lacks our search attributes; runs go without them. `quaestor setup` registers them.")
	}
	activities := activity.New(activity.Options{
		Store: r.store, Gateway: r.gateway, Sources: r.corpora, Agents: r.agents, Tools: r.tools,
		Summaries: r.summaries, Settings: settings, Logger: r.logger, Outside: r.options.Config.Web.Enabled || r.asksMCP(), Pages: r.pages,
		Templates: reportTemplates(r.options.Config.Templates),
	})
	polling := worker.New(r.temporal, r.options.Config.Temporal.TaskQueue, worker.Options{
		BuildID:                          r.options.Version, //nolint:staticcheck // without it the whole binary is hashed at each start
		MaxHeartbeatThrottleInterval:     time.Second,
		DeadlockDetectionTimeout:         10 * time.Second, // a busy machine is no deadlock
		WorkerStopTimeout:                r.options.Config.Server.DrainTimeout,
		MaxConcurrentActivityTaskPollers: 4,
		MaxConcurrentWorkflowTaskPollers: 4,
	})
	for _, w := range r.workflows {
		polling.RegisterWorkflowWithOptions(w.Func, workflow.RegisterOptions{Name: w.Name})
	}
	activities.Register(polling)
	if err := polling.Start(); err != nil {
		return errors.Join(errors.New("starting the worker"), err)
	}
	r.onClose("worker", func() error { polling.Stop(); return nil })
	return nil
}

// settings are what new runs take from the configuration.
func (r *Runtime) settings() workflows.Settings {
	research := r.options.Config.Research
	instant := map[string]bool{}
	for name := range r.agents {
		instant[name] = r.servedOffline(name)
	}
	return workflows.Settings{
		Instant: instant, WriterOutput: r.writerOutput(),
		Concurrency: research.Concurrency, Unsupported: research.Unsupported,
		ReviewTimeout: research.Review.Timeout, ReviewReminder: research.Review.Reminder, ReviewExpiry: research.Review.OnExpiry,
	}
}

// writerOutput is how many tokens the writer's model answers with at most; 0
// for the offline model, which has no limit worth dividing a report for.
func (r *Runtime) writerOutput() int {
	if r.servedOffline(writer.Name) {
		return 0
	}
	routes := r.options.Config.Models
	return r.options.Config.Catalog[cmp.Or(routes.Agents[writer.Name], routes.Default)].MaxOutput
}
