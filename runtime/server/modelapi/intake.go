package modelapi

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quaestor-run/quaestor/runtime/server/access"
)

// Bodies above largeBody have a space that they share, so that many of them at
// once do not fill the memory: a request for which there is none is refused.
const (
	largeBody   = 1 << 20
	largeBodies = 256 << 20
)

// room takes the space that the body of a request needs, until give is called.
// A body of unknown length may be as large as any.
func (a *API) room(w http.ResponseWriter, r *http.Request) (give func(), err error) {
	size := r.ContentLength
	if size < 0 {
		size = MaxBody
	}
	if size <= largeBody || size > MaxBody { // which is refused by itself
		return func() {}, nil
	}
	give, err = a.takeRoom(size)
	if err != nil {
		w.Header().Set("Connection", "close") // nothing more is read
	}
	return give, err
}

// takeRoom takes a part of the space for large bodies, which give gives back,
// also after a refusal.
func (a *API) takeRoom(size int64) (give func(), err error) {
	give = func() { a.large.Add(-size) }
	if a.large.Add(size) <= largeBodies {
		return give, nil
	}
	return give, &Failure{
		Status: http.StatusServiceUnavailable, Type: typeServer, Code: "overloaded", RetryAfter: time.Second,
		Message: "Too many large requests are under way; try again shortly.",
	}
}

// body reads a JSON body. One that says that it is too large is refused before
// it is read.
func (a *API) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return nil, &Failure{
			Status: http.StatusUnsupportedMediaType, Type: typeInvalid, Final: true,
			Message: "The body must be application/json; see the Content-Type header.",
		}
	}
	if r.ContentLength > MaxBody {
		w.Header().Set("Connection", "close")
		return nil, tooLarge(MaxBody)
	}
	text := make([]byte, 0, max(512, r.ContentLength+1))
	text, err = readInto(text, http.MaxBytesReader(w, r.Body, MaxBody))
	var large *http.MaxBytesError
	switch {
	case err == nil:
		// Nothing more is read; the passing of the deadline would end the request.
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		return text, nil
	case errors.As(err, &large):
		return nil, tooLarge(MaxBody)
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.Header().Set("Connection", "close")
		return nil, &Failure{Status: http.StatusRequestTimeout, Type: typeInvalid, Code: "request_timeout", Message: "The body came too slowly."}
	}
	return nil, invalid("", "The body ended early: %v.", err)
}

// readInto is io.ReadAll into a buffer of the expected size.
func readInto(text []byte, from io.Reader) ([]byte, error) {
	for {
		if len(text) == cap(text) {
			text = slices.Grow(text, len(text))
		}
		n, err := from.Read(text[len(text):cap(text)])
		text = text[:len(text)+n]
		if errors.Is(err, io.EOF) {
			return text, nil
		}
		if err != nil {
			return text, err
		}
	}
}

// maxKey bounds an Idempotency-Key.
const maxKey = 200

// key names a call. With an Idempotency-Key the same request gets the same
// name, so that what was answered is not paid again.
func (a *API) key(ctx context.Context, caller access.Caller, asked asked, body []byte) (key string, transient bool, err error) {
	given := asked.key
	if given == "" {
		return freshKey(a.options.Now(), caller.Client.ID), true, nil
	}
	if len(given) > maxKey || strings.ContainsFunc(given, func(c rune) bool { return c < ' ' || c > '~' }) {
		return "", false, invalid("", "The Idempotency-Key may have %d characters of ASCII at most.", maxKey)
	}
	digest := digestOf(asked.path, string(body))
	ctx, cancel := context.WithTimeout(ctx, storePatience)
	defer cancel()
	first, err := a.options.Claims.ClaimRequest(ctx, caller.Client.ID, given, digest, a.options.Now().UTC())
	if err != nil {
		return "", false, storeFailed(err)
	}
	if first != digest {
		return "", false, &Failure{
			Status: http.StatusConflict, Type: typeInvalid, Code: "idempotency_key_in_use", Final: true,
			Message: "The Idempotency-Key was used for another request; use a new key for a new request.",
		}
	}
	return "i/" + caller.Client.ID + "/" + digestOf(given, digest), false, nil
}

// freshKey names a call that nobody will ask for again. It begins with the time:
// names that follow each other lie beside each other in the ledger's index, and
// many of them are written as one page.
func freshKey(now time.Time, client string) string {
	const digits = 13 // of microseconds, until the year 2112
	key := make([]byte, 0, 48)
	key = append(key, "c/"...)
	micros := strconv.FormatInt(now.UnixMicro(), 16)
	for range digits - len(micros) {
		key = append(key, '0')
	}
	key = append(append(key, micros...), '-')
	key = append(append(key, rand.Text()[:16]...), '/') // 80 bits
	return string(append(key, client...))
}

func digestOf(parts ...string) string {
	sum := sha256.New()
	for _, part := range parts {
		_, _ = io.WriteString(sum, part) // a hash takes everything
		_, _ = sum.Write([]byte{0})
	}
	return hex.EncodeToString(sum.Sum(nil))
}
