package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/quaestor-run/quaestor/runtime"
)

func upCommand(s *settings) *cobra.Command {
	var addr, temporalUI string
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run everything in this process: Temporal, its UI, worker and API",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := s.load()
			if err != nil {
				return err
			}
			if addr != "" {
				config.Server.Addr = addr
			}
			if cmd.Flags().Changed("temporal-ui") {
				config.Temporal.UIAddr = temporalUI
			}
			return serve(cmd.Context(), runtime.Options{Config: config, Embedded: true, Providers: s.providers, Version: version})
		},
	}
	cmd.Flags().StringVar(&addr, "addr", "", "`HOST:PORT` of the API (default 127.0.0.1:8080)")
	cmd.Flags().StringVar(&temporalUI, "temporal-ui", "", "`HOST:PORT` of the Temporal UI (default 127.0.0.1:8233); empty for none")
	return cmd
}

func workerCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "worker",
		Short: "Run workers against an existing Temporal and PostgreSQL",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := s.load()
			if err != nil {
				return err
			}
			return serve(cmd.Context(), runtime.Options{Config: config, WorkerOnly: true, Providers: s.providers, Version: version})
		},
	}
}

func apiCommand(s *settings) *cobra.Command {
	return listening(s, "api", "Run the API against an existing Temporal and PostgreSQL", runtime.Options{APIOnly: true})
}

func gatewayCommand(s *settings) *cobra.Command {
	return listening(s, "gateway", "Serve models to clients, without Temporal: budgets, streaming, usage", runtime.Options{GatewayOnly: true})
}

// listening is a command that serves HTTP.
func listening(s *settings, use, short string, options runtime.Options) *cobra.Command {
	var addr string
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := s.load()
			if err != nil {
				return err
			}
			if addr != "" {
				config.Server.Addr = addr
			}
			options.Config, options.Providers, options.Version = config, s.providers, version
			return serve(cmd.Context(), options)
		},
	}
	cmd.Flags().StringVar(&addr, "addr", "", "`HOST:PORT` of the API (default 127.0.0.1:8080)")
	return cmd
}

// serve runs until it is interrupted; what is under way then goes on at the
// next start.
func serve(ctx context.Context, options runtime.Options) error {
	r, err := runtime.New(ctx, options)
	if err != nil {
		return err
	}
	if url := r.URL(); url != "" {
		fmt.Fprintf(os.Stderr, "API          %s\nAPI docs     %s/docs\n", url, url)
	}
	if url := r.TemporalUI(); url != "" {
		fmt.Fprintf(os.Stderr, "Temporal UI  %s\n", url)
	}
	fmt.Fprintln(os.Stderr, "Ready. Ctrl-C drains and stops; runs under way go on at the next start.")
	return r.Wait(ctx)
}

func setupCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "setup",
		Short: "Register what runs need on an existing Temporal",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := s.load()
			if err != nil {
				return err
			}
			namespace, err := runtime.Setup(cmd.Context(), config)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "The search attributes are registered in namespace %s.\n", namespace)
			return nil
		},
	}
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(fmt.Errorf("%s takes no arguments, got %q", cmd.CommandPath(), args))
	}
	return nil
}
