package mock

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"sync"
	"unicode/utf8"
)

// Cassette holds recorded answers by request. Where a request was recorded more
// than once its answers are given in order, and the last one from then on.
type Cassette struct {
	mu    sync.Mutex
	byKey map[string]*reel
	file  *os.File // that recordings are appended to; nil for none
}

// reel is what was recorded for one request.
type reel struct {
	recordings []*Recording
	next       int
}

// Recording is one line of a cassette file.
type Recording struct {
	Key       string            `json:"key"` // digest of the request
	Protocol  Protocol          `json:"protocol"`
	Operation string            `json:"operation"`
	Model     string            `json:"model"`
	Status    int               `json:"status"`
	Header    map[string]string `json:"header,omitempty"`
	Body      []Piece           `json:"body"`  // one piece, or the events of a stream
	Usage     Usage             `json:"usage"` // where the answer told it
}

// Piece is a part of a recorded body: in the file a text, or {"base64": …} for
// what is no UTF-8.
type Piece []byte

type binaryPiece struct {
	Base64 string `json:"base64"`
}

// MarshalJSON implements json.Marshaler.
func (p Piece) MarshalJSON() ([]byte, error) {
	if utf8.Valid(p) {
		return appendQuoted(nil, string(p)), nil
	}
	return json.Marshal(binaryPiece{base64.StdEncoding.EncodeToString(p)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *Piece) UnmarshalJSON(text []byte) error {
	var plain string
	if json.Unmarshal(text, &plain) == nil {
		*p = Piece(plain)
		return nil
	}
	var binary binaryPiece
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&binary); err != nil {
		return errors.New("a piece of a body is a text or {\"base64\": …}")
	}
	raw, err := base64.StdEncoding.DecodeString(binary.Base64)
	if err != nil {
		return fmt.Errorf("reading a piece of a body: %w", err)
	}
	*p = raw
	return nil
}

// Key is what a cassette finds a request by: a digest of operation, model and
// body. The order of keys and the spaces of the JSON are left out of account, and
// so are region and headers.
func Key(operation, model string, body []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) == nil {
		if canonical, err := json.Marshal(value); err == nil {
			body = canonical
		}
	}
	sum := sha256.New()
	for _, part := range [][]byte{[]byte(operation), {0}, []byte(model), {0}, body} {
		_, _ = sum.Write(part) // a hash takes everything
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// maxRecording bounds a line of a cassette, in bytes.
const maxRecording = 64 << 20

// ReadCassette reads a cassette; every error names the file as name and the line.
func ReadCassette(name string, r io.Reader) (*Cassette, error) {
	c := &Cassette{byKey: map[string]*reel{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxRecording)
	number := 0
	for lines.Scan() {
		number++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		recording := &Recording{}
		decoder := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(recording); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, number, err)
		}
		if err := recording.check(); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, number, err)
		}
		c.add(recording)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", name, number+1, err)
	}
	return c, nil
}

// OpenCassette reads a cassette file. With record it is made when it is not
// there, and recordings are appended to it.
func OpenCassette(path string, record bool) (*Cassette, error) {
	flags := os.O_RDONLY
	if record {
		flags = os.O_RDWR | os.O_CREATE | os.O_APPEND
	}
	file, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the cassette: %w", err)
	}
	c, err := ReadCassette(path, file)
	if err != nil || !record {
		file.Close()
		return c, err
	}
	c.file = file
	return c, nil
}

// Close closes the file that is recorded to.
func (c *Cassette) Close() error {
	if c.file == nil {
		return nil
	}
	return c.file.Close()
}

func (r *Recording) check() error {
	switch {
	case len(r.Key) != hex.EncodedLen(sha256.Size):
		return errors.New("key: the digest of a request is wanted, 64 hex digits")
	case r.Status < 200 || r.Status > 599:
		return fmt.Errorf("status: a number from 200 to 599 is wanted, not %d", r.Status)
	}
	for name := range r.Header {
		if !replayed(name) {
			return fmt.Errorf("header: %q is not one that is replayed", name)
		}
	}
	return nil
}

func (c *Cassette) add(recording *Recording) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := c.byKey[recording.Key]
	if found == nil {
		found = &reel{}
		c.byKey[recording.Key] = found
	}
	found.recordings = append(found.recordings, recording)
}

// find gives the answer to a request, nil when there is none.
func (c *Cassette) find(key string) *Recording {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := c.byKey[key]
	if found == nil {
		return nil
	}
	recording := found.recordings[min(found.next, len(found.recordings)-1)]
	found.next++
	return recording
}

// append adds a recording, first to the file.
func (c *Cassette) append(recording *Recording) error {
	line, err := json.Marshal(recording)
	if err != nil {
		return fmt.Errorf("writing the cassette: %w", err)
	}
	if c.file != nil {
		if _, err := c.file.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("writing the cassette: %w", err)
		}
	}
	c.add(recording)
	// The one that was just given is not given again as the next.
	c.find(recording.Key)
	return nil
}

func (r *Recording) stream() bool { return len(r.Body) > 1 }

func (r *Recording) whole() []byte {
	if len(r.Body) == 0 {
		return nil
	}
	return r.Body[0]
}

func (r *Recording) frames() iter.Seq[frame] {
	return func(yield func(frame) bool) {
		for _, piece := range r.Body {
			if !yield(frame{framePiece, piece}) {
				return
			}
		}
	}
}

func (r *Recording) header() http.Header {
	header := http.Header{}
	for name, value := range r.Header {
		header.Set(name, value)
	}
	return header
}

// play answers from the cassette, or records what it does not hold.
func (x *exchange) play() *refusal {
	key := Key(x.request.Operation, x.request.Model, x.body)
	x.entry.Source = "cassette"
	if x.recorded = x.server.options.Cassette.find(key); x.recorded != nil {
		return nil
	}
	if x.server.tape != nil {
		return x.record(key)
	}
	return &refusal{
		status: http.StatusNotFound, exception: "ResourceNotFoundException", kind: "invalid_request_error", code: "not_recorded",
		message: "The cassette holds no answer to this request (" + key + "). Record it with --record, or add a rule to the script.",
	}
}
