package openai

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	client "github.com/sashabaranov/go-openai"

	"github.com/quaestor-run/quaestor/runtime/provider"
)

// maxMessage bounds what of an endpoint's error is passed on.
const maxMessage = 400

// failure says of what class a failure is, and whether it can have cost
// anything: what an endpoint refuses is not charged, what broke may be.
func (p *Provider) failure(err error, wire *provider.Wire, line *line) *provider.Error {
	failed := &provider.Error{Provider: name, Status: line.status, Err: err}
	var told *client.APIError
	var untold *client.RequestError
	switch {
	case errors.Is(err, errRedirect):
		failed.Class, failed.Message, failed.NotCharged = provider.ClassInvalid, errRedirect.Error(), true
		return failed
	case errors.As(err, &told):
		failed.Message = told.Message
		if told.Code != nil && told.Code != 0 { // null is read as 0
			failed.Code = fmt.Sprint(told.Code)
		}
		if failed.Code == "" {
			failed.Code = told.Type
		}
	case errors.As(err, &untold):
		failed.Message = strings.TrimSpace(string(untold.Body))
	case line.status >= 400 && !brokeOff(err, wire): // and its text was cut
	case line.status != 0 && !brokeOff(err, wire):
		failed.Class, failed.Message = provider.ClassBadResponse, p.clean("the answer could not be read: "+err.Error())
		return failed
	case !wire.Sent() && isInvalid(err):
		failed.Class, failed.Message, failed.NotCharged = provider.ClassInvalid, err.Error(), true
		return failed
	default:
		broken := wire.Broken(name, err)
		broken.Message = p.clean(broken.Message)
		return broken
	}
	failed.Class, failed.NotCharged = classify(failed.Status, failed.Code)
	failed.RetryAfter = provider.RetryAfter(line.header, time.Now())
	if failed.Message = p.clean(failed.Message); failed.Message == "" {
		failed.Message = "no reason was given"
	}
	return failed
}

// brokeOff says whether reading an answer ended for reasons of time or
// connection rather than of content.
func brokeOff(err error, wire *provider.Wire) bool {
	class := wire.Broken(name, err).Class
	return class == provider.ClassCancelled || class == provider.ClassTimeout
}

// isInvalid tells the refusals of the client library itself.
func isInvalid(err error) bool {
	for _, refusal := range []error{
		client.ErrReasoningModelMaxTokensDeprecated, client.ErrReasoningModelLimitationsLogprobs, client.ErrReasoningModelLimitationsOther,
		client.ErrReasoningToolsRequireResponses, client.ErrReasoningSamplingUnsupported, client.ErrReasoningEffortUnsupported,
		client.ErrContentFieldsMisused, client.ErrChatCompletionInvalidModel,
	} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

func classify(status int, code string) (class provider.Class, notCharged bool) {
	switch status {
	case http.StatusTooManyRequests:
		if code == "insufficient_quota" || code == "billing_hard_limit_reached" {
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
