// Package mcp connects to servers of the Model Context Protocol and gives their
// tools to agents. A server is a stranger: what it says is bounded in bytes and
// time, what it gives is kept by hash before anybody reads it, and when it dies,
// hangs or floods, the agent is told and the run goes on.
package mcp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/quaestor-run/quaestor/runtime/web"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/mcp"
)

// The bounds of a server that has none of its own, and of every server.
const (
	DefaultTimeout     = 20 * time.Second
	DefaultOutputBytes = 256 << 10

	startTimeout = time.Minute // of the first connection: a program may have to be fetched
	concurrent   = 4           // calls of one server at the same time
)

// Server is one server and what is wanted of it.
type Server struct {
	Name string

	// Command is started with Args and, of the environment, with what every
	// program needs (PATH, HOME and the like) and Env.
	Command string
	Args    []string
	Env     map[string]string

	// URL is the address of a server that speaks streamable HTTP. Only public
	// addresses are dialled, unless it is Local: then this one host is.
	URL     string
	Headers map[string]string
	Local   bool

	// Tools are the only ones that are taken; "*" stands for all.
	Tools    []string
	Optional bool // may be out of reach at the start

	Timeout     time.Duration // of one call; 0 is DefaultTimeout
	OutputBytes int64         // kept of one result; 0 is DefaultOutputBytes
}

// Blobs keep results.
type Blobs interface {
	PutBlob(ctx context.Context, data []byte) (string, error)
}

// Options configure [Open]. Blobs is required.
type Options struct {
	Servers []Server
	Blobs   Blobs
	// LocalOnly refuses every server that is not on this machine.
	LocalOnly bool
	Version   string // how we introduce ourselves
	Logger    *zap.Logger

	// Resolver and Dial stand in for the machine's own, see [web.PageOptions].
	Resolver web.Resolver
	Dial     web.Dial
}

// Servers are connected servers. It implements [mcp.Caller] and is safe for
// concurrent use.
type Servers struct {
	blobs Blobs
	links map[string]*link
	tools map[string][]mcp.Described
}

var _ mcp.Caller = (*Servers)(nil)

// Open connects to all servers and reads their tools. A server that cannot be
// reached, or lacks a tool that is wanted, is an error that names it, unless it
// is optional: then it is logged and left out.
func Open(ctx context.Context, options Options) (*Servers, error) {
	if options.Logger == nil {
		options.Logger = zap.NewNop()
	}
	servers := &Servers{blobs: options.Blobs, links: map[string]*link{}, tools: map[string][]mcp.Described{}}
	var mu sync.Mutex
	var errs []error
	var group errgroup.Group
	for _, server := range options.Servers {
		group.Go(func() error {
			l, found, err := open(ctx, server, options)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				servers.links[server.Name], servers.tools[server.Name] = l, found
			case server.Optional:
				options.Logger.Warn("an MCP server is left out", zap.String("server", server.Name), zap.Error(err))
			default:
				errs = append(errs, fmt.Errorf("MCP server %q: %w", server.Name, err))
			}
			return nil
		})
	}
	_ = group.Wait() // its functions give none
	if len(errs) > 0 {
		return nil, errors.Join(append(errs, servers.Close())...)
	}
	return servers, nil
}

func open(ctx context.Context, server Server, options Options) (*link, []mcp.Described, error) {
	l, err := newLink(server, options)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	opened, err := l.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	l.opened, l.read = opened, time.Now()
	var wanted []mcp.Described
	offered := *opened.tools.Load()
	for _, described := range offered {
		if slices.Contains(server.Tools, "*") || slices.Contains(server.Tools, described.Tool) {
			wanted = append(wanted, described)
		}
	}
	for _, name := range server.Tools {
		if name != "*" && !slices.ContainsFunc(wanted, func(d mcp.Described) bool { return d.Tool == name }) {
			return nil, nil, errors.Join(fmt.Errorf("it has no tool %q; it has %s", name, namesOf(offered)), l.close())
		}
	}
	return l, wanted, nil
}

func namesOf(list []mcp.Described) string {
	if len(list) == 0 {
		return "none"
	}
	names := ""
	for i, described := range list[:min(len(list), 20)] {
		if i > 0 {
			names += ", "
		}
		names += fmt.Sprintf("%q", described.Tool)
	}
	return names
}

// Tools are the tools of a server, as agents are given them. One that no model
// could be given is an error where it was named, and else logged and left out.
func (s *Servers) Tools(server string) ([]tools.Tool, error) {
	var list []tools.Tool
	var errs []error
	for _, described := range s.tools[server] {
		tool, err := mcp.New(described, s)
		switch l := s.links[server]; {
		case err == nil:
			list = append(list, tool)
		case slices.Contains(l.server.Tools, described.Tool):
			errs = append(errs, err)
		default:
			l.options.Logger.Warn("a tool of an MCP server is left out", zap.Error(err))
		}
	}
	return list, errors.Join(errs...)
}

// Close ends all connections and the programs that were started, within seconds.
func (s *Servers) Close() error {
	var group errgroup.Group
	for _, l := range s.links {
		group.Go(l.close)
	}
	return group.Wait()
}

// unavailable tells an agent of a failure that it can do nothing about.
func unavailable(server, format string, args ...any) error {
	return &tools.InputError{Reason: fmt.Sprintf("the MCP server %q %s; go on without it, and name this as a gap", server, fmt.Sprintf(format, args...))}
}

// Call implements [mcp.Caller].
func (s *Servers) Call(ctx context.Context, _ tools.Scope, call mcp.Call) (mcp.Answer, error) {
	l, ok := s.links[call.Server]
	if !ok {
		return mcp.Answer{}, unavailable(call.Server, "is not connected")
	}
	answer, err := l.call(ctx, call)
	if err != nil {
		return mcp.Answer{}, err
	}
	if answer.Failed {
		return answer, nil
	}
	ref, err := s.blobs.PutBlob(ctx, []byte(answer.Text))
	if err != nil {
		return mcp.Answer{}, fmt.Errorf("keeping the result of a call: %w", err)
	}
	answer.SHA256 = ref[len("sha256:"):]
	return answer, nil
}
