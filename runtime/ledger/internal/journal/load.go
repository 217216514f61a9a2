package journal

import (
	"context"
	"fmt"
	"slices"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// loadBudgets reads the rows of every attempt at hand that were not foreseen.
// Those that are missing get the limit of their period.
func (b *batch) loadBudgets(ctx context.Context) error {
	for _, a := range b.order {
		if a.rows == nil {
			b.want(a.names)
		}
	}
	if err := b.readBudgets(ctx); err != nil {
		return err
	}
	if err := b.openPeriods(ctx); err != nil {
		return err
	}
	for _, a := range b.order {
		if a.rows == nil {
			a.rows = b.rowsOf(a.names)
		}
	}
	return nil
}

// openPeriods gives the budgets of periods that nobody was charged in yet the
// limit that is kept for them.
func (b *batch) openPeriods(ctx context.Context) error {
	var missing, templates []name
	for n, row := range b.budgets {
		if !row.kept && n.start != "" {
			missing, templates = append(missing, n), append(templates, n.template())
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if err := b.tx.AlignPeriods(ctx, false); err != nil {
		return fmt.Errorf("opening budgets of a period: %w", err)
	}
	b.want(templates)
	if err := b.readBudgets(ctx); err != nil {
		return err
	}
	for i, n := range missing {
		b.budgets[n].limit = b.budgets[templates[i]].limit
	}
	return nil
}

// want looks for budgets, first among those that are remembered.
func (b *batch) want(names []name) {
	for _, n := range names {
		if b.budgets[n] != nil {
			continue
		}
		row := b.known.budgets[n]
		if row == nil {
			row = &budget{name: n}
		}
		b.budgets[n] = row
	}
}

func (b *batch) rowsOf(names []name) []*budget {
	rows := make([]*budget, len(names))
	for i, n := range names {
		rows[i] = b.budgets[n]
	}
	return rows
}

// readBudgets reads what is wanted and was not asked for.
func (b *batch) readBudgets(ctx context.Context) error {
	err := b.askBudgets(ctx)
	if err == nil {
		err = b.tx.Fetch(ctx)
	}
	if err != nil {
		return fmt.Errorf("reading budgets: %w", err)
	}
	return nil
}

// askBudgets asks for the rows of budgets, in the order of their names.
func (b *batch) askBudgets(ctx context.Context) error {
	var asked []name
	for n, row := range b.budgets {
		if !row.asked {
			row.asked = true
			asked = append(asked, n)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	slices.SortFunc(asked, compareNames)
	keys := make([][]any, len(asked))
	for i, n := range asked {
		keys[i] = n.row()
	}
	var read budget
	var kind, period string
	dest := []any{
		&read.id, &kind, &read.name.scope.ID, &period, &read.name.start, &read.limit.Tokens, &read.limit.NanoUSD,
		&read.found.held.Tokens, &read.found.held.NanoUSD, &read.found.settled.Tokens, &read.found.settled.NanoUSD,
		&read.found.overage.Tokens, &read.found.overage.NanoUSD,
	}
	return b.tx.Select(ctx, b.sql.selectBudgets, keys, dest, func() error {
		read.name.scope.Kind, read.name.period = ledger.ScopeKind(kind), ledger.Period(period)
		row := b.budgets[read.name]
		row.id, row.limit, row.found, row.kept = read.id, read.limit, read.found, true
		return nil
	})
}

// touch has a row written at the end.
func (b *batch) touch(row *budget) {
	if !row.touched {
		row.touched = true
		b.touched = append(b.touched, row)
	}
}

// charge adds to every budget of an attempt.
func (b *batch) charge(a *attempt, d use) {
	for _, row := range a.rows {
		row.added.add(d)
		b.touch(row)
	}
}
