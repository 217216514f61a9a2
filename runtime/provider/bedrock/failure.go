package bedrock

import (
	"errors"
	"net/http"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/quaestor-run/quaestor/runtime/provider"
)

// notReadyWait is how long a model that is being loaded is left alone.
const notReadyWait = 5 * time.Second

// maxMessage bounds what of an error is passed on.
const maxMessage = 400

// failure says of what class a failure is, and whether it can have cost
// anything: what Bedrock refuses is not charged, what broke may be.
func failure(err error, wire *provider.Wire) *provider.Error {
	var answered *awshttp.ResponseError
	var told smithy.APIError
	isTold := errors.As(err, &told)
	if !errors.As(err, &answered) || answered.HTTPStatusCode() == 0 {
		return unanswered(err, wire)
	}
	failed := &provider.Error{
		Provider: name, Status: answered.HTTPStatusCode(), Message: answered.Err.Error(), Err: err,
		RetryAfter: provider.RetryAfter(answered.Response.Header, time.Now()),
	}
	if failed.Status < 300 { // an answer the SDK could not read, or not to its end
		if broken := wire.Broken(name, err); broken.Class != provider.ClassUnavailable {
			return broken
		}
		failed.Class, failed.Message = provider.ClassBadResponse, "the answer could not be read: "+shorten(failed.Message)
		return failed
	}
	if isTold {
		failed.Code, failed.Message = told.ErrorCode(), told.ErrorMessage()
	}
	failed.Class, failed.NotCharged = classify(failed.Code, failed.Status)
	if failed.Class == provider.ClassNotReady {
		failed.RetryAfter = max(failed.RetryAfter, notReadyWait)
	}
	if failed.Message = shorten(failed.Message); failed.Message == "" {
		failed.Message = "no reason was given"
	}
	return failed
}

// unanswered is a request that never left, or that nobody answered.
func unanswered(err error, wire *provider.Wire) *provider.Error {
	broken := wire.Broken(name, err)
	broken.Message = shorten(broken.Message)
	var sending *smithyhttp.RequestSendError
	if broken.Class == provider.ClassUnavailable && !wire.Sent() && !errors.As(err, &sending) {
		// It did not even come to a connection: no credentials, or nothing that
		// could be sent.
		broken.Class, broken.Message = provider.ClassAccess, "the request could not be made: "+shorten(err.Error())
	}
	return broken
}

// inStream is an exception that was told within a stream, or nil where err is
// none. The status was 200 then, so that it cost nothing is not proven.
func inStream(err error) *provider.Error {
	var told smithy.APIError
	if !errors.As(err, &told) {
		return nil
	}
	code := told.ErrorCode()
	if code != "" { // "modelTimeoutException" where the SDK does not know the member
		code = strings.ToUpper(code[:1]) + code[1:]
	}
	failed := &provider.Error{
		Provider: name, Status: http.StatusOK, Code: code, Message: shorten(told.ErrorMessage()), Err: err,
	}
	if failed.Class, _ = classify(code, http.StatusInternalServerError); failed.Class == provider.ClassNotReady {
		failed.RetryAfter = notReadyWait
	}
	if failed.Message == "" {
		failed.Message = "no reason was given"
	}
	return failed
}

// classify knows Bedrock's codes, and goes by the status for others. Not charged
// is what was refused.
func classify(code string, status int) (class provider.Class, notCharged bool) {
	switch code {
	case "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded":
		return provider.ClassThrottled, true
	case "ModelNotReadyException":
		return provider.ClassNotReady, true
	case "ServiceQuotaExceededException":
		return provider.ClassQuota, true
	case "ValidationException", "ResourceNotFoundException", "SerializationException":
		return provider.ClassInvalid, true
	case "AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException",
		"IncompleteSignature", "MissingAuthenticationToken", "InvalidClientTokenId", "OptInRequired":
		return provider.ClassAccess, true
	case "ModelTimeoutException":
		return provider.ClassTimeout, false
	case "ServiceUnavailableException":
		return provider.ClassUnavailable, false
	case "InternalServerException", "InternalFailure", "ModelErrorException", "ModelStreamErrorException", "ConflictException":
		return provider.ClassInternal, false
	}
	return classifyStatus(status)
}

func classifyStatus(status int) (class provider.Class, notCharged bool) {
	switch status {
	case http.StatusTooManyRequests:
		return provider.ClassThrottled, true
	case http.StatusUnauthorized, http.StatusForbidden:
		return provider.ClassAccess, true
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return provider.ClassTimeout, false
	case http.StatusBadGateway, http.StatusServiceUnavailable:
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

func shorten(text string) string {
	if len(text) > maxMessage {
		return text[:maxMessage] + "…"
	}
	return text
}
