package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/quaestor-run/quaestor/runtime/provider"
)

const (
	maxAnswer  = 32 << 20  // of one answer, streamed or not
	maxRefusal = 256 << 10 // of the body of an error
)

// send makes one request: below http.Client, for there is no cookie to keep and
// no redirect to follow, which would send the request, and the key, again. There
// is no GetBody, so that the transport cannot send it twice behind our back. An
// answer that is given back has a status below 300; its body must be closed.
func (p *Provider) send(ctx context.Context, wire *provider.Wire, where *url.URL, body []byte) (*http.Response, *provider.Error) {
	req := (&http.Request{
		Method: http.MethodPost, URL: where, Host: where.Host, Header: p.header.Clone(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}).WithContext(ctx)
	resp, err := p.transport.RoundTrip(req)
	if err != nil {
		return nil, p.broken(err, wire)
	}
	if resp.StatusCode >= 300 {
		defer resp.Body.Close()
		return nil, p.failure(resp, wire)
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, maxAnswer)
	return resp, nil
}

// ask makes one request and reads its whole answer into out.
func (p *Provider) ask(ctx context.Context, wire *provider.Wire, where *url.URL, body []byte, out any) (http.Header, *provider.Error) {
	resp, failed := p.send(ctx, wire, where, body)
	if failed != nil {
		return nil, failed
	}
	defer resp.Body.Close()
	text, err := readAll(resp)
	if err == nil {
		err = json.Unmarshal(text, out)
	}
	if err == nil {
		return resp.Header, nil
	}
	if broken := p.broken(err, wire); broken.Class == provider.ClassCancelled || broken.Class == provider.ClassTimeout {
		broken.Status = resp.StatusCode
		return nil, broken
	}
	return nil, p.unreadable(resp.StatusCode, err)
}

// readAll is io.ReadAll in one piece where a length is told, and is believable.
func readAll(resp *http.Response) ([]byte, error) {
	const believable = 1 << 20
	if n := resp.ContentLength; n >= 0 && n <= believable {
		text := make([]byte, n)
		_, err := io.ReadFull(resp.Body, text)
		return text, err
	}
	var buffer bytes.Buffer
	_, err := buffer.ReadFrom(resp.Body)
	return buffer.Bytes(), err
}

// unreadable is an answer that came and cannot be used.
func (p *Provider) unreadable(status int, err error) *provider.Error {
	return &provider.Error{
		Class: provider.ClassBadResponse, Provider: name, Status: status, Err: err,
		Message: p.clean(fmt.Sprintf("the answer could not be read: %v", err)),
	}
}
