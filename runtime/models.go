package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime/database"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger/spool"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/citation"
	"github.com/quaestor-run/quaestor/tools/documents"
	"github.com/quaestor-run/quaestor/tools/factcheck"
	"github.com/quaestor-run/quaestor/tools/format"
	"github.com/quaestor-run/quaestor/tools/grammar"
	"github.com/quaestor-run/quaestor/tools/sqlquery"
	"github.com/quaestor-run/quaestor/tools/statistics"
	"github.com/quaestor-run/quaestor/tools/trend"
	"github.com/quaestor-run/quaestor/tools/webpage"
	"github.com/quaestor-run/quaestor/tools/websearch"
)

// sources is what the built-in tools read from.
type sources interface {
	documents.Searcher
	tools.Tables
}

// builtinTools is the one place where a new tool is listed.
func builtinTools(corpora sources, shelf factcheck.Shelf, databases sqlquery.Databases, outside reach, language grammar.Options) ([]tools.Tool, error) {
	var list []tools.Tool
	var errs []error
	add := func(tool tools.Tool, err error) {
		list, errs = append(list, tool), append(errs, err)
	}
	add(documents.New(corpora))
	add(statistics.New(corpora))
	add(trend.New(corpora))
	add(citation.New())
	add(format.New())
	add(factcheck.New(shelf))
	add(grammar.New(language))
	if databases != nil {
		add(sqlquery.New(databases))
	}
	if outside.search != nil {
		add(websearch.New(outside.search))
	}
	if outside.pages != nil {
		add(webpage.New(outside.pages))
	}
	return list, errors.Join(errs...)
}

// openDatabases prepares the databases that runs may ask; nil where none is
// configured.
func (r *Runtime) openDatabases() (sqlquery.Databases, error) {
	if len(r.options.Config.Databases) == 0 {
		return nil, nil //nolint:nilnil // no databases are no failure
	}
	named := map[string]database.Source{}
	for name, source := range r.options.Config.Databases {
		named[name] = database.Source{URL: source.URL, Clients: source.Clients}
	}
	databases, err := database.Open(named, r.store, database.Limits{})
	if err != nil {
		return nil, fmt.Errorf("preparing the databases of the configuration: %w", err)
	}
	return databases, nil
}

// settleWithin is how long the end waits for settlements to be in the ledger or
// in the spool: a ledger that does not answer is given up after 5 s, and what it
// was told goes to the spool after 2 s more.
const settleWithin = 10 * time.Second

// newGateway makes the one way to a model.
func (r *Runtime) newGateway(ctx context.Context) (*gateway.Gateway, error) {
	config := r.options.Config
	providers, err := r.newProviders(ctx)
	if err != nil {
		return nil, err
	}
	catalog := map[string]gateway.Model{}
	for name, model := range config.Catalog {
		catalog[name] = gateway.Model(model)
	}
	outcomes, err := spool.Open(filepath.Join(r.data, "spool"))
	if err != nil {
		return nil, fmt.Errorf("opening the journal of what the ledger could not be told: %w", err)
	}
	r.onClose("spool", outcomes.Close)
	made, err := gateway.New(gateway.Options{
		Ledger: r.ledger, Providers: providers, Catalog: catalog, Spool: outcomes,
		Routes:       gateway.Routes{Default: config.Models.Default, Agents: config.Models.Agents},
		Concurrency:  concurrency(config.Providers),
		QueueTimeout: config.Gateway.QueueTimeout, Drain: config.Gateway.Drain,
		CacheBytes: config.Gateway.CacheBytes, CacheTTL: config.Gateway.CacheTTL,
		Logger: r.logger.Named("gateway"), Tracer: r.telemetry.TracerProvider(), Meter: r.telemetry.MeterProvider(),
	})
	if err != nil {
		return nil, fmt.Errorf("making the gateway: %w", err)
	}
	r.onClose("settlements", func() error {
		limited, cancel := context.WithTimeout(context.Background(), settleWithin)
		defer cancel()
		made.Wait(limited)
		return nil
	})
	return made, nil
}

func concurrency(providers configs.Providers) map[string]int {
	places := map[string]int{providerBedrock: providers.Bedrock.Concurrency}
	for name, endpoint := range providers.Endpoints() {
		places[name] = endpoint.Concurrency
	}
	return places
}

// sweep has the gateway look after what was left behind, once before anything is
// asked of it, and then until the runtime is closed.
func (r *Runtime) sweep(ctx context.Context) {
	r.gateway.Sweep(ctx)
	sweeping, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.gateway.Run(sweeping)
	}()
	r.onClose("sweeping of the ledger", func() error { stop(); <-done; return nil })
}

// routedModels lists the models that serve an agent, and what stands in for them.
func (r *Runtime) routedModels() []string {
	routes := r.options.Config.Models
	var names []string
	for _, name := range append(slices.Collect(maps.Values(routes.Agents)), routes.Default) {
		names = append(append(names, name), r.options.Config.Catalog[name].Fallbacks...)
	}
	if model := r.options.Config.Documents.Embeddings; model != "" {
		names = append(append(names, model), r.options.Config.Catalog[model].Fallbacks...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// servedOffline says that the built-in offline model serves an agent: it answers
// in milliseconds, which is not worth an activity of its own.
func (r *Runtime) servedOffline(agent string) bool {
	routes := r.options.Config.Models
	model, routed := routes.Agents[agent]
	if !routed {
		model = routes.Default
	}
	_, replaced := r.options.Providers[providerOffline]
	return r.options.Config.Catalog[model].Provider == providerOffline && !replaced
}
