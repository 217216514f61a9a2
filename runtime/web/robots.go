package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/temoto/robotstxt"
)

// The bounds of what is known of robots.txt: RFC 9309 asks to read at least
// 500 KiB, to follow at least five redirects and to believe it for a day at most.
const (
	robotsBytes   = 512 << 10
	robotsHops    = 5
	robotsLife    = time.Hour
	robotsHosts   = 512
	robotsTimeout = 10 * time.Second
)

// robots knows what hosts allow to be fetched, as their robots.txt says (RFC
// 9309). A host without one allows all; one that cannot be asked, nothing.
type robots struct {
	fetcher *fetcher
	agent   string // product token
	now     func() time.Time

	mu    sync.Mutex
	rules map[string]robotsEntry // by scheme and host
}

type robotsEntry struct {
	data  *robotstxt.RobotsData
	until time.Time
}

func newRobots(f *fetcher) *robots {
	agent, _, _ := strings.Cut(f.userAgent, "/")
	return &robots{fetcher: f, agent: strings.TrimSpace(agent), now: time.Now, rules: map[string]robotsEntry{}}
}

// check says whether an address may be fetched.
func (r *robots) check(ctx context.Context, address *url.URL) error {
	data, err := r.of(ctx, address)
	if err != nil {
		return err
	}
	path := address.EscapedPath()
	if path == "" {
		path = "/"
	}
	if address.RawQuery != "" {
		path += "?" + address.RawQuery
	}
	if !data.TestAgent(path, r.agent) {
		return &Failure{Where: address.Hostname(), What: "its robots.txt asks programs not to read this page; use another source"}
	}
	return nil
}

func (r *robots) of(ctx context.Context, address *url.URL) (*robotstxt.RobotsData, error) {
	key := address.Scheme + "://" + address.Host
	r.mu.Lock()
	entry, known := r.rules[key]
	r.mu.Unlock()
	if known && r.now().Before(entry.until) {
		return entry.data, nil
	}
	ctx, cancel := context.WithTimeout(ctx, robotsTimeout)
	defer cancel()
	data, err := r.fetch(ctx, key+"/robots.txt")
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.rules) >= robotsHosts {
		clear(r.rules)
	}
	r.rules[key] = robotsEntry{data: data, until: r.now().Add(robotsLife)}
	return data, nil
}

// fetch gets a robots.txt. It follows redirects under the same rules as a page,
// robots.txt apart.
func (r *robots) fetch(ctx context.Context, raw string) (*robotstxt.RobotsData, error) {
	for range robotsHops + 1 {
		address, err := CheckURL(raw)
		if err != nil {
			return nil, err
		}
		if err := r.fetcher.hosts.check(address.Hostname()); err != nil {
			return nil, err
		}
		data, next, err := r.hop(ctx, address)
		if err != nil || next == "" {
			return data, err
		}
		raw = next
	}
	return robotstxt.FromStatusAndBytes(http.StatusNotFound, nil) // as RFC 9309 takes too many redirects: no rules
}

func (r *robots) hop(ctx context.Context, address *url.URL) (*robotstxt.RobotsData, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return nil, "", refused("%q: %v", address, err)
	}
	req.Header.Set("User-Agent", r.fetcher.userAgent)
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := r.fetcher.client.Do(req)
	if err != nil {
		return nil, "", r.failed(ctx, address, err)
	}
	defer resp.Body.Close()
	if isRedirect(resp.StatusCode) {
		next, err := redirect(address, resp.Header.Get("Location"))
		return nil, next, err
	}
	var body []byte
	if resp.StatusCode == http.StatusOK {
		if body, _, err = readBody(resp, robotsBytes); err != nil {
			return nil, "", r.failed(ctx, address, err)
		}
	}
	if resp.StatusCode >= http.StatusInternalServerError || resp.StatusCode == http.StatusTooManyRequests {
		return nil, "", &Failure{Where: address.Hostname(), What: fmt.Sprintf("answered %d when asked for its robots.txt, so nothing may be read of it now; use another source", resp.StatusCode)}
	}
	data, err := robotstxt.FromStatusAndBytes(resp.StatusCode, body)
	if err != nil { // what cannot be read has no rules
		data, err = robotstxt.FromStatusAndBytes(http.StatusNotFound, nil)
	}
	return data, "", err
}

func (r *robots) failed(ctx context.Context, address *url.URL, err error) error {
	failed := requestFailed(ctx, address, err)
	var failure *Failure
	if errors.As(failed, &failure) {
		return &Failure{Where: failure.Where, What: "its robots.txt: " + failure.What, Err: failure.Err}
	}
	return failed
}
