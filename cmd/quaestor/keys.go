package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/quaestor-run/quaestor/runtime"
	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/runtime/store"
)

func keysCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use: "keys", Short: "Create, list and revoke API keys", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(createKeyCommand(s), listKeysCommand(s), revokeKeyCommand(s))
	return cmd
}

func createKeyCommand(s *settings) *cobra.Command {
	var client, name string
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create a key; it is shown once and only its hash is kept",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if client == "" {
				return usage(fmt.Errorf("--client is required: who the key acts for"))
			}
			return s.withStore(cmd.Context(), func(kept store.Store) error {
				secret, key := server.NewKey(client, name, time.Now().UTC())
				if err := kept.CreateKey(cmd.Context(), key); err != nil {
					return fmt.Errorf("keeping the key: %w", err)
				}
				fmt.Fprintln(cmd.OutOrStdout(), secret)
				fmt.Fprintf(cmd.ErrOrStderr(), "Key %s for client %s. It is not shown again.\n", key.ID, client)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&client, "client", "", "the `CLIENT` the key acts for")
	cmd.Flags().StringVar(&name, "name", "", "who holds the key, as decisions record it")
	return cmd
}

func listKeysCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the keys", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.withStore(cmd.Context(), func(kept store.Store) error {
				keys, err := kept.Keys(cmd.Context())
				if err != nil {
					return err
				}
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "ID\tCLIENT\tNAME\tCREATED\tREVOKED")
				for _, key := range keys {
					revoked := "-"
					if !key.Revoked.IsZero() {
						revoked = key.Revoked.Format(time.RFC3339)
					}
					fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", key.ID, key.Client, key.Name, key.Created.Format(time.RFC3339), revoked)
				}
				return table.Flush()
			})
		},
	}
}

func revokeKeyCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "Revoke a key", Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.withStore(cmd.Context(), func(kept store.Store) error {
				if err := kept.RevokeKey(cmd.Context(), args[0], time.Now().UTC()); err != nil {
					return fmt.Errorf("revoking key %s: %w", args[0], err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "Key %s is revoked.\n", args[0])
				return nil
			})
		},
	}
}

func exactly(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := cobra.ExactArgs(n)(cmd, args); err != nil {
			return usage(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
		}
		return nil
	}
}

func (s *settings) withStore(ctx context.Context, use func(store.Store) error) error {
	config, err := s.load()
	if err != nil {
		return err
	}
	kept, err := runtime.OpenStore(ctx, config)
	if err != nil {
		return err
	}
	return errors.Join(use(kept), kept.Close())
}
