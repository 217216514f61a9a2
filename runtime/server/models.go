package server

import (
	"net/http"

	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/runtime/server/access"
	"github.com/quaestor-run/quaestor/runtime/server/modelapi"
)

// serveModels makes the API for models, where there are any.
func (s *Server) serveModels(options Options) error {
	if options.Models == nil {
		return nil
	}
	var err error
	s.models, err = modelapi.New(modelapi.Options{
		Models: options.Models, Claims: s.store, Authenticate: s.caller, Check: s.access.Check, Ending: serving,
		Failed: func(r *http.Request, err error) {
			s.log.Error("request failed", append(exchangeOf(r.Context()).fields(), zap.Error(err))...)
		},
		Logger: s.log, Now: s.now,
	})
	return err
}

// failAsModel tells an error of a path of OpenAI's API in its form.
func failAsModel(w http.ResponseWriter, p *problem) error {
	failure := &modelapi.Failure{Status: p.status, Type: "invalid_request_error", Message: p.detail, Final: true}
	if p.status >= http.StatusInternalServerError {
		failure.Type, failure.Final = "server_error", false
	}
	for name, values := range p.header {
		w.Header()[name] = values
	}
	return modelapi.Refuse(w, failure)
}

// caller says who calls a model, and notes it for the log.
func (s *Server) caller(r *http.Request) (access.Caller, error) {
	caller, err := s.access.Authenticate(r.Context(), r.Header.Get("Authorization"))
	if err == nil {
		exchangeOf(r.Context()).principal = principalFor(caller)
	}
	return caller, err
}
