package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/server/money"
)

func reconcileCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "List attempts whose outcome nobody knows, and end them by what the provider's invoice says",
		Long: "An attempt that was sent and whose end is unknown keeps its hold: it may have been charged. Settle it with what\n" +
			"the provider charged, or release it where the provider charged nothing.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.withLedger(cmd.Context(), func(book ledger.Ledger) error {
				return listUncertain(cmd.Context(), cmd.OutOrStdout(), book)
			})
		},
	}
	cmd.AddCommand(settleCommand(s), releaseCommand(s))
	return cmd
}

func listUncertain(ctx context.Context, out io.Writer, book ledger.Ledger) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ATTEMPT\tENDED\tCLIENT\tRUN\tPROVIDER\tMODEL\tHELD TOKENS\tHELD USD\tREASON")
	filter := ledger.AttemptFilter{State: ledger.StateUncertain, Limit: 1000}
	for {
		attempts, err := book.Attempts(ctx, filter)
		if err != nil {
			return err
		}
		for _, a := range attempts {
			fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", a.ID, stamp(a.Ended), orDash(a.Client), orDash(a.Run),
				a.Provider, a.Model, a.Hold.Tokens, money.Dollars(a.Hold.NanoUSD), a.Reason)
			filter.After = a.ID
		}
		if len(attempts) < filter.Limit {
			return table.Flush()
		}
	}
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func settleCommand(s *settings) *cobra.Command {
	var used ledger.Usage
	var dollars string
	cmd := &cobra.Command{
		Use: "settle ATTEMPT --usd DOLLARS", Short: "Settle an attempt at what the provider charged", Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if used.NanoUSD, err = money.Nano(json.Number(dollars)); err != nil {
				return usage(fmt.Errorf("--usd %q %w", dollars, err))
			}
			if min(used.InputTokens, used.OutputTokens, used.CacheReadTokens, used.CacheWriteTokens) < 0 {
				return usage(fmt.Errorf("numbers of tokens must not be negative"))
			}
			return s.endUncertain(cmd, args[0], "settled", func(book ledger.Ledger, id int64) error {
				_, err := book.Settle(cmd.Context(), id, ledger.Settlement{Usage: used})
				return err
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&dollars, "usd", "", "`DOLLARS` that were charged, such as 0.0123")
	flags.Int64Var(&used.InputTokens, "input-tokens", 0, "input tokens that were charged")
	flags.Int64Var(&used.OutputTokens, "output-tokens", 0, "output tokens that were charged")
	flags.Int64Var(&used.CacheReadTokens, "cache-read-tokens", 0, "tokens that were read from the provider's cache")
	flags.Int64Var(&used.CacheWriteTokens, "cache-write-tokens", 0, "tokens that were written to the provider's cache")
	return cmd
}

func releaseCommand(s *settings) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "release ATTEMPT --reason TEXT", Short: "Give the hold back of an attempt that was not charged", Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return usage(fmt.Errorf("--reason is required: how it is known that nothing was charged"))
			}
			return s.endUncertain(cmd, args[0], "released", func(book ledger.Ledger, id int64) error {
				return book.Release(cmd.Context(), id, "reconciled: "+reason)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "how it is known that nothing was charged")
	return cmd
}

// endUncertain ends an attempt whose outcome is unknown; one that is under way
// is not for people to end.
func (s *settings) endUncertain(cmd *cobra.Command, text, done string, end func(ledger.Ledger, int64) error) error {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return usage(fmt.Errorf("%q is no number of an attempt; quaestor reconcile lists them", text))
	}
	return s.withLedger(cmd.Context(), func(book ledger.Ledger) error {
		found, err := book.Attempts(cmd.Context(), ledger.AttemptFilter{After: id - 1, Limit: 1})
		if err != nil {
			return err
		}
		switch {
		case len(found) == 0 || found[0].ID != id:
			return fmt.Errorf("there is no attempt %d; quaestor reconcile lists those that are uncertain", id)
		case found[0].State != ledger.StateUncertain:
			return fmt.Errorf("attempt %d is %s; only what is uncertain can be reconciled", id, found[0].State)
		}
		if err := end(book, id); err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "Attempt %d of %s is %s.\n", id, found[0].Created.Format(time.RFC3339), done)
		return nil
	})
}
