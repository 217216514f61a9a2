package mock

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// How long a client may take to send a body, and to take a piece of the answer.
const (
	readTimeout  = time.Minute
	writeTimeout = 5 * time.Minute
)

// exchange is one request and its answer.
type exchange struct {
	server  *Server
	w       http.ResponseWriter
	r       *http.Request
	control *http.ResponseController
	began   time.Time
	rules   *rules
	op      operation
	request Request
	entry   Entry
	body    []byte

	answer     Answer
	recorded   *Recording // in place of answer
	fault      *Fault
	latency    time.Duration
	tokenDelay time.Duration
	pieces     int64
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, adminPath) {
		s.admin(w, r)
		return
	}
	x := &exchange{server: s, w: w, r: r, control: http.NewResponseController(w), began: s.options.Now(), rules: s.rules.Load()}
	buffer := s.buffers.Get().(*[]byte)
	defer func() {
		if cap(x.body) <= 1<<20 { // the odd large one is left to the collector
			*buffer = x.body[:0]
		}
		s.buffers.Put(buffer)
	}()
	x.body = (*buffer)[:0]
	refused := x.receive()
	if refused == nil {
		refused = x.decide()
	}
	x.note(refused)
	if err := s.log.begin(&x.entry); err != nil {
		// What cannot be written down is not served.
		x.entry.Status = http.StatusInternalServerError
		x.refuse(&refusal{status: x.entry.Status, exception: "InternalServerException", kind: "server_error", message: err.Error()})
		return
	}
	complete := false
	defer func() {
		// Nobody is there to hear that this line could not be written; the next
		// request hears it.
		_ = s.log.end(ending{Sequence: x.entry.Sequence, Ended: true, Complete: complete, Duration: int64(s.options.Now().Sub(x.began)), Pieces: x.pieces})
	}()
	if refused != nil {
		complete = x.refuse(refused)
		return
	}
	complete = x.perform()
}

// receive reads the request.
func (x *exchange) receive() *refusal {
	op, f := route(x.r, &x.request)
	x.op = op
	if f != nil {
		return f
	}
	if op.read == nil {
		return nil
	}
	if f := x.readBody(); f != nil {
		return f
	}
	x.request.Stream = op.stream
	return op.read(x.body, &x.request)
}

func (x *exchange) readBody() *refusal {
	// Not every writer has deadlines; a server's has.
	_ = x.control.SetReadDeadline(time.Now().Add(readTimeout))
	if n := x.r.ContentLength; n > int64(cap(x.body)) && n <= MaxBody {
		x.body = make([]byte, 0, n+1)
	}
	body, err := readAll(http.MaxBytesReader(x.w, x.r.Body, MaxBody), x.body)
	x.body = body
	_ = x.control.SetReadDeadline(time.Time{})
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return &refusal{
			status: http.StatusRequestEntityTooLarge, exception: "ValidationException", kind: "invalid_request_error", code: "request_too_large",
			message: "The body is larger than " + strconv.Itoa(MaxBody) + " bytes.",
		}
	case err != nil:
		return &refusal{
			status: http.StatusRequestTimeout, exception: "ValidationException", kind: "invalid_request_error", code: "request_timeout",
			message: "The body did not come whole: " + err.Error(),
		}
	}
	return nil
}

// readAll reads r into buffer.
func readAll(r io.Reader, buffer []byte) ([]byte, error) {
	for {
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
		}
		n, err := r.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		if errors.Is(err, io.EOF) {
			return buffer, nil
		}
		if err != nil {
			return buffer, err
		}
	}
}

// decide finds out what to answer.
func (x *exchange) decide() *refusal {
	s, req := x.server, &x.request
	x.latency, x.tokenDelay = s.options.Latency, s.options.TokenDelay
	jitter := s.options.Jitter
	if f := x.rules.unknown(req); f != nil {
		return f
	}
	found := x.rules.find(req)
	if found != nil {
		x.entry.Rule, x.fault = found.Name, found.Fault
		x.latency, x.tokenDelay = or(found.Latency, x.latency), or(found.TokenDelay, x.tokenDelay)
		jitter = or(found.Jitter, jitter)
		if x.fault != nil {
			x.entry.Fault = x.fault.Kind
		}
	}
	if jitter > 0 {
		draw := rand.New(rand.NewPCG(s.options.Seed, uint64(s.draws.Add(1))))
		x.latency += time.Duration(draw.Int64N(int64(jitter)))
	}
	return x.source(found)
}

