package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// operation is what the specification says of one method and path.
type operation struct {
	pattern   string // of the mux
	route     *routers.Route
	path      []string // names of path parameters
	query     []string // names of query parameters
	secured   bool
	admin     bool     // needs an admin key
	engine    bool     // needs workflows
	consumes  []string // media types of the body, if it has one
	produces  []string // media types of what it gives
	multipart bool     // the handler reads the body itself
	lasting   bool     // its answer takes as long as its caller, a model or an index does
	body      int64    // bytes it may have, where that is more than usual
}

// guarded registers the operations of the specification behind what holds for
// all of them. It is the router the generated code registers on.
type guarded struct {
	*http.ServeMux
	server *Server
	errs   []error
}

// HandleFunc registers the handler of one operation.
func (g *guarded) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	op, err := operationFor(g.server.spec, pattern)
	if err != nil {
		g.errs = append(g.errs, err)
		return
	}
	g.ServeMux.HandleFunc(pattern, g.server.guard(op, handler))
}

// lasting are the operations that are not over when store and Temporal have
// given what they need.
var lasting = []string{"streamEvents", "getAudit", "uploadDocuments", "searchDocuments", "createSummary"}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

func operationFor(spec *openapi3.T, pattern string) (operation, error) {
	method, path, _ := strings.Cut(pattern, " ")
	item := spec.Paths.Value(path)
	if item == nil || item.GetOperation(method) == nil {
		return operation{}, fmt.Errorf("the specification has no operation %q", pattern)
	}
	declared := item.GetOperation(method)
	op := operation{
		pattern: pattern,
		route:   &routers.Route{Spec: spec, Path: path, PathItem: item, Method: method, Operation: declared},
		secured: declared.Security == nil, admin: slices.Contains(declared.Tags, "admin"),
		engine: slices.ContainsFunc(declared.Tags, func(tag string) bool { return tag == "research" || tag == "reviews" || tag == "schedules" }),
	}
	op.lasting = slices.Contains(lasting, declared.OperationID)
	if declared.OperationID == "createSummary" {
		op.body = summaryBody
	}
	for _, match := range pathParameter.FindAllStringSubmatch(path, -1) {
		op.path = append(op.path, match[1])
	}
	for _, parameter := range slices.Concat(item.Parameters, declared.Parameters) {
		if parameter.Value.In == openapi3.ParameterInQuery {
			op.query = append(op.query, parameter.Value.Name)
		}
	}
	if declared.RequestBody != nil {
		for media := range declared.RequestBody.Value.Content {
			op.consumes = append(op.consumes, media)
		}
		op.multipart = slices.Contains(op.consumes, "multipart/form-data")
	}
	for status, response := range declared.Responses.Map() {
		if strings.HasPrefix(status, "2") {
			for media := range response.Value.Content {
				op.produces = append(op.produces, media)
			}
		}
	}
	return op, nil
}

// guard is what holds for every operation: a span, a key, what the caller
// accepts, a request as the specification wants it, and an end to waiting.
func (s *Server) guard(op operation, next http.HandlerFunc) http.HandlerFunc {
	return s.traced(op.pattern, func(w http.ResponseWriter, r *http.Request) {
		if err := s.admit(op, w, r); err != nil {
			s.fail(w, r, err)
			return
		}
		if !op.lasting {
			ctx, cancel := context.WithTimeout(r.Context(), s.answer)
			defer cancel()
			r = r.WithContext(ctx)
		}
		next(w, r)
	})
}

// traced gives each request for a pattern of the mux a span, where somebody
// takes spans.
func (s *Server) traced(pattern string, next http.HandlerFunc) http.HandlerFunc {
	if !s.tracing {
		return next
	}
	_, route, _ := strings.Cut(pattern, " ")
	return func(w http.ResponseWriter, r *http.Request) {
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := s.tracer.Start(ctx, pattern, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
			attribute.String("http.request.method", r.Method), attribute.String("http.route", route),
			attribute.String("url.path", r.URL.Path),
		))
		defer span.End()
		next(w, r.WithContext(ctx))
		exchange := exchangeOf(ctx)
		span.SetAttributes(attribute.Int("http.response.status_code", exchange.writer.status))
		if exchange.run != "" {
			span.SetAttributes(attribute.String("quaestor.run.id", exchange.run))
		}
		if exchange.writer.status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
	}
}

func (s *Server) admit(op operation, w http.ResponseWriter, r *http.Request) error {
	exchange := exchangeOf(r.Context())
	if op.secured {
		who, err := s.authenticate(r)
		if err != nil {
			return err
		}
		exchange.principal = who
		if op.admin && !who.admin {
			return notAdmin()
		}
		w.Header().Set("Cache-Control", "private, no-cache")
	}
	if op.engine && s.engine == nil {
		return errModelsOnly()
	}
	if len(op.produces) > 0 && r.URL.Query().Get("format") == "" {
		if _, ok := negotiate(r.Header.Values("Accept"), op.produces); !ok {
			return newProblem(http.StatusNotAcceptable, "This operation gives %s.", strings.Join(op.produces, " or "))
		}
	}
	if err := s.readBody(op, w, r); err != nil {
		return err
	}
	return validate(op, r)
}

// readBody checks the media type and holds a JSON body in memory, within its
// limit, so that it can be validated before it is decoded.
func (s *Server) readBody(op operation, w http.ResponseWriter, r *http.Request) error {
	if len(op.consumes) == 0 {
		r.Body = http.MaxBytesReader(w, r.Body, s.limits.Body)
		return nil
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !slices.Contains(op.consumes, media) {
		return newProblem(http.StatusUnsupportedMediaType, "The body must be %s; Content-Type says %q.",
			strings.Join(op.consumes, " or "), r.Header.Get("Content-Type"))
	}
	if op.multipart {
		r.Body = patientBody{r.Body, http.NewResponseController(w)}
		return nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, max(s.limits.Body, op.body)))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return err
	case err != nil:
		return newProblem(http.StatusBadRequest, "The body ended early or came too slowly: %v.", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	return checkJSON(body)
}
