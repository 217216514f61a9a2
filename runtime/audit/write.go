package audit

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/telemetry"
)

//go:embed readme.txt
var readme []byte

// Store is the part of the store that a pack is made from.
type Store interface {
	Blob(ctx context.Context, ref string) ([]byte, error)
	Run(ctx context.Context, id string) (store.Run, error)
	Events(ctx context.Context, run string, after int64, limit int) ([]store.Event, error)
	Evidence(ctx context.Context, run string) ([]agents.Evidence, error)
	Claims(ctx context.Context, run string) ([]agents.Claim, error)
	Drafts(ctx context.Context, run string) ([]store.DraftRecord, error)
	Report(ctx context.Context, run string) (store.Report, error)
	Review(ctx context.Context, id string) (store.Review, error)
	Document(ctx context.Context, corpus, id string) (store.Document, error)
	DocumentsIn(ctx context.Context, corpus, afterURI string, limit int) ([]store.Document, error)
	Corpora(ctx context.Context) ([]store.Corpus, error)
}

// Ledger is the part of the ledger that a pack is made from.
type Ledger interface {
	Attempts(ctx context.Context, filter ledger.AttemptFilter) ([]ledger.Attempt, error)
	Find(ctx context.Context, key string) (ledger.Settled, bool, error)
	Balance(ctx context.Context, scope ledger.Scope, period ledger.Period) (ledger.Balance, error)
}

// Archive makes packs of the runs of a store and a ledger.
type Archive struct {
	Store  Store
	Ledger Ledger
	MadeBy string // the program and its version
}

// ErrUnfinished says that a run still changes.
var ErrUnfinished = errors.New("the run has not ended")

// Write packs a run that has ended, or gives [ErrUnfinished], or
// [store.ErrNotFound]. It holds one file of the pack in memory at a time,
// besides the lists of evidence, calls and events. After an error what was
// written is no pack.
func (a Archive) Write(ctx context.Context, w io.Writer, run string) (Manifest, error) {
	g, err := a.gather(ctx, run)
	if err != nil {
		return Manifest{}, err
	}
	p := newPack(w)
	for _, part := range []func(context.Context, *pack) error{
		g.putRun, g.putReport, g.putEvidence, g.putDrafts, g.putCalls, g.putTools,
	} {
		if err := part(ctx, p); err != nil {
			return Manifest{}, fmt.Errorf("packing run %s: %w", run, err)
		}
	}
	return p.close(run, cmp.Or(a.MadeBy, "quaestor"))
}

// gathered is what the store and the ledger have of a run, without what is large.
type gathered struct {
	Archive
	run      store.Run
	request  request
	evidence []agents.Evidence
	claims   []agents.Claim
	drafts   []store.DraftRecord
	reviews  []Review
	report   *store.Report
	sources  []Source
	events   []store.Event
	attempts []ledger.Attempt
}

// request is what the checks need of the request of a run.
type request struct {
	Sources       []string `json:"sources"`
	Review        string   `json:"review"`
	CitationStyle string   `json:"citation_style"`
	Template      string   `json:"template"`
	Budget        struct {
		Tokens  int64 `json:"tokens"`
		NanoUSD int64 `json:"nano_usd"`
	} `json:"budget"`
}

func (a Archive) gather(ctx context.Context, id string) (*gathered, error) {
	g := &gathered{Archive: a}
	var err error
	if g.run, err = a.Store.Run(ctx, id); err != nil {
		return nil, err
	}
	if !g.run.Status.Final() {
		return nil, fmt.Errorf("packing run %s: %w: it is %s", id, ErrUnfinished, g.run.Status)
	}
	if err := json.Unmarshal(g.run.Request, &g.request); err != nil {
		return nil, fmt.Errorf("reading the request of run %s: %w", id, err)
	}
	for what, read := range map[string]func() error{
		"evidence": func() (err error) { g.evidence, err = a.Store.Evidence(ctx, id); return err },
		"claims":   func() (err error) { g.claims, err = a.Store.Claims(ctx, id); return err },
		"drafts":   func() (err error) { g.drafts, err = a.Store.Drafts(ctx, id); return err },
		"report":   func() error { return g.readReport(ctx) },
		"events":   func() error { return g.readEvents(ctx) },
		"calls":    func() error { return g.readAttempts(ctx) },
	} {
		if err := read(); err != nil {
			return nil, fmt.Errorf("reading the %s of run %s: %w", what, id, err)
		}
	}
	if err := g.readReviews(ctx); err != nil {
		return nil, fmt.Errorf("reading the reviews of run %s: %w", id, err)
	}
	if err := g.findSources(ctx); err != nil {
		return nil, fmt.Errorf("finding the sources of run %s: %w", id, err)
	}
	return g, nil
}

func (g *gathered) readReport(ctx context.Context) error {
	report, err := g.Store.Report(ctx, g.run.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil // a run that failed or was rejected has none
	}
	g.report = &report
	return err
}

func (g *gathered) readEvents(ctx context.Context) error {
	for after := int64(0); ; after = g.events[len(g.events)-1].Seq {
		const page = 1000
		events, err := g.Store.Events(ctx, g.run.ID, after, page)
		if err != nil {
			return err
		}
		g.events = append(g.events, events...)
		if len(events) < page {
			return nil
		}
	}
}

func (g *gathered) readAttempts(ctx context.Context) error {
	filter := ledger.AttemptFilter{Run: g.run.ID, Limit: 1000}
	for {
		attempts, err := g.Ledger.Attempts(ctx, filter)
		if err != nil {
			return err
		}
		g.attempts = append(g.attempts, attempts...)
		if len(attempts) < filter.Limit {
			return nil
		}
		filter.After = attempts[len(attempts)-1].ID
	}
}

func (g *gathered) readReviews(ctx context.Context) error {
	g.reviews = []Review{}
	for _, draft := range g.drafts {
		review, err := g.Store.Review(ctx, activity.ReviewID(g.run.ID, draft.Round))
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		kept := Review{ID: review.ID, Digest: review.Digest, Created: review.Created.UTC(), Due: review.Due.UTC()}
		if d := review.Decision; d != nil {
			kept.Decision = &Decision{Decision: d.Decision, Digest: d.Digest, Comments: d.Comments, By: d.By, Role: d.Role, At: d.At.UTC()}
		}
		g.reviews = append(g.reviews, kept)
	}
	return nil
}

func (g *gathered) putRun(_ context.Context, p *pack) error {
	r := g.run
	if err := p.add(fileReadme, readme); err != nil {
		return err
	}
	return errors.Join(p.object(fileRun, Run{
		ID: r.ID, Client: r.Client, Topic: r.Topic, Request: r.Request, Schedule: r.Schedule, Status: string(r.Status), Phase: r.Phase,
		Iteration: r.Iteration, Plan: r.Plan, Error: telemetry.Redact(r.Error), Created: r.Created.UTC(), Finished: r.Finished.UTC(),
	}), list(p, fileEvents, eventsOf(g.events)))
}

func eventsOf(events []store.Event) []Event {
	told := make([]Event, len(events))
	for i, e := range events {
		told[i] = Event{Seq: e.Seq, Type: e.Type, Time: e.Time.UTC(), Data: json.RawMessage(telemetry.Redact(string(e.Data)))}
	}
	return told
}
