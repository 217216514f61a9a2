// Package mcpserver offers research and document search to clients of the Model
// Context Protocol, on standard input and output or over streamable HTTP. It
// holds nothing itself: every call is one of the HTTP API, with the key of
// whoever calls.
package mcpserver

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/quaestor-run/quaestor/runtime/server/client"
	"github.com/quaestor-run/quaestor/tools"
)

//go:embed instructions.md
var instructions string

// maxFrame bounds one message of a client, in bytes.
const maxFrame = 1 << 20

// Options say which API is offered. URL is required.
type Options struct {
	URL string // of the API
	Key string // for clients on standard input; those over HTTP send their own

	// Sources are researched and searched where a client names none; empty leaves
	// it to the API.
	Sources []string

	Version string
}

// Server speaks the protocol. Make one with [New].
type Server struct {
	options  Options
	protocol *sdk.Server
	asked    judgements
	http     *http.Client
}

// New makes a server. It does not ask the API yet.
func New(options Options) (*Server, error) {
	if _, err := client.Connect(options.URL, "", nil); err != nil || options.URL == "" {
		return nil, fmt.Errorf("the address of the API is no URL: %q", options.URL)
	}
	s := &Server{options: options, http: &http.Client{}}
	s.protocol = sdk.NewServer(&sdk.Implementation{Name: "quaestor", Title: "Quaestor", Version: cmp.Or(options.Version, "dev")}, &sdk.ServerOptions{
		Instructions: instructions,
		Logger:       slog.New(slog.DiscardHandler),
		Capabilities: &sdk.ServerCapabilities{Tools: &sdk.ToolCapabilities{}, Resources: &sdk.ResourceCapabilities{}},
	})
	if err := errors.Join(s.addResearch(), s.addDocuments()); err != nil {
		return nil, err
	}
	s.addResources()
	return s, nil
}

// ServeIO serves one client until its input ends or the context does. Nothing
// but the protocol is written to output.
func (s *Server) ServeIO(ctx context.Context, input io.ReadCloser, output io.WriteCloser) error {
	err := s.protocol.Run(ctx, &sdk.IOTransport{Reader: input, Writer: output, MaxLineLength: maxFrame})
	if err == nil || ctx.Err() != nil || errors.Is(err, io.EOF) || errors.Is(err, sdk.ErrConnectionClosed) {
		return nil //nolint:nilerr // that is how it ends
	}
	return fmt.Errorf("speaking with the client: %w", err)
}

// api is the API with the key of whoever asks.
func (s *Server) api(extra *sdk.RequestExtra) (*client.API, error) {
	key := s.options.Key
	if extra != nil && extra.Header != nil {
		key = bearer(extra.Header)
	}
	return client.Connect(s.options.URL, key, s.http)
}

// bearer is the key that a request carries.
func bearer(header http.Header) string {
	scheme, key, _ := strings.Cut(header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

// kind says what a tool does to the world.
type kind int

const (
	reads kind = iota
	starts
	stops
)

func (k kind) annotations() *sdk.ToolAnnotations {
	no, yes := false, true
	switch k {
	case starts: // which costs
		return &sdk.ToolAnnotations{DestructiveHint: &no, OpenWorldHint: &yes}
	case stops:
		return &sdk.ToolAnnotations{DestructiveHint: &yes, IdempotentHint: true, OpenWorldHint: &no}
	}
	return &sdk.ToolAnnotations{ReadOnlyHint: true, OpenWorldHint: &no}
}

// request is one call of a tool.
type request struct {
	*sdk.CallToolRequest
	api *client.API
}

// add registers a typed tool. Its errors are told to the client's model.
func add[In, Out any](s *Server, name, title, description string, what kind, run func(context.Context, request, In) (Out, error)) error {
	in, err := tools.SchemaFor[In]()
	if err != nil {
		return fmt.Errorf("tool %s: %w", name, err)
	}
	out, err := tools.SchemaFor[Out]()
	if err != nil {
		return fmt.Errorf("tool %s: %w", name, err)
	}
	tool := &sdk.Tool{
		Name: name, Title: title, Description: description, Annotations: what.annotations(),
		InputSchema: in.JSON(), OutputSchema: out.JSON(),
	}
	sdk.AddTool(s.protocol, tool, func(ctx context.Context, call *sdk.CallToolRequest, args In) (*sdk.CallToolResult, Out, error) {
		api, err := s.api(call.Extra)
		if err != nil {
			var none Out
			return nil, none, err
		}
		given, err := run(ctx, request{call, api}, args)
		return nil, given, err
	})
	return nil
}
