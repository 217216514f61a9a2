package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"github.com/quaestor-run/quaestor/runtime/server/api"
)

// validate checks a request against the specification. What is wrong with a
// parameter is a 400, what is wrong in a body a 422.
func validate(op operation, r *http.Request) error {
	query := r.URL.Query()
	var fields []api.FieldError
	for name := range query {
		if !slices.Contains(op.query, name) {
			fields = append(fields, inQuery(name, "is not a parameter of this operation"))
		}
	}
	if len(fields) > 0 {
		slices.SortFunc(fields, func(a, b api.FieldError) int { return strings.Compare(a.Field, b.Field) })
		return atFields(http.StatusBadRequest, fields...)
	}
	path := make(map[string]string, len(op.path))
	for _, name := range op.path {
		path[name] = r.PathValue(name)
	}
	if fields = unreadable(path, query, r.Header); len(fields) > 0 {
		return atFields(http.StatusBadRequest, fields...)
	}
	if op.multipart { // the validator would hold all of an upload in memory
		r = r.WithContext(r.Context())
		r.Body = http.NoBody
	}
	err := openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: path, QueryParams: query, Route: op.route,
		Options: &openapi3filter.Options{
			MultiError: true, ExcludeRequestBody: op.multipart, SkipSettingDefaults: true,
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		},
	})
	if err == nil {
		return nil
	}
	fields = blame(nil, err)
	if slices.ContainsFunc(fields, func(f api.FieldError) bool { return f.In != api.FieldErrorInBody }) {
		return atFields(http.StatusBadRequest, fields...)
	}
	return invalid(fields...)
}

// unreadable finds what is not text: no database takes it for a key.
func unreadable(path map[string]string, query url.Values, header http.Header) []api.FieldError {
	var fields []api.FieldError
	check := func(in api.FieldErrorIn, name, value string) {
		if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
			fields = append(fields, api.FieldError{In: in, Field: name, Message: "must be UTF-8 without NUL"})
		}
	}
	for name, value := range path {
		check(api.FieldErrorInPath, name, value)
	}
	for name := range query {
		check(api.FieldErrorInQuery, name, query.Get(name))
	}
	check(api.FieldErrorInHeader, "Idempotency-Key", header.Get("Idempotency-Key"))
	return fields
}

// blame turns the errors of the validator into fields and plain words.
func blame(parameter *openapi3.Parameter, err error) []api.FieldError {
	switch err := err.(type) { //nolint:errorlint // a tree of errors is walked from its root
	case openapi3.MultiError:
		var fields []api.FieldError
		for _, one := range err {
			fields = append(fields, blame(parameter, one)...)
		}
		return fields
	case *openapi3filter.RequestError:
		if err.Err == nil || errors.Is(err.Err, openapi3filter.ErrInvalidRequired) {
			return []api.FieldError{atParameter(err.Parameter, "", "is required")}
		}
		return blame(err.Parameter, err.Err)
	case *openapi3.SchemaError:
		pointer, message := describe(err)
		return []api.FieldError{atParameter(parameter, pointer, message)}
	default:
		return []api.FieldError{atParameter(parameter, "", "cannot be read: "+err.Error())}
	}
}

func atParameter(parameter *openapi3.Parameter, pointer, message string) api.FieldError {
	if parameter == nil {
		return api.FieldError{In: api.FieldErrorInBody, Field: pointer, Message: message}
	}
	return api.FieldError{In: api.FieldErrorIn(parameter.In), Field: parameter.Name, Message: message}
}

// describe says where a schema was not met, and what would do.
func describe(err *openapi3.SchemaError) (pointer, message string) {
	segments := err.JSONPointer()
	schema := err.Schema
	switch err.SchemaField {
	case "required":
		message = "is required"
	case "properties":
		if name, ok := unknownProperty(err.Reason); ok {
			segments = append(slices.Clone(segments), name)
		}
		message = "is not a field of this request"
	case "type":
		message = "must be of type " + strings.Join(schema.Type.Slice(), " or ")
	case "nullable":
		message = "must not be null"
	case "enum":
		message = "must be one of " + list(schema.Enum)
	case "pattern":
		message = "must match " + schema.Pattern
	default:
		message = bound(err)
	}
	return pointerOf(segments), message
}

// bound says which limit of a schema was passed.
func bound(err *openapi3.SchemaError) string {
	schema := err.Schema
	switch err.SchemaField {
	case "minLength":
		if schema.MinLength > 1 {
			return fmt.Sprintf("must have at least %d characters", schema.MinLength)
		}
		return "must not be empty"
	case "maxLength":
		return fmt.Sprintf("may have at most %d characters", *schema.MaxLength)
	case "minimum":
		return "must be at least " + number(*schema.Min)
	case "maximum":
		return "must be at most " + number(*schema.Max)
	case "minItems":
		return fmt.Sprintf("must have at least %d items", schema.MinItems)
	case "maxItems":
		return fmt.Sprintf("may have at most %d items", *schema.MaxItems)
	case "minProperties":
		return "must have at least one field"
	default:
		return err.Reason
	}
}

func unknownProperty(reason string) (string, bool) {
	quoted, err := strconv.QuotedPrefix(strings.TrimPrefix(reason, "property "))
	if err != nil {
		return "", false
	}
	name, err := strconv.Unquote(quoted)
	return name, err == nil
}

// pointerOf is a JSON Pointer (RFC 6901).
func pointerOf(segments []string) string {
	var pointer strings.Builder
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	for _, segment := range segments {
		pointer.WriteString("/" + escape.Replace(segment))
	}
	return pointer.String()
}

func list(values []any) string {
	words := make([]string, 0, len(values))
	for _, value := range values {
		words = append(words, fmt.Sprint(value))
	}
	return strings.Join(words, ", ")
}

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// checkJSON says where a body stops being JSON.
func checkJSON(body []byte) error {
	if len(body) == 0 {
		return newProblem(http.StatusBadRequest, "The body is empty; it must be a JSON object.")
	}
	if json.Valid(body) {
		return nil
	}
	var value json.RawMessage
	err := json.Unmarshal(body, &value)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return newProblem(http.StatusBadRequest, "The body is not JSON: %v at byte %d.", syntax, syntax.Offset)
	}
	return newProblem(http.StatusBadRequest, "The body is not JSON: %v.", err)
}
