package mock

import (
	"iter"
	"net/http"
	"strconv"
	"time"
)

// perform writes the answer, or what the fault makes of it. It says whether all
// that was meant to be written was.
func (x *exchange) perform() bool {
	if !x.wait(x.latency) {
		return false
	}
	if x.fault == nil {
		return x.write()
	}
	switch told := x.fault.refusal(x.request.Protocol); {
	case x.fault.Kind == FaultRaw:
		x.headers(http.Header{"Content-Type": {http.DetectContentType([]byte(x.fault.Body))}})
		return x.send(x.fault.Status, []byte(x.fault.Body))
	case told != nil && x.early():
		return x.refuse(told)
	case x.fault.Kind == FaultHang && x.early():
		x.hang()
		return false
	case x.fault.Kind == FaultCut && (x.fault.After == nil || *x.fault.After == 0):
		panic(http.ErrAbortHandler) // the server then closes the connection
	}
	return x.write()
}

// write writes the answer, which may break on the way.
func (x *exchange) write() bool {
	switch {
	case x.recorded != nil && !x.recorded.stream():
		x.headers(x.recorded.header())
		return x.whole(x.recorded.Status, x.recorded.whole())
	case x.recorded != nil:
		x.headers(x.recorded.header())
		return x.stream(x.recorded.Status, x.recorded.frames())
	case x.request.Stream:
		kind := "text/event-stream; charset=utf-8"
		if x.request.Protocol == Bedrock {
			kind = "application/vnd.amazon.eventstream"
			if x.request.Operation == OpInvokeStream {
				x.w.Header().Set("X-Amzn-Bedrock-Content-Type", "application/json")
			}
		}
		x.headers(http.Header{"Content-Type": {kind}})
		frames := x.op.frames(x, &x.answer)
		if x.fault != nil {
			frames = x.fault.bend(frames)
		}
		return x.stream(http.StatusOK, frames)
	}
	x.headers(nil)
	return x.whole(http.StatusOK, x.op.whole(x, &x.answer))
}

// headers sets what each answer has, and what this one has.
func (x *exchange) headers(own http.Header) {
	header := x.w.Header()
	header["Content-Type"] = []string{"application/json"}
	id := x.id("req_")
	if x.request.Protocol == Bedrock {
		header["X-Amzn-Requestid"] = []string{id}
	} else {
		header["X-Request-Id"] = []string{id}
		header["Openai-Processing-Ms"] = []string{strconv.FormatInt(x.elapsed(), 10)}
	}
	for name, values := range own {
		header[name] = values
	}
}

// refuse says no.
func (x *exchange) refuse(f *refusal) bool {
	x.headers(nil)
	f.headers(x.request.Protocol, x.w.Header())
	return x.send(f.status, f.body(x.request.Protocol))
}

// send writes an answer at once.
func (x *exchange) send(status int, body []byte) bool {
	x.w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	_ = x.control.SetWriteDeadline(time.Now().Add(writeTimeout)) // not every writer has one
	x.w.WriteHeader(status)
	if _, err := x.w.Write(body); err != nil {
		return false
	}
	return x.flush()
}

// whole writes the body of an answer that is no stream, whole or as the fault
// leaves it.
func (x *exchange) whole(status int, body []byte) bool {
	if x.fault == nil {
		return x.send(status, body)
	}
	switch x.fault.Kind {
	case FaultMalformed:
		return x.send(status, body[:len(body)/2])
	case FaultCut:
		x.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		x.w.WriteHeader(status)
		if _, err := x.w.Write(body[:len(body)/2]); err == nil {
			x.flush()
		}
		panic(http.ErrAbortHandler)
	}
	return x.send(status, body)
}

// stream writes the frames, up to where the fault strikes.
func (x *exchange) stream(status int, frames iter.Seq[frame]) bool {
	x.w.WriteHeader(status)
	deadline := time.Time{}
	strike := int64(-1)
	if x.fault != nil && x.fault.strikes() {
		strike = 0
		if x.fault.After != nil {
			strike = *x.fault.After
		}
	}
	for part := range frames {
		if part.kind == framePiece || part.kind >= frameStop {
			if strike >= 0 && x.pieces >= strike {
				return x.strike(part)
			}
			if x.pieces > 0 && part.kind == framePiece && !x.wait(x.tokenDelay) {
				return false
			}
		}
		if now := time.Now(); deadline.Sub(now) < writeTimeout/2 {
			deadline = now.Add(writeTimeout)
			_ = x.control.SetWriteDeadline(deadline) // not every writer has one
		}
		if _, err := x.w.Write(part.data); err != nil {
			return false
		}
		if part.kind == framePiece {
			x.pieces++
		}
		if !x.flush() {
			return false
		}
	}
	return true
}

// strikes says whether the fault happens at a place in a stream.
func (f *Fault) strikes() bool {
	_, told := refusalOf(f.Kind)
	return told || f.Kind == FaultHang || f.Kind == FaultCut || f.Kind == FaultMalformed || f.Kind == FaultEnd
}

// strike lets the fault happen in place of a frame.
func (x *exchange) strike(next frame) bool {
	if told := x.fault.refusal(x.request.Protocol); told != nil {
		_, err := x.w.Write(x.op.exception(x, told))
		return err == nil && x.flush()
	}
	switch x.fault.Kind {
	case FaultHang:
		x.hang()
		return false
	case FaultCut:
		panic(http.ErrAbortHandler)
	case FaultMalformed:
		_, err := x.w.Write(x.op.corrupt(next.data))
		return err == nil && x.flush()
	}
	return true // FaultEnd
}

// flush sends what was written on its way.
func (x *exchange) flush() bool {
	return x.control.Flush() == nil
}
