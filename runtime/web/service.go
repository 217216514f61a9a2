package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ServiceOptions say how a search service is reached.
type ServiceOptions struct {
	BaseURL   string // the service's own where empty; SearXNG has none
	Key       string // empty for services without
	KeyEnv    string // where the key came from, for errors
	UserAgent string
	Dial      Dial // nil is the machine's own network
}

// maxAnswer bounds what is read of a service's answer.
const maxAnswer = 4 << 20

// service is what all services have in common: one request, one bounded answer
// in JSON. The host is the operator's choice, so it may be a private one; an
// answer cannot lead to another.
type service struct {
	name, base string
	key        string
	keyEnv     string
	agent      string
	client     *http.Client
}

func newService(name, base string, options ServiceOptions) service {
	if options.BaseURL != "" {
		base = options.BaseURL
	}
	if options.UserAgent == "" {
		options.UserAgent = DefaultUserAgent
	}
	dial := options.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	return service{
		name: name, base: strings.TrimSuffix(base, "/"), key: options.Key, keyEnv: options.KeyEnv, agent: options.UserAgent,
		client: newClient(dial),
	}
}

// Name implements [Provider].
func (s service) Name() string { return s.name }

func (s service) failed(format string, args ...any) error {
	return &Failure{Where: s.name, What: fmt.Sprintf(format, args...)}
}

// get asks with parameters; post asks with a body.
func (s service) get(ctx context.Context, path string, params url.Values, header http.Header, answer any) error {
	return s.do(ctx, http.MethodGet, s.base+path+"?"+params.Encode(), header, nil, answer)
}

func (s service) post(ctx context.Context, path string, header http.Header, question, answer any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return fmt.Errorf("encoding a question to %s: %w", s.name, err)
	}
	header.Set("Content-Type", "application/json")
	return s.do(ctx, http.MethodPost, s.base+path, header, body, answer)
}

func (s service) do(ctx context.Context, method, address string, header http.Header, body []byte, answer any) error {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return s.failed("its configured address cannot be used")
	}
	req.GetBody = nil // never sent twice
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", s.agent)
	req.Header.Set("Accept", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return s.unreachable(ctx, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return s.unreachable(ctx, err)
	case len(text) > maxAnswer:
		return s.failed("its answer is larger than %d MB", maxAnswer>>20)
	case resp.StatusCode != http.StatusOK:
		return s.status(resp, text)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return s.failed("answered 200 with what is not its JSON (%s)", excerpt(text))
	}
	return nil
}

// unreachable tells of a request without its address, which may hold a key.
func (s service) unreachable(ctx context.Context, err error) error {
	var timeout net.Error
	switch {
	case errors.Is(context.Cause(ctx), context.Canceled):
		return context.Cause(ctx)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return s.failed("did not answer in time")
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return &Failure{Where: s.name, What: "could not be reached", Err: err}
}

func (s service) status(resp *http.Response, text []byte) error {
	why := reason(text)
	switch {
	case isRedirect(resp.StatusCode):
		return s.failed("redirects, which is not followed; configure the address it leads to")
	case resp.StatusCode == http.StatusTooManyRequests:
		after := resp.Header.Get("Retry-After")
		if after == "" || len(after) > 40 {
			after = "a while"
		} else if seconds, err := time.ParseDuration(after + "s"); err == nil {
			after = seconds.String()
		}
		return s.failed("its rate limit is reached; it can be asked again after %s%s", after, why)
	case resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden:
		if s.keyEnv != "" {
			return s.failed("answered %d: check the key in %s%s", resp.StatusCode, s.keyEnv, why)
		}
	}
	return s.failed("answered %d %s%s", resp.StatusCode, http.StatusText(resp.StatusCode), why)
}

// reason finds what an error body says, in the forms that services use.
func reason(text []byte) string {
	var value any
	if json.Unmarshal(text, &value) != nil {
		return ""
	}
	if said := said(value, 0); said != "" {
		return ": " + plainText(said, 200)
	}
	return ""
}

func said(value any, depth int) string {
	switch v := value.(type) {
	case string:
		return v
	case map[string]any:
		for _, name := range []string{"message", "detail", "error", "errors", "title", "msg"} {
			if text := said(v[name], depth+1); text != "" && depth < 4 {
				return text
			}
		}
	case []any:
		if len(v) > 0 && depth < 4 {
			return said(v[0], depth+1)
		}
	}
	return ""
}

// excerpt shows the beginning of an answer that is no JSON.
func excerpt(text []byte) string {
	if len(bytes.TrimSpace(text)) == 0 {
		return "it is empty"
	}
	return "it begins with " + fmt.Sprintf("%q", plainText(string(text[:min(len(text), 400)]), 80))
}

// noResults is the failure of an answer with status 200 and without results.
func (s service) noResults(raw json.RawMessage) error {
	if why := reason(raw); why != "" {
		return s.failed("answered 200 with an error%s", why)
	}
	return s.failed("answered 200 without results or a reason")
}

// answerOf is an answer of which the error, if it is one, is still known.
type answerOf[T any] struct {
	value T
	raw   json.RawMessage
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *answerOf[T]) UnmarshalJSON(text []byte) error {
	a.raw = append(json.RawMessage(nil), text...)
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil {
		return err
	}
	if err := json.Unmarshal(text, &a.value); err != nil && reason(text) == "" {
		return err
	}
	return nil
}

// dateOf reads a date as services write it; zero when there is none.
func dateOf(text string) time.Time {
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly, time.RFC1123, time.RFC1123Z, "January 2, 2006", "2006-01", "2006",
	} {
		if at, err := time.Parse(layout, strings.TrimSpace(text)); err == nil && at.Year() >= 1500 && at.Year() <= 2200 {
			return at.UTC()
		}
	}
	return time.Time{}
}
