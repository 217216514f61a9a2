package mock

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// recordTimeout bounds one request that is passed on.
const recordTimeout = 10 * time.Minute

// recorder passes requests on to the real service and keeps what comes back.
type recorder struct {
	base        string
	credentials aws.CredentialsProvider
	client      *http.Client
}

func newRecorder(options Options) (*recorder, error) {
	base := strings.TrimSuffix(options.Record, "/")
	parsed, err := url.Parse(strings.ReplaceAll(base, "{region}", "region"))
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return nil, fmt.Errorf("recording: %q is no http or https URL", options.Record)
	}
	return &recorder{
		base: base, credentials: options.Credentials,
		client: &http.Client{
			Transport: options.Transport, Timeout: recordTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// record passes the request on, waits for the whole answer, and puts it on the
// cassette.
func (x *exchange) record(key string) *refusal {
	x.entry.Source = "recorded"
	failed := func(err error) *refusal {
		return &refusal{status: http.StatusBadGateway, exception: "ServiceUnavailableException", kind: "server_error", code: "recording_failed", message: "Recording: " + err.Error()}
	}
	status, header, body, err := x.server.tape.forward(x.r.Context(), x.r, &x.request, x.body)
	if err != nil {
		return failed(err)
	}
	secrets := secretsOf(x.r.Header)
	recording := &Recording{
		Key: key, Protocol: x.request.Protocol, Operation: x.request.Operation, Model: x.request.Model,
		Status: status, Header: map[string]string{}, Body: splitBody(header.Get("Content-Type"), body),
	}
	for i, piece := range recording.Body {
		if isEventStream(header) {
			recording.Body[i] = strikeMessage(piece, secrets)
		} else {
			recording.Body[i] = strike(piece, secrets)
		}
	}
	for name := range header {
		if replayed(name) {
			recording.Header[name] = string(strike([]byte(header.Get(name)), secrets))
		}
	}
	recording.Usage = usageIn(body)
	if err := x.server.options.Cassette.append(recording); err != nil {
		return failed(err)
	}
	x.recorded = recording
	return nil
}

// forward makes one physical request, signed anew where it was signed for us.
func (t *recorder) forward(ctx context.Context, in *http.Request, req *Request, body []byte) (int, http.Header, []byte, error) {
	if strings.Contains(t.base, "{region}") && req.Region == "" {
		return 0, nil, nil, errors.New("the base URL has {region}, and the request tells none")
	}
	path := in.URL.EscapedPath()
	if rest, ok := strings.CutPrefix(path, "/regions/"); ok {
		_, path, _ = strings.Cut(rest, "/")
		path = "/" + path
	}
	if strings.HasSuffix(t.base, "/v1") {
		path = strings.TrimPrefix(path, "/v1")
	}
	out, err := http.NewRequestWithContext(ctx, in.Method, strings.ReplaceAll(t.base, "{region}", url.PathEscape(req.Region))+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	for _, name := range []string{"Content-Type", "Accept", "Authorization", "Openai-Organization", "Openai-Project", "User-Agent"} {
		if value := in.Header.Get(name); value != "" {
			out.Header.Set(name, value)
		}
	}
	for name, values := range in.Header {
		if strings.HasPrefix(name, "X-Amzn-Bedrock-") {
			out.Header[name] = values
		}
	}
	out.Header.Set("Accept-Encoding", "identity") // what is kept shall be readable
	if strings.HasPrefix(in.Header.Get("Authorization"), "AWS4-") {
		if err := t.sign(ctx, out, req.Region, body); err != nil {
			return 0, nil, nil, err
		}
	}
	resp, err := t.client.Do(out)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxRecording/2+1))
	if err == nil && len(answer) > maxRecording/2 {
		err = fmt.Errorf("the answer is larger than %d bytes", maxRecording/2)
	}
	return resp.StatusCode, resp.Header, answer, err
}

// sign signs with our own credentials: the client signed for our address.
func (t *recorder) sign(ctx context.Context, out *http.Request, region string, body []byte) error {
	if t.credentials == nil {
		return errors.New("the request is signed for the emulator, and there are no AWS credentials to sign it again")
	}
	credentials, err := t.credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("finding AWS credentials to sign with: %w", err)
	}
	out.Header.Del("Authorization")
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, out, hex.EncodeToString(sum[:]), "bedrock", region, time.Now()); err != nil {
		return fmt.Errorf("signing: %w", err)
	}
	return nil
}

