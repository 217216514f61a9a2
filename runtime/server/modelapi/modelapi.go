// Package modelapi is the HTTP surface for those who call models: OpenAI's API
// of chat completions, models and embeddings, so that OpenAI's SDKs work against
// it by changing base URL and key.
//
// Requests are decoded by hand, within bounds, without the specification's
// validator: this is the path that must be fast. Every model call goes through
// the gateway it is given.
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
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/server/access"
)

// MaxBody bounds the body of a request, in bytes.
const MaxBody = 10_000_000

const (
	writePatience = 30 * time.Second // for a piece of an answer to be taken
	answerWindow  = 2 * time.Minute  // for a whole answer to be taken
	heartbeat     = 15 * time.Second // between comments on a quiet stream
	recheck       = 2 * time.Second  // between looks whether the key of a stream still holds
	farewell      = 30 * time.Second // for an answer whose caller has gone
)

// Models is what answers calls; the gateway is one.
type Models interface {
	Invoke(ctx context.Context, call gateway.Call) (gateway.Result, error)
	Embed(ctx context.Context, call gateway.EmbedCall) (gateway.EmbedResult, error)
	Models() []gateway.ModelInfo
}

// Claims keeps what an idempotency key was first used for; the store does.
type Claims interface {
	ClaimRequest(ctx context.Context, client, key, digest string, at time.Time) (first string, err error)
}

// Options say what an API works with. Models, Claims and Authenticate are
// required.
type Options struct {
	Models Models
	Claims Claims
	// Authenticate says who asks; its error is a *access.Denial, a *Failure, or
	// one of the store.
	Authenticate func(r *http.Request) (access.Caller, error)
	// Check says whether a caller who was let in still would be. Streams ask
	// every few seconds. Nil never says no.
	Check func(ctx context.Context, caller access.Caller) error
	// Ending is done when the server that serves a request is to end; nil never
	// is. Sockets are told.
	Ending func(ctx context.Context) context.Context
	// Failed is told of errors that are no fault of the caller; nil logs them.
	Failed func(r *http.Request, err error)

	Logger    *zap.Logger
	Now       func() time.Time
	Heartbeat time.Duration // between comments on a quiet stream; 0 is 15 s
	Recheck   time.Duration // between looks whether a key still holds; 0 is 2 s
	Patience  time.Duration // for a piece of a stream to be taken; 0 is 30 s
}

// API serves the endpoints. Make one with [New].
type API struct {
	options Options
	log     *zap.Logger
	schemas schemas
	calls   sync.WaitGroup // under way for callers who may have gone
}

// New makes an API.
func New(options Options) (*API, error) {
	if options.Models == nil || options.Claims == nil || options.Authenticate == nil {
		return nil, errors.New("making the model API: models, claims and authentication are required")
	}
	if options.Logger == nil {
		options.Logger = zap.NewNop()
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Check == nil {
		options.Check = func(context.Context, access.Caller) error { return nil }
	}
	if options.Ending == nil {
		options.Ending = func(context.Context) context.Context { return context.Background() }
	}
	options.Heartbeat = positive(options.Heartbeat, heartbeat)
	options.Recheck = positive(options.Recheck, recheck)
	options.Patience = positive(options.Patience, writePatience)
	a := &API{options: options, log: options.Logger}
	if a.options.Failed == nil {
		a.options.Failed = func(_ *http.Request, err error) { a.log.Error("request failed", zap.Error(err)) }
	}
	return a, nil
}

func positive(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

// Wait waits for the calls of callers who have gone, until ctx ends.
func (a *API) Wait(ctx context.Context) {
	ended := make(chan struct{})
	go func() { a.calls.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// Handlers are the endpoints by the patterns of http.ServeMux.
func (a *API) Handlers() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"POST /v1/chat/completions": a.handle(a.chat),
		"GET /v1/chat/ws":           a.handle(a.socket),
		"POST /v1/embeddings":       a.handle(a.embeddings),
		"GET /v1/models":            a.handle(a.listModels),
		"GET /v1/models/{id...}":    a.handle(a.getModel),
	}
}

// handle authenticates, and tells errors as OpenAI's API does.
func (a *API) handle(serve func(w http.ResponseWriter, r *http.Request, caller access.Caller) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		caller, err := a.authenticate(r)
		if err == nil {
			err = serve(w, r, caller)
		}
		if err != nil {
			a.fail(w, r, err)
		}
	}
}

// Serves says that a path is one of OpenAI's API, where errors have its form.
func Serves(path string) bool {
	return strings.HasPrefix(path, "/v1/chat/") || path == "/v1/models" || strings.HasPrefix(path, "/v1/models/") || path == "/v1/embeddings"
}

// Refuse answers with an error.
func Refuse(w http.ResponseWriter, failure *Failure) error {
	failure.header(w.Header())
	w.WriteHeader(failure.Status)
	_, err := w.Write(failure.Body())
	return err
}

func (a *API) authenticate(r *http.Request) (access.Caller, error) {
	takeProtocolKey(r)
	caller, err := a.options.Authenticate(r)
	if err == nil && caller.Client.Disabled {
		err = &access.Denial{Reason: access.Disabled, Detail: "Client " + caller.Client.ID + " is disabled."}
	}
	return caller, err
}

func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	failure := AsFailure(err)
	if failure.Status >= http.StatusInternalServerError {
		a.options.Failed(r, err)
	}
	failure.header(w.Header())
	a.write(w, failure.Status, failure.Body())
}

// write sends a whole answer.
func (a *API) write(w http.ResponseWriter, status int, body []byte) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerWindow)) // calls may outlast the server's own
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		a.log.Debug("client went away", zap.Error(err))
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
	first, err := a.options.Claims.ClaimRequest(ctx, caller.Client.ID, given, digest, a.options.Now().UTC())
	if err != nil {
		return "", false, err
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

// model finds the model a caller may use for a purpose.
func (a *API) model(caller access.Caller, name string, embedding bool) error {
	if len(caller.Client.Models) > 0 && !slices.Contains(caller.Client.Models, name) {
		return noModel(name)
	}
	for _, model := range a.options.Models.Models() {
		if model.Name != name {
			continue
		}
		if model.Embedding == embedding {
			return nil
		}
		failure := noModel(name)
		failure.Message = "The model '" + name + "' makes vectors; ask for them at /v1/embeddings."
		if embedding {
			failure.Message = "The model '" + name + "' does not make vectors; ask it at /v1/chat/completions."
		}
		return failure
	}
	return noModel(name)
}

// Patient gives a call whose caller has gone some time to end, so that it is
// settled at what it cost.
func Patient(ctx context.Context) (context.Context, context.CancelFunc) {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		late := time.AfterFunc(farewell, cancel)
		context.AfterFunc(lasting, func() { late.Stop() })
	})
	return lasting, func() { stop(); cancel() }
}
