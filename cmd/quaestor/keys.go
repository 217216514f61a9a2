package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/quaestor-run/quaestor/runtime"
	"github.com/quaestor-run/quaestor/runtime/server/access"
	"github.com/quaestor-run/quaestor/runtime/store"
)

func keysCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use: "keys", Short: "Create, list, rotate and revoke API keys", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(createKeyCommand(s), listKeysCommand(s), rotateKeyCommand(s), revokeKeyCommand(s))
	return cmd
}

func createKeyCommand(s *settings) *cobra.Command {
	var client, name, role string
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create a key; it is shown once and only its hash is kept",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if client == "" {
				return usage(fmt.Errorf("--client is required: who the key acts for"))
			}
			if role != store.RoleClient && role != store.RoleAdmin {
				return usage(fmt.Errorf("--role %q must be %s or %s", role, store.RoleClient, store.RoleAdmin))
			}
			return s.withStore(cmd.Context(), func(kept store.Store) error {
				secret, key := access.NewKey(client, name, role, time.Now().UTC())
				if err := kept.CreateKey(cmd.Context(), key); err != nil {
					return fmt.Errorf("keeping the key: %w", err)
				}
				fmt.Fprintln(cmd.OutOrStdout(), secret)
				fmt.Fprintf(cmd.ErrOrStderr(), "Key %s (%s) for client %s. It is not shown again.\n", key.ID, role, client)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&client, "client", "", "the `CLIENT` the key acts for")
	cmd.Flags().StringVar(&name, "name", "", "who holds the key, as decisions record it")
	cmd.Flags().StringVar(&role, "role", store.RoleClient, "client, or admin: sees all clients and changes keys and budgets")
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
				fmt.Fprintln(table, "ID\tCLIENT\tNAME\tROLE\tCREATED\tEXPIRES\tREVOKED")
				for _, key := range keys {
					fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", key.ID, key.Client, key.Name, cmp.Or(key.Role, store.RoleClient),
						key.Created.Format(time.RFC3339), stamp(key.Expires), stamp(key.Revoked))
				}
				return table.Flush()
			})
		},
	}
}

// moment is a time, or "-" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.RFC3339)
}

func rotateKeyCommand(s *settings) *cobra.Command {
	var overlap time.Duration
	cmd := &cobra.Command{
		Use: "rotate ID", Short: "Replace a key by a new one; both work for a while", Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if overlap < 0 {
				return usage(fmt.Errorf("--overlap %s must not be negative", overlap))
			}
			return s.withStore(cmd.Context(), func(kept store.Store) error {
				now := time.Now().UTC()
				secret, next := access.NewKey("", "", "", now)
				made, err := kept.RotateKey(cmd.Context(), args[0], next, now.Add(overlap))
				if err != nil {
					return fmt.Errorf("rotating key %s: %w", args[0], err)
				}
				fmt.Fprintln(cmd.OutOrStdout(), secret)
				fmt.Fprintf(cmd.ErrOrStderr(), "Key %s for client %s takes the place of %s, which works until %s. It is not shown again.\n",
					made.ID, made.Client, args[0], now.Add(overlap).Format(time.RFC3339))
				return nil
			})
		},
	}
	cmd.Flags().DurationVar(&overlap, "overlap", 24*time.Hour, "how long the old key still works")
	return cmd
}

func revokeKeyCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "Revoke a key", Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.withStore(cmd.Context(), func(kept store.Store) error {
				if err := kept.RevokeKey(cmd.Context(), args[0], time.Now().UTC()); err != nil {
					return fmt.Errorf("revoking key %s: %w", args[0], err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "Key %s is revoked; a server that runs stops serving it within five seconds.\n", args[0])
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
