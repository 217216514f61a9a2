//go:build !slim && unix

package devserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"
	"go.uber.org/zap"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Start starts a server and returns when it takes workflows. The file belongs
// to one server at a time, across processes; a file whose server was killed at
// any moment is opened as it is and goes on.
func Start(ctx context.Context, opts Options) (*Server, error) {
	opts = opts.withDefaults()
	server, err := start(ctx, opts)
	if err != nil {
		return nil, fmt.Errorf("starting the embedded Temporal server: %w", err)
	}
	return server, nil
}

func start(ctx context.Context, opts Options) (_ *Server, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var ends cleanup
	defer func() {
		if err != nil {
			ends.run()
		}
	}()

	if opts.Synchronous != SynchronousFull && opts.Synchronous != SynchronousNormal {
		return nil, fmt.Errorf("synchronous is %q; it can be full or normal", opts.Synchronous)
	}
	databases := memoryStores()
	if opts.File != "" {
		if databases, err = openStores(ctx, opts, &ends); err != nil {
			return nil, err
		}
	}
	places, err := pickEndpoints(ctx, opts.Addr)
	if err != nil {
		return nil, err
	}
	if err := startTemporal(ctx, opts, databases, places, &ends); err != nil {
		return nil, err
	}
	server := &Server{hostPort: dialable(places.frontend)}
	if opts.File != "" {
		keeper, err := startKeeper(opts.File, opts.Synchronous, opts.Logger)
		if err != nil {
			return nil, err
		}
		ends.add(func() {
			if err := keeper.end(); err != nil {
				opts.Logger.Warn("closing Temporal's database beside the server", zap.Error(err))
			}
		})
		server.flush = keeper.flush
	}
	if err := awaitServing(ctx, server.hostPort, opts); err != nil {
		return nil, err
	}
	if opts.UIAddr != "" {
		url, stop, err := startUI(ctx, opts, server.hostPort)
		if err != nil {
			return nil, err
		}
		server.uiURL = url
		ends.add(stop)
	}
	server.stop = sync.OnceFunc(ends.run)
	return server, nil
}

func openStores(ctx context.Context, opts Options, ends *cleanup) (stores, error) {
	if err := makeFile(opts.File); err != nil {
		return stores{}, err
	}
	lock, err := acquireLock(opts.File + lockSuffix)
	if err != nil {
		return stores{}, err
	}
	ends.add(lock.release)
	databases, err := fileStores(ctx, opts.File, opts.Synchronous)
	if err != nil {
		return stores{}, err
	}
	ends.add(func() {
		for _, file := range []string{opts.File, visibilityFile(opts.File)} {
			if err := checkpoint(context.Background(), file); err != nil {
				opts.Logger.Warn("Temporal's database keeps its write-ahead log", zap.Error(err))
			}
		}
	})
	return databases, nil
}

func startTemporal(ctx context.Context, opts Options, databases stores, places endpoints, ends *cleanup) error {
	if err := createNamespace(opts, databases.main); err != nil {
		return err
	}
	logger, voice := newLogger(opts.Logger)
	var server temporal.Server
	err := within(ctx, func() (err error) {
		server, err = temporal.NewServer(
			temporal.WithConfig(serverConfig(databases, places)),
			temporal.ForServices(temporal.DefaultServices),
			temporal.WithStaticHosts(places.staticHosts()),
			temporal.WithLogger(logger),
			temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
			temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper { return authorization.NewNoopClaimMapper() }),
			temporal.WithDynamicConfigClient(limits()),
		)
		if err != nil {
			return fmt.Errorf("configuring it: %w", err)
		}
		if err := server.Start(); err != nil || ctx.Err() == nil {
			return err
		}
		return server.Stop() // nobody waits for it any more
	})
	if err != nil {
		return errors.Join(voice.cause(), err)
	}
	voice.serving()
	ends.add(func() {
		voice.stopping()
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		if err := within(ctx, server.Stop); err != nil {
			opts.Logger.Warn("Temporal did not drain in time", zap.Error(err))
		}
	})
	return nil
}

func createNamespace(opts Options, store *config.SQL) error {
	namespace, err := sqlite.NewNamespaceConfig(clusterName, opts.Namespace, false, opts.SearchAttributes)
	if err != nil {
		return fmt.Errorf("describing namespace %q: %w", opts.Namespace, err)
	}
	namespace.Detail.Config.Retention = durationpb.New(opts.Retention)
	if err := sqlite.CreateNamespaces(store, namespace); err != nil {
		return fmt.Errorf("creating namespace %q: %w", opts.Namespace, err)
	}
	return nil
}

// awaitServing returns when the frontend answers and the namespace has its
// search attributes: a file made by an older version may lack some.
func awaitServing(ctx context.Context, hostPort string, opts Options) error {
	c, err := client.DialContext(ctx, client.Options{HostPort: hostPort, Namespace: opts.Namespace, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		return fmt.Errorf("waiting for %s: %w", hostPort, err)
	}
	defer c.Close()
	return RegisterSearchAttributes(ctx, c, opts.Namespace, opts.SearchAttributes)
}

// within runs f and returns its error, or the context's when that ends first;
// f then goes on in the background. The server's constructors end their
// goroutine, or panic, when they cannot go on.
func within(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() {
		err := errGaveUp
		defer func() {
			if cause := recover(); cause != nil {
				err = fmt.Errorf("%w: %v", errGaveUp, cause)
			}
			done <- err
		}()
		err = f()
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errGaveUp = errors.New("it gave up")

// cleanup runs what was added, last first.
type cleanup struct{ ends []func() }

func (c *cleanup) add(end func()) { c.ends = append(c.ends, end) }

func (c *cleanup) run() {
	for i := len(c.ends) - 1; i >= 0; i-- {
		c.ends[i]()
	}
}
