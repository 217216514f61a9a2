package sqlstore

import (
	"container/list"
	"crypto/sha256"
	"sync"
)

// Blobs are written in one step and read in the next few; these bounds hold
// what a machine's worth of runs has under way.
const (
	blobCacheBytes = 32 << 20
	blobCacheEntry = 1 << 20 // larger blobs are not kept
)

type blobHash [sha256.Size]byte

// blobCache keeps the blobs that were used last. They never change and are
// never deleted, so what is here is also in the database.
type blobCache struct {
	mu    sync.Mutex
	byUse list.List // of *cachedBlob, the last used in front
	held  map[blobHash]*list.Element
	bytes int
}

type cachedBlob struct {
	hash blobHash
	data []byte
}

func (c *blobCache) get(hash blobHash) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.held[hash]
	if !ok {
		return nil, false
	}
	c.byUse.MoveToFront(element)
	return element.Value.(*cachedBlob).data, true
}

// put keeps a blob that is in the database. Nobody changes its bytes.
func (c *blobCache) put(hash blobHash, data []byte) {
	if len(data) > blobCacheEntry {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.held[hash]; ok {
		return
	}
	if c.held == nil {
		c.held = map[blobHash]*list.Element{}
	}
	c.held[hash] = c.byUse.PushFront(&cachedBlob{hash, data})
	c.bytes += len(data)
	for c.bytes > blobCacheBytes {
		last := c.byUse.Remove(c.byUse.Back()).(*cachedBlob)
		delete(c.held, last.hash)
		c.bytes -= len(last.data)
	}
}
