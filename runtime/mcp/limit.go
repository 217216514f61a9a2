package mcp

import (
	"errors"
	"io"
	"sync/atomic"
)

// errFlood is what is wrong with a server that sends and sends.
var errFlood = errors.New("it sent more than can be taken")

// allowance is how many bytes a server may still send. It is given some at the
// beginning and more with each call, so that one that is not asked falls silent.
type allowance struct {
	left  atomic.Int64
	share int64
}

// shareOf is what a server with a limit of one message may send for one call:
// several messages, of progress and the like.
const shareOf = 8

func newAllowance(frame int) *allowance {
	a := &allowance{share: shareOf * int64(frame)}
	a.left.Store(a.share)
	return a
}

// grant allows for one call more. What was not used is not heaped up.
func (a *allowance) grant() {
	for {
		left := a.left.Load()
		if left <= 0 || a.left.CompareAndSwap(left, min(left+a.share, concurrent*a.share)) {
			return
		}
	}
}

// spent says that the server sent too much. It stays so.
func (a *allowance) spent() bool { return a.left.Load() <= 0 }

// bounded reads what an allowance allows.
type bounded struct {
	io.ReadCloser
	allowance *allowance
}

func (b bounded) Read(p []byte) (int, error) {
	if b.allowance.spent() {
		return 0, errFlood
	}
	n, err := b.ReadCloser.Read(p)
	b.allowance.left.Add(-int64(n))
	return n, err
}

// cut reads so many bytes, and fails where there are more.
type cut struct {
	io.ReadCloser
	left int64
}

func (c *cut) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errFlood
	}
	n, err := c.ReadCloser.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}
