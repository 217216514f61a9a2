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
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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
	storePatience = 10 * time.Second // for the store to say who asks, and for what before
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
	large   atomic.Int64   // bytes of the large bodies under way
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
			err = a.admit(w, r, caller, serve)
		}
		if err != nil {
			a.fail(w, r, err)
		}
	}
}

func (a *API) admit(w http.ResponseWriter, r *http.Request, caller access.Caller, serve func(http.ResponseWriter, *http.Request, access.Caller) error) error {
	give, err := a.room(w, r)
	defer give()
	if err != nil {
		return err
	}
	return serve(w, r, caller)
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
	ctx, cancel := context.WithTimeout(r.Context(), storePatience)
	defer cancel()
	caller, err := a.options.Authenticate(r.WithContext(ctx))
	if err == nil && caller.Client.Disabled {
		err = &access.Denial{Reason: access.Disabled, Detail: "Client " + caller.Client.ID + " is disabled."}
	}
	return caller, storeFailed(err)
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
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(answerWindow)) // calls may outlast the server's own
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, err := w.Write(body)
	if err == nil {
		err = control.Flush() // nobody waits for what is done after, the log's line among it
	}
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		a.log.Debug("client went away", zap.Error(err))
	}
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
