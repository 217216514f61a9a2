package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"

	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/server/api"
	"github.com/quaestor-run/quaestor/runtime/server/modelapi"
	"github.com/quaestor-run/quaestor/runtime/store"
)

const problemType = "application/problem+json"

// kind is a stable kind of problem: the end of its type URN, and its title.
type kind struct {
	name  string
	title string
}

func kindOf(status int) kind {
	switch status {
	case http.StatusBadRequest:
		return kind{"malformed", "The request cannot be read"}
	case http.StatusUnauthorized:
		return kind{"unauthenticated", "A key is needed"}
	case http.StatusForbidden:
		return kind{"forbidden", "Not from here"}
	case http.StatusNotFound:
		return kind{"not-found", "Not found"}
	case http.StatusMethodNotAllowed:
		return kind{"method-not-allowed", "The method is not allowed"}
	case http.StatusNotAcceptable:
		return kind{"not-acceptable", "None of the accepted media types is to be had"}
	case http.StatusConflict:
		return kind{"conflict", "Conflict"}
	case http.StatusRequestEntityTooLarge:
		return kind{"too-large", "Too large"}
	case http.StatusUnsupportedMediaType:
		return kind{"unsupported-media-type", "The body has the wrong media type"}
	case http.StatusUnprocessableEntity:
		return kind{"invalid", "The request is invalid"}
	case http.StatusServiceUnavailable:
		return kind{"unavailable", "Not ready"}
	default:
		return kind{"internal", "A fault of the server"}
	}
}

// problem is an error that a caller is told as it stands. Cause is for the log.
type problem struct {
	kind   kind
	status int
	detail string
	fields []api.FieldError
	header http.Header
	cause  error
}

// Error implements error.
func (p *problem) Error() string {
	if p.cause != nil {
		return p.detail + ": " + p.cause.Error()
	}
	return p.detail
}

// Unwrap gives the cause.
func (p *problem) Unwrap() error { return p.cause }

func newProblem(status int, format string, args ...any) *problem {
	return &problem{kind: kindOf(status), status: status, detail: fmt.Sprintf(format, args...)}
}

// atFields is a problem with the fields to blame; they are its detail.
func atFields(status int, fields ...api.FieldError) *problem {
	said := make([]string, 0, len(fields))
	for _, field := range fields {
		said = append(said, field.Field+": "+field.Message)
	}
	p := newProblem(status, "%s", strings.Join(said, "; "))
	p.fields = fields
	return p
}

// invalid is a 422 that blames fields of the body.
func invalid(fields ...api.FieldError) *problem {
	return atFields(http.StatusUnprocessableEntity, fields...)
}

func inBody(pointer, format string, args ...any) api.FieldError {
	return api.FieldError{In: api.FieldErrorInBody, Field: pointer, Message: fmt.Sprintf(format, args...)}
}

func inQuery(name, format string, args ...any) api.FieldError {
	return api.FieldError{In: api.FieldErrorInQuery, Field: name, Message: fmt.Sprintf(format, args...)}
}

func notFound(what, id string) *problem {
	return newProblem(http.StatusNotFound, "There is no %s %q.", what, id)
}

func conflict(format string, args ...any) *problem {
	return newProblem(http.StatusConflict, format, args...)
}

// unavailable says which part of the server does not answer.
func unavailable(component string, cause error) *problem {
	p := atFields(http.StatusServiceUnavailable,
		api.FieldError{In: api.FieldErrorInComponent, Field: component, Message: cause.Error()})
	p.cause = cause
	p.header = http.Header{"Retry-After": {"5"}}
	return p
}

// errModelsOnly refuses what needs workflows where there are none.
func errModelsOnly() error {
	return newProblem(http.StatusServiceUnavailable, "This process serves models only; `quaestor up` or `quaestor api` serves this too.")
}

// asProblem is what a caller is told of an error. Errors that are not meant
// for callers become a 500 without their text.
func asProblem(err error) *problem {
	var p *problem
	var tooLarge *http.MaxBytesError
	var network net.Error
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &tooLarge):
		return newProblem(http.StatusRequestEntityTooLarge, "The body may have %d bytes at most.", tooLarge.Limit)
	case errors.Is(err, store.ErrNotFound):
		p = newProblem(http.StatusNotFound, "It does not exist, or no longer.")
	case errors.Is(err, store.ErrCursor), errors.Is(err, ledger.ErrCursor):
		p = atFields(http.StatusBadRequest, inQuery("cursor", "is not one this list gave; start without one"))
	case errors.Is(err, context.DeadlineExceeded):
		p = unavailable("store", errors.New("did not answer in time"))
		p.cause = err
		return p
	case errors.Is(err, store.ErrDiskFull), errors.Is(err, store.ErrClosed), errors.Is(err, syscall.ENOSPC),
		errors.As(err, &network): // of a database elsewhere; calls of Temporal name it themselves
		return unavailable("store", err)
	default:
		p = newProblem(http.StatusInternalServerError, "The server failed in a way it should not; its log says more under this request_id.")
	}
	p.cause = err
	return p
}

// fail tells the caller of an error, and the log of what the caller is not told.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := asProblem(err)
	exchange := exchangeOf(r.Context())
	if exchange.begun() {
		s.log.Warn("response ended early", append(exchange.fields(), zap.Error(err))...)
		return
	}
	switch {
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		s.log.Debug("client went away", append(exchange.fields(), zap.Error(err))...)
	case p.status >= http.StatusInternalServerError:
		s.log.Error("request failed", append(exchange.fields(), zap.Error(err))...)
	}
	if modelapi.Serves(r.URL.Path) {
		if err := failAsModel(w, p); err != nil {
			s.log.Debug("client went away", append(exchange.fields(), zap.Error(err))...)
		}
		return
	}
	body, err := json.Marshal(api.Problem{
		Type: "urn:quaestor:problem:" + p.kind.name, Title: p.kind.title, Status: p.status,
		Detail: p.detail, Instance: r.URL.Path, RequestID: exchange.id, Errors: p.fields,
	})
	if err != nil {
		s.log.Error("encoding a problem", append(exchange.fields(), zap.Error(err))...)
	}
	header := w.Header()
	for name, values := range p.header {
		header[name] = values
	}
	header.Del("ETag")
	header.Set("Content-Type", problemType)
	w.WriteHeader(p.status)
	if _, err := w.Write(body); err != nil {
		s.log.Debug("client went away", append(exchange.fields(), zap.Error(err))...)
	}
}
