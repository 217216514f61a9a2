package web

import (
	"sync"
	"time"
)

// What is remembered of pages that were just read: so much text, so long. A
// model reads a page again with another question, and a repeated activity reads
// it again with the same.
const (
	cachedBytes = 32 << 20
	cachedLife  = 10 * time.Minute
)

// pageCache remembers pages. When it is full it forgets all.
type pageCache struct {
	mu    sync.Mutex
	pages map[string]cachedPage
	bytes int
}

type cachedPage struct {
	page  *keptPage
	until time.Time
}

func (c *pageCache) get(key string) *keptPage {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, ok := c.pages[key]
	if !ok || time.Now().After(entry.until) {
		return nil
	}
	return entry.page
}

func (c *pageCache) put(key string, page *keptPage) {
	size := len(page.read.Text)
	if size > cachedBytes/4 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.pages[key]; ok {
		c.bytes -= len(old.page.read.Text)
	}
	if c.pages == nil || c.bytes+size > cachedBytes {
		c.pages, c.bytes = map[string]cachedPage{}, 0
	}
	c.pages[key] = cachedPage{page, time.Now().Add(cachedLife)}
	c.bytes += size
}
