package web

import (
	"net/url"
	"sync"
)

// Addresses knows which addresses searches gave to which run. A reader that has
// it reads no others: a text that talks an agent into an address of its own
// making, to carry something out in it, is refused.
//
// It lives in memory. After a restart a run's addresses are unknown, and its
// agents are told to search again.
type Addresses struct {
	mu   sync.Mutex
	runs map[string]map[string]bool
}

// The bounds of what is known; beyond them all is forgotten.
const (
	knownRuns      = 1000
	knownAddresses = 5000 // of one run
)

// NewAddresses knows none.
func NewAddresses() *Addresses { return &Addresses{runs: map[string]map[string]bool{}} }

func (a *Addresses) note(run, address string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.runs[run]
	if known == nil {
		if len(a.runs) >= knownRuns {
			clear(a.runs)
		}
		known = map[string]bool{}
		a.runs[run] = known
	}
	if len(known) < knownAddresses {
		known[address] = true
	}
}

// check refuses an address that no search gave to the run, unless its host is
// one that the configuration names.
func (a *Addresses) check(run string, address *url.URL, hosts HostRules) error {
	if len(hosts.Allow) > 0 && hosts.check(address.Hostname()) == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.runs[run][address.String()] {
		return nil
	}
	return refused("%q was not among the results of a search of this run; search for it, and give the address as it is shown (web.page.only_found)", address)
}
