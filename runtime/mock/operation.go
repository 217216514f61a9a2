package mock

import (
	"iter"
	"net/http"
	"net/url"
	"strings"
)

// operation is how one kind of request is read and answered.
type operation struct {
	name     string
	protocol Protocol
	stream   bool // always; a chat says so in its body
	// read fills in the request from its body, or says what is wrong with it.
	read func(body []byte, req *Request) *refusal
	// whole is the body of the answer at once.
	whole func(x *exchange, a *Answer) []byte
	// frames are the parts of the answer as a stream.
	frames func(x *exchange, a *Answer) iter.Seq[frame]
	// exception is a failure within a stream.
	exception func(x *exchange, f *refusal) []byte
	// corrupt makes a frame of the stream unreadable.
	corrupt func(data []byte) []byte
}

// operationNamed gives the operation of a name.
func operationNamed(name string) operation {
	switch name {
	case OpConverse:
		return operation{name: name, protocol: Bedrock, read: readConverse, whole: wholeConverse}
	case OpConverseStream:
		return operation{name: name, protocol: Bedrock, stream: true, read: readConverse, frames: framesConverse, exception: exceptionFrame, corrupt: breakChecksum}
	case OpInvoke:
		return operation{name: name, protocol: Bedrock, read: readInvoke, whole: wholeInvoke}
	case OpInvokeStream:
		return operation{name: name, protocol: Bedrock, stream: true, read: readInvokeStream, frames: framesInvoke, exception: exceptionFrame, corrupt: breakChecksum}
	case OpCountTokens:
		return operation{name: name, protocol: Bedrock, read: readCountTokens, whole: wholeCountTokens}
	case OpChat:
		return operation{name: name, protocol: OpenAI, read: readChat, whole: wholeChat, frames: framesChat, exception: errorEvent, corrupt: breakEvent}
	case OpEmbeddings:
		return operation{name: name, protocol: OpenAI, read: readEmbeddings, whole: wholeEmbeddings}
	}
	return operation{name: OpModels, protocol: OpenAI, whole: wholeModels}
}

// route finds what a request asks for. A path may begin with /regions/NAME,
// which tells a region where the protocol has no place for it.
func route(r *http.Request, req *Request) (operation, *refusal) {
	path := r.URL.EscapedPath()
	req.Region = r.Header.Get("X-Region")
	if rest, ok := strings.CutPrefix(path, "/regions/"); ok {
		region, after, _ := strings.Cut(rest, "/")
		req.Region, path = region, "/"+after
	}
	if req.Region == "" {
		req.Region = scopeRegion(r.Header.Get("Authorization"))
	}
	var op operation
	if rest, ok := strings.CutPrefix(path, "/model/"); ok {
		op = routeBedrock(rest, req)
	} else {
		op = routeOpenAI(path, req)
	}
	req.Protocol, req.Operation = op.protocol, op.name
	switch {
	case op.protocol == "":
		req.Protocol = OpenAI
		if strings.HasPrefix(path, "/model/") || strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-") {
			req.Protocol = Bedrock
		}
		return op, &refusal{
			status: http.StatusNotFound, exception: "UnknownOperationException", kind: "invalid_request_error", code: "unknown_url",
			message: "Unknown request URL: " + r.Method + " " + r.URL.Path + ". The emulator speaks /model/{id}/converse and its kin, and /v1/chat/completions, /v1/embeddings and /v1/models.",
		}
	case r.Method != methodOf(op.name):
		return op, &refusal{
			status: http.StatusMethodNotAllowed, exception: "UnknownOperationException", kind: "invalid_request_error", code: "method_not_supported",
			message: "Only " + methodOf(op.name) + " requests are accepted.",
		}
	}
	return op, nil
}

func methodOf(operation string) string {
	if operation == OpModels {
		return http.MethodGet
	}
	return http.MethodPost
}

func routeBedrock(rest string, req *Request) operation {
	at := strings.LastIndexByte(rest, '/')
	if at < 0 {
		return operation{}
	}
	model, err := url.PathUnescape(rest[:at])
	if err != nil || model == "" {
		return operation{}
	}
	req.Model = model
	switch name := rest[at+1:]; name {
	case OpConverse, OpConverseStream, OpInvoke, OpCountTokens:
		return operationNamed(name)
	case "invoke-with-response-stream":
		return operationNamed(OpInvokeStream)
	}
	return operation{}
}

func routeOpenAI(path string, req *Request) operation {
	switch path {
	case "/v1/chat/completions":
		return operationNamed(OpChat)
	case "/v1/embeddings":
		return operationNamed(OpEmbeddings)
	case "/v1/models":
		return operationNamed(OpModels)
	}
	if rest, ok := strings.CutPrefix(path, "/v1/models/"); ok && rest != "" {
		if model, err := url.PathUnescape(rest); err == nil {
			req.Model = model
			return operationNamed(OpModels)
		}
	}
	return operation{}
}

// scopeRegion is the region of the credential scope of a SigV4 signature:
// Credential=KEY/20260102/us-east-1/bedrock/aws4_request.
func scopeRegion(authorization string) string {
	if !strings.HasPrefix(authorization, "AWS4-") {
		return ""
	}
	_, scope, ok := strings.Cut(authorization, "Credential=")
	if !ok {
		return ""
	}
	scope, _, _ = strings.Cut(scope, ",")
	if parts := strings.Split(scope, "/"); len(parts) >= 5 {
		return parts[len(parts)-3]
	}
	return ""
}
