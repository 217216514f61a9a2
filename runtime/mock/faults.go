package mock

import (
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"
)

// Fault is a way to fail.
type Fault struct {
	Kind FaultKind `yaml:"kind"`
	// After is how many pieces of a stream go out before it happens. Without it
	// a failure is told by the status of the answer; given, also as 0, it is told
	// within the stream. Answers that are no streams heed it for cut alone: they
	// break off in the middle where it is above 0.
	After      *int64        `yaml:"after"`
	RetryAfter time.Duration `yaml:"retry_after"`
	Message    string        `yaml:"message"` // instead of the usual one
	Status     int           `yaml:"status"`  // instead of the usual one
	Body       string        `yaml:"body"`    // of raw
}

// FaultKind names a way to fail.
type FaultKind string

// Failures that are told: as an HTTP answer, or as an exception in a stream.
const (
	FaultThrottled   FaultKind = "throttled"
	FaultTimeout     FaultKind = "timeout" // the service says that the model took too long
	FaultNotReady    FaultKind = "not_ready"
	FaultUnavailable FaultKind = "unavailable"
	FaultInternal    FaultKind = "internal"
	FaultValidation  FaultKind = "validation"
	FaultAccess      FaultKind = "access"
	FaultQuota       FaultKind = "quota"
	FaultNotFound    FaultKind = "not_found"
	FaultModelError  FaultKind = "model_error"
	FaultStreamError FaultKind = "stream_error"
)

// Failures that just happen.
const (
	FaultHang      FaultKind = "hang"       // nothing more comes until the client goes away
	FaultCut       FaultKind = "cut"        // the connection breaks
	FaultMalformed FaultKind = "malformed"  // not JSON, or a wrong checksum
	FaultRaw       FaultKind = "raw"        // the status and body of the script, like a proxy's page
	FaultEnd       FaultKind = "end"        // the stream ends as if it were whole
	FaultNoStop    FaultKind = "no_stop"    // without finish_reason, messageStop
	FaultNoDone    FaultKind = "no_done"    // without [DONE], metadata, message_stop
	FaultNoEnd     FaultKind = "no_end"     // without both
	FaultReplayEnd FaultKind = "replay_end" // what ends the stream comes twice
)

// refusals are the failures that are told, in both protocols.
func refusalOf(kind FaultKind) (refusal, bool) {
	switch kind {
	case FaultThrottled:
		return refusal{status: 429, exception: "ThrottlingException", kind: "requests", code: "rate_limit_exceeded", message: "Too many requests, please wait before trying again."}, true
	case FaultTimeout:
		return refusal{status: 408, exception: "ModelTimeoutException", kind: "server_error", code: "timeout", message: "Model has timed out in processing the request. Try your request again."}, true
	case FaultNotReady:
		return refusal{status: 429, exception: "ModelNotReadyException", kind: "server_error", code: "model_not_ready", message: "Model is not ready for inference. Wait and try your request again."}, true
	case FaultUnavailable:
		return refusal{status: 503, exception: "ServiceUnavailableException", kind: "server_error", code: "service_unavailable", message: "The service is unavailable. Try again later."}, true
	case FaultInternal:
		return refusal{status: 500, exception: "InternalServerException", kind: "server_error", message: "The system encountered an unexpected error during processing. Try your request again."}, true
	case FaultValidation:
		return refusal{status: 400, exception: "ValidationException", kind: "invalid_request_error", message: "The input fails to satisfy the constraints specified by the service."}, true
	case FaultAccess:
		return refusal{status: 403, exception: "AccessDeniedException", kind: "invalid_request_error", code: "access_denied", message: "You don't have access to the model with the specified model ID."}, true
	case FaultQuota:
		return refusal{status: 400, exception: "ServiceQuotaExceededException", kind: "insufficient_quota", code: "insufficient_quota", message: "You exceeded your current quota, please check your plan and billing details."}, true
	case FaultNotFound:
		return refusal{status: 404, exception: "ResourceNotFoundException", kind: "invalid_request_error", code: "model_not_found", message: "The model does not exist or you do not have access to it."}, true
	case FaultModelError:
		return refusal{status: 424, exception: "ModelErrorException", kind: "server_error", code: "model_error", message: "The model encountered an error while processing the request."}, true
	case FaultStreamError:
		return refusal{status: 424, exception: "ModelStreamErrorException", kind: "server_error", code: "stream_error", message: "The model encountered an error while streaming the answer."}, true
	}
	return refusal{}, false
}

