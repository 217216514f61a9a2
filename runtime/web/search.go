package web

import (
	"context"
	"errors"
	"fmt"
	"html"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/websearch"
)

// Provider is one search service.
type Provider interface {
	// Name is the service's name in the configuration.
	Name() string
	// Search gives what the service found, best first. An error that is the
	// service's own is a [*Failure].
	Search(ctx context.Context, q websearch.Query) ([]websearch.Hit, error)
}

// SearchOptions configure [NewSearcher].
type SearchOptions struct {
	Providers []Provider
	Hosts     HostRules
	Timeout   time.Duration // of all services together; 15 s
	Found     *Addresses    // is told what was found; may be nil
}

// Searcher asks several services at once and puts together what they found. It
// implements [websearch.Searcher].
type Searcher struct {
	providers []Provider
	hosts     HostRules
	timeout   time.Duration
	found     *Addresses
}

var _ websearch.Searcher = (*Searcher)(nil)

// NewSearcher makes a searcher. It makes no request before it is asked.
func NewSearcher(options SearchOptions) *Searcher {
	if options.Timeout <= 0 {
		options.Timeout = 15 * time.Second
	}
	return &Searcher{providers: options.Providers, hosts: options.Hosts, timeout: options.Timeout, found: options.Found}
}

// Search implements [websearch.Searcher]. As long as one service answers, the
// others' failures are told beside its results.
func (s *Searcher) Search(ctx context.Context, scope tools.Scope, q websearch.Query) (websearch.Found, error) {
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	lists := make([][]websearch.Hit, len(s.providers))
	failures := make([]error, len(s.providers))
	var wait sync.WaitGroup
	for i, provider := range s.providers {
		wait.Go(func() { lists[i], failures[i] = provider.Search(limited, q) })
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return websearch.Found{}, err
	}
	found := websearch.Found{}
	for i, err := range failures {
		var failure *Failure
		switch {
		case err == nil:
		case errors.As(err, &failure):
			found.Failures = append(found.Failures, failure.Error())
		default:
			return websearch.Found{}, fmt.Errorf("asking %s: %w", s.providers[i].Name(), err)
		}
	}
	if len(found.Failures) == len(s.providers) {
		return websearch.Found{}, &tools.InputError{Reason: "no search service answered: " + strings.Join(found.Failures, "; ")}
	}
	found.Hits = s.admitted(interleave(lists))
	if s.found != nil {
		for _, hit := range found.Hits {
			s.found.note(scope.Run, hit.URL)
		}
	}
	return found, nil
}

// interleave takes the first of each service, then the second, and so on.
func interleave(lists [][]websearch.Hit) []websearch.Hit {
	var all []websearch.Hit
	for rank := 0; ; rank++ {
		more := false
		for _, list := range lists {
			if rank < len(list) {
				all, more = append(all, list[rank]), true
			}
		}
		if !more {
			return all
		}
	}
}

// admitted leaves out what could not be read anyway, and tells tiers.
func (s *Searcher) admitted(hits []websearch.Hit) []websearch.Hit {
	kept := hits[:0]
	for _, hit := range hits {
		address, err := CheckURL(hit.URL)
		if err != nil || s.hosts.check(address.Hostname()) != nil {
			continue
		}
		hit.URL = address.String()
		hit.Title, hit.Snippet = plainText(hit.Title, 300), plainText(hit.Snippet, 800)
		if tier := TierOf(address.Hostname()); hit.Tier == "" || hit.Tier == string(TierOther) {
			hit.Tier = string(tier)
		}
		kept = append(kept, hit)
	}
	return kept
}

var markup = regexp.MustCompile(`</?[a-zA-Z][^<>]{0,200}>`)

// plainText takes the marks out of what services send, and bounds it.
func plainText(text string, limit int) string {
	text = html.UnescapeString(markup.ReplaceAllString(text, ""))
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if len(text) <= limit {
		return text
	}
	cut := strings.ToValidUTF8(text[:limit], "")
	if space := strings.LastIndexByte(cut, ' '); space > limit/2 {
		cut = cut[:space]
	}
	return cut + "…"
}
