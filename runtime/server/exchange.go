package server

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"
)

// exchange is what the log says of one request. It belongs to the goroutine
// that serves the request.
type exchange struct {
	id        string
	principal principal
	run       string
	request   *http.Request
	writer    *recorder
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return e
	}
	return &exchange{}
}

func (e *exchange) begun() bool { return e.writer != nil && e.writer.status != 0 }

func (e *exchange) fields() []zap.Field {
	fields := []zap.Field{zap.String("request", e.id)}
	if e.principal.client != "" {
		fields = append(fields, zap.String("client", e.principal.client))
	}
	if e.run != "" {
		fields = append(fields, zap.String("run", e.run))
	}
	return fields
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(data []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(data)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// logAccess writes the line of one request.
func (s *Server) logAccess(e *exchange, r *http.Request, begin time.Time) {
	fields := append(e.fields(),
		zap.String("method", r.Method), zap.String("path", r.URL.Path), zap.Int("status", e.writer.status),
		zap.Int64("bytes", e.writer.bytes), zap.Duration("took", s.now().Sub(begin)),
	)
	if strings.HasPrefix(r.URL.Path, "/v1/") {
		s.log.Info("request", fields...)
		return
	}
	s.log.Debug("request", fields...)
}

// requestID keeps a caller's own id when it is fit for a log line.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	fit := func(c rune) bool {
		return c == '.' || c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
	}
	if id == "" || len(id) > 64 || strings.ContainsFunc(id, func(c rune) bool { return !fit(c) }) {
		return randomName(12)
	}
	return id
}

// randomName is n random characters of lower-case base 32, at most 26.
func randomName(n int) string { return strings.ToLower(rand.Text()[:n]) }
