package gateway

import (
	"container/list"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// cache holds answers by the digest of everything that made them, the client
// included. What was used longest ago makes room.
type cache struct {
	key   []byte
	limit int64
	ttl   time.Duration
	now   func() time.Time

	mu      sync.Mutex
	entries map[digest]*list.Element // of *cached
	order   *list.List               // newest use first
	size    int64
	flights map[digest]*cacheFlight
}

// cached is an answer and what it is good for.
type cached struct {
	digest   digest
	response provider.Response
	model    string
	size     int64
	expires  time.Time
}

// cacheFlight is an answer under way that others wait for.
type cacheFlight struct {
	done     chan struct{}
	response provider.Response
	model    string
	omitted  Omitted
	err      error
}

func newCache(o Options) (*cache, error) {
	key := slices.Clone(o.CacheKey)
	if len(key) == 0 {
		key = make([]byte, 32)
		if _, err := rand.Read(key); err != nil {
			return nil, fmt.Errorf("making a key for the cache: %w", err)
		}
	}
	return &cache{
		key: key, limit: o.CacheBytes, ttl: o.CacheTTL, now: o.Now,
		entries: map[digest]*list.Element{}, order: list.New(), flights: map[digest]*cacheFlight{},
	}, nil
}

// entryOverhead is about what an entry takes beside its texts.
const entryOverhead = 512

func (c *cache) get(d digest) (provider.Response, string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.entries[d]
	if !ok {
		return provider.Response{}, "", false
	}
	entry := element.Value.(*cached)
	if !c.now().Before(entry.expires) {
		c.drop(element)
		return provider.Response{}, "", false
	}
	c.order.MoveToFront(element)
	return clone(entry.response), entry.model, true
}

func (c *cache) put(d digest, response provider.Response, model string) {
	size := int64(entryOverhead + len(response.Message.Text) + len(response.RequestID))
	for _, call := range response.Message.ToolCalls {
		size += int64(entryOverhead + len(call.ID) + len(call.Name) + len(call.Arguments))
	}
	if size > c.limit {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if element, ok := c.entries[d]; ok {
		c.drop(element)
	}
	c.entries[d] = c.order.PushFront(&cached{digest: d, response: clone(response), model: model, size: size, expires: c.now().Add(c.ttl)})
	for c.size += size; c.size > c.limit; {
		c.drop(c.order.Back())
	}
}

func (c *cache) drop(element *list.Element) {
	entry := c.order.Remove(element).(*cached)
	delete(c.entries, entry.digest)
	c.size -= entry.size
}

// clone keeps callers from changing what others are given.
func clone(r provider.Response) provider.Response {
	r.Message.ToolCalls = slices.Clone(r.Message.ToolCalls)
	for i, call := range r.Message.ToolCalls {
		r.Message.ToolCalls[i].Arguments = slices.Clone(call.Arguments)
	}
	r.Message.ToolResults = slices.Clone(r.Message.ToolResults)
	return r
}

func (c *cache) board(d digest) (f *cacheFlight, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f, under := c.flights[d]; under {
		return f, false
	}
	f = &cacheFlight{done: make(chan struct{}), err: errAbandoned}
	c.flights[d] = f
	return f, true
}

func (c *cache) land(d digest, f *cacheFlight) {
	c.mu.Lock()
	delete(c.flights, d)
	c.mu.Unlock()
	close(f.done)
}

// cacheable says that a call may be answered from its client's cache.
func (c Call) cacheable() bool {
	switch c.Cache {
	case CacheExact:
		return c.Client != "" && (c.Temperature == nil || *c.Temperature == 0)
	case CacheAlways:
		return c.Client != ""
	}
	return false
}

// cached answers the call from the cache, or from an identical call that is
// under way, or makes it. What fails for one caller is tried by the others for
// themselves.
func (t *trip) cached(ctx context.Context) (Result, error) {
	c := t.gateway.cache
	d := c.digest(t.call, t.name)
	for {
		if response, model, ok := c.get(d); ok {
			return t.hit(ctx, response, model, Omitted{})
		}
		f, mine := c.board(d)
		if mine {
			return t.lead(ctx, d, f)
		}
		select {
		case <-ctx.Done():
			return Result{}, t.fail(fmt.Errorf("waiting for an identical call: %w", ctx.Err()))
		case <-f.done:
		}
		if f.err == nil {
			return t.hit(ctx, clone(f.response), f.model, f.omitted)
		}
		if !cancelled(f.err) {
			return t.run(ctx)
		}
	}
}

// lead makes the call for all who wait for it, and keeps a complete answer of
// the model that was asked for.
func (t *trip) lead(ctx context.Context, d digest, f *cacheFlight) (Result, error) {
	c := t.gateway.cache
	defer c.land(d, f)
	result, err := t.run(ctx)
	if f.err = err; err != nil {
		return result, err
	}
	if !t.complete(result) {
		f.err = errors.New("the answer was not complete")
		return result, nil
	}
	f.response, f.model, f.omitted = result.Response, result.Model, result.Omitted
	if result.Model == t.name && result.Omitted.Messages == 0 {
		c.put(d, result.Response, result.Model)
	}
	return result, nil
}

// complete says that the answer is one that an equal call would want: not
// filtered, and not cut by a max_tokens that only this call's luck had lowered.
func (t *trip) complete(result Result) bool {
	r := result.Response
	return r.StopReason != provider.StopFiltered && (r.StopReason != provider.StopLength || !t.lowered) && r.Message.Role != agents.RoleTool
}

// hit records that the call cost nothing. A hit that cannot be recorded is
// refused: the record is the law here.
func (t *trip) hit(ctx context.Context, response provider.Response, model string, omitted Omitted) (Result, error) {
	err := t.gateway.options.Ledger.RecordHit(ctx, ledger.Reservation{
		Key: t.call.Key, Run: t.call.Run, Client: t.call.Client, Team: t.call.Team, Feature: t.call.feature(),
		Provider: t.gateway.options.Catalog[model].Provider, Model: model, Agent: t.call.Agent, AgentVersion: t.call.AgentVersion,
	})
	if err != nil && !errors.Is(err, ledger.ErrAnswered) {
		return Result{}, t.fail(ledgerFailed(ctx, "recording an answer from the cache", err))
	}
	t.gateway.telemetry.cacheHit(ctx, model)
	response.Latency, response.FirstToken = 0, 0
	tell(t.call, response)
	return Result{Response: response, Model: model, Cached: true, Omitted: omitted, Left: ledger.Left{Tokens: -1, NanoUSD: -1}}, nil
}
