package bedrock

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

// maxAnswer bounds what is read of one answer, streamed or not.
const maxAnswer = 32 << 20

// watchedKey finds the watchedBody of an attempt in its context.
type watchedKey struct{}

// watchedBody keeps how reading a body ended: the SDK's decoder of events makes
// a clean end of a cut connection.
type watchedBody struct {
	err atomic.Value // of endedWith
}

type endedWith struct{ err error }

func (w *watchedBody) failed() error {
	if ended, ok := w.err.Load().(endedWith); ok {
		return ended.err
	}
	return nil
}

type watchedReader struct {
	io.ReadCloser
	watch *watchedBody
}

// Read implements io.Reader.
func (r watchedReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.watch.err.CompareAndSwap(nil, endedWith{err})
	}
	return n, err
}

// bounded is the body of an answer with its limit, watched where it is asked for.
func bounded(req *http.Request, resp *http.Response) io.ReadCloser {
	body := http.MaxBytesReader(nil, resp.Body, maxAnswer)
	if watch, ok := req.Context().Value(watchedKey{}).(*watchedBody); ok {
		return watchedReader{body, watch}
	}
	return body
}
