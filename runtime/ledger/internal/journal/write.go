package journal

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// write writes what the operations changed, every row once.
func (b *batch) write(ctx context.Context) error {
	if err := b.writeBudgets(ctx); err != nil {
		return err
	}
	if err := b.writeAttempts(ctx); err != nil {
		return err
	}
	return b.writeUsage(ctx)
}

func (b *batch) writeBudgets(ctx context.Context) error {
	var limited, held, usual, all, made [][]any
	slices.SortFunc(b.touched, func(a, b *budget) int { return compareNames(a.name, b.name) })
	for _, row := range b.touched {
		u := &row.added
		if !row.kept {
			if row.relimit || *u != (use{}) {
				made = append(made, slices.Concat(row.name.row(), row.limitRow(), u.row()))
			}
			continue
		}
		if row.relimit {
			limited = append(limited, append(row.limitRow(), row.id))
		}
		switch *u {
		case use{}:
		case u.hold():
			held = append(held, []any{u.held.Tokens, u.held.NanoUSD, u.calls, u.attempts, row.id})
		case u.usual():
			usual = append(usual, []any{
				u.held.Tokens, u.held.NanoUSD, u.settled.Tokens, u.settled.NanoUSD, u.input, u.output, u.calls, u.attempts, row.id,
			})
		default:
			all = append(all, append(u.row(), row.id))
		}
	}
	return b.all(ctx, "budgets", change{b.sql.limitBudgets, limited}, change{b.sql.holdInBudgets, held},
		change{b.sql.addToBudgets, usual}, change{b.sql.addAllToBudgets, all}, change{b.sql.insertBudgets, made})
}

// change is a statement and its rows.
type change struct {
	statement *Statement
	rows      [][]any
}

func (b *batch) all(ctx context.Context, what string, changes ...change) error {
	for _, c := range changes {
		if len(c.rows) == 0 {
			continue
		}
		if err := b.tx.Write(ctx, c.statement, c.rows); err != nil {
			return fmt.Errorf("writing %s: %w", what, err)
		}
	}
	return nil
}

func (b *batch) writeAttempts(ctx context.Context) error {
	var made, moved, settled, responses [][]any
	for _, a := range b.order {
		switch {
		case a.fresh:
			made = append(made, append(a.opening(), a.progress()...))
		case a.settled:
			u := a.Usage
			settled = append(settled, append(a.progress(), u.InputTokens, u.OutputTokens, u.CacheReadTokens, u.CacheWriteTokens, u.NanoUSD,
				a.Latency.Microseconds(), a.FirstToken.Microseconds(), a.ID))
		case a.moved:
			moved = append(moved, append(a.progress(), a.ID))
		}
		if a.settled && a.response != nil {
			responses = append(responses, []any{a.ID, a.response})
		}
	}
	return b.all(ctx, "attempts", change{b.sql.moveAttempts, moved}, change{b.sql.settleAttempts, settled},
		change{b.sql.insertAttempts, made}, change{b.sql.insertResponses, responses})
}

func (a *attempt) opening() []any {
	row := make([]any, 0, openingColumns+progressColumns)
	return append(row, a.ID, a.Key, int64(a.Ordinal), a.Run, a.Client, a.Team, a.Feature, oneIf(a.bounded), oneIf(a.Cached),
		a.Hold.Tokens, a.Hold.NanoUSD, a.Provider, a.Region, a.Model, a.Agent, a.AgentVersion,
		a.Wait.Microseconds(), stamp(a.Created), stamp(a.Expires))
}

func (a *attempt) progress() []any {
	row := make([]any, 0, progressColumns+settledColumns+1)
	return append(row, string(a.State), oneIf(a.sent), oneIf(a.winner), a.Reason, stamp(a.Ended))
}

type usageKey struct{ day, client, team, feature, model string }

func compareUsage(a, b usageKey) int {
	return slices.Compare([]string{a.day, a.client, a.team, a.feature, a.model}, []string{b.day, b.client, b.team, b.feature, b.model})
}

// sum gives the row of the sums of usage an attempt belongs to.
func (b *batch) sum(a *attempt) *ledger.UsageRow {
	key := usageKey{a.day, a.Client, a.Team, a.Feature, a.Model}
	row := b.usage[key]
	if row == nil {
		row = &ledger.UsageRow{}
		b.usage[key] = row
	}
	return row
}

func (b *batch) writeUsage(ctx context.Context) error {
	rows := make([][]any, 0, len(b.usage))
	for _, k := range slices.SortedFunc(maps.Keys(b.usage), compareUsage) {
		r := b.usage[k]
		rows = append(rows, []any{
			k.day, k.client, k.team, k.feature, k.model, r.Usage.InputTokens, r.Usage.OutputTokens, r.Usage.CacheReadTokens,
			r.Usage.CacheWriteTokens, r.Usage.NanoUSD, r.Calls, r.CacheHits, r.Overage.Tokens, r.Overage.NanoUSD,
		})
	}
	return b.all(ctx, "sums of usage", change{b.sql.addUsage, rows})
}