// replayed says whether a header of a recorded answer is kept.
func replayed(name string) bool {
	name = http.CanonicalHeaderKey(name)
	return slices.Contains([]string{"Content-Type", "Retry-After", "Retry-After-Ms", "X-Amzn-Errortype"}, name) ||
		strings.HasPrefix(name, "X-Amzn-Bedrock-") || strings.HasPrefix(name, "X-Ratelimit-")
}

func isEventStream(header http.Header) bool {
	return strings.HasPrefix(header.Get("Content-Type"), "application/vnd.amazon.eventstream")
}

// splitBody splits a stream into its events, and leaves other bodies whole.
func splitBody(kind string, body []byte) []Piece {
	var parts [][]byte
	switch {
	case strings.HasPrefix(kind, "text/event-stream"):
		parts = bytes.SplitAfter(body, []byte("\n\n"))
	case strings.HasPrefix(kind, "application/vnd.amazon.eventstream"):
		parts = messages(body)
	default:
		parts = [][]byte{body}
	}
	var pieces []Piece
	for _, part := range parts {
		if len(part) > 0 {
			pieces = append(pieces, Piece(part))
		}
	}
	return pieces
}

// secretShapes are what keys look like, should an answer echo one.
var secretShapes = regexp.MustCompile(`\b(?:sk|qk|pk|rk)[-_][A-Za-z0-9_-]{16,}|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|Bearer [A-Za-z0-9._~+/=-]{16,}`)

// secretsOf are the secrets that a request carried.
func secretsOf(header http.Header) []string {
	var secrets []string
	for _, name := range []string{"Authorization", "X-Amz-Security-Token", "Api-Key", "X-Api-Key"} {
		value := strings.TrimPrefix(header.Get(name), "Bearer ")
		if len(value) >= 8 {
			secrets = append(secrets, value)
		}
	}
	return secrets
}

// strike takes secrets out of a text.
func strike(text []byte, secrets []string) []byte {
	for _, secret := range secrets {
		text = bytes.ReplaceAll(text, []byte(secret), []byte("[struck out]"))
	}
	return secretShapes.ReplaceAll(text, []byte("[struck out]"))
}

// usageIn finds the usage that an answer tells in the clear, in any of the
// forms; the largest where a stream tells several.
func usageIn(body []byte) Usage {
	var usage Usage
	rest := body
	for {
		at := bytes.Index(rest, []byte(`"usage":`))
		if at < 0 {
			return usage
		}
		rest = rest[at+len(`"usage":`):]
		var told struct {
			InputTokens           int64 `json:"inputTokens"` // Converse
			OutputTokens          int64 `json:"outputTokens"`
			CacheReadInputTokens  int64 `json:"cacheReadInputTokens"`
			CacheWriteInputTokens int64 `json:"cacheWriteInputTokens"`
			Prompt                int64 `json:"prompt_tokens"` // OpenAI
			Completion            int64 `json:"completion_tokens"`
			Input                 int64 `json:"input_tokens"` // Anthropic
			Output                int64 `json:"output_tokens"`
		}
		if json.NewDecoder(bytes.NewReader(rest)).Decode(&told) == nil {
			found := Usage{
				Input: told.InputTokens + told.Prompt + told.Input, Output: told.OutputTokens + told.Completion + told.Output,
				CacheRead: told.CacheReadInputTokens, CacheWrite: told.CacheWriteInputTokens,
			}
			usage.Input, usage.Output = max(usage.Input, found.Input), max(usage.Output, found.Output)
			usage.CacheRead, usage.CacheWrite = max(usage.CacheRead, found.CacheRead), max(usage.CacheWrite, found.CacheWrite)
		}
	}
}
