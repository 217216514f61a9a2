package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/quaestor-run/quaestor/runtime"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/server/money"
)

func budgetsCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use: "budgets", Short: "See and set what clients and teams may spend", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(showBudgetCommand(s), setBudgetCommand(s))
	return cmd
}

func showBudgetCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "show client|team ID", Short: "Show limit, settled, held and left, by day, month and in total", Args: exactly(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			scope, err := scopeOf(args)
			if err != nil {
				return err
			}
			return s.withLedger(cmd.Context(), func(book ledger.Ledger) error {
				return showBudget(cmd.Context(), cmd.OutOrStdout(), book, scope)
			})
		},
	}
}

func scopeOf(args []string) (ledger.Scope, error) {
	kind := ledger.ScopeKind(args[0])
	if kind != ledger.ScopeClient && kind != ledger.ScopeTeam || args[1] == "" {
		return ledger.Scope{}, usage(fmt.Errorf("%q has no budget of this kind; name a client or a team", args[0]+" "+args[1]))
	}
	return ledger.Scope{Kind: kind, ID: args[1]}, nil
}

func periods() []ledger.Period {
	return []ledger.Period{ledger.PeriodDay, ledger.PeriodMonth, ledger.PeriodTotal}
}

func showBudget(ctx context.Context, out io.Writer, book ledger.Ledger, scope ledger.Scope) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PERIOD\tUNIT\tLIMIT\tSETTLED\tHELD\tOVERAGE\tLEFT\tUNCERTAIN")
	for _, period := range periods() {
		b, err := book.Balance(ctx, scope, period)
		if err != nil {
			return err
		}
		tokens := func(n int64) string { return fmt.Sprint(n) }
		dollars := func(n int64) string { return money.Dollars(n).String() }
		for _, line := range []struct {
			unit                          string
			write                         func(int64) string
			limit, settled, held, overage int64
		}{
			{"tokens", tokens, b.Limit.Tokens, b.Settled.Tokens, b.Held.Tokens, b.Overage.Tokens},
			{"usd", dollars, b.Limit.NanoUSD, b.Settled.NanoUSD, b.Held.NanoUSD, b.Overage.NanoUSD},
		} {
			limit, left := "-", "-"
			if line.limit > 0 {
				limit, left = line.write(line.limit), line.write(max(0, line.limit-line.settled-line.held-line.overage))
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\n", period, line.unit, limit,
				line.write(line.settled), line.write(line.held), line.write(line.overage), left, b.Uncertain)
		}
	}
	return table.Flush()
}

func setBudgetCommand(s *settings) *cobra.Command {
	var tokens int64
	var dollars string
	cmd := &cobra.Command{
		Use: "set client|team ID day|month|total", Short: "Set the limit of a period; what is not given has none", Args: exactly(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			scope, err := scopeOf(args)
			if err != nil {
				return err
			}
			period := ledger.Period(args[2])
			if !slices.Contains(periods(), period) {
				return usage(fmt.Errorf("%q is no period; name day, month or total", args[2]))
			}
			limit := ledger.Limit{Tokens: tokens}
			if limit.NanoUSD, err = money.Nano(json.Number(dollars)); err != nil {
				return usage(fmt.Errorf("--usd %q %w", dollars, err))
			}
			if tokens < 0 {
				return usage(fmt.Errorf("--tokens %d must not be negative", tokens))
			}
			return s.withLedger(cmd.Context(), func(book ledger.Ledger) error {
				if err := book.SetLimit(cmd.Context(), scope, period, limit); err != nil {
					return err
				}
				return showBudget(cmd.Context(), cmd.OutOrStdout(), book, scope)
			})
		},
	}
	cmd.Flags().Int64Var(&tokens, "tokens", 0, "tokens, input and output together; 0 is no limit")
	cmd.Flags().StringVar(&dollars, "usd", "0", "`DOLLARS` such as 25 or 0.50; 0 is no limit")
	return cmd
}

func (s *settings) withLedger(ctx context.Context, use func(ledger.Ledger) error) error {
	config, err := s.load()
	if err != nil {
		return err
	}
	book, err := runtime.OpenLedger(ctx, config)
	if err != nil {
		return err
	}
	return errors.Join(use(book), book.Close())
}
