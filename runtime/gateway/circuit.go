package gateway

import (
	"sync"
	"time"

	"github.com/quaestor-run/quaestor/runtime/provider"
)

// When a circuit opens, and for how long.
const (
	circuitFailures = 5
	circuitOpen     = 30 * time.Second
	// probeTime is what callers are told to wait while another one probes.
	probeTime = time.Second
)

// circuit spares a model in a region, and its callers, what will fail: after
// some failures in a row nothing is sent for a while, then one attempt at a time
// until one succeeds. The zero value is closed.
type circuit struct {
	mu       sync.Mutex
	failures int
	opened   time.Time // zero while closed; half-open from circuitOpen later
	probing  bool
}

// pass is the leave to make one attempt. It must be given back.
type pass struct {
	circuit *circuit
	probe   bool
}

// closedFor is how long nothing can be sent; 0 where something can.
func (c *circuit) closedFor(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch left := c.opened.Add(circuitOpen).Sub(now); {
	case c.opened.IsZero():
		return 0
	case left > 0:
		return left
	case c.probing:
		return probeTime
	}
	return 0
}

// enter gives leave for an attempt, or not.
func (c *circuit) enter(now time.Time) (pass, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opened.IsZero() {
		return pass{circuit: c}, true
	}
	if c.probing || now.Sub(c.opened) < circuitOpen {
		return pass{}, false
	}
	c.probing = true
	return pass{circuit: c, probe: true}, true
}

// verdict is what an attempt says of the place it was made at.
type verdict int

const (
	saysNothing verdict = iota
	saysWell
	saysIll
)

func verdictOf(failed *provider.Error) verdict {
	if failed == nil {
		return saysWell
	}
	if failed.Begun && failed.Class == provider.ClassTimeout {
		return saysNothing // it answers; whoever reads may be slow
	}
	switch failed.Class {
	case provider.ClassUnavailable, provider.ClassInternal, provider.ClassTimeout:
		return saysIll
	case provider.ClassInvalid, provider.ClassAccess, provider.ClassQuota:
		return saysWell // it answers; what is wrong is the request
	}
	return saysNothing
}

// leave gives the pass back. What an attempt says that began before the circuit
// opened is too old to matter.
func (p pass) leave(v verdict, now time.Time) {
	c := p.circuit
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.probe {
		c.probing = false
	} else if !c.opened.IsZero() {
		return
	}
	switch v {
	case saysWell:
		c.failures, c.opened = 0, time.Time{}
	case saysIll:
		if c.failures++; p.probe || c.failures >= circuitFailures {
			c.opened = now
		}
	}
}

// The states of a circuit as they are measured.
const (
	circuitClosed   = 0
	circuitHalfOpen = 1
	circuitIsOpen   = 2
)

func (c *circuit) state(now time.Time) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.opened.IsZero():
		return circuitClosed
	case now.Sub(c.opened) < circuitOpen:
		return circuitIsOpen
	}
	return circuitHalfOpen
}