// openAIStatus are the statuses that OpenAI's API has instead of Bedrock's.
func openAIStatus(kind FaultKind, status int) int {
	switch kind {
	case FaultNotReady:
		return http.StatusServiceUnavailable
	case FaultQuota:
		return http.StatusTooManyRequests
	case FaultModelError, FaultStreamError:
		return http.StatusInternalServerError
	}
	return status
}

// refusal is the fault as something told; nil when it just happens.
func (f *Fault) refusal(protocol Protocol) *refusal {
	told, ok := refusalOf(f.Kind)
	if !ok {
		return nil
	}
	told.retryAfter = f.RetryAfter
	if protocol == OpenAI {
		told.status = openAIStatus(f.Kind, told.status)
	}
	if f.Status != 0 {
		told.status = f.Status
	}
	if f.Message != "" {
		told.message = f.Message
	}
	return &told
}

func (f *Fault) check() error {
	if f == nil {
		return nil
	}
	_, told := refusalOf(f.Kind)
	switch f.Kind {
	case FaultHang, FaultCut, FaultMalformed, FaultRaw, FaultEnd, FaultNoStop, FaultNoDone, FaultNoEnd, FaultReplayEnd:
	default:
		if !told {
			return fmt.Errorf("fault.kind: one of %s is wanted, not %q", strings.Join(faultKinds(), ", "), f.Kind)
		}
	}
	switch {
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("fault.status: a number from 200 to 599 is wanted, not %d", f.Status)
	case f.Kind == FaultRaw && f.Status == 0:
		return fmt.Errorf("fault.status: %s needs one", FaultRaw)
	case f.Body != "" && f.Kind != FaultRaw:
		return fmt.Errorf("fault.body: only %s has one", FaultRaw)
	case f.After != nil && *f.After < 0:
		return fmt.Errorf("fault.after: a number of pieces is wanted, not %d", *f.After)
	case f.RetryAfter < 0:
		return fmt.Errorf("fault.retry_after: a duration of at least 0 is wanted, not %v", f.RetryAfter)
	}
	return nil
}

func faultKinds() []string {
	var names []string
	for _, kind := range []FaultKind{
		FaultThrottled, FaultTimeout, FaultNotReady, FaultUnavailable, FaultInternal, FaultValidation, FaultAccess, FaultQuota, FaultNotFound,
		FaultModelError, FaultStreamError, FaultHang, FaultCut, FaultMalformed, FaultRaw, FaultEnd, FaultNoStop, FaultNoDone, FaultNoEnd, FaultReplayEnd,
	} {
		names = append(names, string(kind))
	}
	return names
}

// bend changes the end of a stream as a fault says.
func (f *Fault) bend(frames iter.Seq[frame]) iter.Seq[frame] {
	switch f.Kind {
	case FaultNoStop:
		return without(frames, frameStop)
	case FaultNoDone:
		return without(frames, frameDone)
	case FaultNoEnd:
		return without(frames, frameStop, frameUsage, frameDone)
	case FaultReplayEnd:
		return func(yield func(frame) bool) {
			var ends []frame
			for part := range frames {
				if part.kind >= frameStop {
					ends = append(ends, part)
				}
				if !yield(part) {
					return
				}
			}
			for _, part := range ends {
				if !yield(part) {
					return
				}
			}
		}
	}
	return frames
}

func without(frames iter.Seq[frame], kinds ...frameKind) iter.Seq[frame] {
	return func(yield func(frame) bool) {
		for part := range frames {
			drop := false
			for _, kind := range kinds {
				drop = drop || part.kind == kind
			}
			if !drop && !yield(part) {
				return
			}
		}
	}
}
