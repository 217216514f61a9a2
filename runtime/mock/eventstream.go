package mock

import (
	"bytes"

	"github.com/aws/smithy-go/eventstream"
)

// frame is a part of a streamed answer.
type frame struct {
	kind frameKind
	data []byte
}

// frameKind says what a frame is for, so that faults find theirs.
type frameKind int

const (
	frameMark  frameKind = iota // begins or ends something
	framePiece                  // of text or of the arguments of a call
	frameStop                   // says why the model stopped
	frameUsage                  // says the usage, where a frame of its own does
	frameDone                   // the last
)

// event is one message of Bedrock's event streams.
func event(name string, payload []byte) []byte {
	return encode("event", ":event-type", name, payload)
}

// exceptionFrame is a failure within one of Bedrock's event streams.
func exceptionFrame(_ *exchange, f *refusal) []byte {
	name := []byte(f.exception)
	name[0] |= 0x20 // the streams' unions name their members in lower camel case
	return encode("exception", ":exception-type", string(name), f.body(Bedrock))
}

func encode(kind, typeHeader, name string, payload []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(payload) + 128)
	// A buffer takes everything, and these headers are short: there is no error.
	_ = eventstream.NewEncoder().Encode(&out, eventstream.Message{
		Headers: eventstream.Headers{
			{Name: typeHeader, Value: eventstream.StringValue(name)},
			{Name: ":content-type", Value: eventstream.StringValue("application/json")},
			{Name: ":message-type", Value: eventstream.StringValue(kind)},
		},
		Payload: payload,
	})
	return out.Bytes()
}

// breakChecksum makes the checksum of a message wrong.
func breakChecksum(data []byte) []byte {
	broken := bytes.Clone(data)
	broken[len(broken)-1] ^= 0xff
	return broken
}

// messages splits an event stream into its messages, by their lengths. What is
// cut or no event stream is one message at the end.
func messages(stream []byte) [][]byte {
	var out [][]byte
	for len(stream) >= 16 {
		length := int(stream[0])<<24 | int(stream[1])<<16 | int(stream[2])<<8 | int(stream[3])
		if length < 16 || length > len(stream) {
			break
		}
		out = append(out, stream[:length])
		stream = stream[length:]
	}
	if len(stream) > 0 {
		out = append(out, stream)
	}
	return out
}

// strikeMessage takes secrets out of the payload of a message, with a checksum
// that is right again.
func strikeMessage(data []byte, secrets []string) []byte {
	message, err := eventstream.NewDecoder().Decode(bytes.NewReader(data), nil)
	if err != nil {
		return strike(data, secrets)
	}
	struck := strike(message.Payload, secrets)
	if bytes.Equal(struck, message.Payload) {
		return data
	}
	message.Payload = struck
	var out bytes.Buffer
	if eventstream.NewEncoder().Encode(&out, message) != nil {
		return nil
	}
	return out.Bytes()
}
