// Package mock emulates model APIs for tests: Amazon Bedrock's runtime and
// OpenAI's API on one port, true to their wire formats, so that the vendors' own
// SDKs work against it. It answers by script, by recorded cassette, or by an
// Answerer; it fails in the ways that services fail when a script says so; and
// it keeps a log of every request it served, written before the first byte of
// the answer goes out.
//
// A Server is an http.Handler. The command `quaestor mock` serves one; package
// mocktest starts one for a test.
//
// What it does not do: signatures and keys are read for what they tell (the
// region of a SigV4 credential scope) and never verified.
package mock

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// MaxBody bounds the body of a request, in bytes.
const MaxBody = 16 << 20

// Options say how a Server answers. The zero value answers everything by Echo,
// at once.
type Options struct {
	Script   *Script   // rules, asked first
	Cassette *Cassette // asked where no rule has an answer
	// Record is the base URL that a request is passed on to when the cassette
	// does not hold it; what comes back is added to the cassette. "{region}" in
	// it stands for the region of the request.
	Record      string
	Credentials aws.CredentialsProvider // to sign again what is passed on to Bedrock
	Transport   http.RoundTripper       // of what is passed on; nil means the default

	Answerer Answerer  // asked where neither rule nor cassette answers; nil means Echo
	Log      io.Writer // takes the lines of the log, each by one Write; nil for none

	Latency    time.Duration // before the first byte of each answer
	Jitter     time.Duration // added to it, drawn from [0, Jitter)
	TokenDelay time.Duration // before each piece of a stream but the first
	Seed       uint64        // of Jitter: the same seed gives the n-th request the same delay
	Now        func() time.Time
}

// Server is the emulator. It is safe for concurrent use.
type Server struct {
	options Options
	started time.Time
	rules   atomic.Pointer[rules]
	log     *Log
	tape    *recorder    // nil when nothing is recorded
	draws   atomic.Int64 // of jitter
	buffers sync.Pool    // of *[]byte, for bodies
}

// New makes an emulator.
func New(options Options) (*Server, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Answerer == nil {
		options.Answerer = Echo{}
	}
	s := &Server{options: options, started: options.Now(), log: newLog(options.Log, options.Now)}
	s.buffers.New = func() any { return new([]byte) }
	if err := s.Use(cmp.Or(options.Script, &Script{})); err != nil {
		return nil, err
	}
	if options.Record != "" {
		if options.Cassette == nil {
			return nil, errors.New("recording needs a cassette to record to")
		}
		tape, err := newRecorder(options)
		if err != nil {
			return nil, err
		}
		s.tape = tape
	}
	return s, nil
}

// Use puts a script in the place of the present one. Requests under way keep
// the one they began with; counts of matches begin anew.
func (s *Server) Use(script *Script) error {
	compiled, err := compile(script)
	if err != nil {
		return err
	}
	s.rules.Store(compiled)
	return nil
}

// Log is what was served.
func (s *Server) Log() *Log { return s.log }

// HTTPServer gives a server for handler with the emulator's timeouts. It speaks
// HTTP/1.1 and HTTP/2 without TLS, which AWS's SDK for JavaScript uses for
// Bedrock. There is no limit on how long an answer may take.
func HTTPServer(handler http.Handler) *http.Server {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler: handler, Protocols: protocols,
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: 1000},
	}
}
