package runtime

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/quaestor-run/quaestor/agents/gatherer"
	"github.com/quaestor-run/quaestor/runtime/mcp"
	mcptools "github.com/quaestor-run/quaestor/tools/mcp"
)

// joinMCP connects to the configured MCP servers and gives their tools to the
// agents that may have them. Only workers call tools, so only they connect;
// without servers nothing is started.
func (r *Runtime) joinMCP(ctx context.Context) error {
	configured := r.options.Config.MCP.Servers
	if len(configured) == 0 || r.options.APIOnly || r.options.GatewayOnly {
		return nil
	}
	options := mcp.Options{
		Blobs: r.store, LocalOnly: !r.options.Config.Web.Enabled, Version: r.options.Version, Logger: r.logger.Named("mcp"),
	}
	for _, name := range slices.Sorted(maps.Keys(configured)) {
		server := configured[name]
		options.Servers = append(options.Servers, mcp.Server{
			Name: name, Command: server.Command, Args: server.Args, Env: server.Secrets,
			URL: server.URL, Headers: server.Headers, Local: server.Local,
			Tools: server.Tools, Optional: server.Optional, Timeout: server.Timeout, OutputBytes: server.OutputBytes,
		})
	}
	servers, err := mcp.Open(ctx, options)
	if err != nil {
		return err
	}
	r.onClose("MCP servers", servers.Close)
	for _, server := range options.Servers {
		if err := r.grantMCP(servers, server.Name, configured[server.Name].Agents); err != nil {
			return err
		}
	}
	return nil
}

// grantMCP registers the tools of a server and gives them to agents, the
// gatherer where none are named.
func (r *Runtime) grantMCP(servers *mcp.Servers, server string, names []string) error {
	offered, err := servers.Tools(server)
	if err != nil {
		return fmt.Errorf("%w; take it out of mcp.servers.%s.tools", err, server)
	}
	versions := map[string]string{}
	for _, tool := range offered {
		if _, taken := r.tools[tool.Name()]; taken {
			return fmt.Errorf("two tools come to the name %q, one of them of MCP server %q; take one out of its tools", tool.Name(), server)
		}
		r.tools[tool.Name()], versions[tool.Name()] = tool, tool.Version()
	}
	if len(names) == 0 {
		names = []string{gatherer.Name}
	}
	for _, name := range names {
		agent, known := r.agents[name]
		if !known {
			return fmt.Errorf("mcp.servers.%s.agents: there is no agent %q; there are %v", server, name, slices.Sorted(maps.Keys(r.agents)))
		}
		if r.agents[name], err = agent.Grant(versions, mcptools.Prompt()); err != nil {
			return fmt.Errorf("MCP server %q: %w", server, err)
		}
	}
	return nil
}

// asksMCP says that a gatherer with a model can find sources by tools of others.
func (r *Runtime) asksMCP() bool {
	return len(r.agents[gatherer.Name].ToolVersions) > 0 && !r.servedOffline(gatherer.Name)
}
