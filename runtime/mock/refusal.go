package mock

import (
	"net/http"
	"strconv"
	"time"
)

// refusal is an answer that says no, in both protocols' terms.
type refusal struct {
	status     int
	exception  string // Bedrock
	kind, code string // OpenAI; an empty code is null
	param      string // OpenAI; empty is null
	message    string
	retryAfter time.Duration
}

// invalid is what Bedrock says to a request that can never work.
func invalid(message string) *refusal {
	return &refusal{status: http.StatusBadRequest, exception: "ValidationException", message: message}
}

// badParam is what OpenAI says to one.
func badParam(param, code, message string) *refusal {
	return &refusal{status: http.StatusBadRequest, kind: "invalid_request_error", param: param, code: code, message: message}
}

// body is the refusal in the terms of a protocol.
func (f *refusal) body(protocol Protocol) []byte {
	if protocol == Bedrock {
		return append(appendQuoted([]byte(`{"message":`), f.message), '}')
	}
	out := appendQuoted([]byte(`{"error":{"message":`), f.message)
	out = appendQuoted(append(out, `,"type":`...), f.kind)
	out = appendNullable(append(out, `,"param":`...), f.param)
	out = appendNullable(append(out, `,"code":`...), f.code)
	return append(out, '}', '}')
}

// headers are those of the refusal beside what each answer has.
func (f *refusal) headers(protocol Protocol, header http.Header) {
	header.Set("Content-Type", "application/json")
	if protocol == Bedrock {
		header.Set("X-Amzn-Errortype", f.exception+":http://internal.amazon.com/coral/com.amazon.bedrock/")
	}
	if f.retryAfter > 0 {
		seconds := (f.retryAfter + time.Second - 1) / time.Second
		header.Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
		if f.retryAfter%time.Second != 0 {
			header.Set("Retry-After-Ms", strconv.FormatInt(f.retryAfter.Milliseconds(), 10))
		}
	}
}
