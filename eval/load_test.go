package eval_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// line is one kept-open connection that asks for completions with as little of
// a client as can be: what the generator of the load takes of the processors is
// not there for what is measured.
type line struct {
	conn    net.Conn
	reader  *bufio.Reader
	request []byte
	took    []time.Duration
	first   []time.Duration // until the first piece of a stream
}

// dial opens a connection whose request is body, with a key.
func dial(ctx context.Context, url, key, body string) (*line, error) {
	host := strings.TrimPrefix(url, "http://")
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	request := fmt.Appendf(nil, "POST /v1/chat/completions HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", host, key, len(body), body)
	return &line{conn: conn, reader: bufio.NewReaderSize(conn, 16<<10), request: request}, nil
}

// ask makes one request and reads its whole answer.
func (l *line) ask() error {
	started := time.Now()
	if _, err := l.conn.Write(l.request); err != nil {
		return err
	}
	length := -1
	for at := 0; ; at++ {
		text, err := l.reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		if at == 0 && !bytes.HasPrefix(text, []byte("HTTP/1.1 200 ")) {
			rest, _ := l.reader.Peek(l.reader.Buffered())
			return fmt.Errorf("answered %s%s", text, rest)
		}
		if rest, ok := bytes.CutPrefix(text, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(rest))); err != nil {
				return err
			}
		}
		if len(text) == len("\r\n") {
			break
		}
	}
	if length < 0 {
		return io.ErrUnexpectedEOF
	}
	if _, err := l.reader.Discard(length); err != nil {
		return err
	}
	l.took = append(l.took, time.Since(started))
	return nil
}

// askStream makes one request for a stream, and reads it to its end.
func (l *line) askStream() error {
	started := time.Now()
	if _, err := l.conn.Write(l.request); err != nil {
		return err
	}
	answer, err := http.ReadResponse(l.reader, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", answer.Status)
	}
	text := bufio.NewReader(answer.Body)
	first := time.Duration(0)
	for {
		said, err := text.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("the stream did not end as it should: %w", err)
		}
		if _, text, ok := bytes.Cut(said, []byte(`"content":"`)); ok && first == 0 && text[0] != '"' {
			first = time.Since(started)
		}
		if bytes.HasPrefix(said, []byte("data: [DONE]")) {
			break
		}
	}
	if _, err := io.Copy(io.Discard, text); err != nil {
		return err
	}
	l.took, l.first = append(l.took, time.Since(started)), append(l.first, first)
	return nil
}

// load is what came of many requests.
type load struct {
	requests int
	wall     time.Duration
	took     []time.Duration // in order of length
	first    []time.Duration
}

func (l load) rate() float64 { return float64(l.requests) / l.wall.Seconds() }

// at is a quantile, in milliseconds.
func at(sorted []time.Duration, quantile float64) float64 {
	return float64(sorted[int(quantile*float64(len(sorted)-1))].Microseconds()) / 1000
}

// hammer makes so many requests, each line one after the other.
func hammer(b *testing.B, lines []*line, requests int, ask func(*line) error) load {
	b.Helper()
	var next atomic.Int64
	var work sync.WaitGroup
	errs := make([]error, len(lines))
	started := time.Now()
	for i, l := range lines {
		l.took, l.first = make([]time.Duration, 0, requests), nil
		work.Go(func() {
			for errs[i] == nil && next.Add(1) <= int64(requests) {
				errs[i] = ask(l)
			}
		})
	}
	work.Wait()
	made := load{requests: requests, wall: time.Since(started)}
	for i, l := range lines {
		if errs[i] != nil {
			b.Fatal(errs[i])
		}
		made.took, made.first = append(made.took, l.took...), append(made.first, l.first...)
	}
	slices.Sort(made.took)
	slices.Sort(made.first)
	return made
}
