package openai

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	client "github.com/sashabaranov/go-openai"

	"github.com/quaestor-run/quaestor/runtime/provider"
)

// maxMessage bounds what of an endpoint's error is passed on.
const maxMessage = 400

var errRedirect = errors.New("the endpoint answered with a redirect; give its final address as base_url")

// failure says of what class an answer above 299 is, and whether it can have
// cost anything: what an endpoint refuses is not charged, what broke may be.
func (p *Provider) failure(resp *http.Response, wire *provider.Wire) *provider.Error {
	failed := &provider.Error{Provider: name, Status: resp.StatusCode}
	if resp.StatusCode < 400 {
		failed.Class, failed.Message, failed.NotCharged, failed.Err = provider.ClassInvalid, errRedirect.Error(), true, errRedirect
		return failed
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	if err != nil { // the status says enough, unless the time is over
		if broken := p.broken(err, wire); broken.Class == provider.ClassCancelled || broken.Class == provider.ClassTimeout {
			broken.Status = resp.StatusCode
			return broken
		}
	}
	var told client.ErrorResponse
	if json.Unmarshal(text, &told) == nil && told.Error != nil {
		failed.Err, failed.Message, failed.Code = told.Error, told.Error.Message, code(told.Error)
	} else {
		failed.Message = strings.TrimSpace(string(text))
	}
	failed.Class, failed.NotCharged = classify(failed.Status, failed.Code)
	failed.RetryAfter = provider.RetryAfter(resp.Header, time.Now())
	if failed.Message = p.clean(failed.Message); failed.Message == "" {
		failed.Message = "no reason was given"
	}
	return failed
}

// code is the endpoint's own code of an error, or its type where it has none.
func code(told *client.APIError) string {
	if told.Code != nil && told.Code != 0 { // null is read as 0
		if text := fmt.Sprint(told.Code); text != "" {
			return text
		}
	}
	return told.Type
}

// broken is a request without an answer, or whose answer broke off.
func (p *Provider) broken(err error, wire *provider.Wire) *provider.Error {
	failed := wire.Broken(name, err)
	failed.Message = p.clean(failed.Message)
	return failed
}

// streamed is an error that was told within a stream. The status was 200, so
// its code, or its type, says of what class it is; that it cost nothing is not
// proven by either.
func (p *Provider) streamed(text []byte) *provider.Error {
	failed := &provider.Error{Provider: name, Status: http.StatusOK, Class: provider.ClassInternal}
	told := &client.APIError{}
	if err := json.Unmarshal(text, told); err == nil {
		failed.Code, failed.Message, failed.Err = code(told), told.Message, told
	} else if json.Unmarshal(text, &failed.Message) != nil {
		failed.Message = string(text)
	}
	for _, hint := range []string{failed.Code, told.Type} {
		if class, known := classifyCode(hint); known {
			failed.Class = class
			break
		}
	}
	if failed.Message = p.clean(failed.Message); failed.Message == "" {
		failed.Message = "the stream ended with an error, and no reason was given"
	}
	return failed
}

// classifyCode knows the codes and types of OpenAI's errors and of endpoints
// that speak like it; some give a status as the code.
func classifyCode(code string) (class provider.Class, known bool) {
	if status, err := strconv.Atoi(code); err == nil && status >= 400 && status < 600 {
		class, _ = classify(status, "")
		return class, true
	}
	switch code {
	case "rate_limit_exceeded", "rate_limit_error", "rate_limit_reached", "too_many_requests", "tokens", "requests":
		return provider.ClassThrottled, true
	case "insufficient_quota", "billing_hard_limit_reached", "billing_error":
		return provider.ClassQuota, true
	case "timeout", "timeout_error", "request_timeout":
		return provider.ClassTimeout, true
	case "service_unavailable", "overloaded_error", "engine_overloaded", "overloaded":
		return provider.ClassUnavailable, true
	case "server_error", "internal_error", "internal_server_error", "api_error", "InternalServerError":
		return provider.ClassInternal, true
	case "invalid_api_key", "authentication_error", "permission_error", "permission_denied", "access_denied", "account_deactivated":
		return provider.ClassAccess, true
	case "invalid_request_error", "context_length_exceeded", "model_not_found", "not_found_error", "string_above_max_length",
		"content_policy_violation", "content_filter", "BadRequestError":
		return provider.ClassInvalid, true
	}
	return "", false
}

func classify(status int, code string) (class provider.Class, notCharged bool) {
	switch status {
	case http.StatusTooManyRequests:
		if class, _ := classifyCode(code); class == provider.ClassQuota {
			return provider.ClassQuota, true
		}
		return provider.ClassThrottled, true
	case http.StatusPaymentRequired:
		return provider.ClassQuota, true
	case http.StatusUnauthorized, http.StatusForbidden:
		return provider.ClassAccess, true
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return provider.ClassTimeout, false
	case http.StatusBadGateway, http.StatusServiceUnavailable, 529: // 529: overloaded
		return provider.ClassUnavailable, false
	}
	switch {
	case status >= 400 && status < 500:
		return provider.ClassInvalid, true
	case status >= 500:
		return provider.ClassInternal, false
	}
	return provider.ClassBadResponse, false
}

// clean shortens a message and takes the key out, should an endpoint echo it.
func (p *Provider) clean(message string) string {
	if p.options.APIKey != "" {
		message = strings.ReplaceAll(message, p.options.APIKey, "[key]")
	}
	if len(message) > maxMessage {
		message = message[:maxMessage] + "…"
	}
	return strings.ToValidUTF8(message, "�")
}
