package eval_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// ask is a chat completion to be asked for.
type ask struct {
	model  string
	text   string
	max    int
	stream bool
	again  string // Idempotency-Key
	header http.Header
	fields string // more of the body: `,"tools":[…]`
}

// answer is what came of one.
type answer struct {
	status  int // 0 when there was none
	header  http.Header
	trailer http.Header
	text    string // of the message
	code    string // of the error
	kind    string
	message string
	pieces  int
	whole   bool  // it came to its end, and is no error
	err     error // of the connection
}

func (a answer) String() string {
	return fmt.Sprintf("status %d, code %q, %q, %d pieces, whole %t, %v", a.status, a.code, a.message, a.pieces, a.whole, a.err)
}

// newClient gives connections of their own, so that those of a process that is
// gone are not used again.
func newClient(t testing.TB) *http.Client {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 256}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: time.Minute}
}

func (a ask) body() string {
	text, _ := json.Marshal(a.text)
	return fmt.Sprintf(`{"model":%q,"max_tokens":%d,"stream":%t,"messages":[{"role":"user","content":%s}]%s}`, a.model, a.max, a.stream, text, a.fields)
}

// post asks for a completion and gives the response as it begins.
func (a ask) post(ctx context.Context, client *http.Client, url, key string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/chat/completions", strings.NewReader(a.body()))
	if err != nil {
		return nil, err
	}
	if a.header != nil {
		r.Header = a.header.Clone()
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+key)
	if a.again != "" {
		r.Header.Set("Idempotency-Key", a.again)
		r.GetBody = nil // net/http would send it again by itself
	}
	return client.Do(r)
}

// send asks for a completion and reads the answer to its end. Each piece of a
// stream is told to each, if there is one.
func (a ask) send(ctx context.Context, client *http.Client, url, key string, each ...func(piece int)) answer {
	response, err := a.post(ctx, client, url, key)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	out := answer{status: response.StatusCode, header: response.Header}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		out.readStream(response, each)
	} else {
		out.read(response.Body)
	}
	out.trailer = response.Trailer
	return out
}

// told is a completion, a piece of one, or an error.
type told struct {
	Choices []struct {
		Message struct {
			Content string `json:"content"`
		} `json:"message"`
		Delta struct {
			Content string `json:"content"`
		} `json:"delta"`
	} `json:"choices"`
	Error *struct {
		Message string `json:"message"`
		Type    string `json:"type"`
		Code    string `json:"code"`
	} `json:"error"`
}

func (out *answer) take(text []byte) {
	var t told
	if err := json.Unmarshal(text, &t); err != nil {
		out.err = fmt.Errorf("reading %.200q: %w", text, err)
		return
	}
	if t.Error != nil {
		out.code, out.kind, out.message = t.Error.Code, t.Error.Type, t.Error.Message
	}
	for _, choice := range t.Choices {
		out.text += choice.Message.Content + choice.Delta.Content
		if choice.Delta.Content != "" {
			out.pieces++
		}
	}
}

func (out *answer) read(body io.Reader) {
	text, err := io.ReadAll(body)
	if err != nil {
		out.err = err
		return
	}
	out.take(text)
	out.whole = out.err == nil && out.status == http.StatusOK
}

func (out *answer) readStream(response *http.Response, each []func(int)) {
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	done := false
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		switch {
		case !ok:
		case data == "[DONE]":
			done = true
		default:
			out.take([]byte(data))
			for _, see := range each {
				see(out.pieces)
			}
		}
	}
	if err := lines.Err(); err != nil {
		out.err = err
	}
	out.whole = out.err == nil && done && out.message == ""
}
