package corpus

import (
	"context"
	"fmt"
	"sync"
)

// cache keeps values by key, the least recently used of them dropped when all
// together are larger than the limit. A value is built once, however many ask
// for it at the same time. A failure is not kept.
type cache[V any] struct {
	limit int64

	mu      sync.Mutex
	entries map[string]*cacheEntry[V]
	bytes   int64
	clock   int64 // counts uses
}

type cacheEntry[V any] struct {
	ready chan struct{} // closed when value or err is set
	value V
	err   error
	bytes int64
	used  int64
}

func newCache[V any](limit int64) *cache[V] {
	return &cache[V]{limit: limit, entries: map[string]*cacheEntry[V]{}}
}

// get gives the value of a key, built when it is not there. A caller that goes
// away does not end the building, for others may wait for it.
func (c *cache[V]) get(ctx context.Context, key string, build func(context.Context) (V, int64, error)) (V, error) {
	c.mu.Lock()
	entry, ok := c.entries[key]
	if !ok {
		entry = &cacheEntry[V]{ready: make(chan struct{})}
		c.entries[key] = entry
		go c.fill(context.WithoutCancel(ctx), key, entry, build)
	}
	c.clock++
	entry.used = c.clock
	c.mu.Unlock()
	select {
	case <-entry.ready:
		return entry.value, entry.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

func (c *cache[V]) fill(ctx context.Context, key string, entry *cacheEntry[V], build func(context.Context) (V, int64, error)) {
	defer close(entry.ready)
	defer func() {
		if crash := recover(); crash != nil {
			entry.err = fmt.Errorf("building %s: panic: %v", key, crash)
			c.drop(key, entry)
		}
	}()
	entry.value, entry.bytes, entry.err = build(ctx)
	if entry.err != nil {
		c.drop(key, entry)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytes += entry.bytes
	c.evict(entry)
}

// evict drops what was not used for longest, but not the entry just built.
func (c *cache[V]) evict(keep *cacheEntry[V]) {
	for c.bytes > c.limit {
		oldest := ""
		for key, entry := range c.entries {
			if entry != keep && entry.bytes > 0 && (oldest == "" || entry.used < c.entries[oldest].used) {
				oldest = key
			}
		}
		if oldest == "" {
			return
		}
		c.bytes -= c.entries[oldest].bytes
		delete(c.entries, oldest)
	}
}

func (c *cache[V]) drop(key string, entry *cacheEntry[V]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[key] == entry {
		delete(c.entries, key)
	}
}
