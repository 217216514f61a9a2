package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/workflows"
)

const (
	readPatience   = time.Minute      // for a request to arrive; uploads have it for every read
	answerPatience = 25 * time.Second // for what an answer needs; common proxies wait for 29
	workPatience   = 10 * time.Minute // for an upload to be understood and answered
	writePatience  = 2 * time.Minute  // for an answer to be taken
	eventPatience  = 30 * time.Second // for one event to be taken
	startPeriod    = 30 * time.Second // between looks for runs nobody started
	startRetry     = 2 * time.Second  // after a look that failed
)

type drainKey struct{}

// serving is done when the server that serves a request is to end. Behind an
// embedder, who ends as he likes, it never is.
func serving(ctx context.Context) context.Context {
	if serve, ok := ctx.Value(drainKey{}).(context.Context); ok {
		return serve
	}
	return context.Background()
}

// Serve answers on the listener until the context ends, then lets requests end
// and tells event streams to. It refuses an address that [CheckBind] refuses.
// While it serves it also starts runs that were accepted and not started, by
// a process that ended in between.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	keyed, err := s.access.HasKeys(ctx)
	if err == nil {
		err = CheckBind(listener.Addr().String(), keyed)
	}
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	errorLog, err := zap.NewStdLogAt(s.log, zap.DebugLevel)
	if err != nil {
		return fmt.Errorf("making the log of the HTTP server: %w", err)
	}
	base := context.WithValue(context.WithoutCancel(ctx), drainKey{}, ctx)
	server := &http.Server{
		Handler: s, ReadHeaderTimeout: s.read / 6, ReadTimeout: s.read, WriteTimeout: writePatience, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: errorLog, BaseContext: func(net.Listener) context.Context { return base },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	var work sync.WaitGroup
	defer work.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if s.engine != nil {
		work.Go(func() { s.startForgotten(ctx) })
	}
	work.Go(func() { s.forgetClaims(ctx) })
	select {
	case err := <-ended:
		return fmt.Errorf("serving on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	patience, release := context.WithTimeout(base, s.drain)
	defer release()
	err = server.Shutdown(patience)
	if err != nil {
		s.log.Warn("cutting connections that did not end", zap.Error(err))
		err = server.Close()
	}
	if s.models != nil { // calls whose callers were just cut off are still to be settled
		settling, release := context.WithTimeout(base, s.drain)
		defer release()
		s.models.Wait(settling)
	}
	return err
}

// claimLife is how long it is known what an idempotency key was used for.
const claimLife = 30 * 24 * time.Hour

// forgetClaims drops what nobody will ask about again, now and then.
func (s *Server) forgetClaims(ctx context.Context) {
	for {
		if _, err := s.store.ForgetRequests(ctx, s.now().Add(-claimLife)); err != nil && ctx.Err() == nil {
			s.log.Warn("forgetting old idempotency keys", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Hour):
		}
	}
}

// startForgotten starts runs whose record was written by a process that ended
// before it could start the workflow; the first time also those that Temporal
// has lost since, with the last moments before the machine stopped or with its
// file. Starting twice is no error, and what such a run has paid for is found in
// the ledger.
func (s *Server) startForgotten(ctx context.Context) {
	for begun := true; ; {
		again := startPeriod
		if err := s.startPending(ctx, begun); err == nil {
			begun = false
		} else if ctx.Err() == nil {
			s.log.Warn("starting runs that were accepted and not started", zap.Error(err))
			again = startRetry
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(again):
		}
	}
}

// startPending looks once, at runs that have not begun or at all that have not
// ended.
func (s *Server) startPending(ctx context.Context, begun bool) error {
	if err := s.startSummaries(ctx); err != nil {
		return err
	}
	if err := s.startRuns(ctx, store.StatusRunning, begun); err != nil || !begun {
		return err
	}
	return s.startRuns(ctx, store.StatusAwaitingReview, begun)
}

// startRuns starts the runs of a status. One that has begun has a phase; one
// whose request cannot be read does not hold up the others.
func (s *Server) startRuns(ctx context.Context, status store.Status, begun bool) error {
	filter := store.RunFilter{Status: status, Limit: 200}
	for {
		page, err := s.store.Runs(ctx, filter)
		if err != nil {
			return err
		}
		for _, run := range page.Runs {
			if run.Phase != "" && !begun {
				continue
			}
			err := s.start(ctx, run)
			if errors.Is(err, errUnreadable) {
				s.log.Warn("a run cannot be started", zap.String("run", run.ID), zap.Error(err))
				continue
			}
			if err != nil {
				return err
			}
			s.log.Info("made sure of a run that was accepted", zap.String("run", run.ID))
		}
		if filter.Cursor = page.Next; filter.Cursor == "" {
			return nil
		}
	}
}

// errUnreadable says that the record of a run does not hold its request.
var errUnreadable = errors.New("its request cannot be read")

// start starts the workflow of a run as it was accepted.
func (s *Server) start(ctx context.Context, run store.Run) error {
	var request workflows.ResearchRequest
	if err := json.Unmarshal(run.Request, &request); err != nil {
		return fmt.Errorf("starting run %s: %w: %w", run.ID, errUnreadable, err)
	}
	return s.engine.StartResearch(ctx, run.ID, request)
}
