package modelapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/server/access"
)

// Failure is an error as OpenAI's API tells it.
type Failure struct {
	Status  int
	Type    string
	Code    string
	Param   string
	Message string

	RetryAfter time.Duration
	Final      bool  // the same request fails again: SDKs should not try
	Err        error // for the log
}

// The types of errors.
const (
	typeInvalid   = "invalid_request_error"
	typeServer    = "server_error"
	typeQuota     = "insufficient_quota"
	typeRateLimit = "rate_limit_error"
	typeAccess    = "permission_error"
)

// Error implements error.
func (f *Failure) Error() string {
	if f.Err != nil {
		return fmt.Sprintf("%s (%d): %v", f.Message, f.Status, f.Err)
	}
	return fmt.Sprintf("%s (%d)", f.Message, f.Status)
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Body is the error as OpenAI's API writes it.
func (f *Failure) Body() []byte {
	type inner struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    *string `json:"code"`
	}
	optional := func(text string) *string {
		if text == "" {
			return nil
		}
		return &text
	}
	body, _ := json.Marshal(struct { // strings always encode
		Error inner `json:"error"`
	}{inner{f.Message, f.Type, optional(f.Param), optional(f.Code)}})
	return body
}

// header tells SDKs whether and when to try again.
func (f *Failure) header(header http.Header) {
	header.Set("Content-Type", "application/json")
	if f.RetryAfter > 0 {
		seconds := (f.RetryAfter + time.Second - 1) / time.Second
		header.Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
	if f.Final {
		header.Set("X-Should-Retry", "false")
	}
	if f.Status == http.StatusUnauthorized {
		header.Set("Www-Authenticate", `Bearer realm="quaestor"`)
	}
}

// invalid is a 400 that blames a parameter.
func invalid(param, format string, args ...any) *Failure {
	return &Failure{Status: http.StatusBadRequest, Type: typeInvalid, Param: param, Message: fmt.Sprintf(format, args...), Final: true}
}

func noModel(model string) *Failure {
	return &Failure{
		Status: http.StatusNotFound, Type: typeInvalid, Code: "model_not_found", Param: "model", Final: true,
		Message: fmt.Sprintf("The model '%s' does not exist or you do not have access to it. GET /v1/models lists what there is.", clip(model)),
	}
}

func tooLarge(limit int64) *Failure {
	return &Failure{
		Status: http.StatusRequestEntityTooLarge, Type: typeInvalid, Code: "request_too_large", Final: true,
		Message: fmt.Sprintf("The body may have %d bytes at most.", limit),
	}
}

// storeFailed is what a caller is told when the store does not say who asks, or
// what an idempotency key was used for.
func storeFailed(err error) error {
	var denied *access.Denial
	var failure *Failure
	if err == nil || errors.As(err, &denied) || errors.As(err, &failure) {
		return err
	}
	return &Failure{
		Status: http.StatusServiceUnavailable, Type: typeServer, Code: "store_unavailable", RetryAfter: 5 * time.Second,
		Message: "The store does not answer right now, so nothing was sent. Try again.", Err: err,
	}
}

// AsFailure is what a caller is told of an error. Errors that are not meant for
// callers become a 500 without their text.
func AsFailure(err error) *Failure {
	var failure *Failure
	var denied *access.Denial
	var body *http.MaxBytesError
	switch {
	case errors.As(err, &failure):
		return failure
	case errors.As(err, &denied):
		return denial(denied)
	case errors.As(err, &body):
		return tooLarge(body.Limit)
	}
	failure = callFailure(err)
	failure.Err = err
	return failure
}

func denial(denied *access.Denial) *Failure {
	if denied.Reason == access.Disabled {
		return &Failure{Status: http.StatusForbidden, Type: typeAccess, Code: "client_disabled", Message: denied.Detail, Final: true}
	}
	return &Failure{Status: http.StatusUnauthorized, Type: typeInvalid, Code: "invalid_api_key", Message: denied.Detail, Final: true}
}

// callFailure maps what the gateway says.
func callFailure(err error) *Failure {
	var exceeded *ledger.ExceededError
	var unpriced *gateway.UnpricedError
	var unknown *gateway.UnknownModelError
	var failed *provider.Error
	var account *gateway.LedgerError
	var injected *gateway.InjectionError
	if refused := (*gateway.RefusedError)(nil); errors.As(err, &refused) {
		return callFailure(refused.Failure) // the first choice failed; that there was no other is not the caller's doing
	}
	switch {
	case errors.As(err, &injected):
		failure := invalid("messages", "The request was refused: %s.", injected.Error())
		failure.Code = "prompt_injection"
		return failure
	case errors.As(err, &exceeded):
		return &Failure{
			Status: http.StatusTooManyRequests, Type: typeQuota, Code: "insufficient_quota", Final: true,
			Message: "The budget does not allow this call: " + exceeded.Error() + ".",
		}
	case errors.As(err, &unpriced):
		failure := noModel(unpriced.Model)
		failure.Message = fmt.Sprintf("The model '%s' has no price and cannot be used.", clip(unpriced.Model))
		return failure
	case errors.As(err, &unknown):
		return noModel(unknown.Model)
	case errors.As(err, &failed):
		return providerFailure(err, failed)
	case errors.As(err, &account):
		return &Failure{
			Status: http.StatusServiceUnavailable, Type: typeServer, Code: "ledger_unavailable", RetryAfter: retryAfter(err, 5*time.Second),
			Message: "The account cannot be kept right now, so nothing was sent. Try again.",
		}
	case errors.Is(err, context.DeadlineExceeded):
		return &Failure{Status: http.StatusGatewayTimeout, Type: typeServer, Code: "timeout", Message: "The model took too long."}
	}
	return &Failure{
		Status: http.StatusInternalServerError, Type: typeServer,
		Message: "The server failed in a way it should not; its log says more under this request's id.",
	}
}

// providerFailure maps the class of a failed attempt. The provider's own words
// are told where they are about the request.
func providerFailure(err error, failed *provider.Error) *Failure {
	failure := &Failure{Status: http.StatusInternalServerError, Type: typeServer, Code: string(failed.Class)}
	switch failed.Class {
	case provider.ClassThrottled:
		failure.Status, failure.Type, failure.Code = http.StatusTooManyRequests, typeRateLimit, "rate_limit_exceeded"
		failure.RetryAfter = retryAfter(err, max(failed.RetryAfter, time.Second))
		failure.Message = "The model is busy and stayed so; try again later."
	case provider.ClassTimeout:
		failure.Status, failure.Message = http.StatusGatewayTimeout, "The model took too long."
	case provider.ClassNotReady:
		failure.Status, failure.RetryAfter = http.StatusServiceUnavailable, retryAfter(err, 5*time.Second)
		failure.Message = "The model is being loaded; try again shortly."
	case provider.ClassUnavailable:
		failure.Status, failure.RetryAfter = http.StatusServiceUnavailable, retryAfter(err, time.Second)
		failure.Message = "The model's service is not available."
	case provider.ClassInvalid:
		failure = refusedRequest(failed)
	case provider.ClassAccess, provider.ClassQuota:
		failure.Status, failure.Final = http.StatusServiceUnavailable, true
		failure.Message = "The model's service does not serve this gateway right now; its operator is to see to it."
	case provider.ClassCancelled:
		failure.Status, failure.Message = statusClientGone, "The request was cancelled."
	case provider.ClassBadResponse:
		failure.Message = "The model's answer could not be read to its end."
	default:
		failure.Message = "The model's service failed."
	}
	return failure
}

// codeTooLong is OpenAI's code for a request that does not fit the model's
// window; clients know it, whoever found that out.
const codeTooLong = "context_length_exceeded"

func refusedRequest(failed *provider.Error) *Failure {
	if failed.Code == codeTooLong {
		failure := invalid("messages", "The request does not fit the model: %s", failed.Message)
		failure.Code = codeTooLong
		return failure
	}
	failure := invalid("", "The model's service refused the request: %s", failed.Message)
	failure.Code = "refused_by_provider"
	return failure
}

// statusClientGone is for the log: nobody is there to read it.
const statusClientGone = 499

func retryAfter(err error, otherwise time.Duration) time.Duration {
	if call := (*gateway.CallError)(nil); errors.As(err, &call) && call.RetryAfter > 0 {
		return call.RetryAfter
	}
	return otherwise
}
