package web

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Failure is a page that could not be had, or a search that was not answered:
// the fault of the other side or of the address, which trying again at once does
// not mend.
type Failure struct {
	Where string // host or provider
	What  string // what went wrong and what to do
	Gone  bool   // there is no such page, or no such host
	Err   error
}

// Error implements error.
func (f *Failure) Error() string {
	if f.Err == nil {
		return f.Where + ": " + f.What
	}
	return f.Where + ": " + f.What + ": " + f.Err.Error()
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// response is what was had of an address.
type response struct {
	address     *url.URL // after redirects
	contentType string
	modified    time.Time
	body        []byte
	truncated   bool
}

// fetcher gets pages. It follows redirects itself, and asks at each hop whether
// the address may be fetched and whether the host's robots.txt allows it.
type fetcher struct {
	client    *http.Client
	hosts     HostRules
	userAgent string
	maxBytes  int64
	maxHops   int
	robots    *robots
}

// get fetches an address and where it leads.
func (f *fetcher) get(ctx context.Context, raw string) (response, error) {
	for hop := 0; ; hop++ {
		address, err := CheckURL(raw)
		if err != nil {
			return response{}, err
		}
		if err := f.hosts.check(address.Hostname()); err != nil {
			return response{}, err
		}
		if err := f.robots.check(ctx, address); err != nil {
			return response{}, err
		}
		got, next, err := f.hop(ctx, address, f.maxBytes)
		if err != nil || next == "" {
			return got, err
		}
		if hop == f.maxHops {
			return response{}, &Failure{Where: address.Hostname(), What: fmt.Sprintf("redirects more than %d times; the page cannot be had", f.maxHops)}
		}
		raw = next
	}
}

// hop makes one request. It gives the body, or where the answer leads.
func (f *fetcher) hop(ctx context.Context, address *url.URL, maxBytes int64) (response, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return response{}, "", refused("%q: %v", address, err)
	}
	req.Header.Set("User-Agent", f.userAgent)
	req.Header.Set("Accept", "text/html,application/xhtml+xml,application/pdf;q=0.9,text/plain;q=0.8,*/*;q=0.1")
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := f.client.Do(req)
	if err != nil {
		return response{}, "", requestFailed(ctx, address, err)
	}
	defer resp.Body.Close()
	switch {
	case isRedirect(resp.StatusCode):
		next, err := redirect(address, resp.Header.Get("Location"))
		return response{}, next, err
	case resp.StatusCode != http.StatusOK:
		return response{}, "", statusFailed(address, resp)
	}
	got := response{address: address, contentType: resp.Header.Get("Content-Type")}
	if at, err := http.ParseTime(resp.Header.Get("Last-Modified")); err == nil {
		got.modified = at
	}
	if err := readable(address, got.contentType); err != nil {
		return response{}, "", err
	}
	got.body, got.truncated, err = readBody(resp, maxBytes)
	if err != nil {
		return response{}, "", requestFailed(ctx, address, err)
	}
	return got, "", nil
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// redirect gives where an answer leads. From https it does not lead to http.
func redirect(from *url.URL, location string) (string, error) {
	if location == "" {
		return "", &Failure{Where: from.Hostname(), What: "redirects without saying where"}
	}
	to, err := from.Parse(location)
	if err != nil {
		return "", &Failure{Where: from.Hostname(), What: "redirects to what is no address"}
	}
	if from.Scheme == "https" && to.Scheme == "http" {
		return "", refused("%s redirects from https to http", from.Hostname())
	}
	return to.String(), nil
}

func statusFailed(address *url.URL, resp *http.Response) error {
	what := fmt.Sprintf("answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	switch resp.StatusCode {
	case http.StatusNotFound, http.StatusGone:
		what += "; the page is not there"
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusPaymentRequired:
		what += "; the page is not open to us, and we do not try to get around that"
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if after := resp.Header.Get("Retry-After"); after != "" && len(after) < 40 {
			what += "; it asks to come back after " + after
		}
	}
	gone := resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone
	return &Failure{Where: address.Hostname(), What: what, Gone: gone}
}

// requestFailed tells refusals and the caller's own end from failures of the
// other side.
func requestFailed(ctx context.Context, address *url.URL, err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, ErrRefused):
		return err
	case errors.Is(context.Cause(ctx), context.Canceled):
		return context.Cause(ctx)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return &Failure{Where: address.Hostname(), What: "did not answer in time; use another source"}
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var unknown *net.DNSError
	gone := errors.As(err, &unknown) && unknown.IsNotFound
	return &Failure{Where: address.Hostname(), What: "could not be read", Gone: gone, Err: err}
}

// readable refuses what is no text before it is loaded. What declares nothing
// is looked at later.
func readable(address *url.URL, contentType string) error {
	if contentType == "" {
		return nil
	}
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil && kind == "" {
		kind, _, _ = strings.Cut(contentType, ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
	}
	switch kind {
	case typeHTML, typeXHTML, typePlain, typeMarkdown, typePDF, "application/x-pdf", "application/octet-stream", "binary/octet-stream":
		return nil
	}
	return &Failure{Where: address.Hostname(), What: fmt.Sprintf("is of type %q; HTML, PDF, Markdown and plain text are read", kind)}
}

// readBody reads at most maxBytes of what a body unpacks to, and says whether
// there was more.
func readBody(resp *http.Response, maxBytes int64) (body []byte, truncated bool, err error) {
	var reader io.Reader = resp.Body
	switch encoding := strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding"))); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		unpacked, err := gzip.NewReader(io.LimitReader(resp.Body, maxBytes+1))
		if err != nil {
			return nil, false, fmt.Errorf("unpacking the page: %w", err)
		}
		reader = unpacked
	default:
		return nil, false, fmt.Errorf("it came packed as %q, which was not asked for", encoding)
	}
	body, err = io.ReadAll(io.LimitReader(reader, maxBytes+1))
	if int64(len(body)) > maxBytes {
		return body[:maxBytes], true, nil
	}
	return body, false, err
}
