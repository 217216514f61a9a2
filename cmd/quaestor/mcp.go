package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/spf13/cobra"

	"github.com/quaestor-run/quaestor/runtime/mcpserver"
	"github.com/quaestor-run/quaestor/runtime/server/client"
)

type mcpFlags struct {
	server string
	http   string
	docs   []string
}

func mcpCommand(s *settings) *cobra.Command {
	var flags mcpFlags
	cmd := &cobra.Command{
		Use:   "mcp",
		Short: "Offer research and document search to MCP clients",
		Long: "Speaks the Model Context Protocol on standard input and output, or over streamable HTTP with --http.\n" +
			"Uses the server at --server, or starts everything in this process. The API key for clients on standard\n" +
			"input comes from QUAESTOR_API_KEY; those over HTTP send their own. Standard output carries the protocol\n" +
			"only, logs go to standard error.",
		Example: "  quaestor mcp --docs ./papers\n  quaestor mcp --server http://127.0.0.1:8080 --http 127.0.0.1:8090",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serveMCP(cmd.Context(), s, flags)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.server, "server", "", "`URL` of a running server (default: start everything here)")
	f.StringVar(&flags.http, "http", "", "`HOST:PORT` to speak streamable HTTP on, at "+mcpserver.Path)
	f.StringArrayVar(&flags.docs, "docs", nil, "`DIR` of documents to research where a client names no sources, or one file; may be repeated")
	return cmd
}

func serveMCP(ctx context.Context, s *settings, flags mcpFlags) error {
	output := os.Stdout
	os.Stdout = os.Stderr // what anybody prints by mistake must not be taken for the protocol
	files, err := findDocuments(flags.docs)
	if err != nil {
		return usage(err)
	}
	base, key := flags.server, os.Getenv("QUAESTOR_API_KEY")
	var failed <-chan error
	if base == "" {
		config, err := s.load()
		if err != nil {
			return err
		}
		config.Server.Addr, config.Temporal.UIAddr = "127.0.0.1:0", ""
		local, err := openLocal(ctx, s, config, os.Stderr)
		if err != nil {
			return err
		}
		defer func() {
			if err := local.Close(); err != nil {
				fmt.Fprintln(os.Stderr, "quaestor: stopping:", err)
			}
		}()
		base, failed = local.URL(), local.Failed()
	}
	api, err := newAPI(base, key, nil)
	if err != nil {
		return usage(err)
	}
	sources, err := api.sources(ctx, files)
	if err != nil {
		return err
	}
	offered, err := mcpserver.New(mcpserver.Options{URL: base, Key: key, Sources: sources, Version: version})
	if err != nil {
		return err
	}
	return offer(ctx, offered, flags, api, output, failed)
}

// offer serves until the client or the user ends it, or the local server fails.
func offer(ctx context.Context, offered *mcpserver.Server, flags mcpFlags, api *api, output *os.File, failed <-chan error) error {
	serving, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		select {
		case err := <-failed:
			stop(err)
		case <-serving.Done():
		}
	}()
	err := speak(serving, offered, flags, api, output)
	if cause := context.Cause(serving); cause != nil && ctx.Err() == nil {
		return errors.Join(cause, err)
	}
	return err
}

func speak(ctx context.Context, offered *mcpserver.Server, flags mcpFlags, api *api, output *os.File) error {
	if flags.http == "" {
		corpora, err := api.ListCorporaWithResponse(ctx)
		if err := client.Check(corpora, err); err != nil {
			return fmt.Errorf("reaching the API: %w", err)
		}
		return offered.ServeIO(ctx, os.Stdin, output)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", flags.http)
	if err != nil {
		return fmt.Errorf("listening on %s: %w; choose another address with --http", flags.http, err)
	}
	defer listener.Close()
	fmt.Fprintf(os.Stderr, "MCP  http://%s%s\n", listener.Addr(), mcpserver.Path)
	return offered.Serve(ctx, listener)
}
