package mock_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/mock"
	"github.com/quaestor-run/quaestor/runtime/mock/mocktest"
)

// BenchmarkChat is what the emulator itself costs as an upstream: a chat that is
// not streamed, with and without a log file, without and over a connection.
// Over a connection the client's share is in the figure.
func BenchmarkChat(b *testing.B) {
	body := `{"model":"gpt-4o-mini","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"` + strings.Repeat("What is it? ", 20) + `"}],"max_tokens":256}`
	for _, logged := range []bool{false, true} {
		options := func(b *testing.B) mock.Options {
			b.Helper()
			if !logged {
				return mock.Options{}
			}
			file, err := mock.OpenLog(filepath.Join(b.TempDir(), "log"))
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { file.Close() })
			return mock.Options{Log: file}
		}
		b.Run(fmt.Sprintf("handler/log=%t", logged), func(b *testing.B) {
			s, err := mock.New(options(b))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				s.ServeHTTP(w, httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/v1/chat/completions", strings.NewReader(body)))
				if w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
		b.Run(fmt.Sprintf("connection/log=%t", logged), func(b *testing.B) {
			s := mocktest.Start(b, options(b))
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) { hammer(b, s.URL, body, pb) })
		})
	}
}

// hammer asks over one connection, with as little of a client as can be.
func hammer(b *testing.B, url, body string, pb *testing.PB) {
	dialer := &net.Dialer{}
	conn, err := dialer.DialContext(b.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		b.Error(err)
		return
	}
	defer conn.Close()
	request := fmt.Appendf(nil, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	reader := bufio.NewReader(conn)
	for pb.Next() {
		if _, err := conn.Write(request); err != nil {
			b.Error(err)
			return
		}
		length := 0
		for {
			line, err := reader.ReadSlice('\n')
			if err != nil {
				b.Error(err)
				return
			}
			if rest, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
				_, _ = fmt.Sscan(string(rest), &length)
			}
			if len(line) == 2 {
				break
			}
		}
		if _, err := io.CopyN(io.Discard, reader, int64(length)); err != nil {
			b.Error(err)
			return
		}
	}
}