// source takes the answer from whoever has one.
func (x *exchange) source(found *rule) *refusal {
	s, req := x.server, &x.request
	var err error
	switch {
	case req.Operation == OpModels, x.told():
		return nil
	case found != nil && found.Answer != nil:
		x.entry.Source = "script"
		x.answer = found.Answer.answer(req)
	case s.options.Cassette != nil:
		return x.play()
	case len(req.Texts) > 0 || req.Operation == OpCountTokens:
		x.entry.Source = "answerer"
		x.answer.count(req)
	default:
		x.entry.Source = "answerer"
		if x.answer, err = s.options.Answerer.Answer(x.r.Context(), req); err == nil {
			x.answer.limit(req)
			x.answer.count(req)
		}
	}
	if err != nil {
		return &refusal{status: http.StatusInternalServerError, exception: "InternalServerException", kind: "server_error", message: "The answerer failed: " + err.Error()}
	}
	if len(req.Texts) > 0 {
		x.answer.Vectors = embed(req)
	}
	return nil
}

// told says whether the fault is told instead of an answer.
func (x *exchange) told() bool {
	return x.fault != nil && (x.fault.Kind == FaultRaw || x.early() && x.fault.refusal(x.request.Protocol) != nil)
}

// early says whether the fault comes before the answer begins.
func (x *exchange) early() bool { return !x.request.Stream || x.fault.After == nil }

// note fills in the log entry.
func (x *exchange) note(refused *refusal) {
	e, req, header := &x.entry, &x.request, x.r.Header
	e.Protocol, e.Operation, e.Region, e.Model, e.Stream = req.Protocol, req.Operation, req.Region, req.Model, req.Stream
	e.MaxTokens = req.MaxTokens
	if e.Call = header.Get("X-Quaestor-Attempt"); e.Call == "" {
		e.Call = req.CallID
	}
	e.SDKRequest, e.InvocationID = header.Get("Amz-Sdk-Request"), header.Get("Amz-Sdk-Invocation-Id")
	if len(x.body) > 0 {
		sum := sha256.Sum256(x.body)
		e.Digest = hex.EncodeToString(sum[:])
	}
	switch {
	case refused != nil:
		e.Status, e.Error = refused.status, refused.message
		return
	case x.told():
		e.Status = x.fault.Status
		if f := x.fault.refusal(req.Protocol); f != nil {
			e.Status, e.Error = f.status, f.message
		}
		return
	}
	e.Status = http.StatusOK
	if x.recorded != nil {
		e.Status, e.Usage = x.recorded.Status, x.recorded.Usage
	} else if req.Operation != OpCountTokens {
		e.Usage = x.answer.Usage
	}
	e.UsageUntold = x.answer.HideUsage || req.Protocol == OpenAI && req.Stream && !req.StreamUsage
	if x.fault != nil {
		x.noteFault()
	}
}

// noteFault says what the fault leaves of status and usage.
func (x *exchange) noteFault() {
	switch x.fault.Kind {
	case FaultReplayEnd, FaultNoStop:
	case FaultNoDone:
		x.entry.UsageUntold = x.entry.UsageUntold || x.request.Operation == OpConverseStream
	case FaultHang, FaultCut:
		x.entry.UsageUntold = true
		if x.fault.After == nil || x.fault.Kind == FaultHang && x.early() || x.fault.Kind == FaultCut && *x.fault.After == 0 {
			x.entry.Status = 0
		}
	default:
		x.entry.UsageUntold = true
	}
}

// wait waits, and says whether the client is still there.
func (x *exchange) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-x.r.Context().Done():
		return false
	case <-timer.C:
		return true
	}
}

// hang waits until the client goes away.
func (x *exchange) hang() { <-x.r.Context().Done() }

// elapsed is for how long the request is being answered, in milliseconds.
func (x *exchange) elapsed() int64 { return x.server.options.Now().Sub(x.began).Milliseconds() }

// id names the answer: the same sequence has the same id.
func (x *exchange) id(prefix string) string {
	return prefix + "mock" + strconv.FormatInt(x.entry.Sequence, 10)
}

// callID is the id of the i-th tool call of the answer.
func (x *exchange) callID(call *ToolCall, i int) string {
	if call.ID != "" {
		return call.ID
	}
	prefix := "call_"
	if x.request.Protocol == Bedrock {
		prefix = "tooluse_"
	}
	return x.id(prefix) + "_" + strconv.Itoa(i)
}

var _ Answerer = AnswererFunc(nil)

// AnswererFunc is an Answerer of one function.
type AnswererFunc func(ctx context.Context, req *Request) (Answer, error)

// Answer implements Answerer.
func (f AnswererFunc) Answer(ctx context.Context, req *Request) (Answer, error) { return f(ctx, req) }
